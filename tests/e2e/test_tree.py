#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layout of a mount, and what its files and directories can do."""
import errno
import json
import mmap
import os
import random
import stat
import subprocess
import threading
import time
import unittest

import lib


class Layout(lib.MountTest):
    def test_root(self):
        self.assertEqual(sorted(os.listdir(self.mount.root)),
                         ['.twinfs', 'SecureData', 'bak', 'usr'])
        self.assertEqual(sorted(os.listdir(self.mount.path('.twinfs'))),
                         ['boot', 'faults', 'power', 'status', 'supply', 'trace', 'wear'])
        self.assertTrue(os.path.exists(self.mount.path('.twinfs', 'events')))  # see test_events.py
        self.assertEqual(os.stat(self.mount.root).st_nlink, 5)
        secure = os.stat(self.mount.path('SecureData'))
        self.assertEqual(stat.S_IMODE(secure.st_mode), 0o600)
        self.assertEqual(secure.st_size, 0)

    def test_content_is_the_image(self):
        for name, data in self.files.items():
            self.assertEqual(lib.read(self.mount.usr(name)), data)
        for name in self.protected:
            self.assertEqual(lib.read(self.mount.bak('usr', name)), self.files[name])
        self.assertIn('checksum.json', os.listdir(self.mount.usr()))
        self.assertIn('backup_restore.json', os.listdir(self.mount.bak()))

    def test_root_is_fixed(self):
        root = self.mount.root
        with self.fails(errno.EPERM):
            os.mkdir(os.path.join(root, 'new'))
        with self.fails(errno.EPERM):
            lib.write(os.path.join(root, 'new'), b'')
        with self.fails(errno.EPERM):
            os.unlink(os.path.join(root, 'SecureData'))
        with self.fails(errno.EPERM):
            os.rmdir(os.path.join(root, 'usr'))
        with self.fails(errno.EPERM):
            os.rename(os.path.join(root, 'usr'), os.path.join(root, 'other'))
        with self.fails(errno.EPERM):
            os.unlink(os.path.join(root, '.twinfs', 'status'))
        with self.fails(errno.EACCES):
            os.open(os.path.join(root, '.twinfs', 'status'), os.O_WRONLY)

    def test_mount_table(self):
        with open('/proc/self/mounts') as file:
            line = [line for line in file if self.mount.root in line][0]
        self.assertEqual(line.split()[0], self.image)
        self.assertEqual(line.split()[2], 'fuse.twinfs')
        for word in ('nosuid', 'nodev'):
            self.assertIn(word, line)

    def test_access(self):
        status = self.mount.path('.twinfs', 'status')
        self.assertTrue(os.access(self.mount.usr('main.py'), os.R_OK | os.W_OK))
        self.assertFalse(os.access(self.mount.usr('main.py'), os.X_OK))
        self.assertTrue(os.access(self.mount.usr('lib'), os.R_OK | os.W_OK | os.X_OK))
        self.assertEqual(os.access(status, os.W_OK), os.geteuid() == 0)
        with self.fails(errno.EACCES):
            os.truncate(status, 0)

    def test_status_files_are_json(self):
        for name in ('status', 'boot', 'wear'):
            with self.subTest(name):
                text = self.mount.control(name)
                self.assertIsInstance(json.loads(text), dict)
                self.assertTrue(text.endswith('}\n'))
        self.assertEqual(self.mount.control('power'), 'on\n')

    def test_status_in_pieces(self):
        with open(self.mount.path('.twinfs', 'status'), 'rb', buffering=0) as file:
            pieces = iter(lambda: file.read(7), b'')
            json.loads(b''.join(pieces))


