# SPDX-License-Identifier: MIT
"""The host port of CPython. Names are paths below ROOT, from there on: '/usr/main.py'.

Whatever the host refuses is an OSError as the device raises it: error(n).
"""
import builtins
import io
import os
import stat as modes
import sys

from _twinfs import settings
from _twinfs.file import File

_TEXTS = {1: 'EPERM', 2: 'ENOENT', 5: 'EIO', 9: 'EBADF', 11: 'EAGAIN', 12: 'ENOMEM',
          13: 'EACCES', 17: 'EEXIST', 19: 'ENODEV', 21: 'EISDIR', 22: 'EINVAL'}

# What says in Linux that a volume is damaged, and how littlefs says it.
_NUMBERS = {74: 52, 117: 52}

_root = ''
_open = builtins.open


class _DeviceError(OSError):
    """Has the number as its only argument, and the device's text."""

    def __str__(self):
        number = self.args[0]
        return '[Errno %d] %s' % (number, _TEXTS[number]) if number in _TEXTS else str(number)

    def __repr__(self):
        return 'OSError(%d,)' % self.args[0]


_DeviceError.__name__ = _DeviceError.__qualname__ = 'OSError'
_DeviceError.__module__ = 'builtins'


def error(number):
    """The OSError of a number, as the device has it: args == (number,)."""
    result = _DeviceError(number)
    result.errno = number
    return result


def device_error(failure):
    """What the device raises where the host raised failure."""
    return error(_NUMBERS.get(failure.errno, failure.errno))


class _Refused(int):
    """The -1 of an open that /bak refuses; "with" fails as it does for the device's -1."""

    def __enter__(self):
        raise AttributeError('__enter__')

    def __exit__(self, *_):
        """Never called; "with" looks for it first."""


REFUSED = _Refused(-1)


def begin(root):
    """Says where ROOT is; nothing else works before."""
    global _root
    _root = os.path.abspath(root).rstrip('/')


def text(path):
    """A path given as str or bytes, as str; TypeError for anything else."""
    if isinstance(path, bytes):
        return path.decode('utf-8', 'surrogateescape')
    if isinstance(path, str):
        return str(path)
    raise TypeError("can't convert '%s' object to str implicitly" % type(path).__name__)


def encoded(name):
    """A name of listdir as bytes."""
    return name.encode('utf-8', 'surrogateescape')


def scan(name):
    """The entries of a directory, as a list of (name, is_directory)."""
    try:
        with os.scandir(_root + name) as entries:
            return [(entry.name, entry.is_dir()) for entry in entries]
    except OSError as failure:
        raise device_error(failure) from None


def stat(name):
    """(is_directory, bytes, seconds since 1970 of the last change)."""
    try:
        found = os.stat(_root + name)
    except OSError as failure:
        raise device_error(failure) from None
    return modes.S_ISDIR(found.st_mode), found.st_size, int(found.st_mtime)


def statvfs(name):
    """(bytes of a block, blocks, free blocks)."""
    try:
        found = os.statvfs(_root + name)
    except OSError as failure:
        raise device_error(failure) from None
    return found.f_frsize, found.f_blocks, found.f_bfree


def mkdir(name):
    """Makes one directory."""
    try:
        os.mkdir(_root + name)
    except OSError as failure:
        raise device_error(failure) from None


def unlink(name):
    """Removes a file; error 21 for a directory."""
    try:
        os.unlink(_root + name)
    except OSError as failure:
        raise device_error(failure) from None


def rmdir(name):
    """Removes an empty directory."""
    try:
        os.rmdir(_root + name)
    except OSError as failure:
        raise device_error(failure) from None


def rename(old, new):
    """Renames within a volume."""
    try:
        os.rename(_root + old, _root + new)
    except OSError as failure:
        raise device_error(failure) from None


def open_file(name, kind, is_update, is_text):
    """The device's file object; kind is one of r w x a."""
    return File(_root + name, kind, is_update, is_text, device_error)


def read(name):
    """All bytes of a file."""
    try:
        with _open(_root + name, 'rb', 0) as file:
            return file.read()
    except OSError as failure:
        raise device_error(failure) from None


def exchange(name, request, limit):
    """Writes a request in one piece, then reads at most limit bytes on the same descriptor."""
    try:
        file = os.open(_root + name, (os.O_RDWR if limit else os.O_WRONLY) | os.O_CLOEXEC)
        try:
            os.write(file, request)
            return os.read(file, limit) if limit else b''
        finally:
            os.close(file)
    except OSError as failure:
        raise device_error(failure) from None


def descriptor(number, mode):
    """An inherited descriptor as an unbuffered binary file; mode is rb or wb."""
    return _open(number, mode, 0, closefd=False)


def urandom(count):
    """Random bytes."""
    return os.urandom(count)


def set_up(folder, own_modules):
    """Makes the interpreter the module's: imports, output at once, tracebacks.

    own_modules stand in front of what CPython has by some of the names.
    """
    from _twinfs import imports
    library = [entry for entry in sys.path[1:] if entry and 'site-packages' not in entry
               and 'dist-packages' not in entry]
    if settings.interrupts:
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
    imports.install([os.path.abspath(folder)] + library, own_modules)
    sys.excepthook = _except_hook
    for name in ('stdout', 'stderr'):
        # The interpreter is killed when the power goes: what was printed must be out.
        setattr(sys, name, io.TextIOWrapper(
            _open(getattr(sys, name).fileno(), 'wb', 0, closefd=False),
            encoding='utf-8', errors='surrogateescape', write_through=True))
    os.chdir('/')


def set_arguments(words):
    """What the application finds in sys.argv."""
    sys.argv[:] = words


def replace_open(function):
    """Makes function the built-in open."""
    builtins.open = function


def execute(source, path, namespace):
    """Runs the bytes of a script as the file path."""
    _sources[path] = source
    exec(compile(source, path, 'exec', dont_inherit=True), namespace)


_sources = {}  # of scripts: path -> bytes, for tracebacks
_OWN_FRAMES = (os.path.dirname(os.path.abspath(__file__)) + '/',)


def _trimmed(trace):
    """The traceback without our frames and those of imports: the device has none."""
    frames = []
    while trace:
        if not _is_own(trace):
            frames.append(trace)
        trace = trace.tb_next
    for frame in reversed(frames):
        frame.tb_next = trace
        trace = frame
    return trace


def _is_own(frame):
    name = frame.tb_frame.f_code.co_filename
    if name.startswith('<frozen importlib'):
        return True
    name = os.path.abspath(name)
    return name.startswith(_OWN_FRAMES) or name.endswith('/start.py')


def _tellers():
    """What tells of an exception; its import takes as long as all the rest."""
    replaced, builtins.open = builtins.open, _open  # tokenize keeps what it finds there
    try:
        import linecache
        import tokenize
        import traceback
    finally:
        builtins.open = replaced
    return linecache, traceback


def _except_hook(kind, failure, trace):
    linecache, traceback = _tellers()
    for path, source in _sources.items():
        lines = source.decode(errors='replace').splitlines(True)
        linecache.cache[path] = (len(source), None, lines, path)
    traceback.print_exception(kind, failure, _trimmed(trace))


def print_exception(failure):
    """Prints the traceback to stderr, as the application sees it."""
    _except_hook(type(failure), failure, failure.__traceback__)


def repl_follows():
    """Whether the interpreter was started with -i."""
    return bool(sys.flags.inspect)
