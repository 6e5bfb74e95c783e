#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls on names: make, look up, list, rename, remove."""
import ctypes
import os
import select
import socket
import stat
import struct

from calls import AT_FDCWD, TEN, VIEW, PosixTest, call, lib, main, opened, outcome

NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4


def rename(flags, old, new):
    return call('renameat2', AT_FDCWD, old, AT_FDCWD, new, flags)


class Make(PosixTest):
    def test_mkdir(self):
        self.same(lambda at: os.mkdir(at('dir')), 'EEXIST')
        self.same(lambda at: os.mkdir(at('file')), 'EEXIST')
        self.same(lambda at: os.mkdir(at('none', 'new')), 'ENOENT')
        self.same(lambda at: os.mkdir(at('file', 'new')), 'ENOTDIR')
        self.same(lambda at: os.mkdir(at('dir', '.')), 'EEXIST')
        self.same(lambda at: os.mkdir(''), 'ENOENT')

        def make(at):
            os.mkdir(at('new'))
            os.mkdir(at('new/below/'))
            return os.stat(at('new')).st_nlink, os.stat(at('new', 'below')).st_nlink
        self.same(make, (3, 2))

    def test_mknod(self):
        def make(at):
            os.mknod(at('new'), stat.S_IFREG | 0o644)
            return lib.read(at('new')), outcome(os.mknod, at('new'), stat.S_IFREG)
        self.same(make, (b'', 'EEXIST'))

    def test_special_files(self):
        """littlefs has files and directories."""
        def bind(at):
            with opened(at('dir'), os.O_PATH) as fd, socket.socket(socket.AF_UNIX) as one:
                return one.bind('/proc/self/fd/%d/s' % fd)
        self.differs(bind, 'EPERM', None)
        self.differs(lambda at: os.mkfifo(at('new')), 'EPERM', None)
        self.differs(lambda at: os.mknod(at('new'), stat.S_IFSOCK | 0o600), 'EPERM', None)
        self.same(lambda at: os.mkfifo(at('file')), 'EEXIST')

    def test_links(self):
        self.differs(lambda at: os.symlink('file', at('new')), 'EPERM', None)
        self.differs(lambda at: os.link(at('file'), at('new')), 'EPERM', None)
        self.same(lambda at: os.link(at('file'), at('dir', 'inner')), 'EEXIST')
        self.same(lambda at: os.link(at('none'), at('new')), 'ENOENT')
        self.same(lambda at: os.link(at('dir'), at('new')), 'EPERM')
        self.same(lambda at: os.readlink(at('file')), 'EINVAL')
        self.same(lambda at: os.readlink(at('none')), 'ENOENT')


