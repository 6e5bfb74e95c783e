# SPDX-License-Identifier: MIT
"""From the words behind start.py to the first line of the application, and its end."""
import sys

from _twinfs import host, settings, vfs

_INTERRUPTED = 130  # as a shell has it for SIGINT

_names = {}  # those of __main__, once start() has them


def start(folder, words, own_modules, namespace):
    """Sets everything up, then runs the script in namespace, that of __main__.

    folder is where the emulator's modules are. Raises SystemExit at the end, unless a REPL follows.
    """
    global _names
    if '--' not in words:
        raise SystemExit('usage: start.py ROOT [KEY=VALUE ...] -- [SCRIPT [ARGUMENT ...]]')
    end = words.index('--')
    script = words[end + 1:]
    host.begin(words[0])
    settings.configure(words[1:end])
    host.set_up(folder, own_modules)
    vfs.begin()
    host.replace_open(vfs.open)
    host.set_arguments(script if len(script) > 1 else [])
    for name in list(namespace):
        if name not in ('__name__', '__builtins__'):
            del namespace[name]
    _names = namespace
    if script:
        _leave(run(script[0], settings.script))


def run(path, descriptor=None):
    """Runs a file of the module as __main__, or what the descriptor has; returns the exit status."""
    try:
        with _opened(path, descriptor) as file:
            source = file.read()
    except OSError as failure:
        sys.stderr.write('%s: cannot be read: %s\n' % (path, failure))
        return 1
    try:
        host.execute(source, path, _names)
    except SystemExit:
        if not host.repl_follows():
            raise
        return 0
    except BaseException as failure:
        host.print_exception(failure)
        return _INTERRUPTED if isinstance(failure, KeyboardInterrupt) else 1
    return 0


def _opened(path, descriptor):
    return vfs.open(path, 'rb') if descriptor is None else host.descriptor(descriptor, 'rb')


def _leave(status):
    if not host.repl_follows():
        sys.exit(status)
