# SPDX-License-Identifier: MIT
"""example - runs a script from a file: example.exec('/usr/test.py')"""
import builtins as _builtins

import usys as _usys
from _twinfs.vfs import open as _open


def exec(filePath):
    """Runs a script as the device's REPL would: in the names of the main script.

    What it raises is printed, and that is all. OSError: there is no such file.
    """
    path = filePath if filePath.startswith('/') else '/' + filePath
    try:
        with _open(path) as file:
            text = file.read()
    except OSError:
        raise OSError('File path error or not exist: [%s]' % filePath)
    try:
        code = compile(text, path, 'exec')
        _builtins.exec(code, __import__('__main__').__dict__)
    except Exception as exc:
        _usys.print_exception(exc)