class Names(PosixTest):
    def test_bytes(self):
        """A name is any bytes but '/' and NUL."""
        names = [b' ', b'.hidden', b'...', b'dots..', b'-rf', b'\xff\xfe', b'\xed\xa0\x80', b'\\',
                 b'new\nline', 'Größe.txt'.encode(), '文件'.encode(), b'a:b*c?d"e<f>g|h', b'\x01',
                 b'CON', b'case', b'CASE', b'%s%n']

        def make(at):
            folder = os.fsencode(at('dir'))
            for name in names:
                lib.write(os.path.join(folder, name), name)
            read = [lib.read(os.path.join(folder, name)) for name in names]
            return read == names, sorted(os.listdir(folder)) == sorted(names + [b'inner'])
        self.same(make, (True, True))
        at = self.at()
        make(at)
        self.mount.power('restart')
        self.assertEqual(sorted(os.listdir(os.fsencode(at('dir')))), sorted(names + [b'inner']))

    def test_longest(self):
        for make in (os.mkdir, lambda path: lib.write(path, b'')):
            self.same(lambda at: make(at('n' * 255)), None)
            self.same(lambda at: make(at('n' * 256)), 'ENAMETOOLONG')
        for look in (os.stat, os.unlink, os.rmdir, os.listdir,
                     lambda path: os.rename(path, path[:-1])):
            self.same(lambda at: look(at('n' * 255)), 'ENOENT')
            self.same(lambda at: look(at('n' * 256)), 'ENAMETOOLONG')
            self.same(lambda at: look(at('n' * 2000)), 'ENAMETOOLONG')
        self.same(lambda at: os.rename(at('file'), at('n' * 256)), 'ENAMETOOLONG')
        self.same(lambda at: os.stat(at('ö' * 128)), 'ENAMETOOLONG')  # bytes count

    def test_path_too_long(self):
        self.same(lambda at: os.stat(at('./' * 2100)), 'ENAMETOOLONG')

    def test_trailing(self):
        self.same(lambda at: os.stat(at('file', '')), 'ENOTDIR')
        self.same(lambda at: stat.S_ISDIR(os.stat(at('dir', '')).st_mode), True)
        self.same(lambda at: os.stat(at('file', '.')), 'ENOTDIR')
        self.same(lambda at: os.stat(at('file', '..')), 'ENOTDIR')
        self.same(lambda at: os.stat(at('dir', '..', 'file')).st_size, 10)
        self.same(lambda at: os.stat(at('dir//.//inner')).st_size, 10)

    def test_deep(self):
        """Directories in directories, beyond what one path can name."""
        depth = 200

        def make(at):
            here = os.open(at('dir'), os.O_PATH)
            for i in range(depth):
                os.mkdir('level-with-a-long-name', dir_fd=here)
                below = os.open('level-with-a-long-name', os.O_PATH, dir_fd=here)
                os.close(here)
                here = below
            with opened('file', os.O_CREAT | os.O_RDWR, dir_fd=here) as fd:
                os.write(fd, b'deep')
                seen = os.pread(fd, 9, 0)
            os.close(here)
            lib.run('rm', '-r', at('dir'))
            return seen, os.path.exists(at('dir'))
        self.same(make, (b'deep', False))

    def test_reserved(self):
        """The union makes copies under this name; the bare partition knows no such thing."""
        def make(at):
            lib.write(at('.twinfs-copy-up'), b'x')
            return lib.read(at('.twinfs-copy-up'))
        if VIEW != 'device':
            self.differs(make, 'EINVAL', b'x')
        else:
            self.same(make, b'x')


class Remove(PosixTest):
    def test_unlink(self):
        self.same(lambda at: os.unlink(at('file')), None)
        self.same(lambda at: os.unlink(at('dir')), 'EISDIR')
        self.same(lambda at: os.unlink(at('none')), 'ENOENT')
        self.same(lambda at: os.unlink(at('file', 'x')), 'ENOTDIR')
        self.same(lambda at: os.unlink(at('file', '')), 'ENOTDIR')

    def test_rmdir(self):
        self.same(lambda at: os.rmdir(at('dir')), 'ENOTEMPTY')
        self.same(lambda at: os.rmdir(at('file')), 'ENOTDIR')
        self.same(lambda at: os.rmdir(at('none')), 'ENOENT')
        self.same(lambda at: os.rmdir(at('dir', '.')), 'EINVAL')
        self.same(lambda at: os.rmdir(at('dir', '..')), 'ENOTEMPTY')

        def remove(at):
            os.unlink(at('dir', 'inner'))
            before = os.stat(at('.')).st_nlink
            os.rmdir(at('dir'))
            return before - os.stat(at('.')).st_nlink, os.path.exists(at('dir'))
        self.same(remove, (1, False), lower=(0, False))

    def test_removed_directory(self):
        """Who still has a directory that is gone finds nothing in it, and can make nothing."""
        def removed(at):
            os.unlink(at('dir', 'inner'))
            with opened(at('dir'), os.O_RDONLY | os.O_DIRECTORY) as fd:
                os.rmdir(at('dir'))
                return (outcome(lambda: os.mkdir('x', dir_fd=fd)),
                        outcome(lambda: os.open('x', os.O_CREAT, dir_fd=fd)),
                        outcome(lambda: os.stat('x', dir_fd=fd)),
                        outcome(lambda: os.rename(at('file'), 'x', dst_dir_fd=fd)),
                        os.fstat(fd).st_nlink, os.fsync(fd))
        self.same(removed, ('ENOENT', 'ENOENT', 'ENOENT', 'ENOENT', 0, None))

    def test_unlinkat(self):
        def remove(at):
            with opened(at('.'), os.O_PATH) as fd:
                os.unlink('file', dir_fd=fd)
                os.unlink('dir/inner', dir_fd=fd)
                os.rmdir('dir', dir_fd=fd)
                return os.listdir(at('.'))
        self.same(remove, [])


