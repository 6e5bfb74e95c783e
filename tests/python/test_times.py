# SPDX-License-Identifier: MIT
"""Times of files: littlefs 2 stores them, littlefs 1 does not."""
# only: mount
import uos
from _twinfs import control
from bak.check import equal, fresh, run, true, write


def is_littlefs_2():
    return b'"format": "lfs2"' in control.read('status')


def test_times():
    fresh('/usr/t')
    write('/usr/t/f', b'1')
    times = uos.stat('/usr/t/f')[7:]
    if is_littlefs_2():
        true(times[0] > 1700000000)
        equal(times, (times[0],) * 3)
    else:
        equal(times, (0, 0, 0))
    equal(uos.stat('/')[7:], (0, 0, 0))


run(globals())
