# SPDX-License-Identifier: MIT
"""uos: the calls on files, directories and volumes."""
import uos
from bak.check import equal, fails, run, true


def test_root():
    equal(uos.listdir(), ['usr', 'bak'])
    equal(list(uos.ilistdir('/')), [('usr', 0x4000, 0), ('bak', 0x4000, 0)])
    equal(uos.listdir(b'/'), [b'usr', b'bak'])
    equal(uos.stat('/'), (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    equal(uos.statvfs('/')[:9], (0,) * 9)
    fails(19, uos.stat, '/nothing')
    fails(19, uos.stat, '//usr')
    fails(19, uos.listdir, '.')
    fails(19, uos.mkdir, '/new')
    fails(17, uos.mkdir, '/')
    fails(17, uos.mkdir, '/usr')
    fails(1, uos.remove, '/')
    fails(TypeError, uos.stat, 1)


run(globals())