class Rename(PosixTest):
    def test_rename(self):
        def over_a_file(at):
            before = os.stat(at('file')).st_ino
            with opened(at('dir', 'inner')) as fd:
                os.rename(at('file'), at('dir', 'inner'))
                return (os.stat(at('dir', 'inner')).st_ino == before, os.fstat(fd).st_nlink,
                        os.path.exists(at('file')))
        self.same(over_a_file, (True, 0, False))

        def over_a_directory(at):
            os.mkdir(at('empty'))
            os.rename(at('dir'), at('empty'))
            return sorted(os.listdir(at('.'))), os.listdir(at('empty'))
        self.same(over_a_directory, (['empty', 'file'], ['inner']), lower='EXDEV')

        def into_another(at):
            os.mkdir(at('other'))
            os.rename(at('dir'), at('other', 'dir'))
            return os.stat(at('other')).st_nlink, lib.read(at('other', 'dir', 'inner'))
        self.same(into_another, (3, TEN), lower='EXDEV')
        self.same(lambda at: os.rename(at('file'), at('file')), None)
        self.same(lambda at: os.rename(at('dir'), at('dir', '..', 'dir')), None)

    def test_errors(self):
        self.same(lambda at: os.rename(at('none'), at('new')), 'ENOENT')
        self.same(lambda at: os.rename(at('file'), at('none', 'new')), 'ENOENT')
        self.same(lambda at: os.rename(at('file'), at('dir')), 'EISDIR')
        self.same(lambda at: os.rename(at('dir'), at('file')), 'ENOTDIR')
        self.same(lambda at: os.rename(at('dir'), at('dir', 'x')), 'EINVAL')
        self.same(lambda at: os.rename(at('dir', 'inner'), at('dir')), 'ENOTEMPTY')
        self.same(lambda at: os.rename(at('file'), at('new', '')), 'ENOTDIR')
        self.same(lambda at: os.rename(at('dir', '.'), at('new')), 'EBUSY')
        self.same(lambda at: os.rename(at('file'), at('file', 'x')), 'ENOTDIR')

        def not_empty(at):
            os.mkdir(at('new'))
            os.rename(at('new'), at('dir'))
        self.same(not_empty, 'ENOTEMPTY')

    def test_noreplace(self):
        self.same(lambda at: rename(NOREPLACE, at('file'), at('dir', 'inner')), 'EEXIST')
        self.same(lambda at: rename(NOREPLACE, at('file'), at('dir')), 'EEXIST')
        self.same(lambda at: rename(NOREPLACE, at('file'), at('file')), 'EEXIST')
        self.same(lambda at: rename(NOREPLACE, at('file'), at('new')), 0)
        self.same(lambda at: rename(NOREPLACE | EXCHANGE, at('file'), at('dir')), 'EINVAL')

    def test_exchange(self):
        """littlefs can move one entry at a power cut's risk, not two."""
        self.differs(lambda at: rename(EXCHANGE, at('file'), at('dir')), 'EINVAL', 0)
        self.same(lambda at: rename(EXCHANGE, at('file'), at('none')), 'ENOENT')

    def test_whiteout(self):
        """There are no device nodes, which it would leave behind."""
        def whiteout(at):
            return outcome(rename, WHITEOUT, at('file'), at('new'))
        self.differs(whiteout, 'EINVAL', 0)

    def test_open_file(self):
        """What is written after a rename goes with the file."""
        def write(at):
            with opened(at('file')) as fd:
                os.rename(at('file'), at('dir', 'inner'))
                os.write(fd, b'NEW')
            return lib.read(at('dir', 'inner'))
        self.same(write, b'NEW3456789')
        at = self.at()
        write(at)
        self.mount.power('restart')
        self.assertEqual(lib.read(at('dir', 'inner')), b'NEW3456789')


