# SPDX-License-Identifier: MIT
"""The host port of MicroPython, of any port with VfsPosix. host_cpython describes the functions.

The object of ROOT is mounted nowhere, so no path of an application leads through it.
"""
import builtins
import sys

from _twinfs import own

try:
    import uio as _io
except ImportError:
    import io as _io
try:
    import vfs as _native
except ImportError:
    import uos as _native
try:
    import uos as _os
except ImportError:
    import os as _os

# Numbers of errors that are others on the device: what says in Linux that a volume is damaged.
# Where the C library is not that of Linux, its numbers are added.
numbers = {74: 52, 117: 52}

REFUSED = -1  # of an open that /bak refuses

_DIRECTORY = 0x4000
_top = None    # VfsPosix(ROOT)
_host = None   # VfsPosix(), of all files: only for what _top cannot do
_path = ''     # ROOT
_open = builtins.open


def error(number):
    return OSError(number)


def _again(failure):
    """The same failure with its number alone: newer versions add the file's name."""
    number = failure.args[0] if failure.args else 5
    return OSError(numbers.get(number, number))


def begin(root):
    global _top, _host, _path
    if not root.startswith('/'):
        root = _os.getcwd().rstrip('/') + '/' + root
    _path = root.rstrip('/')
    _top = _native.VfsPosix(_path)
    _host = _native.VfsPosix()


def text(path):
    if isinstance(path, bytes):
        return path.decode()
    if isinstance(path, str):
        return path
    raise TypeError("can't convert '%s' object to str implicitly" % type(path).__name__)


def encoded(name):
    return name.encode()


def scan(name):
    try:
        return [(entry[0], entry[1] == _DIRECTORY) for entry in _top.ilistdir(name)
                if entry[0] not in ('.', '..')]
    except OSError as failure:
        raise _again(failure)


def stat(name):
    try:
        found = _top.stat(name)
    except OSError as failure:
        raise _again(failure)
    return found[0] & 0xF000 == _DIRECTORY, found[6], found[8]


def statvfs(name):
    try:
        found = _top.statvfs(name)
    except OSError as failure:
        raise _again(failure)
    return found[1], found[2], found[3]


def mkdir(name):
    try:
        _top.mkdir(name)
    except OSError as failure:
        raise _again(failure)


def unlink(name):
    try:
        _top.remove(name)
    except OSError as failure:
        raise _again(failure)


def rmdir(name):
    try:
        _top.rmdir(name)
    except OSError as failure:
        raise _again(failure)


def rename(old, new):
    try:
        # An object with a root makes both paths in the same memory: it renames new to new.
        _host.rename(_path + old, _path + new)
    except OSError as failure:
        raise _again(failure)


class _Written(_io.IOBase):
    """A file that may be written. The interpreter's own says nothing when closing it fails, and
    that is where littlefs commits: so this one flushes first. All but writes go straight down."""

    def __init__(self, raw):
        self._raw = raw
        self._is_open = True
        self._has_failed = False  # a write, ever
        self._write = raw.write
        self.read = raw.read
        self.readinto = raw.readinto
        self.readline = raw.readline
        self.readlines = raw.readlines
        self.seek = raw.seek
        self.tell = raw.tell
        self.flush = raw.flush

    # A function of few variables: MicroPython has those of a larger one in its heap, and then a
    # write takes ten times as long.
    def write(self, data, first=None, second=None):
        try:
            if first is None:
                return self._write(data)
            return self._write_part(data, first, second)
        except OSError as failure:
            self._fail(failure)

    def _write_part(self, data, first, second):
        return self._write(data, first) if second is None else self._write(data, first, second)

    def _fail(self, failure):
        self._has_failed = True
        raise _again(failure)

    def close(self):
        if not self._is_open:
            return
        self._is_open = False
        try:
            if not self._has_failed:  # else this failed, too; littlefs gives such content up
                self._raw.flush()
        except OSError as failure:
            raise _again(failure)
        finally:
            self._raw.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def open_file(name, kind, is_update, is_text):
    if kind == 'x':
        kind = _exclusive(name)
    try:
        if kind == 'r' and _top.stat(name)[0] & 0xF000 == _DIRECTORY:
            raise OSError(21)  # the system would let it be opened for reading
        raw = _top.open(name, kind + ('+' if is_update else '') + ('t' if is_text else 'b'))
    except OSError as failure:
        raise _again(failure)
    return raw if kind == 'r' and not is_update else _Written(raw)


