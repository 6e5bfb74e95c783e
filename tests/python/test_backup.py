# SPDX-License-Identifier: MIT
"""bak_update(), bak_file() and bak_util, with the backup partition writable."""
# run: allow_backup_write=1
# with: states.py
import backup_restore
import bak_util
import checksum
import ujson
import uos
from bak.check import run
from bak.states import backup, check, entries, get, is_there, printed, put, raised, user

ON = b'{"enable": 1}'
A = '0xc54aae31'
FACTORY = {'backup_restore.json': ON, 'checksum.json': entries(('/usr/a', A)), 'usr/a': b'a'}
USER = {'a': b'a', 'checksum.json': entries(('/usr/a', A))}


def bak_update(*args):
    return printed(backup_restore, backup_restore.bak_update, *args)


def table(path):
    return {item['name']: item['crc32'] for item in ujson.loads(get(path))}


def test_bak_update():
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
    check('names keep their capitals', (bak_update('/usr/T.json', {}),
                                        '/usr/T.json' in table('/bak/checksum.json')),
          (([], 0), True))


def test_bak_update_refused():
    backup(FACTORY)
    user(USER)
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


def test_bak_update_stuck():
    """Without its slash the path in the backup is none; what is to be removed is not there."""
    backup(FACTORY)
    user(USER)
    lines = []
    backup_restore.print = lines.append
    check('the exception escapes', raised(backup_restore.bak_update, 'usr/n', {}),
          ('OSError', (2,)))
    check('printed before', lines, ['[Errno 19] ENODEV'])
    check('the second mount stays', is_there('/_bak'), True)
    check('so the next call', raised(backup_restore.bak_update, '/usr/n', {}), ('OSError', (1,)))
    uos.umount('/_bak')
    check('then it works', bak_update('/usr/n', {}), ([], 0))


def test_bak_file():
    backup(FACTORY)
    user(dict(USER, a=b'new', b=b'b'))
    check('bak_file', (backup_restore.bak_file('/usr/a'), get('/bak/usr/a')), (1, b'new'))
    check('its hash in both tables', table('/usr/checksum.json') == table('/bak/checksum.json'),
          True)
    check('is right', printed(backup_restore, backup_restore.main)[0], [])
    check('a new one', (backup_restore.bak_file('usr/b'), get('/bak/usr/b')), (1, b'b'))
    for name in ('/usr/checksum.json', '/bak/checksum.json'):
        check('listed in ' + name, sorted(table(name)), ['/usr/a', '/usr/b'])
    check('missing', backup_restore.bak_file('/usr/x'), -1)
    put('/usr/no/folder', b'x')
    lines, code = printed(backup_restore, backup_restore.bak_file, '/usr/no/folder')
    check('its folder is not in the backup', (code, lines, is_there('/_bak')),
          (-5, ['[Errno 2] ENOENT'], False))
    backup({'backup_restore.json': ON, 'usr': None})
    check('no table', backup_restore.bak_file('/usr/a'), -4)


def test_bak_util():
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


def test_usr_update():
    path = '/usr/checksum.json'
    user({'a': b'a', 'e': b'', 'checksum.json': b'[]'})
    check('added', (checksum.usr_update('/usr/a'), get(path)), (0, entries(('/usr/a', A))))
    check('added again', (checksum.usr_update('/usr/a'), get(path)),
          (0, entries(('/usr/a', A), ('/usr/a', A))))
    check('an empty file', (checksum.usr_update('/usr/e'), ujson.loads(get(path))[-1]),
          (0, {'name': '/usr/e', 'crc32': None}))
    for bad in (b'', b'x', b'{}', b'5'):
        put(path, bad)
        check('table %r' % bad, (checksum.usr_update('/usr/a'), get(path)), (None, bad))
    uos.remove(path)
    check('no table', (checksum.usr_update('/usr/a'), get(path)), (None, None))


def test_bak_update_of_checksum():
    path = '/bak/checksum.json'
    backup({'checksum.json': entries(('/usr/A', '0x1')), 'usr/a': b'a', 'usr/b': b'b',
            'usr/e': b''})
    check('no second mount', raised(checksum.bak_update, '/_bak/usr/a'), ('OSError', (19,)))
    uos.mount(uos.VfsLfs1(32, 32, 32, 'customer_backup_fs'), '/_bak')
    check('the first of the name', (checksum.bak_update('/_bak/usr/a'), get(path)),
          ([{'name': '/usr/A', 'crc32': A}], entries(('/usr/A', A))))
    check('added', (checksum.bak_update('_bak/usr/b')[1:], table(path)),
          ([{'name': '/usr/b', 'crc32': '0x5c43ff8b'}], {'/usr/A': A, '/usr/b': '0x5c43ff8b'}))
    check('an empty file', checksum.bak_update('/_bak/usr/e')[2:],
          [{'name': '/usr/e', 'crc32': None}])
    for bad, error in ((b'', 'ValueError'), (b'x', 'ValueError'), (b'5', 'TypeError')):
        put('/_bak/checksum.json', bad)
        check('table %r' % bad, raised(checksum.bak_update, '/_bak/usr/a')[0], error)
    uos.umount('/_bak')


run(globals())
