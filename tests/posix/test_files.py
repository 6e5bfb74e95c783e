#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls on open files."""
import ctypes
import fcntl
import mmap
import os
import struct
import threading

from calls import TEN, PosixTest, call, lib, main, opened, outcome

KEEP_SIZE, PUNCH_HOLE, COLLAPSE_RANGE, ZERO_RANGE, INSERT_RANGE = 1, 2, 8, 16, 32


def content(path):
    return lib.read(path)


class Open(PosixTest):
    def test_access_modes(self):
        def modes(at):
            with opened(at('file'), os.O_RDONLY) as fd:
                write = outcome(os.write, fd, b'x')
            with opened(at('file'), os.O_WRONLY) as fd:
                read = outcome(os.read, fd, 1)
            with opened(at('file'), os.O_RDWR) as fd:
                return write, read, os.write(fd, b'AB'), os.read(fd, 9)
        self.same(modes, ('EBADF', 'EBADF', 2, b'23456789'))

    def test_creat(self):
        self.same(lambda at: os.open(at('file'), os.O_CREAT | os.O_EXCL), 'EEXIST')
        self.same(lambda at: os.open(at('dir'), os.O_CREAT | os.O_EXCL), 'EEXIST')
        self.same(lambda at: os.open(at('dir'), os.O_CREAT | os.O_WRONLY), 'EISDIR')
        self.same(lambda at: os.open(at('none'), os.O_WRONLY), 'ENOENT')
        self.same(lambda at: os.open(at('none', 'x'), os.O_CREAT), 'ENOENT')
        self.same(lambda at: os.open(at('file', 'x'), os.O_CREAT), 'ENOTDIR')
        self.same(lambda at: os.open(at('new', ''), os.O_CREAT), 'EISDIR')

        def create(at):
            with opened(at('new'), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600) as fd:
                return os.write(fd, b'new'), os.pread(fd, 9, 0), os.fstat(fd).st_size
        self.same(create, (3, b'new', 3))

    def test_creat_without_writing(self):
        """The mode of a new file does not bind the descriptor that made it."""
        def create(at):
            with opened(at('new'), os.O_CREAT | os.O_RDWR, 0) as fd:
                return os.write(fd, b'x')
        self.same(create, 1)

    def test_trunc(self):
        def truncate(at):
            with opened(at('file'), os.O_WRONLY | os.O_TRUNC) as fd:
                return os.fstat(fd).st_size
        self.same(truncate, 0)
        self.same(lambda at: os.open(at('dir'), os.O_RDONLY | os.O_TRUNC), 'EISDIR')

    def test_trunc_of_a_reader(self):
        """Linux truncates; the change is on the chip when the file is closed."""
        def truncate(at):
            with opened(at('file'), os.O_RDONLY | os.O_TRUNC):
                pass
            return content(at('file'))
        self.same(truncate, b'')
        path = self.at()('file')
        with opened(path, os.O_RDONLY | os.O_TRUNC):
            pass
        self.mount.power('restart')
        self.assertEqual(lib.read(path), b'')

    def test_append(self):
        def append(at):
            with opened(at('file'), os.O_RDWR | os.O_APPEND) as one, opened(at('file')) as two:
                os.write(one, b'a')
                os.pwrite(two, b'b', 11)
                os.write(one, b'c')
                os.pwrite(one, b'd', 0)  # Linux appends here too
                return os.lseek(one, 0, os.SEEK_CUR), content(at('file'))
        self.same(append, (13, TEN + b'abcd'))

    def test_directory(self):
        self.same(lambda at: os.open(at('file'), os.O_DIRECTORY), 'ENOTDIR')
        self.same(lambda at: os.open(at('dir'), os.O_RDWR), 'EISDIR')
        self.same(lambda at: os.open(at('dir'), os.O_WRONLY), 'EISDIR')

        def directory(at):
            with opened(at('dir'), os.O_DIRECTORY) as fd:
                return (outcome(os.read, fd, 1), outcome(os.pread, fd, 1, 0),
                        outcome(os.write, fd, b'x'), os.listdir(fd), os.fsync(fd))
        self.same(directory, ('EISDIR', 'EISDIR', 'EBADF', ['inner'], None))

    def test_nofollow(self):
        def open_both(at):
            for name in ('file', 'dir'):
                with opened(at(name), os.O_RDONLY | os.O_NOFOLLOW):
                    pass
        self.same(open_both, None)

    def test_path_only(self):
        def path_only(at):
            with opened(at('file'), os.O_PATH) as fd:
                again = '/proc/self/fd/%d' % fd
                return outcome(os.read, fd, 1), os.fstat(fd).st_size, lib.read(again)
        self.same(path_only, ('EBADF', 10, TEN))

    def test_relative(self):
        def relative(at):
            with opened(at('dir'), os.O_PATH) as fd:
                with opened('new', os.O_CREAT | os.O_WRONLY, dir_fd=fd) as file:
                    os.write(file, b'x')
                os.rename(at('dir'), at('moved'))
                os.mkdir('below', dir_fd=fd)
                return sorted(os.listdir(at('moved')))
        self.same(relative, ['below', 'inner', 'new'], lower='EXDEV')

    def test_openat2(self):
        def beneath(at, name):
            how = struct.pack('QQQ', os.O_RDONLY, 0, 0x08)  # RESOLVE_BENEATH
            with opened(at('dir'), os.O_PATH) as fd:
                os.close(call('syscall', 437, fd, name, how, len(how)))
        self.same(lambda at: beneath(at, 'inner'), None)
        self.same(lambda at: beneath(at, '../file'), 'EXDEV')

    def test_tmpfile(self):
        def nameless(at):
            with opened(at('dir'), os.O_TMPFILE | os.O_RDWR):
                return 'made'
        self.differs(nameless, 'EOPNOTSUPP', 'made')

    def test_direct(self):
        path = self.at()('file')
        with opened(path, os.O_RDWR | os.O_DIRECT) as fd, mmap.mmap(-1, 8192) as buffer:
            buffer[:] = b'D' * 8192
            self.assertEqual(os.pwritev(fd, [buffer], 0), 8192)
            self.assertEqual(os.pwrite(fd, b'any place', 3), 9)  # no alignment is asked for
            self.assertEqual(os.preadv(fd, [buffer], 0), 8192)
            self.assertEqual(buffer[:14], b'DDDany placeDD')
        self.assertEqual(lib.read(path), b'DDDany place' + b'D' * 8180)

    def test_sync_flags(self):
        """What such a write has written outlives a power cut with the file still open."""
        for flag in (os.O_SYNC, os.O_DSYNC):
            path = self.at()('file')
            with lib.Raw(path, os.O_WRONLY | flag) as file:
                os.write(file.fd, b'SYNC')
                self.mount.power('restart')
                self.assertEqual(lib.read(path), b'SYNC456789')

    def test_many(self):
        """Thousands of open files at once."""
        def many(at):
            fds = [os.open(at('file'), os.O_RDWR) for _ in range(800)]
            os.pwrite(fds[-1], b'!', 5)
            seen = os.pread(fds[0], 20, 0)
            for fd in fds:
                os.close(fd)
            return seen
        self.same(many, b'01234!6789')


