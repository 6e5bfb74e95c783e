#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The power is cut under a mount: what is lost, what fails, and what comes back."""
import errno
import json
import mmap
import os
import threading

import lib


class Cut(lib.MountTest):
    def status(self):
        return json.loads(self.mount.control('status'))

    def test_says_so(self):
        self.assertIsNone(self.status()['power_cause'])
        self.mount.power('off')
        self.assertIsNone(self.status()['power_cause'])
        self.mount.power('on')
        self.mount.power('cut')
        status = self.status()
        self.assertEqual((status['power'], status['power_cause']), ('off', 'the plug was pulled'))
        self.assertEqual(self.mount.control('power'), 'off\nthe plug was pulled\n')
        self.assertEqual(status['boots'], 2)
        self.mount.power('restart')
        self.assertEqual(self.mount.control('power'), 'on\n')
        self.assertIsNone(self.status()['power_cause'])

    def test_everything_fails(self):
        usr = self.mount.usr
        lib.tree(self.mount.root)
        self.assertFalse(os.path.exists(usr('absent')))
        fd = os.open(usr('lib'), os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        self.mount.power('cut')
        for touch in (lambda: lib.read(usr('main.py')), lambda: os.stat(usr('main.py')),
                      lambda: os.stat(usr('absent')), lambda: os.stat(usr('lib/net.py')),
                      lambda: os.listdir(usr()), lambda: os.listdir(self.mount.bak()),
                      lambda: os.stat('net.py', dir_fd=fd), lambda: os.listdir(fd),
                      lambda: lib.write(usr('new'), b''), lambda: os.mkdir(usr('dir')),
                      lambda: os.unlink(usr('main.py')), lambda: os.rename(usr('lib'), usr('b')),
                      lambda: os.truncate(usr('notes.txt'), 0),
                      lambda: os.getxattr(usr('main.py'), 'user.twinfs.layer'),
                      lambda: lib.read(self.mount.bak('usr/main.py')),
                      lambda: lib.read(self.mount.path('SecureData')),
                      lambda: lib.write(self.mount.path('SecureData'), b'STORE 1 1\na')):
            with self.fails(errno.EIO):
                touch()
        self.assertIn('usr', os.listdir(self.mount.root))

    def test_unsynced_is_lost(self):
        path = self.mount.usr('notes.txt')
        with lib.Raw(path, os.O_RDWR) as file:
            os.write(file.fd, b'UNSYNCED')
            self.assertEqual(lib.read(path)[:8], b'UNSYNCED')
            self.mount.power('cut')
            for call in (lambda: os.pread(file.fd, 8, 0), lambda: os.write(file.fd, b'x'),
                         lambda: os.fsync(file.fd), lambda: os.fstat(file.fd)):
                with self.fails(errno.EIO):
                    call()
            self.mount.power('on')
            for call in (lambda: os.pread(file.fd, 8, 0), lambda: os.write(file.fd, b'x'),
                         lambda: os.fsync(file.fd), lambda: os.fstat(file.fd)):
                with self.fails(errno.ESTALE):
                    call()
        self.assertEqual(lib.read(path), self.files['notes.txt'])

    def test_synced_stays(self):
        with lib.Raw(self.mount.usr('new'), os.O_RDWR | os.O_CREAT) as file:
            os.write(file.fd, b'synced')
            os.fsync(file.fd)
            os.write(file.fd, b' and not')
            self.mount.power('cut')
        self.mount.power('on')
        self.assertEqual(lib.read(self.mount.usr('new')), b'synced')

    def test_cached_content_is_gone(self):
        """What the kernel has in its cache is not served, be it read or mapped."""
        path = self.mount.usr('own.bin')
        with lib.Raw(path, os.O_RDONLY) as file:
            self.assertEqual(os.pread(file.fd, 100000, 0), self.files['own.bin'])
            self.mount.power('cut')
            with self.fails(errno.EIO):
                os.pread(file.fd, 1, 5000)
        self.mount.power('on')
        child = os.fork()
        if not child:
            with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
                self.assertTrue(view.find(b'\xff') >= 0)  # every page is there
                self.mount.power('cut')
                os._exit(view[0])
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), -7)  # SIGBUS

    def test_dirty_map(self):
        """Changes in a shared map that did not reach the chip are lost, and nobody hangs."""
        path = self.mount.usr('own.bin')
        with lib.Raw(path, os.O_RDWR) as file, mmap.mmap(file.fd, 0) as view:
            view[0:4] = b'LOST'
            self.mount.power('cut')
            with self.fails(errno.EIO):
                os.fsync(file.fd)
        self.mount.power('on')
        self.assertEqual(lib.read(path), self.files['own.bin'])

    def test_slots(self):
        fd = os.open(self.mount.path('SecureData'), os.O_RDWR)
        self.addCleanup(os.close, fd)
        os.write(fd, b'STORE 1 5\nhello')
        os.read(fd, 10)
        self.mount.power('cut')
        with self.fails(errno.EIO):
            os.write(fd, b'STORE 1 5\nworld')
        self.mount.power('on')
        os.write(fd, b'READ 1 52\n')
        self.assertEqual(os.read(fd, 100), b'5\nhello')

    def test_again_and_again(self):
        for turn in range(30):
            lib.write(self.mount.usr('turn'), b'%d' % turn)
            self.mount.power('cut')
            with self.fails(errno.EIO):
                lib.read(self.mount.usr('turn'))
            self.mount.power('on')
            self.assertEqual(lib.read(self.mount.usr('turn')), b'%d' % turn)
        self.mount.close()
        self.check_image()

    def test_unmount_while_cut(self):
        with lib.Raw(self.mount.usr('new'), os.O_RDWR | os.O_CREAT) as file:
            os.write(file.fd, b'x' * 10000)
            self.mount.power('cut')
        self.mount.close()
        self.check_image()

    def test_signal_while_cut(self):
        with lib.Raw(self.mount.usr('new'), os.O_RDWR | os.O_CREAT) as file:
            os.write(file.fd, b'x' * 10000)
            self.mount.power('cut')
            code = self.mount.stop()
        self.mount.ended(code)
        self.check_image()

    def test_cut_while_cut(self):
        self.mount.power('cut')
        self.mount.power('cut')
        self.mount.power('off')
        self.mount.power('on')
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])

    def test_in_the_middle_of_work(self):
        """Pulled while others write: each of them sees its calls fail, none hangs."""
        stopped = []

        def work(number):
            turn = 0
            try:
                while True:
                    name = self.mount.usr('w%d-%d' % (number, turn % 5))
                    lib.write(name, b'x' * 9000)
                    os.rename(name, self.mount.usr('r%d' % number))
                    os.unlink(self.mount.usr('r%d' % number))
                    turn += 1
            except OSError as error:
                stopped.append(error.errno)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        self.mount.power('cut')
        for thread in threads:
            thread.join()
        self.assertEqual(stopped, [errno.EIO] * 4)
        self.mount.power('on')
        self.mount.close()
        self.check_image()


