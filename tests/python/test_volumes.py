# SPDX-License-Identifier: MIT
"""Mounting volumes a second time, and what is not emulated of uos."""
import uos
from bak.check import equal, fails, fresh, read, run, true, write


def test_user_volume_again():
    fresh('/usr/t')
    volume = uos.VfsLfs1(32, 32, 32, 'customer_fs')
    equal(uos.mount(volume, '/again'), None)
    equal(uos.listdir('/'), ['usr', 'bak', 'again'])
    write('/again/t/f', b'1')
    equal(read('/usr/t/f'), b'1')
    fails(1, uos.rename, '/usr/t/f', '/again/t/g')
    fails(1, uos.mount, volume, '/again')
    fails(1, uos.mount, volume, '/usr')
    fails(1, uos.mount, volume, '/usr/t')
    fails(22, uos.remove, '/again')
    uos.chdir('/again/t')
    equal(uos.umount('/again'), None)
    equal(uos.getcwd(), '/')
    fails(22, uos.umount, '/again')
    fails(19, uos.listdir, '/again')
    uos.mount(volume, '/other')
    equal(uos.umount(volume), None)
    equal(uos.listdir('/'), ['usr', 'bak'])


def test_backup_volume_again():
    volume = uos.VfsLfs1(32, 32, 32, 'customer_backup_fs')
    uos.mount(volume, '/_bak')
    equal(read('/_bak/note.txt'), b'from the factory\n')
    equal(uos.listdir('/_bak/usr'), ['main.py'])
    fails(30, open, '/_bak/note.txt', 'w')
    fails(30, open, '/_bak/note.txt', 'r+')
    fails(30, uos.mkdir, '/_bak/new')
    fails(30, uos.remove, '/_bak/note.txt')
    fails(30, uos.rename, '/_bak/note.txt', '/_bak/x')
    equal(read('/_bak/note.txt'), b'from the factory\n')
    uos.umount('/_bak')


def test_user_volume_can_go():
    uos.umount('/usr')
    equal(uos.listdir('/'), ['bak'])
    fails(19, open, '/usr/main.py')
    uos.mount(uos.VfsLfs1(32, 32, 32, 'customer_fs'), '/usr')
    true(read('/usr/main.py'))
    equal(uos.listdir('/'), ['bak', 'usr'])


def test_calls_of_a_volume():
    fresh('/usr/t')
    volume = uos.VfsLfs1(32, 32, 32, pname='customer_fs')
    volume.mkdir('/t/d')
    with volume.open('/t/f', 'w') as file:
        file.write('1')
    equal(sorted(volume.ilistdir('/t')), [('d', 0x4000, 0, 0), ('f', 0x8000, 0, 1)])
    equal(volume.stat('/t/f')[6], 1)
    volume.rename('/t/f', '/t/g')
    volume.remove('/t/g')
    volume.rmdir('/t/d')
    volume.chdir('/t')
    equal(volume.getcwd(), '/t')
    equal(list(volume.ilistdir()), [])
    equal(volume.statvfs('/')[:2], (4096, 4096))


def test_what_cannot_be_mounted():
    fails(19, uos.VfsLfs1, 32, 32, 32, 'customer_temp_fs')
    fails(19, uos.VfsLfs1, 32, 32, 32, '')
    fails(22, uos.mount, uos.VfsLfs1(32, 32, 32, 'customer_fs'), 'again')
    fails(NotImplementedError, uos.mount, object(), '/sd')


def test_not_emulated():
    for name in ('VfsLfs2', 'VfsFat', 'VfsSd', 'VfsEmmc', 'FlashDevice', 'dupterm',
                 'dupterm_notify'):
        failure = fails(NotImplementedError, getattr(uos, name), 1)
        true(str(failure).startswith('uos.%s is not emulated: ' % name))
    fails(NotImplementedError, uos.VfsLfs1, 32, 32, 32, 'ext_fs', 1, 2)
    failure = fails(NotImplementedError, uos.VfsLfs1.mkfs, 32, 32, 32, 'customer_fs')
    true(str(failure).startswith('uos.VfsLfs1.mkfs is not emulated: '))


run(globals())
