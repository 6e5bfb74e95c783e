# SPDX-License-Identifier: MIT
"""file_crc32 as the published firmware has it: it changes nothing."""
# run: compat=port
# with: states.py
import file_crc32
from bak.check import run
from bak.states import check, entries, get, user


def test_pure():
    table = entries(('/usr/1.txt', '0x2'))
    user({'1.txt': b'a', 'checksum.json': table})
    check('the hash', file_crc32.calc('/usr/1.txt'), '0xc54aae31')
    check('the table', get('/usr/checksum.json'), table)


run(globals())
