#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Restarts, power off and on, signals, kills, and who may mount."""
import ctypes
import errno
import json
import mmap
import os
import shutil
import signal
import subprocess
import threading

import lib


class Restart(lib.MountTest):
    def test_restores_damaged_files(self):
        lib.write(self.mount.usr('main.py'), b'damaged')
        os.unlink(self.mount.usr('cfg.json'))
        lib.write(self.mount.usr('notes.txt'), b'my own')
        self.restart()
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])
        self.assertEqual(lib.read(self.mount.usr('cfg.json')), self.files['cfg.json'])
        self.assertEqual(lib.read(self.mount.usr('notes.txt')), b'my own')
        report = json.loads(self.mount.control('boot'))
        self.assertIn('restored', json.dumps(report))

    def test_applies_an_update(self):
        """As an application leaves it: downloaded, listed, armed."""
        new = {'/usr/main.py': b'print(2)\n' * 900, '/usr/feature/new.py': b'print(3)\n'}
        updater = self.mount.usr('.updater')
        for path, content in new.items():
            os.makedirs(os.path.dirname(updater + path), exist_ok=True)
            lib.write(updater + path, content)
        stat = [{'name': path, 'url': '', 'total_size': len(new[path])} for path in new]
        lib.write(os.path.join(updater, 'download.stat'), json.dumps(stat).encode())
        lib.write(os.path.join(updater, 'update.flag'), b'')
        self.restart()
        for path, content in new.items():
            self.assertEqual(lib.read(self.mount.usr(path[len('/usr/'):])), content)
        self.assertFalse(os.path.exists(updater))
        update = json.loads(self.mount.control('boot'))['update']
        self.assertEqual((update['applied'], [file['hash_updated'] for file in update['files']]),
                         (True, [True, False]))
        self.restart()
        self.assertEqual(lib.read(self.mount.usr('main.py')), new['/usr/main.py'])
        self.assertFalse(json.loads(self.mount.control('boot'))['update']['armed'])

    def test_unsynced_is_lost(self):
        path = self.mount.usr('notes.txt')
        with lib.Raw(path, os.O_RDWR) as file:
            os.write(file.fd, b'UNSYNCED')
            self.assertEqual(lib.read(path)[:8], b'UNSYNCED')  # a reader's close commits nothing
            self.restart()
            self.assertEqual(lib.read(path), self.files['notes.txt'])
            with self.fails(errno.ESTALE):
                os.write(file.fd, b'late')
            with self.fails(errno.ESTALE):
                os.pread(file.fd, 1, 0)
        self.assertEqual(lib.read(path), self.files['notes.txt'])

    def test_synced_stays(self):
        path = self.mount.usr('new')
        with lib.Raw(path, os.O_RDWR | os.O_CREAT) as file:
            os.write(file.fd, b'synced')
            os.fsync(file.fd)
            os.write(file.fd, b' and not')
            self.restart()
        self.assertEqual(lib.read(path), b'synced')

    def test_closing_a_duplicate_commits(self):
        """As every close of a file does, also when it is not the last."""
        path = self.mount.usr('new')
        with lib.Raw(path, os.O_RDWR | os.O_CREAT) as file:
            os.write(file.fd, b'closed once')
            os.close(os.dup(file.fd))
            self.restart()
        self.assertEqual(lib.read(path), b'closed once')

    def test_truncated_by_name_is_committed(self):
        path = self.mount.usr('notes.txt')
        os.truncate(path, 3)
        self.restart()
        self.assertEqual(lib.read(path), self.files['notes.txt'][:3])

    def test_map_that_outlives_its_file_is_committed(self):
        # Python's own maps hold a duplicate of the descriptor, whose close would commit
        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int,
                              ctypes.c_int, ctypes.c_long]
        libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        size = len(self.files['own.bin'])
        with open(self.mount.usr('own.bin'), 'r+b') as file:
            view = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED,
                             file.fileno(), 0)
        self.assertNotEqual(view, ctypes.c_void_p(-1).value)
        ctypes.memmove(view + 100, b'ONLY IN THIS MAP', 16)
        libc.munmap(view, size)
        # the kernel tells of the last close later, and nobody waits for it
        lib.wait_for('the commit', lambda: b'ONLY IN THIS MAP' in lib.read(self.image))

    def test_everything_cached_is_right_again(self):
        """Names that were there, names that were not, sizes, listings."""
        usr = self.mount.usr
        os.unlink(usr('main.py'))
        self.assertFalse(os.path.exists(usr('main.py')))
        lib.write(usr('cfg.json'), b'x' * 5000)
        self.assertEqual(os.stat(usr('cfg.json')).st_size, 5000)
        os.unlink(usr('lib/net.py'))
        self.assertEqual(os.listdir(usr('lib')), [])
        number = os.stat(usr('notes.txt')).st_ino
        self.restart()
        self.assertTrue(os.path.exists(usr('main.py')))
        self.assertEqual(os.stat(usr('cfg.json')).st_size, len(self.files['cfg.json']))
        self.assertEqual(os.listdir(usr('lib')), ['net.py'])
        self.assertNotEqual(os.stat(usr('notes.txt')).st_ino, number)

    def test_moved_names_are_forgotten(self):
        usr = self.mount.usr
        os.rename(usr('lib/net.py'), usr('net.py'))
        self.assertTrue(os.path.exists(usr('net.py')))
        number = os.stat(usr('net.py')).st_ino
        self.restart()
        self.assertTrue(os.path.exists(usr('lib/net.py')))
        self.assertNotEqual(os.stat(usr('net.py')).st_ino, number)
        self.assertEqual(lib.read(usr('net.py')), self.files['lib/net.py'])

    def test_working_directory(self):
        """A shell in usr/ goes on; one in a directory below has lost its ground."""
        fd = os.open(self.mount.usr(), os.O_RDONLY | os.O_DIRECTORY)
        below = os.open(self.mount.usr('lib'), os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.restart()
            self.assertIn('main.py', os.listdir(fd))
            with self.fails(errno.ESTALE):
                os.stat('net.py', dir_fd=below)
        finally:
            os.close(below)
            os.close(fd)

    def test_mapped_file(self):
        path = self.mount.usr('own.bin')
        with lib.Raw(path, os.O_RDWR) as file, mmap.mmap(file.fd, 0) as view:
            view[0:4] = b'LOST'
            self.restart()
            self.assertEqual(lib.read(path), self.files['own.bin'])

    def test_words(self):
        power = self.mount.path('.twinfs', 'power')
        for word in ('', 'reboot', 'on off', 'x' * 5000):
            with self.fails(errno.EINVAL):
                fd = os.open(power, os.O_WRONLY)
                try:
                    os.write(fd, word.encode() or b'\n')
                finally:
                    os.close(fd)
        lib.run('sh', '-c', 'echo restart > "$1"', 'sh', power)
        lib.run('sh', '-c', 'printf " restart" > "$1"', 'sh', power)
        self.assertEqual(json.loads(self.mount.control('status'))['boots'], 3)


class Off(lib.MountTest):
    def test_off_and_on(self):
        path = self.mount.usr('main.py')
        file = open(path, 'rb', buffering=0)
        self.addCleanup(file.close)
        self.assertEqual(file.read(10), self.files['main.py'][:10])
        self.assertFalse(os.path.exists(self.mount.usr('absent')))
        self.mount.power('off')
        self.assertEqual(self.mount.control('power'), 'off\n')
        json.loads(self.mount.control('status'))
        json.loads(self.mount.control('boot'))
        for touch in (lambda: lib.read(path), lambda: os.stat(path),
                      lambda: os.listdir(self.mount.usr()), lambda: os.listdir(self.mount.bak()),
                      lambda: lib.write(self.mount.usr('new'), b''),
                      lambda: os.stat(self.mount.usr('absent')),
                      lambda: lib.read(self.mount.path('SecureData')),
                      lambda: (file.seek(0), file.read(10))):
            with self.fails(errno.EIO):
                touch()
        self.assertIn('usr', os.listdir(self.mount.root))
        self.mount.power('off')
        self.mount.power('on')
        self.mount.power('on')
        self.assertEqual(self.mount.control('power'), 'on\n')
        self.assertEqual(lib.read(path), self.files['main.py'])

    def test_unmount_while_off(self):
        self.mount.power('off')
        self.mount.close()
        self.check_image()


class End(lib.MountTest):
    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number.name):
                text = number.name.encode()
                with lib.Raw(self.mount.usr('open'), os.O_RDWR | os.O_CREAT | os.O_TRUNC) as file:
                    os.write(file.fd, text)
                    code = self.mount.stop(number)
                    with self.fails(errno.ENOTCONN):
                        os.fsync(file.fd)
                self.mount.ended(code)
                self.assertFalse(self.mount.is_up())
                self.check_image()
                self.mount = self.new_mount()
                self.assertEqual(lib.read(self.mount.usr('open')), text)

    def test_signal_writes_back_maps(self):
        path = self.mount.usr('own.bin')
        with open(path, 'r+b') as file:
            view = mmap.mmap(file.fileno(), 0)
        view[100:108] = b'IN A MAP'
        self.mount.ended(self.mount.stop())
        self.mount = self.new_mount()
        self.assertEqual(lib.read(self.mount.usr('own.bin'))[100:108], b'IN A MAP')

    def test_signal_in_restarts(self):
        """A signal in the middle of restarts under load ends the mount all the same."""
        done = threading.Event()

        def work(act):
            while not done.is_set():
                try:
                    act()
                except OSError:
                    if not self.mount.is_up():
                        return

        def churn():
            lib.write(self.mount.usr('churn'), b'x')
            os.listdir(self.mount.usr())
            os.unlink(self.mount.usr('churn'))

        threads = [threading.Thread(target=work, args=(act,))
                   for act in (churn, churn, lambda: self.mount.power('restart'))]
        for thread in threads:
            thread.start()
        lib.wait_for('some restarts', lambda: self.mount.words().count('restart') > 5)
        code = self.mount.stop()
        done.set()
        for thread in threads:
            thread.join()
        self.mount.ended(code)
        self.check_image()

    def test_kill(self):
        lib.write(self.mount.usr('closed'), b'c' * 10000)
        with lib.Raw(self.mount.usr('open'), os.O_RDWR | os.O_CREAT) as file:
            os.write(file.fd, b'o' * 10000)
            self.mount.stop(signal.SIGKILL)
        self.mount.clean_up()
        self.check_image()
        self.mount = self.new_mount()
        self.assertEqual(lib.read(self.mount.usr('closed')), b'c' * 10000)
        self.assertIn(os.stat(self.mount.usr('open')).st_size, (0, 10000))
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])

    def test_nothing_to_restore_changes_nothing(self):
        self.mount.close()
        self.mount = self.new_mount()
        self.mount.close()
        before = lib.read(self.image)
        self.mount = self.new_mount()
        lib.tree(self.mount.root)
        self.mount.close()
        self.assertEqual(lib.read(self.image), before)