def _exclusive(name):
    """VfsPosix knows no mode x; nobody else makes files here, so looking first will do."""
    try:
        found = stat(name)
    except OSError:
        return 'w'
    raise OSError(21 if found[0] else 17)


def read(name):
    try:
        with _top.open(name, 'rb') as file:
            return file.read()
    except OSError as failure:
        raise _again(failure)


def exchange(name, request, limit):
    try:
        with _top.open(name, 'r+b' if limit else 'wb') as file:
            file.write(request)
            return file.read(limit) if limit else b''
    except OSError as failure:
        raise _again(failure)


def descriptor(number, mode):
    return _open(number, mode)


def urandom(count):
    if hasattr(_os, 'urandom'):
        return _os.urandom(count)
    import random
    return bytes([random.getrandbits(8) for _ in range(count)])


_OWN_POINT = '/_python'  # where imports find the emulator's modules


class _Imports:
    """What the interpreter sees at its own /: the module's files, for imports alone."""

    def __init__(self, vfs):
        self.stat = vfs.stat
        self.open = vfs.open

    def mount(self, readonly, mkfs):
        """Called when this is mounted."""


def set_up(folder, own_modules):
    """No path leads to the host any more, but for the emulator's own folder."""
    from _twinfs import vfs
    if not folder.startswith('/'):
        folder = _os.getcwd().rstrip('/') + '/' + folder
    folder = _native.VfsPosix(folder)
    _os.chdir('/')
    _native.umount('/')
    _native.mount(folder, _OWN_POINT)
    _native.mount(_Imports(vfs), '/')
    sys.path[:] = ['', _OWN_POINT]
    sys.modules['_twinfs'].__path__ = _OWN_POINT + '/_twinfs'  # where it was found is out of sight
    _own_modules.update(own_modules)
    builtins.__import__ = _import
    import uio
    import uos
    if not _knows_importer:
        builtins.__import__ = own.native_import
        for name in own_modules:
            _load(name)
    sys.modules['os'] = sys.modules['uos']
    sys.modules['io'] = sys.modules['uio']


_own_modules = set()  # that have not been loaded yet
_knows_importer = True


def _load(name):
    """Makes a module of ours the one of that name, in place of a built-in one."""
    if name not in _own_modules:
        return
    _own_modules.remove(name)
    # By way of the folder as a package, since its own name is a built-in module's.
    package = _OWN_POINT[1:] + '.' + name
    own.native_import(package)
    module = sys.modules[package]
    # osTimer and fota are their class, usys is sys.
    sys.modules[name] = getattr(module, name, module)


def _import(name, *words):
    """Imports as ever, but loads a module of ours as soon as somebody wants it.

    Version 1.19 does not say who that is, which a relative import has to know; there all are
    loaded at the start.
    """
    global _knows_importer
    if words:
        _knows_importer = words[0] is not None
    _load(name)
    return own.native_import(name, *words)


def set_arguments(words):
    if hasattr(sys, 'argv'):
        sys.argv[:] = words


def replace_open(function):
    builtins.open = function


def execute(source, path, namespace):
    exec(compile(source, path, 'exec'), namespace)


def print_exception(failure):
    text = _io.StringIO()
    sys.print_exception(failure, text)
    for line in text.getvalue().split('\n')[:-1]:
        if not (line.startswith('  File') and ('_twinfs/' in line or '/start.py"' in line)):
            sys.stderr.write(line + '\n')


def repl_follows():
    """MicroPython goes on to the REPL after SystemExit, too."""
    return False
