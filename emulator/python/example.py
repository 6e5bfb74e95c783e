# SPDX-License-Identifier: MIT
"""example - runs a script from a file: example.exec('/usr/test.py')"""
from _twinfs import startup as _startup
from _twinfs import vfs as _vfs


def exec(filePath: str) -> None:
    """Runs a script as the device's REPL would: with the names of the main script.

    What it raises is printed, and that is all. OSError: there is no such file.
    """
    path = filePath if filePath.startswith('/') else '/' + filePath
    try:
        _vfs.open(path).close()
    except OSError:
        raise OSError('File path error or not exist: [%s]' % filePath)
    _startup.run(path)
