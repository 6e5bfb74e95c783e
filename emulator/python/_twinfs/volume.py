# SPDX-License-Identifier: MIT
"""A littlefs volume as uos.mount takes it: paths within it, its current directory, its errors."""
from _twinfs import control, host, settings
from _twinfs.missing import missing

_EPERM = 1
_EEXIST = 17
_ENOENT = 2
_ENODEV = 19
_ENOTDIR = 20
_EISDIR = 21
_EINVAL = 22
_EROFS = 30
_ENAMETOOLONG = 36

_FILE = 0x8000
_DIRECTORY = 0x4000
_NAME_MAX = 255  # bytes
_SHORT = 64      # characters of a path in which no name can be too long

_PARTITIONS = {'customer_fs': '/usr', 'customer_backup_fs': '/bak'}


def _parse_mode(mode):
    """(kind, is_update, is_text) of an open mode; ValueError where the device has it."""
    kind = ''
    is_update = False
    is_text = True
    for letter in mode:
        if letter in 'rwxa':
            if kind or is_update:
                raise ValueError('mode')
            kind = letter
        elif letter == '+':
            is_update = True
        elif letter == 'b':
            is_text = False
        elif letter == 't':
            is_text = True
    return kind or 'r', is_update, is_text


_modes = {}  # mode -> what it means


def _is_there(folder):
    try:
        host.stat(folder)
    except OSError:
        return False
    return True


class Volume:
    """The volume of a partition, by the partition's name; OSError(19) for one that is not there."""

    def __init__(self, partition):
        if partition not in _PARTITIONS or not _is_there(_PARTITIONS[partition]):
            raise host.error(_ENODEV)
        self.folder = _PARTITIONS[partition]
        self.is_read_only = False
        self._cwd = '/'
        self._partition = partition
        self._has_times = None  # not looked yet

    def _name(self, path):
        """What the host calls a path of this volume."""
        if path[:1] != '/':
            path = self._cwd + path
        if '//' not in path and '/.' not in path and path[-1] != '/' and len(path) < _SHORT:
            return self.folder + path
        return self.folder + self._resolved(path)

    def _resolved(self, path):
        """The path without //, . and .., which littlefs takes by their letters alone."""
        parts = []
        for part in path.split('/'):
            if part == '..':
                if parts:
                    parts.pop()
            elif part and part != '.':
                if len(part) >= _SHORT and len(host.encoded(part)) > _NAME_MAX:
                    raise host.error(_ENAMETOOLONG)
                parts.append(part)
        return '/' + '/'.join(parts) if parts else ''

    def _new_name(self, path):
        """The name of what may be made: a path that ends as a directory's must exist already."""
        name = self._name(path)
        if path[-1:] == '/' or path[-2:] == '/.':
            host.stat(name)
        return name

    def _changes(self, path):
        """The name of what is about to be changed; the root of a volume never is."""
        if self.is_read_only:
            raise host.error(_EROFS)
        name = self._name(path)
        if name == self.folder:
            raise host.error(_EINVAL)
        return name

    def open(self, path, mode):
        meaning = _modes.get(mode)
        if meaning is None:
            meaning = _modes[mode] = _parse_mode(mode)
        kind, is_update, is_text = meaning
        name = self._name(path) if kind == 'r' else self._new_name(path)
        if self.is_read_only and (kind != 'r' or is_update):
            raise host.error(_EROFS)
        return host.open_file(name, kind, is_update, is_text)

    def ilistdir(self, path=''):
        """Yields (name, type, 0, size); size is 0 for a directory."""
        name = self._name(path)
        return self._entries(name, host.scan(name))

    def _entries(self, name, entries):
        for entry, is_directory in entries:
            if is_directory:
                yield entry, _DIRECTORY, 0, 0
                continue
            try:
                size = host.stat(name + '/' + entry)[1]
            except OSError:
                size = 0  # removed since the listing began
            yield entry, _FILE, 0, size

    def mkdir(self, path):
        if self._name(path) == self.folder:
            raise host.error(_EEXIST)
        self._changes(path)
        host.mkdir(self._new_name(path))

    def remove(self, path):
        """Removes a file or an empty directory: both calls of the device do."""
        name = self._changes(path)
        try:
            host.unlink(name)
        except OSError as failure:
            if failure.args[0] not in (_EISDIR, _EPERM):
                raise
            host.rmdir(name)

    rmdir = remove

    def rename(self, old, new):
        old = self._changes(old)
        self._changes(new)
        new = self._new_name(new)
        try:
            host.rename(old, new)
        except OSError as failure:
            # A directory over a file; the way there may as well lead through a file.
            if failure.args[0] == _ENOTDIR and self._is_file(new):
                raise host.error(_EISDIR)
            raise

    def _is_file(self, name):
        try:
            return not host.stat(name)[0]
        except OSError:
            return False

    def chdir(self, path):
        """OSError(-2), negative as on the device, when there is no such directory."""
        name = self._name(path)
        try:
            is_directory = host.stat(name)[0]
        except OSError:
            is_directory = False
        if not is_directory:
            raise host.error(-_ENOENT)
        self._cwd = name[len(self.folder):] + '/'

    def getcwd(self):
        return self._cwd if self._cwd == '/' else self._cwd[:-1]

    def stat(self, path):
        is_directory, size, seconds = host.stat(self._name(path))
        if self._has_times is None:
            self._has_times = control.stores_times(self._partition)
        if not self._has_times:
            seconds = 0
        if is_directory:
            return (_DIRECTORY, 0, 0, 0, 0, 0, 0, seconds, seconds, seconds)
        return (_FILE, 0, 0, 0, 0, 0, size, seconds, seconds, seconds)

    def statvfs(self, path):
        size, blocks, free = host.statvfs(self.folder)
        return (size, size, blocks, free, free, 0, 0, 0, 0, _NAME_MAX)

    def mount(self, readonly, mkfs):
        """Called by uos.mount: the volume is ready since it was made."""

    def umount(self):
        """Called by uos.umount."""


class VfsLfs1(Volume):
    """VfsLfs1(readsize, progsize, lookahead, pname): the littlefs volume of a partition.

    The three numbers are ignored, as by the device: reads, programs and blocks are 4096 bytes.
    A volume of the backup partition can be written only in a run with --allow-backup-write.
    """

    def __init__(self, readsize=32, progsize=32, lookahead=32, pname='', *external):
        if external:
            missing('uos', 'VfsLfs1', 'there is no external flash')
        Volume.__init__(self, pname)
        self.is_read_only = self.folder == '/bak' and not settings.allow_backup_write

    @staticmethod
    def mkfs(*arguments, **named):
        """Not emulated: a volume is formatted by the boot, when it cannot be mounted."""
        missing('uos', 'VfsLfs1.mkfs', 'volumes are formatted by the boot alone')