class DeviceView(lib.MountTest):
    """The module's own view, in which a file behaves as its littlefs has it."""
    options = ('-o', 'view=device')

    def fill(self, leave):
        """Fills the disk but for so many blocks."""
        space = os.statvfs(self.mount.usr())
        lib.write(self.mount.usr('filler'), bytes(space.f_bsize * (space.f_bavail - leave)))

    def spoil(self, path, flags):
        """Writes a block, which fits, and a lot, which does not; closes the file."""
        with lib.Raw(path, os.O_RDWR | flags) as file:
            os.write(file.fd, b'n' * 4096)
            with self.fails(errno.ENOSPC):
                while True:
                    os.write(file.fd, b'z' * 100000)

    def check(self, path, data):
        self.assertEqual((lib.read(path), os.stat(path).st_size), (data, len(data)))

    def test_failed_write_keeps_the_old_content(self):
        main, new = self.mount.usr('main.py'), self.mount.usr('new')
        data = self.files['main.py']
        self.fill(8)
        for flags in os.O_TRUNC, 0, os.O_APPEND:
            with self.subTest(flags=flags):
                self.spoil(main, flags)
                self.check(main, data)
        self.spoil(new, os.O_CREAT)
        self.check(new, b'')
        self.remount()
        self.check(self.mount.usr('main.py'), data)
        self.check(self.mount.usr('new'), b'')

    def test_write_that_works_after_one_that_failed(self):
        main = self.mount.usr('main.py')
        self.fill(8)
        with lib.Raw(main, os.O_RDWR | os.O_TRUNC) as file:
            with self.fails(errno.ENOSPC):
                os.write(file.fd, b'z' * 100000)
            os.fsync(file.fd)
            os.write(file.fd, b'short')
        self.check(main, b'short')

    def test_the_union_keeps_what_was_written(self):
        self.mount.close()
        self.mount = self.new_mount('-o', 'view=overlay', self.image)
        self.fill(8)
        self.spoil(self.mount.usr('main.py'), os.O_TRUNC)
        self.check(self.mount.usr('main.py'), b'n' * 4096)


class Backup(lib.MountTest):
    def test_every_change_is_refused(self):
        bak, main = self.mount.bak(), self.mount.bak('usr', 'main.py')
        changes = {
            'create': lambda: lib.write(os.path.join(bak, 'new'), b'x'),
            'mkdir': lambda: os.mkdir(os.path.join(bak, 'new')),
            'open for writing': lambda: os.open(main, os.O_WRONLY),
            'truncate': lambda: os.truncate(main, 0),
            'unlink': lambda: os.unlink(main),
            'rmdir': lambda: os.rmdir(self.mount.bak('usr')),
            'rename': lambda: os.rename(main, self.mount.bak('usr', 'other')),
            'rename away': lambda: os.rename(main, self.mount.usr('other')),
            'rename into': lambda: os.rename(self.mount.usr('main.py'), os.path.join(bak, 'm')),
            'chmod': lambda: os.chmod(main, 0o600),
            'utime': lambda: os.utime(main),
            'symlink': lambda: os.symlink('x', os.path.join(bak, 'new')),
            'link': lambda: os.link(main, os.path.join(bak, 'new')),
            'mknod': lambda: os.mkfifo(os.path.join(bak, 'new')),
            'setxattr': lambda: os.setxattr(main, 'user.x', b'x'),
        }
        before = lib.tree(bak)
        for name, change in changes.items():
            with self.subTest(name), self.fails(errno.EROFS):
                change()
        self.assertEqual(lib.tree(bak), before)


class NotStored(lib.MountTest):
    """What littlefs has no room for is as on vfat."""

    def test_links_and_special_files(self):
        new, main = self.mount.usr('new'), self.mount.usr('main.py')
        for make in (lambda: os.symlink('main.py', new), lambda: os.link(main, new),
                     lambda: os.mkfifo(new)):
            with self.fails(errno.EPERM):
                make()
        self.assertFalse(os.path.lexists(new))

    def test_mknod_of_a_file(self):
        os.mknod(self.mount.usr('new'), stat.S_IFREG | 0o644)
        self.assertEqual(lib.read(self.mount.usr('new')), b'')

    def test_owner_and_mode(self):
        main = self.mount.usr('main.py')
        now = os.stat(main)
        os.chmod(main, stat.S_IMODE(now.st_mode))
        os.chown(main, now.st_uid, now.st_gid)
        os.chown(main, -1, -1)
        with self.fails(errno.EPERM):
            os.chmod(main, 0o4755)
        with self.fails(errno.EPERM):
            os.chown(main, now.st_uid + 1, -1)
        self.assertEqual(os.stat(main).st_mode, now.st_mode)

    def test_xattr(self):
        main = self.mount.usr('main.py')
        self.assertEqual(os.listxattr(main), ['user.twinfs.layer'])
        with self.fails(errno.ENODATA):
            os.getxattr(main, 'user.other')
        with self.fails(errno.ENODATA):
            os.getxattr(main, 'user.littlefs.01')
        changes = [lambda: os.setxattr(main, 'user.other', b'x')]
        if lib.FORMAT == 'lfs1':
            changes += [lambda: os.setxattr(main, 'user.littlefs.01', b'x'),
                        lambda: os.removexattr(main, 'user.littlefs.01')]
        for change in changes:
            with self.fails(errno.EOPNOTSUPP):
                change()

    def test_times(self):
        main = self.mount.usr('main.py')
        os.utime(main, ns=(1, 1234567890123456789))
        self.assertEqual(os.stat(main).st_mtime_ns, 1234567890123456789)
        before = time.time_ns()
        with open(main, 'ab') as file:
            file.write(b'#')
        self.assertGreaterEqual(os.stat(main).st_mtime_ns, before)


