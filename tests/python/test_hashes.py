# SPDX-License-Identifier: MIT
"""utils, file_crc32 and file_sha256: their values, and what calc() does to the table."""
# run: allow_backup_write=1
# with: states.py
import file_crc32
import file_sha256
import ujson
import utils
from _twinfs import crc as tables
from bak.check import run
from bak.states import backup, check, entries, get, put, user


TABLE = '/usr/checksum.json'
RAMP = bytes([i & 255 for i in range(10000)])
VECTORS = (
    (b'a', '0xc54aae31'), (b'123456789', '0xd202d277'), (b'12345678', '0x3dfa39'),
    (b'hello world', '0x99325f96'), (b'\0', '0xffffffff'), (bytes(4095), '0xffffffff'),
    (bytes(4096), '0xffffffff'), (bytes(4097), '0xffffffff'), (bytes(8192), '0xffffffff'),
    (RAMP, '0x633bf12d'), (b'\xff', '0xd2fd1072'), (b'261', '0xd25f4e'), (b'', None),
)


def test_crc():
    crc = utils.crc32()
    check('standard CRC', crc.update(0, b'123456789'), 0xcbf43926)
    check('in two steps', crc.update(crc.update(0, b'1234'), b'56789'), 0xcbf43926)
    check('of the device', crc.update(0xffffffff, b'123456789'), 0xd202d277)
    check('of nothing', crc.update(5, b''), 5)
    check('of a bytearray', crc.update(0, bytearray(b'a')), 0xe8b7be43)
    check('of a text', crc.update(0, 'a'), 0xe8b7be43)
    check('a negative value', crc.update(-1, b'a'), 0xc54aae31)


def test_table():
    """The way of an interpreter that has no CRC of its own."""
    tables._TABLE = tables._make_table()
    check('by table', tables._crc32_by_table(b'123456789'), 0xcbf43926)
    value = tables._crc32_by_table(b'1234')
    check('by table, on', tables._crc32_by_table(b'56789', value), 0xcbf43926)


def test_vectors():
    for data, expected in VECTORS:
        put('/usr/v', data)
        check('calc of %d bytes' % len(data), file_crc32.calc('/usr/v'), expected)


def test_no_hash():
    check('a missing file', file_crc32.calc('/usr/nothing'), None)
    check('a directory', file_crc32.calc('/usr'), None)
    check('no volume', file_crc32.calc('/x'), None)
    check('no path', (file_crc32.calc(None), file_crc32.calc(5), file_crc32.calc('')), (None,) * 3)


def test_sha256():
    user({'v': b'abc'})
    backup({})
    check('relative', file_crc32.calc('usr/v'), file_crc32.calc('/usr/v'))
    check('SHA-256', file_sha256.calc('/usr/v'),
          'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    check('SHA-256 of nothing', (file_sha256.calc('/usr/nothing'), file_sha256.calc('/usr')),
          (None, None))
    put('/usr/v', b'')
    check('SHA-256 of an empty file', file_sha256.calc('/usr/v'), None)
    check('no table was made', get('/usr/checksum.json'), None)


def test_example():
    """The founding document's: the hash is returned, the entry follows."""
    user({'1.txt': b'a', 'checksum.json': entries(('/usr/0.txt', '0x1'), ('/usr/1.txt', '0x2'))})
    check('the hash', file_crc32.calc('/usr/1.txt'), '0xc54aae31')
    check('the entry', get(TABLE), entries(('/usr/0.txt', '0x1'), ('/usr/1.txt', '0xc54aae31')))


def test_case():
    """An entry is found without its slash, and in capitals: the first match."""
    user({'1.txt': b'a', 'A': b'b', 'a': b'a', 'checksum.json': entries(
        ('/usr/1.TXT', '0x2'), ('/usr/1.txt', '0x3'), ('/usr/a', '0x4'))})
    check('without a slash', file_crc32.calc('usr/1.txt'), '0xc54aae31')
    check('the first match', get(TABLE),
          entries(('/usr/1.TXT', '0xc54aae31'), ('/usr/1.txt', '0x3'), ('/usr/a', '0x4')))
    check('another file of the name', file_crc32.calc('/usr/A') != '0xc54aae31', True)
    check('got the entry', ujson.loads(get(TABLE))[2]['crc32'], file_crc32.calc('/usr/A'))


def test_left_alone():
    """What has no entry gets none; what is right, or cannot be read, is not written."""
    before = entries(('/usr/1.txt', '0x1'), ('/usr/A', '0x5c43ff8b'))
    user({'1.txt': b'a', 'A': b'b', 'other': b'x', 'checksum.json': before})
    check('not listed', (file_crc32.calc('/usr/other') is None, get(TABLE)), (False, before))
    spaced = before + b' \n'
    put(TABLE, spaced)
    check('not written when equal', (file_crc32.calc('/usr/A') is None, get(TABLE)),
          (False, spaced))
    put(TABLE, entries(('/usr/gone', '0x1')))
    check('a missing file keeps its entry', (file_crc32.calc('/usr/gone'), get(TABLE)),
          (None, entries(('/usr/gone', '0x1'))))
    for bad in (b'', b'{', b'5', b'{}', b'"x"', b'[5]', b'[{"name": 5}]', b'x'):
        put(TABLE, bad)
        check('table %r' % bad, (file_crc32.calc('/usr/1.txt'), get(TABLE)), ('0xc54aae31', bad))


def test_copied():
    """A missing table comes from the backup first."""
    user({'1.txt': b'a'})
    backup({'checksum.json': entries(('/usr/1.txt', '0x5'))})
    check('the table is copied', (file_crc32.calc('/usr/1.txt'), get(TABLE)),
          ('0xc54aae31', entries(('/usr/1.txt', '0xc54aae31'))))
    check('the backup is not changed', get('/bak/checksum.json'), entries(('/usr/1.txt', '0x5')))


def test_oldest():
    """An entry of the oldest firmware keeps its kind of hash."""
    user({'1.txt': b'abc', 'checksum.json': b'[{"name": "/usr/1.txt", "sha256": "00"}]'})
    check('returns the CRC', file_crc32.calc('/usr/1.txt')[:2], '0x')
    check('stores the SHA-256', ujson.loads(get(TABLE)), [{
        'name': '/usr/1.txt',
        'sha256': 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'}])


run(globals())