class List(PosixTest):
    def names(self, at, count):
        for i in range(count):
            os.close(os.open(at('dir', 'name-%03d' % i), os.O_CREAT | os.O_WRONLY))
        return ['inner'] + ['name-%03d' % i for i in range(count)]

    def test_entries(self):
        """Numbers and types of readdir are those of stat; tmpfs tells where '..' leads, too."""
        def entries(at):
            with os.scandir(at('.')) as found:
                return sorted((entry.name, entry.is_dir(follow_symlinks=False),
                               entry.inode() == os.stat(entry.path).st_ino) for entry in found)
        self.same(entries, [('dir', True, True), ('file', False, True)])

    def test_parent(self):
        """An entry does not tell its parent; a path does."""
        def parent(at):
            entry = dict(getdents(at('dir')))[b'..']
            return entry == os.stat(at('dir', '..')).st_ino
        self.differs(parent, False, True)

    def test_seekdir(self):
        """A position stays good while entries are made and removed."""
        def positions(at):
            want = self.names(at, 50)
            libc = ctypes.CDLL(None, use_errno=True)
            libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
            libc.telldir.restype = ctypes.c_long
            stream = ctypes.c_void_p(libc.opendir(os.fsencode(at('dir'))))

            def read():
                entry = libc.readdir(stream)
                return ctypes.string_at(entry + 19) if entry else None  # struct dirent: d_name
            for _ in range(10):
                read()
            place = libc.telldir(stream)
            rest = list(iter(read, None))
            libc.seekdir(stream, ctypes.c_long(place))
            again = list(iter(read, None))
            libc.rewinddir(stream)
            whole = set(iter(read, None))
            libc.closedir(stream)
            return len(rest), rest == again, whole == {n.encode() for n in want} | {b'.', b'..'}
        self.same(positions, (43, True, True))

    def test_changing(self):
        """Each entry that is there all the time is told exactly once."""
        def changing(at):
            want = self.names(at, 300)
            seen = []
            with os.scandir(at('dir')) as found:
                for i, entry in enumerate(found):
                    seen.append(entry.name)
                    if i % 3 == 0:
                        lib.write(at('dir', 'added-%d' % i), b'')
                    elif entry.name != 'inner':
                        os.unlink(entry.path)
            stayed = [name for name in seen if not name.startswith('added')]
            return sorted(stayed) == sorted(want)
        self.same(changing, True)

    def test_rewind(self):
        def rewind(at):
            with opened(at('dir'), os.O_RDONLY | os.O_DIRECTORY) as fd:
                first = os.listdir(fd)
                lib.write(at('dir', 'new'), b'')
                return first, sorted(os.listdir(fd))
        self.same(rewind, (['inner'], ['inner', 'new']))


def getdents(path):
    """Name and number of each entry, '.' and '..' included."""
    with opened(path, os.O_RDONLY | os.O_DIRECTORY) as fd:
        buffer = ctypes.create_string_buffer(65536)
        count = call('getdents64', fd, buffer, ctypes.c_size_t(len(buffer)))
    at = 0
    while at < count:
        number, _, length = struct.unpack_from('QqH', buffer.raw, at)
        yield buffer.raw[at + 19:at + length].split(b'\0')[0], number
        at += length


