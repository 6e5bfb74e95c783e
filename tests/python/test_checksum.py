# SPDX-License-Identifier: MIT
"""checksum: the table, look-ups, new hashes."""
# run: allow_backup_write=1
# with: states.py
import checksum
import ujson
from bak.check import run
from bak.states import backup, check, entries, get, put, raised, user

TABLE = '/usr/checksum.json'
A = '0xc54aae31'  # of b'a'


def error_of(function, *args):
    try:
        function(*args)
    except Exception as error:
        return type(error).__name__, str(error)
    return None


def test_names():
    check('names', (checksum.checksum_file, checksum.checksum_file_max_size,
                    checksum.backup_checksum_file), (TABLE, 16384, '/bak/checksum.json'))


def test_check():
    user({})
    backup({})
    check('neither table', error_of(checksum.check),
          ('_checkError', "'/usr/checksum.json not exist'"))
    check('retrieve without a table', error_of(checksum.retrieve, '/usr/a'),
          ('_checkError', "'/usr/checksum.json not exist'"))
    backup({'checksum.json': entries(('/usr/a', '0x1'))})
    check('copied from the backup', checksum.check(), '[{"name": "/usr/a", "crc32": "0x1"}]')
    check('the copy', get(TABLE), entries(('/usr/a', '0x1')))
    put(TABLE, b'')
    check('an empty table', error_of(checksum.check),
          ('_checkError', "'/usr/checksum.json is empty'"))
    put(TABLE, b'x' * 20000)
    check('16384 characters', checksum.check(), 'x' * 16384)
    put(TABLE, 'é'.encode() * 16384)
    check('of two bytes', len(checksum.check()), 16384)


def test_retrieve():
    user({'checksum.json': b'[{"name": "/usr/A", "crc32": "0x1"}, '
                           b'{"name": "/usr/a", "crc32": "0x2"}, '
                           b'{"name": "usr/b", "crc32": "0x3"}, {"name": "/usr/n", "crc32": null}, '
                           b'{"name": "/usr/s", "sha256": "ab"}]'})
    check('the first match', (checksum.retrieve('/usr/a'), checksum.retrieve('usr/A')),
          ('0x1', '0x1'))
    check('not listed', checksum.retrieve('/usr/x'), None)
    check('a name without slash matches nothing', checksum.retrieve('usr/b'), None)
    check('a null', checksum.retrieve('/usr/n'), None)
    check('SHA-256', checksum.retrieve('/usr/s'), 'ab')
    put(TABLE, b'nothing')
    check('retrieve, no JSON', raised(checksum.retrieve, '/usr/a'),
          ('ValueError', ('syntax error in JSON',)))


def test_update():
    start = entries(('/usr/b', '0x1'), ('/usr/a', '0x2'))
    user({'a': b'a', 'e': b'', 'checksum.json': start})
    expected = [{'name': '/usr/b', 'crc32': '0x1'}, {'name': '/usr/a', 'crc32': A}]
    check('update', checksum.update('/usr/a'), expected)
    check('written', get(TABLE), entries(('/usr/b', '0x1'), ('/usr/a', A)))
    check('update again', checksum.update('usr/a'), expected)
    check('update of a missing file', checksum.update('/usr/b'), None)
    check('update, not listed', checksum.update('/usr/e'), None)
    put(TABLE, entries(('/usr/e', '0x1')))
    check('update of an empty file', (checksum.update('/usr/e'), get(TABLE)),
          (None, entries(('/usr/e', '0x1'))))
    check('update of no path', checksum.update(5), None)
    for bad in (b'', b'{', b'5', b'[5]', b'[{"name": 5}]', b'{}'):
        put(TABLE, bad)
        check('update, table %r' % bad, (checksum.update('/usr/a'), get(TABLE)), (None, bad))
    user({'a': b'a', 'checksum.json': b'[{"name": "/usr/a", "crc32": "0x1", "more": [1, "x"]}]'})
    check('other keys stay', (checksum.update('/usr/a'), ujson.loads(get(TABLE))),
          ([{'name': '/usr/a', 'crc32': A, 'more': [1, 'x']}],) * 2)


def test_long():
    """A table over the limit that ends between two entries there loses the rest."""
    long = [('/usr/%s%04d' % ('n' * 40, number), '0x1') for number in range(400)]
    text = entries(*long)
    cut = text.rfind(b'}', 0, 16384) + 1
    padded = text[:cut] + b' ' * (16384 - cut) + text[cut:]
    kept = text[:cut].count(b'}')
    user({'n' * 40 + '0000': b'a', 'checksum.json': padded})
    check('the rest is lost', len(checksum.update('/usr/' + 'n' * 40 + '0000')), kept)
    check('for good', len(ujson.loads(get(TABLE))), kept)
    put(TABLE, text)
    check('a cut entry', (checksum.update('/usr/' + 'n' * 40 + '0000'), get(TABLE)), (None, text))


def test_bulk():
    user({'a': b'a', 'b': b'a', 'e': b'', 'checksum.json': entries(
        ('/usr/a', '0x1'), ('/usr/b', '0x2'), ('/usr/e', '0x3'), ('/usr/x', '0x4'))})
    check('bulk', checksum.bulk_update(['usr/b', '/usr/e', '/usr/x', '/usr/y', '/usr/a']),
          [{'name': '/usr/a', 'crc32': A}, {'name': '/usr/b', 'crc32': A},
           {'name': '/usr/e', 'crc32': '0x3'}, {'name': '/usr/x', 'crc32': '0x4'}])
    before = get(TABLE)
    check('bulk, nothing to do', (checksum.bulk_update(['/usr/e', '/usr/y']),
                                  checksum.bulk_update([]), get(TABLE)), (None, None, before))
    check('bulk of no names', (checksum.bulk_update(['/usr/a', 5]), get(TABLE)), (None, before))


run(globals())