class Refused(lib.MountTest):
    def refused(self, *words, **options):
        done = lib.run(lib.TWINFS, 'mount', *words, check=False, **options)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        return done.stdout

    def mountpoint(self):
        path = os.path.join(self.folder, 'second')
        os.makedirs(path, exist_ok=True)
        return path

    def test_second_mount(self):
        words = self.refused(self.image, self.mountpoint())
        self.assertIn(self.image, words)
        self.assertIn('locked', words)
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])

    def test_umount_frees_all_files(self):
        """When umount returns, a mount of the same files must not find one of them locked."""
        self.mount.close()
        place, pair = self.mountpoint(), os.path.join(self.folder, 'pair')
        source = os.path.join(self.folder, 'empty')
        os.mkdir(source)
        lib.run(lib.TWINFS, 'mk', '--pair', pair, '--user', source, '-q')
        files = ['--user', os.path.join(pair, 'customer_fs.bin'),
                 '--backup', os.path.join(pair, 'customer_backup_fs.bin')]
        for _ in range(40):
            lib.run(lib.TWINFS, 'mount', *files, place)
            lib.run(lib.TWINFS, 'umount', place)
        for _ in range(40):  # these do not wait for the daemon: the next mount does
            lib.run(lib.TWINFS, 'mount', *files, place)
            lib.run('fusermount3', '-u', place)

    def test_no_mountpoint(self):
        self.mount.close()
        words = self.refused(self.image, os.path.join(self.folder, 'nowhere'))
        self.assertIn('nowhere', words)

    def test_mountpoint_is_a_file(self):
        self.mount.close()
        path = os.path.join(self.folder, 'file')
        lib.write(path, b'')
        self.refused(self.image, path)

    def test_no_image(self):
        self.assertIn('absent.img', self.refused(os.path.join(self.folder, 'absent.img'),
                                                 self.mountpoint()))

    def test_unknown_option(self):
        self.mount.close()
        self.assertIn('nonsense', self.refused('-o', 'nonsense', self.image, self.mountpoint()))


