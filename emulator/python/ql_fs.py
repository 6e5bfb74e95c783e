# SPDX-License-Identifier: MIT
"""Helpers above uos and open: directories with their parents, whole files, JSON.

Source: the vendor's port, and its public documentation of ql_fs. Paths may be relative to the
current directory. Parameters have the names of the device, for calls that name them.
"""
import uos
import ujson

_DIRECTORY = 0x4000
_STEP = 4096  # bytes that file_copy moves at once


class FileNotFoundError(Exception):
    """What path_getsize raises: no OSError, and its text is in quotes."""

    def __init__(self, value):
        self.value = value

    def __str__(self):
        return repr(self.value)


def path_exists(path: str) -> bool:
    """Whether there is a file or directory; False for '', None, and on any error."""
    if not path:
        return False
    try:
        uos.stat(path)
    except Exception:
        return False
    return True


def path_dirname(path: str) -> str:
    """The path up to its last slash: '/usr/a' gives '/usr', '/usr' gives '/', 'usr' gives ''."""
    if not path:
        return ''
    end = path.rfind('/')
    return '/' if end == 0 else path[:max(end, 0)]


def path_getsize(path: str) -> int:
    """The size in bytes. Raises the FileNotFoundError of this module when there is nothing."""
    if not path_exists(path):
        raise FileNotFoundError("can not find: '%s'" % path)
    return uos.stat(path)[6]


def mkdirs(dir: str):
    """Makes a directory and its parents; it may exist. OSError as uos.mkdir."""
    made = ''
    for at, part in enumerate(dir.split('/')):
        made = made + '/' + part if at else part
        if made and not path_exists(made):
            uos.mkdir(made)


def rmdirs(dir: str):
    """Removes a directory with all that is in it.

    OSError: 2 it is not there, 20 it is a file, 22 it is a mount point, which is emptied before.
    Below /bak nothing can be removed, and it tries until RuntimeError.
    """
    names = uos.listdir(dir)
    if not names:
        uos.remove(dir)
        return
    for name in names:
        path = dir + '/' + name
        if uos.stat(path)[0] & _DIRECTORY:
            rmdirs(path)
        else:
            uos.remove(path)
    rmdirs(dir)


def file_copy(dstFile: str, srcFile: str) -> bool:
    """Copies in place: note the order of the two. True, or False when the source is missing.

    OSError: 2 no parent of the target, 21 the target is a directory, 28 no space.
    """
    if not path_exists(srcFile):
        return False
    target = open(dstFile, 'wb+')
    source = open(srcFile, 'rb')
    data = source.read(_STEP)
    while data:
        target.write(data)
        data = source.read(_STEP)
    target.close()
    source.close()
    return True


def touch(file: str, data, i: int = 1, file_type: str = 'json') -> int:
    """Writes data as JSON, or as it is with another file_type; makes the parents.

    Parents are looked for from position i on. Returns 0, or -1 when the file could not be
    written. OSError when a parent could not be made.
    """
    end = file.find('/', i)
    while end != -1:
        if not path_exists(file[:end]):
            uos.mkdir(file[:end])
        end = file.find('/', end + 1)
    try:
        with open(file, 'w') as target:
            target.write(ujson.dumps(data) if file_type == 'json' else data)
    except Exception:
        return -1
    return 0


def read_json(file: str):
    """What the JSON of a file says, None when the file is missing. ValueError: it is no JSON."""
    if not path_exists(file):
        return None
    with open(file, 'r') as source:
        return ujson.load(source)
