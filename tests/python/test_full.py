# SPDX-License-Identifier: MIT
"""A volume without space: writing says so."""
# only: mount
import uos
from bak.check import equal, fails, fresh, read, run, true, write

BLOCK = bytes(range(256)) * 16


def free():
    return uos.statvfs('/usr')[3]


def test_free_blocks():
    fresh('/usr/t')
    before = free()
    write('/usr/t/f', BLOCK * 10)
    true(before - 12 <= free() <= before - 10)
    uos.remove('/usr/t/f')
    equal(free(), before)


def test_no_space():
    fresh('/usr/t')
    blocks = free()
    file = open('/usr/t/f', 'wb')

    def fill():
        for _ in range(blocks + 2):
            equal(file.write(BLOCK), len(BLOCK))
    fails(28, fill)
    equal(file.close(), None)
    equal(read('/usr/t/f'), b'')  # of a file whose last write failed nothing is committed
    with open('/usr/t/f', 'wb') as file:
        while free() >= 3:
            equal(file.write(BLOCK), len(BLOCK))
            file.flush()
    fails(28, write, '/usr/t/g', BLOCK * 4)
    uos.remove('/usr/t/f')
    write('/usr/t/g', BLOCK * 4)
    equal(read('/usr/t/g'), BLOCK * 4)


run(globals())