class Data(PosixTest):
    def test_read(self):
        def reads(at):
            with opened(at('file')) as fd:
                first = os.read(fd, 4)
                buffers = [bytearray(2), bytearray(3), bytearray(9)]
                return (first, os.readv(fd, buffers), buffers[1], os.read(fd, 1),
                        os.pread(fd, 3, 5), os.pread(fd, 3, 9), os.pread(fd, 3, 10),
                        os.pread(fd, 3, 1 << 40), os.lseek(fd, 0, os.SEEK_CUR))
        self.same(reads, (b'0123', 6, b'678', b'', b'567', b'9', b'', b'', 10))

    def test_preadv2(self):
        def reads(at):
            buffer = bytearray(4)
            with opened(at('file')) as fd:
                return os.preadv(fd, [buffer], 2, os.RWF_HIPRI), bytes(buffer)
        self.same(reads, (4, b'2345'))

        def unknown(at):
            with opened(at('file')) as fd:
                os.preadv(fd, [bytearray(4)], 2, 0x40000000)
        self.same(unknown, 'EOPNOTSUPP')

    def test_write(self):
        def writes(at):
            with opened(at('file')) as fd:
                os.write(fd, b'AB')
                os.writev(fd, [b'C', b'', b'DE'])
                os.pwrite(fd, b'Z', 12)
                return os.write(fd, b''), os.lseek(fd, 0, os.SEEK_CUR), content(at('file'))
        self.same(writes, (0, 5, b'ABCDE56789\0\0Z'))

    def test_pwritev2(self):
        def writes(at):
            with opened(at('file')) as fd:
                os.pwritev(fd, [b'ab'], 0, os.RWF_DSYNC)
                os.pwritev(fd, [b'cd'], 0, os.RWF_APPEND)
                return content(at('file'))
        self.same(writes, b'ab23456789cd')

    def test_gap(self):
        """What was never written reads as zeros, now and from the chip."""
        def gap(at):
            with opened(at('file')) as fd:
                os.pwrite(fd, b'end', 100000)
            return content(at('file')) == TEN + bytes(99990) + b'end'
        self.same(gap, True)
        path = self.at()('file')
        with opened(path) as fd:
            os.pwrite(fd, b'end', 100000)
        self.mount.power('restart')
        self.assertEqual(lib.read(path), TEN + bytes(99990) + b'end')

    def test_seek(self):
        def seeks(at):
            with opened(at('file')) as fd:
                return (os.lseek(fd, 3, os.SEEK_SET), os.lseek(fd, 2, os.SEEK_CUR),
                        os.lseek(fd, -1, os.SEEK_END), os.lseek(fd, 99, os.SEEK_SET),
                        outcome(os.lseek, fd, -1, os.SEEK_SET), outcome(os.lseek, fd, 0, 99))
        self.same(seeks, (3, 5, 9, 99, 'EINVAL', 'EINVAL'))

    def test_seek_data(self):
        def seeks(at):
            with opened(at('file')) as fd:
                return (os.lseek(fd, 3, os.SEEK_DATA), os.lseek(fd, 3, os.SEEK_HOLE),
                        outcome(os.lseek, fd, 10, os.SEEK_DATA),
                        outcome(os.lseek, fd, 11, os.SEEK_HOLE))
        self.same(seeks, (3, 10, 'ENXIO', 'ENXIO'))

    def test_holes(self):
        """littlefs has none: what was not written is zeros on the chip."""
        def hole(at):
            with opened(at('file')) as fd:
                os.ftruncate(fd, 1 << 20)
                return os.lseek(fd, 0, os.SEEK_HOLE)
        self.differs(hole, 1 << 20, mmap.PAGESIZE)

    def test_truncate(self):
        def sizes(at):
            os.truncate(at('file'), 4)
            seen = content(at('file'))
            with opened(at('file')) as fd:
                os.ftruncate(fd, 6)
            return seen, content(at('file'))
        self.same(sizes, (b'0123', b'0123\0\0'))
        self.same(lambda at: os.truncate(at('file'), -1), 'EINVAL')
        self.same(lambda at: os.truncate(at('dir'), 0), 'EISDIR')
        self.same(lambda at: os.truncate(at('none'), 0), 'ENOENT')

        def reader(at):
            with opened(at('file'), os.O_RDONLY) as fd:
                os.ftruncate(fd, 0)
        self.same(reader, 'EINVAL')

    def test_largest(self):
        """A file of littlefs ends at 2 GiB - 1, whatever the chip has room for."""
        def beyond(at):
            return outcome(os.truncate, at('file'), 1 << 31)
        self.differs(beyond, 'EFBIG', None)

        def write(at):
            with opened(at('file')) as fd:
                return outcome(os.pwrite, fd, b'x', 1 << 31)
        self.differs(write, 'EFBIG', 1)
        with opened(self.at()('file')) as fd:
            for size in (1 << 31, 1 << 62, (1 << 63) - 1):
                self.assertEqual(outcome(os.ftruncate, fd, size), 'EFBIG')
                self.assertEqual(outcome(os.pwrite, fd, b'x', size - 1), 'EFBIG')
                self.assertEqual(outcome(os.posix_fallocate, fd, 0, size), 'EFBIG')
            self.assertEqual(outcome(os.ftruncate, fd, (1 << 31) - 1), 'ENOSPC')
            self.assertEqual(outcome(os.pwrite, fd, b'x', (1 << 31) - 2), 'ENOSPC')
            self.assertEqual(os.pread(fd, 99, 0), TEN)

    def test_fallocate(self):
        def allocate(at):
            with opened(at('file')) as fd:
                os.posix_fallocate(fd, 0, 5)
                os.posix_fallocate(fd, 8, 4)
                return content(at('file')), outcome(call, 'fallocate', fd, 0, ctypes.c_long(0),
                                                    ctypes.c_long(0))
        self.same(allocate, (TEN + b'\0\0', 'EINVAL'))

    def test_fallocate_modes(self):
        """littlefs keeps neither holes nor space behind the end of a file."""
        def mode(bits):
            def allocate(at):
                with opened(at('file')) as fd:
                    call('fallocate', fd, bits, ctypes.c_long(0), ctypes.c_long(4096))
                return 'done'
            return allocate
        self.differs(mode(KEEP_SIZE), 'EOPNOTSUPP', 'done')
        self.differs(mode(KEEP_SIZE | PUNCH_HOLE), 'EOPNOTSUPP', 'done')
        for bits in (COLLAPSE_RANGE, ZERO_RANGE, INSERT_RANGE):
            self.same(mode(bits), 'EOPNOTSUPP')

    def test_sync(self):
        def sync(at):
            with opened(at('file')) as fd, opened(at('file'), os.O_RDONLY) as reader:
                os.write(fd, b'x')
                return (os.fsync(fd), os.fdatasync(fd), os.fsync(reader), call('syncfs', fd),
                        call('sync_file_range', fd, ctypes.c_long(0), ctypes.c_long(0), 7))
        self.same(sync, (None, None, None, 0, 0))

    def test_fsync_is_on_the_chip(self):
        for sync in (os.fsync, os.fdatasync):
            path = self.at()('file')
            with lib.Raw(path, os.O_WRONLY) as file:
                os.write(file.fd, b'SYNC')
                sync(file.fd)
                self.mount.power('restart')
                self.assertEqual(lib.read(path), b'SYNC456789')

    def test_syncfs_commits_nothing(self):
        """The kernel does not tell a FUSE file system of it; fsync and close commit."""
        path = self.at()('file')
        with lib.Raw(path, os.O_WRONLY) as file:
            os.write(file.fd, b'LOST')
            call('syncfs', file.fd)
            os.sync()
            self.mount.power('restart')
            self.assertEqual(lib.read(path), TEN)

    def test_mmap(self):
        def shared(at):
            with opened(at('file')) as fd, mmap.mmap(fd, 10) as view:
                view[2:4] = b'AB'
                view.flush()
                seen = os.pread(fd, 10, 0)
                os.pwrite(fd, b'C', 9)
                return seen, view[:]
        self.same(shared, (b'01AB456789', b'01AB45678C'))

        def private(at):
            with opened(at('file'), os.O_RDONLY) as fd, \
                    mmap.mmap(fd, 10, mmap.MAP_PRIVATE) as view:
                view[2:4] = b'AB'
                return view[:], content(at('file'))
        self.same(private, (b'01AB456789', TEN))

        def reader(at):
            with opened(at('file'), os.O_RDONLY) as fd:
                mmap.mmap(fd, 10, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self.same(reader, 'EACCES')

    def test_msync_is_on_the_chip(self):
        path = self.at()('file')
        with lib.Raw(path, os.O_RDWR) as file, mmap.mmap(file.fd, 10) as view:
            view[:4] = b'SYNC'
            view.flush()
            self.mount.power('restart')
            self.assertEqual(lib.read(path), b'SYNC456789')

    def test_copy(self):
        def copies(at):
            with opened(at('file')) as source, opened(at('new'), os.O_RDWR | os.O_CREAT) as to:
                count = os.copy_file_range(source, to, 4, 2, 1)
                sent = os.sendfile(to, source, 7, 9)
                past = os.copy_file_range(source, to, 4, 99, 0)
                return count, sent, past, content(at('new'))
        self.same(copies, (4, 3, 0, b'78945'))

        def overlapping(at):
            with opened(at('file')) as fd:
                os.copy_file_range(fd, fd, 4, 0, 2)
        self.same(overlapping, 'EINVAL')

    def test_splice(self):
        def through_a_pipe(at):
            out, into = os.pipe()
            with opened(at('file')) as source, opened(at('new'), os.O_RDWR | os.O_CREAT) as to:
                count = os.splice(source, into, 5, 2)
                os.splice(out, to, 5)
            os.close(out)
            os.close(into)
            return count, content(at('new'))
        self.same(through_a_pipe, (5, b'23456'))

    def test_advice(self):
        def advise(at):
            with opened(at('file')) as fd:
                for advice in (os.POSIX_FADV_WILLNEED, os.POSIX_FADV_DONTNEED):
                    os.posix_fadvise(fd, 0, 0, advice)
                return call('readahead', fd, ctypes.c_long(0), ctypes.c_size_t(10))
        self.same(advise, 0)

    def test_unlinked(self):
        """An open file without a name can do all that others can."""
        def nameless(at):
            with opened(at('file')) as fd:
                os.unlink(at('file'))
                os.write(fd, b'AB')
                os.ftruncate(fd, 5)
                os.posix_fallocate(fd, 0, 7)
                os.utime(fd, ns=(0, 5))
                os.fsync(fd)
                os.chmod(fd, os.fstat(fd).st_mode & 0o777)
                now = os.fstat(fd)
                return os.pread(fd, 20, 0), now.st_nlink, now.st_size, now.st_mtime_ns
        self.same(nameless, (b'AB234\0\0', 0, 7, 5))

    def test_descriptor(self):
        def descriptor(at):
            with opened(at('file')) as fd:
                return (fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE,
                        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND), os.write(fd, b'x'),
                        os.lseek(fd, 0, os.SEEK_CUR), content(at('file')))
        self.same(descriptor, (os.O_RDWR, 0, 1, 11, TEN + b'x'))


