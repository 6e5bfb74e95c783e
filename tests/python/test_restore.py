# SPDX-License-Identifier: MIT
"""backup_restore.main(): its lines, and every row of the table of consequences."""
# run: allow_backup_write=1
# with: states.py
import backup_restore
from bak.check import run
from bak.states import backup, check, entries, get, printed, user

TABLE = '/usr/checksum.json'
ERROR = 'x backup restore procedure error: '
A, B = '0xc54aae31', '0x5c43ff8b'  # of b'a' and b'b'
ON = b'{"enable": 1}'


def boot():
    lines, result = printed(backup_restore, backup_restore.main)
    check('main() returns None', result, None)
    return lines


def factory(files, table):
    """The backup partition of a module whose factory files these are."""
    content = {'usr/' + name: files[name] for name in files}
    content['checksum.json'] = table
    content['backup_restore.json'] = ON
    backup(content)


def test_flag():
    user({})
    backup({})
    check('no backup', boot(), [ERROR + "'/bak/backup_restore.json not exist'"])
    for flag, line in (
            (b'', "'/bak/backup_restore.json is empty'"), (b'x', 'syntax error in JSON'),
            (b'{}', 'enable'), (b'[1]', 'list indices must be integers, not str'),
            (b'"enable"', 'string indices must be integers, not str'),
            (b'1', "'int' object isn't subscriptable"),
            (b'null', "'NoneType' object isn't subscriptable"),
            (b'{"enable": 1}x', 'syntax error in JSON'),
            (b'\xef\xbb\xbf{"enable": 1}', 'syntax error in JSON')):
        backup({'backup_restore.json': flag})
        check('flag %r' % flag, boot(), [ERROR + line])
    for flag in (b'{"enable": 0}', b'{"enable": false}', b'{"enable": 0.0}'):
        backup({'backup_restore.json': flag})
        check('flag %r' % flag, boot(), [])
    nothing = [ERROR + "'/usr/checksum.json not exist'"]
    for flag in (ON, b'{"enable": null}', b'{"enable": ""}', b'{"enable": "0"}', b'{"enable" 1]',
                 b'{"enable": 1', ON + b'\n', ON + b' ' * 60 + b'x'):
        backup({'backup_restore.json': flag})
        check('flag %r' % flag, boot(), nothing)


def test_right():
    """Not one line."""
    table = entries(('/usr/a', A), ('/usr/lib/b', B))
    factory({'a': b'a', 'lib/b': b'b'}, table)
    user({'a': b'a', 'lib/b': b'b', 'checksum.json': table})
    check('all right', boot(), [])


def test_spelling():
    """A hash is compared as a number."""
    factory({'a': b'a'}, entries(('/usr/a', A)))
    for text in ('0XC54AAE31', 'c54aae31', ' 0x0c54aae31 ', '+0xc54aae31'):
        user({'a': b'a', 'checksum.json': entries(('/usr/a', text))})
        check('hash %r' % text, boot(), [])


def test_damage():
    table = entries(('/usr/a', A), ('/usr/lib/b', B))
    factory({'a': b'a', 'lib/b': b'b'}, table)
    both = ['- restoring /usr/a', '- restoring /usr/lib/b', '- updating checksum', '- done']
    for what, files in (('missing', {}), ('other', {'a': b'x', 'lib/b': b'y'}),
                        ('empty', {'a': b'', 'lib/b': b''})):
        files['checksum.json'] = table
        user(files)
        check(what, boot(), both)
        check('restored: ' + what, (get('/usr/a'), get('/usr/lib/b'), get(TABLE)),
              (b'a', b'b', table))
        check('then right: ' + what, boot(), [])
    user({})
    check('first boot', boot(), both)
    check('the table came too', get(TABLE), table)


def test_empty_factory_file():
    """Restored at every boot, and its hash is never updated."""
    factory({'e': b''}, entries(('/usr/e', '0x1')))
    user({'e': b''})
    lines = ['- restoring /usr/e', '- updating checksum', '- done']
    check('an empty factory file', (boot(), boot()), (lines, lines))
    check('the table is never updated', get(TABLE), entries(('/usr/e', '0x1')))

def test_name_without_slash():
    factory({'a': b'a'}, entries(('usr/a', A)))
    user({'a': b'x', 'checksum.json': entries(('usr/a', '0x1'))})
    lines = ['- restoring usr/a', '- updating checksum', '- done']
    check('a name without slash', (boot(), get('/usr/a'), get(TABLE), boot()),
          (lines, b'a', entries(('usr/a', '0x1')), lines))

def test_same_name_twice():
    """Judged by both hashes, and only the first is ever updated."""
    twice = entries(('/usr/a', A), ('/usr/a', '0x1'))
    factory({'a': b'a'}, twice)
    user({'a': b'x', 'checksum.json': twice})
    lines = ['- restoring /usr/a', '- restoring /usr/a', '- updating checksum', '- done']
    check('the same name twice', (boot(), get(TABLE)), (lines, twice))
    check('judged by both', boot(), lines[1:])