class Fixed(PosixTest):
    """What is not in usr/ or bak/ is always there."""

    def test_fixed(self):
        mount = self.mount
        for name in ('SecureData', '.twinfs/status', '.twinfs/power', '.twinfs/faults'):
            path = mount.path(name)
            for change in (
                    lambda: os.unlink(path), lambda: os.rename(path, mount.path('new')),
                    lambda: os.rename(path, mount.usr('new')),
                    lambda: os.rename(mount.usr('main.py'), path),
                    lambda: os.link(path, mount.usr('new')), lambda: os.chmod(path, 0o777)):
                self.assertEqual(outcome(change), 'EPERM', name)
            self.assertEqual(outcome(os.setxattr, path, 'user.littlefs.05', b''), 'EOPNOTSUPP')
            self.assertEqual(os.listxattr(path), [])
            self.assertEqual(stat.S_IFMT(os.stat(path).st_mode), stat.S_IFREG)
            os.utime(path)
        for folder in (mount.root, mount.path('.twinfs')):
            for change in (
                    lambda: os.mkdir(os.path.join(folder, 'new')),
                    lambda: lib.write(os.path.join(folder, 'new'), b''),
                    lambda: os.symlink('usr', os.path.join(folder, 'new')),
                    lambda: os.rmdir(mount.usr()), lambda: os.rename(mount.usr(), mount.bak())):
                self.assertEqual(outcome(change), 'EPERM')
        self.assertEqual(outcome(os.open, mount.path('.twinfs/status'), os.O_RDWR), 'EACCES')
        self.assertEqual(sorted(os.listdir(mount.root)), ['.twinfs', 'SecureData', 'bak', 'usr'])


class Watch(PosixTest):
    def test_inotify(self):
        """The kernel tells of all changes: they all come through the mount."""
        def watch(at):
            fd = call('inotify_init1', os.O_CLOEXEC | os.O_NONBLOCK)
            call('inotify_add_watch', fd, at('dir'), 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200)
            lib.write(at('dir', 'new'), b'x')
            os.rename(at('dir', 'new'), at('dir', 'moved'))
            os.unlink(at('dir', 'moved'))
            events, data = [], os.read(fd, 4096)
            os.close(fd)
            while data:
                _, mask, _, length = struct.unpack_from('iIII', data)
                events.append((mask, data[16:16 + length].rstrip(b'\0')))
                data = data[16 + length:]
            return events
        self.same(watch, [(0x100, b'new'), (0x2, b'new'), (0x8, b'new'), (0x40, b'new'),
                          (0x80, b'moved'), (0x200, b'moved')])

    def test_poll(self):
        def poll(at):
            with opened(at('file')) as fd:
                poller = select.poll()
                poller.register(fd, select.POLLIN | select.POLLOUT)
                return [events for _, events in poller.poll(0)]
        self.same(poll, [select.POLLIN | select.POLLOUT])

    def test_epoll(self):
        """The kernel lets files of FUSE be waited for; they are always ready."""
        def epoll(at):
            with opened(at('file')) as fd, select.epoll() as poller:
                poller.register(fd, select.EPOLLIN)
                return [events for _, events in poller.poll(0)]
        self.differs(epoll, [select.EPOLLIN], 'EPERM')

    def test_handles(self):
        """A handle is good while the kernel knows the object; tmpfs keeps it for ever."""
        def handle(at):
            buffer = ctypes.create_string_buffer(struct.pack('Ii', 128, 0), 8 + 128)
            where = ctypes.c_int()
            with opened(at('file')) as fd:
                call('name_to_handle_at', fd, '', buffer, ctypes.byref(where), 0x1000)
                with opened(at('.'), os.O_RDONLY) as folder:
                    again = outcome(call, 'open_by_handle_at', folder, buffer, os.O_RDONLY)
                if isinstance(again, str):
                    return again
                seen = os.read(again, 10)
                os.close(again)
                return seen
        self.same(handle, TEN if not os.geteuid() else 'EPERM')


if __name__ == '__main__':
    main()
