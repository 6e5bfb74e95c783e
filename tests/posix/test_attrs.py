#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls on attributes: what is told of an object, and what can be set."""
import ctypes
import fcntl
import os
import stat
import struct
import time
import unittest

from calls import ANYTHING, AT_FDCWD, TEN, PosixTest, call, lib, main, opened, outcome

BIRTH = 0x800  # STATX_BTIME
SECOND = 1000000000
LAYER = 'user.twinfs.layer'


class Stat(PosixTest):
    def test_stat(self):
        def stats(at):
            found = []
            for name in ('file', 'dir'):
                now = os.stat(at(name))
                with opened(at(name), os.O_RDONLY) as fd:
                    found.append((stat.S_IFMT(now.st_mode), now == os.fstat(fd),
                                  now == os.lstat(at(name)), now.st_dev == os.stat(at('.')).st_dev))
            return found, os.stat(at('file')).st_size
        self.same(stats, ([(stat.S_IFREG, True, True, True), (stat.S_IFDIR, True, True, True)],
                          10))
        self.same(lambda at: os.stat(at('none')), 'ENOENT')
        self.same(lambda at: os.stat(at('file', 'x')), 'ENOTDIR')

    def test_links(self):
        """Directories that lie in both partitions have 1, which tells find not to count."""
        def links(at):
            os.mkdir(at('dir', 'below'))
            return [os.stat(at(name)).st_nlink for name in ('file', 'dir', 'dir/below')]
        self.same(links, [1, 3, 2], lower=[1, 1, 2])

    def test_space_of_a_file(self):
        """In whole blocks of the volume, where tmpfs counts pages that were written."""
        def blocks(at):
            with opened(at('file')) as fd:
                os.ftruncate(fd, 100000)
            return os.stat(at('file')).st_blocks
        self.differs(blocks, 25 * 8, 8)

    def test_statx(self):
        def statx(at):
            buffer = ctypes.create_string_buffer(256)
            call('statx', AT_FDCWD, at('file'), 0, 0x7ff, buffer)
            mask, size = struct.unpack_from('I', buffer)[0], struct.unpack_from('Q', buffer, 40)[0]
            return mask & 0x7ff, size
        self.same(statx, (0x7ff, 10))

    def test_birth(self):
        """Nobody stores when a file was made."""
        def birth(at):
            buffer = ctypes.create_string_buffer(256)
            call('statx', AT_FDCWD, at('file'), 0, BIRTH, buffer)
            return bool(struct.unpack_from('I', buffer)[0] & BIRTH)
        self.assertFalse(birth(self.at()))

    def test_statfs(self):
        at = self.at()
        for path in (at('file'), at('dir'), self.mount.root, self.mount.bak()):
            now = os.statvfs(path)
            self.assertEqual((now.f_bsize, now.f_frsize, now.f_namemax), (4096, 4096, 255))
            self.assertLess(0, now.f_bfree)
            self.assertLess(now.f_bfree, now.f_blocks)
            self.assertEqual(now.f_bfree, now.f_bavail)
        with opened(at('file')) as fd:
            self.assertEqual(os.fstatvfs(fd), os.statvfs(at('file')))
        before = os.statvfs(at('file')).f_bfree
        with opened(at('new'), os.O_WRONLY | os.O_CREAT) as fd:
            os.write(fd, bytes(10 * 4096))
            self.assertLessEqual(os.statvfs(at('file')).f_bfree, before - 10)

    def test_access(self):
        def access(at):
            asked = [('file', os.F_OK), ('file', os.R_OK | os.W_OK), ('file', os.X_OK),
                     ('dir', os.R_OK | os.W_OK | os.X_OK), ('none', os.F_OK)]
            return [os.access(at(name), mode, effective_ids=effective)
                    for name, mode in asked for effective in (False, True)]
        self.same(access, [True, True, True, True, False, False, True, True, False, False])

    def test_exec(self):
        """Files have the permissions of the mount, which say nothing of executing."""
        def execute(at):
            lib.write(at('run'), b'#!/bin/sh\nexit 7\n')
            outcome(os.chmod, at('run'), 0o755)
            return lib.run(at('run')).returncode
        self.assertEqual(outcome(execute, self.at()), 'EACCES')
        at = self.at()
        lib.write(at('run'), b'exit 7\n')
        self.assertEqual(lib.run('sh', at('run'), check=False).returncode, 7)


