# SPDX-License-Identifier: MIT
"""The same without --allow-backup-write: it fails, and says why."""
# skip: mount nothing can be planted in its /bak
# with: states.py
import backup_restore
import bak_util
from _twinfs import second_mount
from bak.check import plant, run
from bak.states import check, is_there, put, tree


def test_refused():
    why = ['the backup partition is not written: twinfs run --allow-backup-write']
    lines = []
    plant('/bak/backup_restore.json', b'{"enable": 1}')
    second_mount.print = lines.append
    before = tree('/bak')
    check('bak_update', (backup_restore.bak_update('/usr/n', {}), lines), (-5, why))
    check('nothing is left', is_there('/usr/n'), False)
    lines.clear()
    put('/usr/a', b'new')
    check('bak_file', (backup_restore.bak_file('/usr/a'), lines), (-5, why))
    lines.clear()
    check('write', (bak_util.JsonFile.write({'a': 1}), lines), (-2, why))
    check('no file', is_there('/usr/_usr_config.json'), False)
    check('the backup is as it was', tree('/bak'), before)


run(globals())