class Background(lib.MountTest):
    begins_mounted = False

    def test_goes_into_the_background(self):
        """The command returns when the mount is up; relative paths and commas are fine."""
        folder = os.path.join(self.folder, 'a,b')
        os.makedirs(os.path.join(folder, 'mnt'))
        shutil.copy(self.image, os.path.join(folder, 'x,y.img'))
        root = os.path.join(folder, 'mnt')
        self.addCleanup(subprocess.run, ['fusermount3', '-u', '-z', root],
                        stderr=subprocess.DEVNULL, check=False)
        lib.run(lib.TWINFS, 'mount', 'x,y.img', 'mnt', cwd=folder, stdout=subprocess.DEVNULL)
        self.assertEqual(lib.read(os.path.join(root, 'usr/main.py')), self.files['main.py'])
        lib.write(os.path.join(root, 'usr/new'), b'new')
        lib.run(lib.TWINFS, 'umount', root)
        lib.wait_for('the end', lambda: lib.run(
            lib.TWINFS, 'mount', '-o', 'ro', 'x,y.img', 'mnt', cwd=folder, check=False,
            stdout=subprocess.DEVNULL).returncode == 0)
        self.assertEqual(lib.read(os.path.join(root, 'usr/new')), b'new')
        lib.run(lib.TWINFS, 'umount', root)


class ReadOnly(lib.MountTest):
    options = ('-o', 'ro')

    def test_image_stays(self):
        before = lib.read(self.image)
        with self.fails(errno.EROFS):
            lib.write(self.mount.usr('new'), b'')
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])
        self.mount.close()
        self.assertEqual(lib.read(self.image), before)


if __name__ == '__main__':
    lib.main()
