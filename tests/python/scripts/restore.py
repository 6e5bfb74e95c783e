# SPDX-License-Identifier: MIT
# backup_restore.main(): its lines, and every row of the table of consequences.
import backup_restore

TABLE = '/usr/checksum.json'
ERROR = 'x backup restore procedure error: '
A, B, EMPTY = '0xc54aae31', '0x5c43ff8b', None
ON = b'{"enable": 1}'


def boot():
    lines, result = printed(backup_restore, backup_restore.main)
    check('main() returns None', result, None)
    return lines


def factory(files, table, flag=ON):
    """The backup partition of a module whose factory files these are."""
    content = {'usr/' + name: files[name] for name in files}
    content['checksum.json'] = table
    if flag is not None:
        content['backup_restore.json'] = flag
    backup(content)


# The flag.
user({})
backup({})
check('no backup', boot(), [ERROR + "'/bak/backup_restore.json not exist'"])
for flag, line in (
        (b'', "'/bak/backup_restore.json is empty'"), (b'x', 'syntax error in JSON'),
        (b'{}', 'enable'), (b'[1]', 'list indices must be integers, not str'),
        (b'"enable"', 'string indices must be integers, not str'),
        (b'1', "'int' object isn't subscriptable"),
        (b'null', "'NoneType' object isn't subscriptable"),
        (b'{"enable": 1}x', 'syntax error in JSON'), (b'\xef\xbb\xbf{"enable": 1}',
                                                      'syntax error in JSON')):
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

# Everything is right: no line.
table = entries(('/usr/a', A), ('/usr/lib/b', B))
factory({'a': b'a', 'lib/b': b'b'}, table)
user({'a': b'a', 'lib/b': b'b', 'checksum.json': table})
check('all right', boot(), [])

# How a hash may be written.
for text in ('0XC54AAE31', 'c54aae31', ' 0x0c54aae31 ', '+0xc54aae31'):
    user({'a': b'a', 'checksum.json': entries(('/usr/a', text))})
    check('hash %r' % text, boot(), [])

# Missing, damaged, shortened, and a new folder on the way.
BOTH = ['- restoring /usr/a', '- restoring /usr/lib/b', '- updating checksum', '- done']
for what, files in (('missing', {}), ('other', {'a': b'x', 'lib/b': b'y'}),
                    ('empty', {'a': b'', 'lib/b': b''})):
    files['checksum.json'] = table
    user(files)
    check(what, boot(), BOTH)
    check('restored: ' + what, (get('/usr/a'), get('/usr/lib/b'), get(TABLE)), (b'a', b'b', table))
    check('then right: ' + what, boot(), [])

# A missing table, first boot of a module.
user({})
check('first boot', boot(), BOTH)
check('the table came too', get(TABLE), table)

# The consequences.
factory({'e': b''}, entries(('/usr/e', '0x1')))
user({'e': b''})
lines = ['- restoring /usr/e', '- updating checksum', '- done']
check('an empty factory file', (boot(), boot()), (lines, lines))
check('the table is never updated', get(TABLE), entries(('/usr/e', '0x1')))

factory({'a': b'a'}, entries(('usr/a', A)))
user({'a': b'x', 'checksum.json': entries(('usr/a', '0x1'))})
lines = ['- restoring usr/a', '- updating checksum', '- done']
check('a name without slash', (boot(), get('/usr/a'), get(TABLE), boot()),
      (lines, b'a', entries(('usr/a', '0x1')), lines))

factory({'a': b'a'}, entries(('/usr/a', A)))
user({'a': b'x', 'checksum.json': entries(('/usr/a', A), ('/usr/a', '0x1'))})
lines = ['- restoring /usr/a', '- restoring /usr/a', '- updating checksum', '- done']
check('the same name twice', (boot(), get(TABLE)), (lines, entries(('/usr/a', A), ('/usr/a', '0x1'))))
check('judged by both', boot(), lines[1:])

user({'a': b'changed', 'checksum.json': entries(('/usr/a', A))})
check('changed, the table not', (boot(), get('/usr/a')), (lines[1:], b'a'))
user({'checksum.json': entries(('/usr/a', B))})
check('changed with the table, then lost', (boot(), get('/usr/a'), get(TABLE)),
      (lines[1:], b'a', entries(('/usr/a', A))))
user({'a': b'b'})
check('the table deleted', (boot(), get('/usr/a')), (lines[1:], b'a'))

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

# A table over the limit that ends between two entries: the rest is not checked, then gone.
long = entries(('/usr/a', '0x1'), *[('/usr/%s%d' % ('n' * 60, number), '0x1') for number in range(300)])
cut = long.rfind(b'}', 0, 16384) + 1
user({'checksum.json': long[:cut] + b' ' * (16384 - cut) + long[cut:]})
lines = boot()
check('of the long table', (lines[0], lines[-2:], len(lines)),
      ('- restoring /usr/a', ['- updating checksum', '- done'], 2 * long[:cut].count(b'}') + 1))
check('the rest is gone', get(TABLE).count(b'}'), long[:cut].count(b'}'))

# A directory in place of a file ends the procedure; entries behind it are not checked.
factory({'d': b'a', 'a': b'a'}, entries(('/usr/d', A), ('/usr/a', A)))
user({'d': None})
check('target is a directory', (boot(), get('/usr/a')),
      (['- restoring /usr/d', ERROR + '[Errno 21] EISDIR'], None))

# Not in the backup: said, and on with the next.
factory({'a': b'a'}, entries(('/usr/b', B), ('/usr/a', A)))
user({})
lines = ['- restoring /usr/b', '~ backup file does not exist: /usr/b']
check('not in the backup', (boot(), boot(), get('/usr/a')),
      (lines + ['- restoring /usr/a', '- updating checksum', '- done'], lines, b'a'))

# Hashes that end the procedure; only where the file has one itself.
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

# Names that are none, or lead elsewhere.
user({'checksum.json': b'[{"name": 5, "crc32": "0x1"}]'})
check('a number as name', boot(),
      ['- restoring 5', ERROR + "can't convert 'int' object to str implicitly"])
user({'checksum.json': entries(('/x', '0x1'))})
check('outside', boot(), ['- restoring /x', '~ backup file does not exist: /x'])
backup({'backup_restore.json': ON, 'x': b'a', 'checksum.json': b'[]'})
check('outside, in the backup', boot(), ['- restoring /x', ERROR + '[Errno 19] ENODEV'])

# Entries of the oldest firmware.
abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
old = ('[{"name": "/usr/a", "sha256": "%s"}]' % abc).encode()
factory({'a': b'abc'}, old)
user({'a': b'abc'})
check('SHA-256, right', boot(), [])
user({'a': b'abd', 'checksum.json': old})
lines = ['- restoring /usr/a', '- updating checksum', '- done']
check('SHA-256, wrong', (boot(), get('/usr/a'), get(TABLE)), (lines, b'abc', old))