class Locks(PosixTest):
    """Kept by the kernel: good among the programs of this computer, which is all there are."""

    def other(self, path, lock):
        """What another program gets that asks for this lock."""
        read, write = os.pipe()
        child = os.fork()
        if not child:
            fd = os.open(path, os.O_RDWR)
            os.write(write, str(outcome(lock, fd)).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        with open(read, 'rb') as file:
            return file.read().decode()

    def test_flock(self):
        def lock(fd, how=fcntl.LOCK_EX):
            fcntl.flock(fd, how | fcntl.LOCK_NB)

        def locks(at):
            with opened(at('file')) as fd:
                lock(fd)
                first = self.other(at('file'), lock)
                lock(fd, fcntl.LOCK_SH)
                shared = self.other(at('file'), lambda fd: lock(fd, fcntl.LOCK_SH))
                lock(fd, fcntl.LOCK_UN)
                return first, shared, self.other(at('file'), lock)
        self.same(locks, ('EAGAIN', 'None', 'None'))

    def test_record_locks(self):
        def lock(fd, how=fcntl.LOCK_EX):
            fcntl.lockf(fd, how | fcntl.LOCK_NB, 4, 2)

        def locks(at):
            with opened(at('file')) as fd:
                lock(fd)
                first = self.other(at('file'), lock)
                beside = self.other(at('file'), lambda fd: fcntl.lockf(
                    fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 4, 6))
                os.close(os.open(at('file'), os.O_RDONLY))  # drops all of this program's
                return first, beside, self.other(at('file'), lock)
        self.same(locks, ('EAGAIN', 'None', 'None'))

    def test_open_file_locks(self):
        def lock(fd):
            F_OFD_SETLK = 37
            fcntl.fcntl(fd, F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))

        def locks(at):
            with opened(at('file')) as one, opened(at('file')) as two:
                lock(one)
                return outcome(lock, two)
        self.same(locks, 'EAGAIN')

    def test_lease(self):
        """Told apart by the kernel alone: newer ones refuse leases of FUSE."""
        def lease(at):
            with opened(at('file'), os.O_RDONLY) as fd:
                return fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        self.assertIn(outcome(lease, self.at()), (0, 'EINVAL'))


class ManyFiles(PosixTest):
    def test_threads(self):
        """Appending programs lose nothing of each other."""
        path = self.at()('log')

        def work(number):
            with opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as fd:
                for i in range(100):
                    os.write(fd, b'%d %03d\n' % (number, i))
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(lib.read(path).splitlines()),
                         [b'%d %03d' % (number, i) for number in range(4) for i in range(100)])


if __name__ == '__main__':
    main()
