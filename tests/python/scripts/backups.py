# SPDX-License-Identifier: MIT
# bak_update(), bak_file() and bak_util, with the backup partition writable.
import backup_restore
import bak_util
import checksum
import ujson

ON = b'{"enable": 1}'
A = '0xc54aae31'
FACTORY = {'backup_restore.json': ON, 'checksum.json': entries(('/usr/a', A)), 'usr/a': b'a'}
USER = {'a': b'a', 'checksum.json': entries(('/usr/a', A))}


def bak_update(*args):
    return printed(backup_restore, backup_restore.bak_update, *args)


def table(path):
    return {item['name']: item['crc32'] for item in ujson.loads(get(path))}


backup(FACTORY)
user(USER)
check('bak_update', bak_update('/usr/set/s.json', {'volume': 5}), ([], 0))
check('both partitions', (get('/usr/set/s.json'), get('/bak/usr/set/s.json')),
      (b'{"volume": 5}', b'{"volume": 5}'))
hashes = table('/usr/checksum.json')
check('both tables', (sorted(hashes), table('/bak/checksum.json') == hashes),
      (['/usr/a', '/usr/set/s.json'], True))
check('no second mount is left', is_there('/_bak'), False)
check('the restore knows it', printed(backup_restore, backup_restore.main), ([], None))
uos.remove('/usr/set/s.json')
check('and brings it back', printed(backup_restore, backup_restore.main)[0],
      ['- restoring /usr/set/s.json', '- updating checksum', '- done'])
check('without a slash', (bak_update('usr/T.json', {}), get('/bak/usr/T.json')), (([], 0), b'{}'))
check('names keep their capitals', '/usr/T.json' in table('/bak/checksum.json'), True)

check('it exists', bak_update('/usr/a', {}), ([], -1))
check('no dict', (bak_update('/usr/n', [1]), bak_update('/usr/n', 'x')), (([], -1), ([], -1)))
for flag, code in ((b'', -2), (b'x', -2), (b'{}', -2), (b'[]', -2), (b'{"enable": 0}', -3),
                   (b'{"enable": null}', -3), (b'{"enable": ""}', -3)):
    backup(dict(FACTORY, **{'backup_restore.json': flag}))
    check('bak_update, flag %r' % flag, bak_update('/usr/n', {}), ([], code))
    check('bak_file, flag %r' % flag, backup_restore.bak_file('/usr/a'), code)
backup({'backup_restore.json': ON})
user(USER)
lines, code = bak_update('/usr/n', {})
check('no table in the backup', (code, len(lines), is_there('/usr/n'), is_there('/_bak')),
      (-5, 1, False, False))

# bak_file(): the present content becomes the factory's.
backup(FACTORY)
user(dict(USER, a=b'new', b=b'b'))
check('bak_file', (backup_restore.bak_file('/usr/a'), get('/bak/usr/a')), (1, b'new'))
check('its hash in both tables', table('/usr/checksum.json') == table('/bak/checksum.json'), True)
check('is right', printed(backup_restore, backup_restore.main)[0], [])
check('a new one', (backup_restore.bak_file('usr/b'), get('/bak/usr/b')), (1, b'b'))
check('listed in both', (sorted(table('/usr/checksum.json')), sorted(table('/bak/checksum.json'))),
      (['/usr/a', '/usr/b'],) * 2)
check('missing', backup_restore.bak_file('/usr/x'), -1)
put('/usr/no/folder', b'x')
lines, code = printed(backup_restore, backup_restore.bak_file, '/usr/no/folder')
check('its folder is not in the backup', (code, lines, is_there('/_bak')),
      (-5, ['[Errno 2] ENOENT'], False))
backup({'backup_restore.json': ON, 'usr': None})
check('no table', backup_restore.bak_file('/usr/a'), -4)

# bak_util
store = bak_util.JsonFile
check('one class', bak_util.SecureStorage is store, True)
backup(FACTORY)
user(USER)
check('nothing yet', store.read(), None)
check('write no dict', store.write([1]), -1)
check('write', (store.write({'server': 'h'}), get('/usr/_usr_config.json'),
                get('/bak/_usr_config.json')), (0, b'{"server": "h"}', b'{"server": "h"}'))
check('write again', store.write({'server': 'i'}), -3)
check('read', store.read(), {'server': 'h'})
put('/usr/_usr_config.json', b'{"server": "changed"}')
check('read what the user has', store.read(), {'server': 'changed'})
uos.remove('/usr/_usr_config.json')
check('back from the backup', (store.read(), get('/usr/_usr_config.json')),
      ({'server': 'h'}, b'{"server": "h"}'))
check('add', (store.add('/usr/k.json', {'k': 1}), store.add('/usr/k.json', {'k': 1})), (0, -1))
check('file', (store.file('/usr/k.json'), store.file('/usr/none')), (1, -1))

# checksum.usr_update() and bak_update() by themselves.
user({'a': b'a', 'e': b'', 'checksum.json': b'[]'})
check('usr_update', (checksum.usr_update('/usr/a'), table('/usr/checksum.json')), (0, {'/usr/a': A}))
put('/usr/checksum.json', b'x')
check('usr_update, bad table', checksum.usr_update('/usr/a'), None)
check('bak_update, no second mount', checksum.bak_update('/_bak/usr/a'), None)
