# SPDX-License-Identifier: MIT
# What stands in front of each script of a test: checks, and states of both partitions.
import uos

_checks = 0


def check(what, got, expected):
    global _checks
    _checks += 1
    if got != expected:
        print('FAILED %s: %r, not %r' % (what, got, expected))


def raised(function, *args, **more):
    """What a call raises: the name of the type, and the arguments; None: nothing."""
    try:
        function(*args, **more)
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
    try:
        uos.stat(path)
    except OSError:
        return False
    return True


def make_parents(path):
    at = path.find('/', 1)
    while at > 0:
        if not is_there(path[:at]):
            uos.mkdir(path[:at])
        at = path.find('/', at + 1)


def put(path, data):
    """Writes a file; None makes a directory."""
    make_parents(path)
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
        if entry[1] == 0x4000:
            found[name] = None
            found.update(tree(name))
        else:
            found[name] = get(name)
    return found


def wipe(path, keep=()):
    for entry in list(uos.ilistdir(path)):
        name = path + '/' + entry[0]
        if name in keep:
            continue
        if entry[1] == 0x4000:
            wipe(name)
        uos.remove(name)


def user(files):
    """Makes these files all that is in /usr."""
    wipe('/usr', ('/usr/main.py',))
    for name in sorted(files):
        put('/usr/' + name, files[name])


def backup(files):
    """Makes these files all that is in /bak."""
    uos.mount(uos.VfsLfs1(32, 32, 32, 'customer_backup_fs'), '/w')
    wipe('/w')
    for name in sorted(files):
        put('/w/' + name, files[name])
    uos.umount('/w')


def entries(*pairs):
    """A checksum.json of (name, hash) pairs, as the device writes it."""
    items = ['{"name": "%s", "crc32": "%s"}' % pair for pair in pairs]
    return ('[' + ', '.join(items) + ']').encode()
