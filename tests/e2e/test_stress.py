#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Readers, writers, listers and restarts at once, with faults too; meant for a build with
-Db_sanitize=thread.

TWINFS_STRESS sets the number of restarts.
"""
import errno
import os
import random
import select
import threading

import lib

RESTARTS = int(os.environ.get('TWINFS_STRESS', '60'))
SEED = int(os.environ.get('TWINFS_SEED', '1'))

# What an operation may meet when the module restarts under it, or another thread is faster.
EXPECTED = {errno.ESTALE, errno.EIO, errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY}


class Work:
    """What the threads do, and a run of all of them."""

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

    def has_main(self):
        """Whether it could be read: a fault may come between. If so, it has to be right."""
        try:
            data = lib.read(self.mount.usr('main.py'))
        except OSError as error:
            self.assertIn(error.errno, EXPECTED)
            return False
        self.assertEqual(data, self.files['main.py'])
        return True

    def run_all(self, acts, disturb):
        """Runs all acts at once, and disturb() as often as the variable says."""
        done = threading.Event()
        wrong = []
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
                disturb()
                lib.wait_for('the protected file', self.has_main)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [], 'seed %d' % SEED)


class Stress(Work, lib.MountTest):
    def test_all_at_once(self):
        self.run_all([self.reader, self.reader, self.writer, self.writer, self.shuffler,
                      self.lister], self.restart)
        self.mount.close()
        self.check_image()


class Faults(Work, lib.MountTest):
    """The same while rules come and go, the power is cut, and all of it is watched."""

    options = ('--auto-restart=1000000', '--seed', str(SEED))
    rules = (b'cut torn with chance 1%', b'cut every 50 writes', b'note with chance 20%',
             b'misread 1 bit in secure with chance 1%',
             b'brown-out after 30 writes for 100 ms', b'slow erases by 1 ms')

    def setUp(self):
        super().setUp()
        self.traces = 0

    def command(self, name, text):
        fd = os.open(self.mount.path('.twinfs', name), os.O_RDWR)
        try:
            os.write(fd, text)
        except OSError as error:
            raise AssertionError('%s: %s' % (text, os.read(fd, 1000))) from error
        finally:
            os.close(fd)

    def breaker(self, chance):
        self.command('faults', chance.choice(self.rules))
        if chance.random() < 0.3:
            self.command('faults', b'clear')
        self.mount.control('faults')

    def recorder(self, _):
        self.traces += 1
        trace = os.path.join(self.folder, 'trace-%d' % self.traces)
        self.command('trace', b'start ' + trace.encode())
        self.mount.control('trace')
        self.mount.control('supply')
        self.command('trace', b'stop')
        os.unlink(trace)

    def watcher(self, chance):
        fd = os.open(self.mount.path('.twinfs', 'events'), os.O_RDONLY)
        try:
            select.select([fd], [], [], lib.PATIENCE)
            for _ in range(chance.randrange(5)):
                os.read(fd, chance.choice((50, 5000)))
        finally:
            os.close(fd)

    def disturb(self):
        self.mount.power('cut')

    def test_all_at_once(self):
        self.run_all([self.reader, self.writer, self.writer, self.shuffler, self.lister,
                      self.breaker, self.recorder, self.watcher], self.disturb)
        self.command('faults', b'clear')
        self.mount.close()
        self.check_image()


if __name__ == '__main__':
    lib.main()