class Change(PosixTest):
    def test_chmod(self):
        """One mode for all files, which the mount's options say; vfat does the same."""
        def keep(at):
            for name in ('file', 'dir'):
                os.chmod(at(name), stat.S_IMODE(os.stat(at(name)).st_mode))
        self.same(keep, None)
        self.same(lambda at: os.chmod(at('none'), 0o600), 'ENOENT')
        for mode in (0o600, 0o755, 0o4644, 0o444):
            self.differs(lambda at: os.chmod(at('file'), mode), 'EPERM', None)
        self.differs(lambda at: os.chmod(at('dir'), 0o1777), 'EPERM', None)

    def test_mode_of_new_objects(self):
        def mode(at):
            with opened(at('new'), os.O_WRONLY | os.O_CREAT, 0o600) as fd:
                made = stat.S_IMODE(os.fstat(fd).st_mode)
            os.mkdir(at('private'), 0o700)
            return made, stat.S_IMODE(os.stat(at('private')).st_mode)
        umask = os.umask(0)
        os.umask(umask)
        self.differs(mode, (0o666 & ~umask, 0o777 & ~umask), (0o600, 0o700))

    def test_chown(self):
        """One owner for all; vfat does the same."""
        def keep(at):
            now = os.stat(at('file'))
            os.chown(at('file'), now.st_uid, now.st_gid)
            os.chown(at('file'), -1, -1)
        self.same(keep, None)
        def give(at):
            os.chown(at('file'), os.getuid() + 1, -1)
        if os.geteuid():
            self.same(give, 'EPERM')
        else:
            self.differs(give, 'EPERM', None)

    def test_utimensat(self):
        def times(at):
            found = []
            for ns in (1, 1234567890123456789, -5 * SECOND):
                os.utime(at('file'), ns=(ns, ns))
                found.append(os.stat(at('file')).st_mtime_ns)
            now = time.time_ns()
            os.utime(at('file'))
            return found, abs(os.stat(at('file')).st_mtime_ns - now) < 60 * SECOND
        self.same(times, ([1, 1234567890123456789, -5 * SECOND], True))
        self.same(lambda at: os.utime(at('none')), 'ENOENT')

        def directory(at):
            os.utime(at('dir'), ns=(5, 5))
            before = os.stat(at('dir')).st_mtime_ns
            lib.write(at('dir', 'new'), b'')
            return before, os.stat(at('dir')).st_mtime_ns > before
        self.same(directory, (5, True))

    def test_time_zero(self):
        """Stands for "no time is known", so that the next one is taken."""
        def zero(at):
            os.utime(at('file'), ns=(0, 0))
            return os.stat(at('file')).st_mtime_ns
        self.differs(zero, 1, 0)

    def test_far_times(self):
        """A time that 64 bits of nanoseconds do not hold becomes the nearest that they do."""
        def far(at, seconds):
            words = struct.pack('qqqq', seconds, 0, seconds, 999999999)
            call('utimensat', AT_FDCWD, at('file'), words, 0)
            now = os.stat(at('file'))
            return now.st_mtime_ns
        at = self.at()
        self.assertEqual(far(at, 1 << 33), (1 << 33) * SECOND + 999999999)
        self.assertEqual(far(at, 1 << 40), (1 << 63) - 1)
        self.assertEqual(far(at, -1 << 40), -1 << 63)
        self.assertEqual(far(at, (1 << 63) // SECOND), (1 << 63) - 1)

    def test_one_time(self):
        """There is one time, that of the last change; when a file was read, nobody notes."""
        def read(at):
            os.utime(at('file'), ns=(5, 7))
            now = os.stat(at('file'))
            return now.st_atime_ns, now.st_mtime_ns
        self.differs(read, (7, 7), (5, 7))

        def changed(at):
            os.utime(at('file'), ns=(5, 7))
            return os.stat(at('file')).st_ctime_ns == 7
        self.differs(changed, True, False)

    def test_times_of_a_write(self):
        def write(at):
            os.utime(at('file'), ns=(5, 5))
            with opened(at('file')) as fd:
                os.write(fd, b'x')
                first = os.fstat(fd).st_mtime_ns > 5
                os.utime(fd, ns=(6, 6))
            return first, os.stat(at('file')).st_mtime_ns
        self.same(write, (True, 6))

    def test_ioctl(self):
        def flags(at):
            with opened(at('file')) as fd:
                return fcntl.ioctl(fd, 0x80086601, bytes(8)) and 'flags'  # FS_IOC_GETFLAGS
        self.differs(flags, 'ENOTTY', ANYTHING)

        def others(at):
            with opened(at('file')) as fd, opened(at('dir', 'inner')) as other:
                os.lseek(fd, 3, os.SEEK_SET)
                return (struct.unpack('i', fcntl.ioctl(fd, 0x541b, bytes(4)))[0],  # FIONREAD
                        outcome(fcntl.ioctl, fd, 0x5401, bytes(64)),               # TCGETS
                        outcome(fcntl.ioctl, fd, 0x40049409, other))               # FICLONE
        self.same(others, (7, 'ENOTTY', 'EOPNOTSUPP'))


class Quiet(PosixTest):
    """-o quiet: programs that set permissions go on; nothing is changed all the same."""
    options = ('-o', 'quiet')

    def test_quiet(self):
        def change(at):
            before = os.stat(at('file')).st_mode
            os.chmod(at('file'), 0o755)
            os.chown(at('file'), os.getuid(), os.getgid())
            with opened(at('file')) as fd:
                os.chmod(fd, 0o600)
            os.chmod(at('dir'), 0o700)
            return os.stat(at('file')).st_mode == before
        self.differs(change, True, False)
        if not os.geteuid():
            os.chown(self.at()('file'), 12345, 12345)
        self.assertEqual(outcome(os.chmod, self.mount.bak(), 0o700), 'EROFS')

    @lib.needs('install', 'cp')
    def test_programs(self):
        """Copies that keep permissions."""
        at = self.at()
        lib.write(os.path.join(self.folder, 'run'), TEN)
        os.chmod(os.path.join(self.folder, 'run'), 0o750)
        lib.run('cp', '-a', os.path.join(self.folder, 'run'), at('copy'))
        lib.run('install', '-m', '755', os.path.join(self.folder, 'run'), at('installed'))
        lib.run('mkdir', '-m', '700', at('private'))
        self.assertEqual(lib.read(at('copy')) + lib.read(at('installed')), TEN + TEN)


class ExtendedAttributes(PosixTest):
    NAME = 'user.littlefs.05'

    @unittest.skipIf(lib.FORMAT == 'lfs1', 'littlefs 1 has none')
    def test_user_attributes(self):
        path = self.at()('file')
        os.setxattr(path, self.NAME, b'value', os.XATTR_CREATE)
        self.assertEqual(outcome(os.setxattr, path, self.NAME, b'', os.XATTR_CREATE), 'EEXIST')
        self.assertEqual(os.listxattr(path), [LAYER, self.NAME])
        buffer = ctypes.create_string_buffer(64)
        size = ctypes.c_size_t
        self.assertEqual(call('getxattr', path, self.NAME, None, size(0)), 5)
        self.assertEqual(call('getxattr', path, self.NAME, buffer, size(5)), 5)
        self.assertEqual(buffer.value, b'value')
        self.assertEqual(outcome(call, 'getxattr', path, self.NAME, buffer, size(4)), 'ERANGE')
        self.assertEqual(outcome(call, 'listxattr', path, buffer, size(4)), 'ERANGE')
        with opened(path) as fd:
            os.setxattr(fd, self.NAME, b'by fd', os.XATTR_REPLACE)
            self.assertEqual(os.getxattr(path, self.NAME), b'by fd')
            os.removexattr(fd, self.NAME)
            self.assertEqual(outcome(os.removexattr, fd, self.NAME), 'ENODATA')

    @unittest.skipIf(lib.FORMAT == 'lfs1', 'littlefs 1 has none')
    def test_attributes_of_the_unlinked(self):
        """They lie in the entry of a file, and go with it."""
        path = self.at()('file')
        os.setxattr(path, self.NAME, b'value')
        with opened(path) as fd:
            os.unlink(path)
            self.assertEqual(outcome(os.getxattr, fd, self.NAME), 'ENODATA')
            self.assertEqual(outcome(os.setxattr, fd, self.NAME, b''), 'ENOENT')
            self.assertEqual(os.listxattr(fd), [LAYER])

    def test_other_names(self):
        """User attributes of littlefs have no names; all else has no place."""
        self.same(lambda at: os.getxattr(at('file'), 'user.other'), 'ENODATA')
        self.same(lambda at: os.getxattr(at('none'), 'user.other'), 'ENOENT')
        self.same(lambda at: os.getxattr(at('file'), 'unknown'), 'EOPNOTSUPP')
        self.same(lambda at: os.setxattr(at('file'), 'unknown', b''), 'EOPNOTSUPP')
        self.same(lambda at: os.getxattr(at('file'), 'user.' + 'n' * 251), 'ERANGE')
        self.same(lambda at: os.setxattr(at('file'), 'user.other', bytes(65537)), 'E2BIG')
        self.differs(lambda at: os.setxattr(at('file'), 'user.other', b'x'), 'EOPNOTSUPP', ANYTHING)
        self.differs(lambda at: os.removexattr(at('file'), 'user.other'), 'EOPNOTSUPP', ANYTHING)
        self.differs(lambda at: os.getxattr(at('file'), 'system.posix_acl_access'), 'EOPNOTSUPP',
                     ANYTHING)
        self.differs(lambda at: os.listxattr(at('file')), [LAYER], [])


class ReadOnly(PosixTest):
    """bak/, where every change fails with EROFS, whoever asks."""

    def test_changes(self):
        at = self.mount.bak
        name = at('usr', 'factory', 'file')
        read_write = os.O_RDWR
        for change in (
                lambda: os.open(name, read_write), lambda: os.open(name, os.O_RDONLY | os.O_TRUNC),
                lambda: os.open(name, os.O_RDONLY | os.O_APPEND | os.O_TRUNC),
                lambda: os.open(at('new'), os.O_CREAT | read_write), lambda: os.truncate(name, 3),
                lambda: os.mkdir(at('new')), lambda: os.mknod(at('new')),
                lambda: os.mkfifo(at('new')), lambda: os.symlink('x', at('new')),
                lambda: os.link(name, at('new')), lambda: os.unlink(name),
                lambda: os.rmdir(at('usr', 'factory')), lambda: os.rename(name, at('new')),
                lambda: os.rename(self.mount.usr('main.py'), at('new')),
                lambda: os.rename(name, self.mount.usr('new')),
                lambda: os.chmod(name, 0o644), lambda: os.chown(name, os.getuid(), os.getgid()),
                lambda: os.utime(name), lambda: os.setxattr(name, 'user.littlefs.05', b''),
                lambda: os.removexattr(name, 'user.littlefs.05')):
            self.assertEqual(outcome(change), 'EROFS')
        self.assertEqual(lib.read(name), TEN)

    def test_before_it(self):
        """What fails anyway fails with the reason it has elsewhere."""
        at = self.mount.bak
        self.assertEqual(outcome(os.mkdir, at('usr')), 'EEXIST')
        self.assertEqual(outcome(os.unlink, at('none')), 'ENOENT')
        self.assertEqual(outcome(os.open, at('usr'), os.O_RDWR), 'EISDIR')

    def test_reading(self):
        name = self.mount.bak('usr', 'factory', 'file')
        with opened(name, os.O_RDONLY | os.O_CREAT) as fd:
            self.assertEqual(os.read(fd, 99), TEN)
            os.fsync(fd)

    def test_access(self):
        name = self.mount.bak('usr', 'factory', 'file')
        for path in (name, self.mount.bak('usr'), self.mount.bak()):
            self.assertEqual(outcome(call, 'access', path, os.R_OK), 0)
            self.assertEqual(outcome(call, 'access', path, os.W_OK), 'EROFS')


if __name__ == '__main__':
    main()