class Options(lib.MountTest):
    options = ('-o', 'uid=1234,gid=4321,umask=002')

    def test_owner(self):
        for name, mode in (('main.py', 0o664), ('lib', 0o775)):
            now = os.stat(self.mount.usr(name))
            self.assertEqual((now.st_uid, now.st_gid), (1234, 4321))
            self.assertEqual(stat.S_IMODE(now.st_mode), mode)


@unittest.skipIf(os.geteuid(), 'needs root, to be another user')
class OtherUsers(lib.MountTest):
    def touch(self, path):
        return subprocess.run(['touch', path], user=65534, stderr=subprocess.DEVNULL).returncode

    def test_nobody_else_enters(self):
        os.chmod(self.folder, 0o755)
        self.assertNotEqual(self.touch(self.mount.usr('main.py')), 0)

    def test_permissions_are_checked_where_others_may_come(self):
        os.chmod(self.folder, 0o755)
        self.options = ('-o', 'allow_other,uid=65534,umask=022')
        self.remount()
        self.assertEqual(self.touch(self.mount.usr('main.py')), 0)
        self.options = ('-o', 'allow_other,umask=022')
        self.remount()
        self.assertNotEqual(self.touch(self.mount.usr('main.py')), 0)


class Files(lib.MountTest):
    def test_write_and_remount(self):
        lib.write(self.mount.usr('new'), b'x' * 100000)
        self.remount()
        self.assertEqual(lib.read(self.mount.usr('new')), b'x' * 100000)
        self.mount.close()
        self.check_image()

    def test_any_offset(self):
        path = self.mount.usr('sparse')
        model = bytearray()
        with open(path, 'w+b', buffering=0) as file:
            for off, data in ((10000, b'a'), (5, b'bc'), (4095, b'def'), (20000, b'g' * 9000)):
                file.seek(off)
                file.write(data)
                model.extend(bytes(max(0, off + len(data) - len(model))))
                model[off:off + len(data)] = data
            file.seek(0)
            self.assertEqual(file.read(), model)
            for size in (30000, 15000, 4096, 4095, 0, 5000):
                os.ftruncate(file.fileno(), size)
                del model[size:]
                model.extend(bytes(size - len(model)))
                file.seek(0)
                self.assertEqual(file.read(), model)
                self.assertEqual(os.stat(path).st_size, size)
        os.truncate(path, 7777)
        self.remount()
        self.assertEqual(lib.read(self.mount.usr('sparse')), bytes(7777))

    def test_append(self):
        path = self.mount.usr('log')
        first, second = open(path, 'ab', buffering=0), open(path, 'ab', buffering=0)
        with first, second:
            for i in range(100):
                (first if i % 2 else second).write(b'%03d\n' % i)
        self.assertEqual(lib.read(path), b''.join(b'%03d\n' % i for i in range(100)))

    def test_overwrite_truncates(self):
        path = self.mount.usr('main.py')
        lib.write(path, b'short')
        self.assertEqual(lib.read(path), b'short')
        self.assertEqual(os.stat(path).st_size, 5)

    def test_exclusive(self):
        with self.fails(errno.EEXIST):
            open(self.mount.usr('main.py'), 'x').close()

    def test_unlinked_open_file_lives_on(self):
        path = self.mount.usr('gone')
        with open(path, 'w+b', buffering=0) as file:
            file.write(b'before')
            os.unlink(path)
            self.assertFalse(os.path.exists(path))
            file.write(b' and after')
            file.seek(0)
            self.assertEqual(file.read(), b'before and after')
            self.assertEqual(os.fstat(file.fileno()).st_nlink, 0)
        self.assertFalse(os.path.exists(path))

    def test_replaced_open_file_lives_on(self):
        lib.write(self.mount.usr('a'), b'old')
        lib.write(self.mount.usr('b'), b'new')
        with open(self.mount.usr('a'), 'rb', buffering=0) as file:
            os.rename(self.mount.usr('b'), self.mount.usr('a'))
            self.assertEqual(file.read(), b'old')
        self.assertEqual(lib.read(self.mount.usr('a')), b'new')

    def test_mmap(self):
        path = self.mount.usr('own.bin')
        with open(path, 'r+b') as file, mmap.mmap(file.fileno(), 0) as view:
            self.assertEqual(view[:256], bytes(range(256)))
            view[5000:5004] = b'TWIN'
            view.flush()
            self.assertEqual(lib.read(path)[5000:5004], b'TWIN')
            view[6000:6004] = b'late'  # written back when the map goes
        self.assertEqual(lib.read(path)[6000:6004], b'late')
        self.remount()
        self.assertEqual(lib.read(self.mount.usr('own.bin'))[5000:5004], b'TWIN')
        self.assertEqual(lib.read(self.mount.usr('own.bin'))[6000:6004], b'late')

    def test_fallocate(self):
        path = self.mount.usr('space')
        with open(path, 'wb') as file:
            os.posix_fallocate(file.fileno(), 0, 9000)
        self.assertEqual(lib.read(path), bytes(9000))

    def test_full_disk(self):
        path = self.mount.usr('big')
        before = os.statvfs(self.mount.usr())
        written = 0
        with open(path, 'wb', buffering=0) as file:
            with self.fails(errno.ENOSPC):
                while True:
                    written += file.write(b'z' * 65536)
        self.assertEqual(os.stat(path).st_size, written)
        self.assertEqual(lib.read(path), b'z' * written)
        with self.fails(errno.ENOSPC):
            with open(self.mount.usr('more'), 'wb', buffering=0) as file:
                file.write(b'z' * 65536)
        os.unlink(path)
        os.unlink(self.mount.usr('more'))
        after = os.statvfs(self.mount.usr())
        self.assertEqual(after.f_bfree, before.f_bfree)
        lib.write(self.mount.usr('small'), b'fits again')
        self.mount.close()
        self.check_image()

    def test_statvfs(self):
        usr, bak = os.statvfs(self.mount.usr()), os.statvfs(self.mount.bak())
        self.assertEqual(usr.f_bsize, 4096)
        self.assertEqual(usr.f_namemax, 255)
        self.assertGreater(usr.f_blocks, bak.f_blocks)
        self.assertGreater(usr.f_bfree, 0)
        self.assertEqual(os.statvfs(self.mount.root).f_blocks, usr.f_blocks)