def test_changed():
    factory({'a': b'a'}, entries(('/usr/a', A)))
    lines = ['- restoring /usr/a', '- updating checksum', '- done']
    user({'a': b'changed', 'checksum.json': entries(('/usr/a', A))})
    check('changed, the table not', (boot(), get('/usr/a')), (lines, b'a'))
    user({'checksum.json': entries(('/usr/a', B))})
    check('changed with the table, then lost', (boot(), get('/usr/a'), get(TABLE)),
          (lines, b'a', entries(('/usr/a', A))))
    user({'a': b'b'})
    check('the table deleted', (boot(), get('/usr/a')), (lines, b'a'))

def test_unusable_table():
    """Nothing is restored ever again."""
    factory({'a': b'a'}, entries(('/usr/a', A)))
    for bad, line in (
            (b'', "'/usr/checksum.json is empty'"), (b'x', 'syntax error in JSON'),
            (b'[{"name": "/usr/a"', 'syntax error in JSON'), (b'5', "'int' object isn't iterable"),
            (b'null', "'NoneType' object isn't iterable"),
            (b'{"a": 1}', 'string indices must be integers, not str'),
            (b'[5]', "'int' object isn't subscriptable"), (b'[{}]', 'name')):
        user({'checksum.json': bad})
        check('table %r' % bad, (boot(), get('/usr/a'), get(TABLE)), ([ERROR + line], None, bad))
    for good in (b'{}', b'[]', b'[', b'""'):
        user({'checksum.json': good})
        check('table %r' % good, (boot(), get(TABLE)), ([], good))


def test_long_table():
    """One that ends between two entries at the limit: the rest is not checked, then gone."""
    factory({'a': b'a'}, entries(('/usr/a', A)))
    names = ['/usr/a'] + ['/usr/%s%d' % ('n' * 60, number) for number in range(300)]
    long = entries(*[(name, '0x1') for name in names])
    cut = long.rfind(b'}', 0, 16384) + 1
    user({'checksum.json': long[:cut] + b' ' * (16384 - cut) + long[cut:]})
    lines = boot()
    check('of the long table', (lines[0], lines[-2:], len(lines)),
          ('- restoring /usr/a', ['- updating checksum', '- done'], 2 * long[:cut].count(b'}') + 1))
    check('the rest is gone', get(TABLE).count(b'}'), long[:cut].count(b'}'))


def test_directory():
    """In place of a file it ends the procedure; entries behind it are not checked."""
    factory({'d': b'a', 'a': b'a'}, entries(('/usr/d', A), ('/usr/a', A)))
    user({'d': None})
    check('target is a directory', (boot(), get('/usr/a')),
          (['- restoring /usr/d', ERROR + '[Errno 21] EISDIR'], None))


def test_no_backup():
    """Said, and on with the next; the same two lines come at every boot."""
    factory({'a': b'a'}, entries(('/usr/b', B), ('/usr/a', A)))
    user({})
    lines = ['- restoring /usr/b', '~ backup file does not exist: /usr/b']
    check('not in the backup', (boot(), boot(), get('/usr/a')),
          (lines + ['- restoring /usr/a', '- updating checksum', '- done'], lines, b'a'))


def test_strange_hashes():
    """They end the procedure, but only where the file has a hash itself."""
    factory({'a': b'a'}, entries(('/usr/a', A)))
    for value, line in (
            (b'null', "can't convert 'NoneType' object to str implicitly"),
            (b'5', "can't convert 'int' object to str implicitly"),
            (b'[]', "can't convert 'list' object to str implicitly"),
            (b'"zz"', "invalid syntax for integer with base 16: 'zz'"),
            (b'"0x"', "invalid syntax for integer with base 16: ''"),
            (b'"-0x1 2"', "invalid syntax for integer with base 16: '1 2'")):
        strange = b'[{"name": "/usr/a", "crc32": ' + value + b'}]'
        user({'a': b'a', 'checksum.json': strange})
        check('hash %r' % value, boot(), [ERROR + line])
        user({'checksum.json': strange})
        check('hash %r of a missing file' % value, (boot()[0], get(TABLE)),
              ('- restoring /usr/a', entries(('/usr/a', A))))
    user({'a': b'a', 'checksum.json': b'[{"name": "/usr/a"}]'})
    check('no hash', boot(), [ERROR + 'crc32'])


def test_strange_names():
    factory({'a': b'a'}, entries(('/usr/a', A)))
    user({'checksum.json': b'[{"name": 5, "crc32": "0x1"}]'})
    check('a number as name', boot(),
          ['- restoring 5', ERROR + "can't convert 'int' object to str implicitly"])
    user({'checksum.json': entries(('/x', '0x1'))})
    check('outside', boot(), ['- restoring /x', '~ backup file does not exist: /x'])
    backup({'backup_restore.json': ON, 'x': b'a', 'checksum.json': b'[]'})
    check('outside, in the backup', boot(), ['- restoring /x', ERROR + '[Errno 19] ENODEV'])


def test_oldest():
    """Entries with the hash of the oldest firmware."""
    abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    old = ('[{"name": "/usr/a", "sha256": "%s"}]' % abc).encode()
    factory({'a': b'abc'}, old)
    user({'a': b'abc'})
    check('SHA-256, right', boot(), [])
    user({'a': b'abd', 'checksum.json': old})
    lines = ['- restoring /usr/a', '- updating checksum', '- done']
    check('SHA-256, wrong', (boot(), get('/usr/a'), get(TABLE)), (lines, b'abc', old))


run(globals())
