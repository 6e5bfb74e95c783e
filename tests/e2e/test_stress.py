#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Readers, writers, listers and restarts at once; meant for a build with -Db_sanitize=thread.

TWINFS_STRESS sets the number of restarts.
"""
import errno
import os
import random
import threading

import lib

RESTARTS = int(os.environ.get('TWINFS_STRESS', '60'))
SEED = int(os.environ.get('TWINFS_SEED', '1'))

# What an operation may meet when the module restarts under it, or another thread is faster.
EXPECTED = {errno.ESTALE, errno.EIO, errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY}


class Stress(lib.MountTest):
    def reader(self, chance):
        name = chance.choice(self.protected)
        data = lib.read(self.mount.usr(name))
        if data != self.files[name]:
            raise AssertionError('%s: %d bytes, wrong content' % (name, len(data)))

    def writer(self, chance):
        path = self.mount.usr('scratch-%d' % chance.randrange(6))
        data = bytes([chance.randrange(256)]) * chance.choice((10, 5000, 70000))
        with open(path, 'r+b' if os.path.exists(path) else 'w+b', buffering=0) as file:
            file.write(data)
            if chance.random() < 0.5:
                os.fsync(file.fileno())
            file.truncate(len(data) // 2)

    def shuffler(self, chance):
        one, two = (self.mount.usr('dir-%d' % chance.randrange(4)) for _ in range(2))
        act = chance.randrange(4)
        if act == 0:
            os.mkdir(one)
        elif act == 1:
            os.rename(one, two)
        elif act == 2:
            lib.write(os.path.join(one, 'file'), b'x')
        else:
            for name in os.listdir(one):
                os.unlink(os.path.join(one, name))
            os.rmdir(one)

    def lister(self, _):
        for folder in (self.mount.usr(), self.mount.bak()):
            with os.scandir(folder) as entries:
                for entry in entries:
                    entry.stat()
        for name in ('status', 'wear', 'boot'):
            self.mount.control(name)
        fd = os.open(self.mount.path('SecureData'), os.O_RDWR)
        try:
            os.write(fd, b'STORE 1 3\nabc')
            os.read(fd, 100)
        finally:
            os.close(fd)

    def test_all_at_once(self):
        done = threading.Event()
        wrong = []
        acts = [self.reader, self.reader, self.writer, self.writer, self.shuffler, self.lister]
        worked = [0] * len(acts)

        def work(act, number):
            chance = random.Random(SEED * 100 + number)
            while not done.is_set():
                try:
                    act(chance)
                    worked[number] += 1
                except OSError as error:
                    if error.errno not in EXPECTED:
                        wrong.append('%s: %s' % (act.__name__, error))
                except AssertionError as error:
                    wrong.append('%s: %s' % (act.__name__, error))

        threads = [threading.Thread(target=work, args=(act, number))
                   for number, act in enumerate(acts)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(RESTARTS):
                before = list(worked)
                lib.wait_for('work of all threads', lambda: wrong or all(
                    now > then for now, then in zip(worked, before)))
                self.restart()
                self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [], 'seed %d' % SEED)
        self.mount.close()
        self.check_image()


if __name__ == '__main__':
    lib.main()
