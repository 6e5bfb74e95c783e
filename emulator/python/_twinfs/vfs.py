# SPDX-License-Identifier: MIT
"""The device's mount table: which volume a path leads to, and what / and /bak do themselves.

/bak is read-only by its name: calls that would write return -1 there and do nothing.
"""
from _twinfs import host
from _twinfs.missing import missing
from _twinfs.volume import Volume

_EPERM = 1
_EEXIST = 17
_ENODEV = 19
_EINVAL = 22

_DIRECTORY = 0x4000
_PATH_MAX = 1024
_READ_ONLY_POINT = '/bak'
_READ_MODES = ('r', 'rt', 'rb')


class _Mount:
    def __init__(self, point, volume):
        self.point = point
        self.prefix = point[1:]
        self.volume = volume
        self.is_read_only = point == _READ_ONLY_POINT


ROOT = object()  # what leads to / itself, which holds mount points only
_mounts = []
_here = ROOT     # where relative paths begin: ROOT or a mount, whose volume knows the directory


def _find(path):
    """(mount, path within it) for a path; the mount may be ROOT, or None: nothing is there."""
    if type(path) is not str:
        path = host.text(path)
    if path[:1] == '/':
        name = path[1:]
    elif _here is ROOT:
        name = path
    else:
        return _here, path
    if not name:
        return ROOT, ''
    for mount in _mounts:
        if name.startswith(mount.prefix):
            rest = name[len(mount.prefix):]
            if not rest:
                return mount, '/'
            if rest[0] == '/' or not mount.prefix:
                return mount, rest
    return None, ''


def _volume_of(path):
    """As _find, for calls that / cannot serve."""
    mount, rest = _find(path)
    if mount is None:
        raise host.error(_ENODEV)
    if mount is ROOT:
        raise host.error(_EPERM)
    return mount, rest


def open(file: str, mode: str = 'r', buffering: int = -1, encoding=None):
    """Opens a file of the module; buffering and encoding are ignored, as by the device.

    Returns the file object; -1 for a mode other than r, rt, rb below /bak. OSError: 2 not there,
    17 mode x and there, 19 no such mount point, 21 a directory. ValueError: a mode like rw.
    """
    mount, rest = _volume_of(file)
    if mount.is_read_only and mode not in _READ_MODES:
        return host.REFUSED
    return mount.volume.open(rest, mode)


def ilistdir(path: str = ''):
    """Yields (name, type, 0, size) of each entry; type is 0x8000 of a file, 0x4000 of a directory.

    / yields (name, 0x4000, 0). Names are bytes when path is. OSError: 2, 19, 20 a file.
    """
    mount, rest = _find(path)
    is_bytes = isinstance(path, bytes)
    if mount is None:
        raise host.error(_ENODEV)
    if mount is ROOT:
        entries = iter([(each.prefix, _DIRECTORY, 0) for each in _mounts])
    else:
        entries = mount.volume.ilistdir(rest)
    if is_bytes:
        return ((host.encoded(entry[0]),) + entry[1:] for entry in entries)
    return entries


def listdir(path: str = '') -> list:
    """The names in a directory, as a list."""
    return [entry[0] for entry in ilistdir(path)]


def mkdir(path: str):
    """Makes a directory; -1 below /bak. OSError: 2 no parent, 17 exists."""
    mount, rest = _find(path)
    if mount is ROOT or rest == '/':
        raise host.error(_EEXIST)
    if mount is None:
        raise host.error(_ENODEV)
    if mount.is_read_only:
        return -1
    return mount.volume.mkdir(rest)


def remove(path: str):
    """Removes a file or an empty directory; -1 below /bak.

    OSError: 2 not there, 22 a mount point, 39 not empty.
    """
    mount, rest = _volume_of(path)
    if mount.is_read_only:
        return -1
    return mount.volume.remove(rest)


def rmdir(path: str):
    """The same as remove: it removes files, too."""
    mount, rest = _volume_of(path)
    if mount.is_read_only:
        return -1
    return mount.volume.rmdir(rest)


def rename(old_path: str, new_path: str):
    """Renames, replacing an existing file; -1 below /bak. OSError: 1 to another volume, 2, 21."""
    old_mount, old_rest = _find(old_path)
    new_mount, new_rest = _find(new_path)
    if old_mount is not new_mount or old_mount is ROOT:
        raise host.error(_EPERM)
    if old_mount is None:
        raise host.error(_ENODEV)
    if old_mount.is_read_only:
        return -1
    return old_mount.volume.rename(old_rest, new_rest)


def stat(path: str) -> tuple:
    """(mode, 0, 0, 0, 0, 0, size, time, time, time); size in bytes, 0 of a directory.

    mode is 0x8000 of a file, 0x4000 of a directory. The times are those of the last change, seconds
    since 1970, on littlefs 2; 0 on littlefs 1. OSError: 2 not there, 19 no such mount point.
    """
    mount, rest = _find(path)
    if mount is ROOT:
        return (_DIRECTORY, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    if mount is None:
        raise host.error(_ENODEV)
    return mount.volume.stat(rest)


def statvfs(path: str) -> tuple:
    """(block, block, blocks, free, free, 0, 0, 0, 0, name_max) of the volume that path leads to.

    block and name_max are bytes. path need not exist. OSError(19): no such mount point.
    """
    mount, rest = _find(path)
    if mount is ROOT:
        return (0, 0, 0, 0, 0, 0, 0, 0, 0, _PATH_MAX)
    if mount is None:
        raise host.error(_ENODEV)
    return mount.volume.statvfs(rest)


def chdir(path: str):
    """Changes the current directory. OSError: -2 (negative) not there, 19 no such mount point."""
    global _here
    mount, rest = _find(path)
    if mount is None:
        raise host.error(_ENODEV)
    if mount is not ROOT:
        mount.volume.chdir(rest)
    _here = mount


def getcwd() -> str:
    """The current directory."""
    if _here is ROOT:
        return '/'
    inner = _here.volume.getcwd()
    return _here.point + ('' if inner == '/' else inner)


def mount(vfs, path: str, readonly: bool = False, mkfs: bool = False):
    """Mounts a volume. OSError: 1 the mount point is in use, 22 it does not begin with /."""
    path = host.text(path)
    if not hasattr(vfs, 'mount'):
        missing('uos', 'mount', 'of a block device: there is no flash below the volumes')
    if path[:1] != '/' or path == '/':
        raise host.error(_EINVAL)
    if _find(path)[0] not in (None, ROOT):
        raise host.error(_EPERM)
    vfs.mount(readonly, mkfs)
    _mounts.append(_Mount(path, vfs))


def umount(mount_point):
    """Unmounts, by mount point or volume; -1 for /bak. OSError: 22 nothing is mounted there."""
    global _here
    if mount_point == _READ_ONLY_POINT:
        return -1
    for at, each in enumerate(_mounts):
        if each.point == mount_point or each.volume is mount_point:
            del _mounts[at]
            if _here is each:
                _here = ROOT
            return each.volume.umount()
    raise host.error(_EINVAL)


def begin():
    """What the boot has mounted: an image may have no backup partition."""
    for partition, point in (('customer_fs', '/usr'), ('customer_backup_fs', '/bak')):
        try:
            volume = Volume(partition)
        except OSError:
            continue
        mount(volume, point)