class AutoRestart(lib.MountTest):
    options = ('--auto-restart=3',)

    def test_as_often_as_granted(self):
        for boots in (2, 3, 4):
            self.mount.power('cut')
            self.assertEqual(self.mount.control('power'), 'on\n')
            self.assertEqual(json.loads(self.mount.control('status'))['boots'], boots)
            self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])
        self.assertNotIn('used up', self.mount.words())
        self.mount.power('cut')
        with self.fails(errno.EIO):
            lib.read(self.mount.usr('main.py'))
        self.assertIn('all 3 of --auto-restart are used up', self.mount.words())
        self.mount.power('on')
        self.mount.power('cut')
        self.assertEqual(self.mount.control('power'), 'off\nthe plug was pulled\n')

    def test_handles_are_stale(self):
        with lib.Raw(self.mount.usr('notes.txt'), os.O_RDWR) as file:
            os.write(file.fd, b'UNSYNCED')
            self.mount.power('cut')
            with self.fails(errno.ESTALE):
                os.fsync(file.fd)
            with self.fails(errno.ESTALE):
                os.pread(file.fd, 1, 0)
        self.assertEqual(lib.read(self.mount.usr('notes.txt')), self.files['notes.txt'])

    def test_nothing_is_stale(self):
        """Names and attributes too: what was said before the cut does not count."""
        usr = self.mount.usr
        lib.tree(self.mount.root)
        number = os.stat(usr('notes.txt')).st_ino
        os.unlink(usr('main.py'))
        self.assertFalse(os.path.exists(usr('main.py')))
        self.mount.power('cut')
        self.assertTrue(os.path.exists(usr('main.py')))
        self.assertNotEqual(os.stat(usr('notes.txt')).st_ino, number)
        lib.tree(self.mount.root)


if __name__ == '__main__':
    lib.main()
