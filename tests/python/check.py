# SPDX-License-Identifier: MIT
"""What the tests of the emulated modules share. It runs on the module: /bak/check.py.

A test file has functions test_*, and ends with run(globals()).
"""
import sys

import uos
from _twinfs import host

_failed = 0
_checks = 0


def equal(found, wanted):
    """Counts a check that fails unless both are equal."""
    global _checks
    _checks += 1
    if found != wanted:
        raise AssertionError('%r, not %r' % (found, wanted))


def true(found):
    """Counts a check that fails unless found is true."""
    global _checks
    _checks += 1
    if not found:
        raise AssertionError('%r is not true' % (found,))


def fails(wanted, call, *arguments, **named):
    """The call must raise: a class of exceptions, or the number of an OSError; returns it."""
    global _checks
    _checks += 1
    try:
        result = call(*arguments, **named)
    except Exception as failure:
        if isinstance(wanted, int):
            if isinstance(failure, OSError) and failure.args == (wanted,):
                return failure
        elif isinstance(failure, wanted):
            return failure
        _print(failure)
        raise AssertionError('%r, not %r' % (failure, wanted))
    raise AssertionError('returned %r, must raise %r' % (result, wanted))


def plant(path, data):
    """Makes a file of the module behind its back, below /bak, too; its directories must exist."""
    with host.open_file(path, 'w', False, False) as file:
        file.write(data)


def fresh(path):
    """Makes path an empty directory."""
    try:
        _remove(path)
    except OSError:
        pass
    uos.mkdir(path)


def _remove(path):
    if uos.stat(path)[0] == 0x4000:
        for name in uos.listdir(path):
            _remove(path + '/' + name)
    uos.remove(path)


def write(path, data):
    """Makes a file of these bytes."""
    with open(path, 'wb') as file:
        file.write(data)


def read(path):
    """The bytes of a file."""
    with open(path, 'rb') as file:
        return file.read()


def _print(failure):
    if hasattr(sys, 'print_exception'):
        sys.print_exception(failure)
    else:
        import traceback
        traceback.print_exception(type(failure), failure, failure.__traceback__)


def run(namespace):
    """Runs every test_* of a test file, prints how it went and ends with 1 after a failure."""
    global _failed
    for name in sorted(namespace):
        if not name.startswith('test_'):
            continue
        try:
            namespace[name]()
        except Exception as failure:
            _failed += 1
            print('FAILED ' + name)
            _print(failure)
    print('checks: %d failed: %d' % (_checks, _failed))
    sys.exit(1 if _failed else 0)