class SmallBlocks(lib.MountTest):
    """So small that one read is more pieces than one reply can have."""

    def make_image(self, image):
        profiles = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../images/profiles')
        profile = json.loads(lib.read(os.path.join(profiles, 'default.json')))
        profile['filesystem'].update(block_size=512, prog_size=64)
        profile['flash'].update(erase_size=512)
        del profile['partitions']['securedata']  # needs larger ones
        path = os.path.join(self.folder, 'small.json')
        lib.write(path, json.dumps(profile).encode())
        self.make_options = self.options = ('--profile', path)
        super().make_image(image)

    def test_read(self):
        data = random.Random(1).randbytes(700000)
        path = self.mount.usr('big')
        lib.write(path, data)
        self.assertEqual(os.stat(path).st_blksize, 512)
        self.assertFalse(os.path.exists(self.mount.path('SecureData')))
        fd = os.open(path, os.O_RDONLY | os.O_DIRECT)  # one request, not some of read-ahead
        try:
            with mmap.mmap(-1, 1 << 20) as buffer:
                self.assertEqual(os.preadv(fd, [buffer], 0), len(data))
                self.assertEqual(buffer[:len(data)], data)
        finally:
            os.close(fd)
        self.assertEqual(lib.read(path), data)


class Names(lib.MountTest):
    def test_directories(self):
        os.makedirs(self.mount.usr('a/b/c'))
        lib.write(self.mount.usr('a/b/c/file'), b'deep')
        with self.fails(errno.ENOTEMPTY):
            os.rmdir(self.mount.usr('a'))
        with self.fails(errno.EISDIR):
            os.unlink(self.mount.usr('a/b'))
        with self.fails(errno.ENOTDIR):
            os.rmdir(self.mount.usr('main.py'))
        with self.fails(errno.EEXIST):
            os.mkdir(self.mount.usr('a'))
        self.assertEqual(os.stat(self.mount.usr('a')).st_nlink, 3)
        self.remount()
        self.assertEqual(lib.read(self.mount.usr('a/b/c/file')), b'deep')

    def test_rename(self):
        usr = self.mount.usr
        lib.write(usr('one'), b'1')
        lib.write(usr('two'), b'2')
        os.makedirs(usr('here/deep'))
        os.mkdir(usr('there'))
        os.rename(usr('one'), usr('two'))
        self.assertEqual(lib.read(usr('two')), b'1')
        self.assertFalse(os.path.exists(usr('one')))
        os.rename(usr('two'), usr('here/deep/two'))
        os.rename(usr('here/deep'), usr('there/deep'))
        self.assertEqual(lib.read(usr('there/deep/two')), b'1')
        self.assertEqual(os.listdir(usr('here')), [])
        with self.fails(errno.EINVAL):
            os.rename(usr('there'), usr('there/deep/inside'))
        with self.fails(errno.ENOENT):
            os.rename(usr('nothing'), usr('x'))
        with self.fails(errno.EPERM):
            os.rename(usr('there'), self.mount.path('.twinfs', 'there'))

    @lib.needs('mv')
    def test_rename_flags(self):
        lib.write(self.mount.usr('one'), b'1')
        lib.write(self.mount.usr('two'), b'2')
        lib.run('mv', '-n', self.mount.usr('one'), self.mount.usr('two'), check=False)
        self.assertEqual(lib.read(self.mount.usr('two')), b'2')

    def test_long_name(self):
        lib.write(self.mount.usr('n' * 255), b'long')
        self.assertIn('n' * 255, os.listdir(self.mount.usr()))
        with self.fails(errno.ENAMETOOLONG):
            lib.write(self.mount.usr('n' * 256), b'')

    def test_inode_numbers(self):
        seen = {}
        for folder, names, files in os.walk(self.mount.root):
            for name in names + files:
                path = os.path.join(folder, name)
                number = os.stat(path).st_ino
                self.assertNotIn(number, seen, path)
                seen[number] = path
        number = os.stat(self.mount.usr('notes.txt')).st_ino
        os.rename(self.mount.usr('notes.txt'), self.mount.usr('lib/moved.txt'))
        self.assertEqual(os.stat(self.mount.usr('lib/moved.txt')).st_ino, number)

    def test_large_directory(self):
        names = ['file-%04d-%s' % (i, 'x' * (i % 60)) for i in range(600)]
        os.mkdir(self.mount.usr('many'))
        for name in names:
            os.close(os.open(self.mount.usr('many', name), os.O_CREAT | os.O_WRONLY))
        self.assertEqual(sorted(os.listdir(self.mount.usr('many'))), sorted(names))
        with os.scandir(self.mount.usr('many')) as entries:
            self.assertTrue(all(entry.stat().st_size == 0 for entry in entries))

    def test_removing_while_listing(self):
        os.mkdir(self.mount.usr('many'))
        for i in range(300):
            lib.write(self.mount.usr('many', 'file-with-a-long-name-%03d' % i), b'')
        with os.scandir(self.mount.usr('many')) as entries:
            for entry in entries:
                os.unlink(entry.path)
        os.rmdir(self.mount.usr('many'))

    def test_rewind(self):
        fd = os.open(self.mount.usr(), os.O_RDONLY | os.O_DIRECTORY)
        try:
            before = os.listdir(fd)
            lib.write(self.mount.usr('new'), b'')
            self.assertEqual(sorted(os.listdir(fd)), sorted(before + ['new']))
        finally:
            os.close(fd)

    def test_cached_absence(self):
        path = self.mount.usr('later')
        for _ in range(3):
            self.assertFalse(os.path.exists(path))
        lib.write(path, b'x')
        self.assertEqual(os.stat(path).st_size, 1)
        os.unlink(path)
        self.assertFalse(os.path.exists(path))
        lib.write(self.mount.usr('source'), b'y')
        os.rename(self.mount.usr('source'), path)
        self.assertEqual(lib.read(path), b'y')

    def test_many_absent_names(self):
        """More names than the daemon remembers: they are given up, and stay right."""
        for i in range(6000):
            self.assertFalse(os.path.exists(self.mount.usr('absent-%d' % i)))
        lib.write(self.mount.usr('absent-5'), b'here')
        self.assertTrue(os.path.exists(self.mount.usr('absent-5')))


class Threads(lib.MountTest):
    def test_parallel_files(self):
        """Writers of their own files and readers of common ones disturb nobody."""
        wrong = []

        def work(number):
            path = self.mount.usr('thread-%d' % number)
            for i in range(30):
                data = b'%d %d\n' % (number, i) * 500
                lib.write(path, data)
                if lib.read(path) != data:
                    wrong.append(path)
                if lib.read(self.mount.usr('data/table.bin')) != self.files['data/table.bin']:
                    wrong.append('table.bin')

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


if __name__ == '__main__':
    lib.main()
