# SPDX-License-Identifier: MIT
"""SecureData with the codes of the published firmware."""
# run: compat=port
# with: states.py fake_secure.py
from bak.check import run
from bak.states import check, raised
from bak import fake_secure
from SecureData import Read, Store


def test_codes():
    buf = bytearray(b'....')
    wrong = ('ValueError', ('Index must be greater than 0 and less than 17',))
    check('never stored', Read(7, buf, 4), -1)
    check('store', Store(7, 'ab', 2), 0)
    check('read', (Read(7, buf, 4), buf), (2, bytearray(b'ab..')))
    check('store 0', raised(Store, 0, b'x', 1), wrong)
    check('store 17', raised(Store, 17, b'x', 1), wrong)
    check('read 0', raised(Read, 0, buf, 1), wrong)
    check('read 17', raised(Read, 17, buf, 1), wrong)
    check('too long', Store(7, bytes(53), 53), -1)
    check('negative', Read(7, buf, -1), -1)
    check('read into bytes', raised(Read, 7, b'1234', 4)[0], 'TypeError')


run(globals())
