# SPDX-License-Identifier: MIT
"""Checks with a label, and states of both partitions. It runs on the module: /bak/states.py.

What it writes below /bak goes through a second mount: tests that do so have allow_backup_write=1.
"""
import uos
from bak.check import equal

_SECOND_MOUNT = '/w'


def check(what, found, wanted):
    """Counts a check that fails, with its label, unless both are equal."""
    if found != wanted:
        print(what + ':')
    equal(found, wanted)


def raised(function, *args, **named):
    """What a call raises: the name of the type, and the arguments; None: nothing."""
    try:
        function(*args, **named)
    except Exception as error:
        return type(error).__name__, error.args
    return None


def printed(module, function, *args):
    """The lines that `module` prints during a call, and what the call returns."""
    lines = []
    module.print = lines.append
    result = function(*args)
    return lines, result


def is_there(path):
    """Whether stat() of the path works."""
    try:
        uos.stat(path)
    except OSError:
        return False
    return True


def _make_parents(path):
    at = path.find('/', 1)
    while at > 0:
        if not is_there(path[:at]):
            uos.mkdir(path[:at])
        at = path.find('/', at + 1)


def put(path, data):
    """Writes a file, with its parents; None makes a directory."""
    _make_parents(path)
    if data is None:
        uos.mkdir(path)
        return
    with open(path, 'wb') as file:
        file.write(data)


def get(path):
    """The content of a file; None: it is not there."""
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError:
        return None


def tree(path):
    """Path -> content of all below; directories map to None."""
    found = {}
    for entry in list(uos.ilistdir(path)):
        name = path + '/' + entry[0]
        found[name] = None if entry[1] == 0x4000 else get(name)
        if entry[1] == 0x4000:
            found.update(tree(name))
    return found


def _wipe(path):
    for entry in list(uos.ilistdir(path)):
        name = path + '/' + entry[0]
        if entry[1] == 0x4000:
            _wipe(name)
        uos.remove(name)


def _fill(path, files):
    _wipe(path)
    for name in sorted(files):
        put(path + '/' + name, files[name])


def user(files):
    """Makes these files all that is in /usr."""
    _fill('/usr', files)


def backup(files):
    """Makes these files all that is in /bak."""
    uos.mount(uos.VfsLfs1(32, 32, 32, 'customer_backup_fs'), _SECOND_MOUNT)
    _fill(_SECOND_MOUNT, files)
    uos.umount(_SECOND_MOUNT)


def entries(*pairs):
    """A checksum.json of (name, hash) pairs, as the device writes it."""
    items = ['{"name": "%s", "crc32": "%s"}' % pair for pair in pairs]
    return ('[' + ', '.join(items) + ']').encode()
