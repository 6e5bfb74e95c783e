# SPDX-License-Identifier: MIT
"""The operating system calls of the module: files and directories, volumes, the system's name.

Errors are OSError with a number as the only argument. Source: the vendor's port, and its public
documentation of uos; generation 1 of the firmware.
"""
try:
    from ucollections import namedtuple as _namedtuple
except ImportError:
    from collections import namedtuple as _namedtuple

from _twinfs import host as _host, settings as _settings
from _twinfs.missing import missing as _missing
from _twinfs.vfs import (chdir, getcwd, ilistdir, listdir, mkdir, mount, remove, rename, rmdir,
                         stat, statvfs, umount)
from _twinfs.volume import VfsLfs1

_UnameFields = ('sysname', 'nodename', 'release', 'version', 'machine', 'qpyver')
_Uname = _namedtuple('uname', _UnameFields)


def uname2():
    """The names of product, model and versions, as a tuple with attributes.

    sysname, nodename, release, version, machine, qpyver. twinfs names the profile as product.
    """
    name = _settings.profile
    return _Uname(name, name, '1.12.0', 'v1.12 on 2021-12-01', name + ' with QUECTEL', 'V0001')


def uname() -> tuple:
    """The same as a tuple of six texts, 'sysname=...' to 'qpyver=...'."""
    return tuple(['%s=%s' % pair for pair in zip(_UnameFields, uname2())])


def urandom(n: int) -> bytes:
    """n random bytes."""
    return _host.urandom(n)


def dupterm(*arguments):
    """Not emulated."""
    _missing('uos', 'dupterm', 'there is no UART')


def dupterm_notify(*arguments):
    """Not emulated."""
    _missing('uos', 'dupterm_notify', 'there is no UART')


def VfsLfs2(*arguments, **named):
    """Not emulated: firmware of generation 1 has none."""
    _missing('uos', 'VfsLfs2', 'volumes are mounted by VfsLfs1, whatever their version')


def FlashDevice(*arguments, **named):
    """Not emulated: firmware of generation 1 has none."""
    _missing('uos', 'FlashDevice', 'there is no flash below the volumes')


def VfsFat(*arguments, **named):
    """Not emulated."""
    _missing('uos', 'VfsFat', 'there is no SD card')


def VfsSd(*arguments, **named):
    """Not emulated."""
    _missing('uos', 'VfsSd', 'there is no SD card')


def VfsEmmc(*arguments, **named):
    """Not emulated."""
    _missing('uos', 'VfsEmmc', 'there is no eMMC')
