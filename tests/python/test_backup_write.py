# SPDX-License-Identifier: MIT
"""A second mount of the backup partition, in a run that allows writing there."""
# run: allow_backup_write=1
import uos
from bak.check import equal, fails, read, run, write


def test_second_mount_can_be_written():
    uos.mount(uos.VfsLfs1(32, 32, 32, 'customer_backup_fs'), '/_bak')
    write('/_bak/usr/new', b'factory')
    equal(read('/bak/usr/new'), b'factory')
    uos.rename('/_bak/usr/new', '/_bak/usr/newer')
    uos.remove('/_bak/usr/newer')
    uos.mkdir('/_bak/dir')
    uos.rmdir('/_bak/dir')
    fails(22, uos.remove, '/_bak')
    uos.umount('/_bak')


def test_bak_refuses_all_the_same():
    equal(open('/bak/usr/main.py', 'w'), -1)
    equal(uos.remove('/bak/usr/main.py'), -1)
    equal(read('/bak/usr/main.py'), b'PROJECT_NAME = "test"\n')


run(globals())
