# SPDX-License-Identifier: MIT
# The same without --allow-backup-write: it fails, and says why. The backup is the test's.
import backup_restore
import bak_util
from _twinfs import second_mount

WHY = ['the backup partition is not written: twinfs run --allow-backup-write']
lines = []
second_mount.print = lines.append
before = tree('/bak')
check('bak_update', (backup_restore.bak_update('/usr/n', {}), lines), (-5, WHY))
check('nothing is left', is_there('/usr/n'), False)
lines.clear()
put('/usr/a', b'new')
check('bak_file', (backup_restore.bak_file('/usr/a'), lines), (-5, WHY))
lines.clear()
check('write', (bak_util.JsonFile.write({'a': 1}), lines), (-2, WHY))
check('no file', is_there('/usr/_usr_config.json'), False)
check('the backup is as it was', tree('/bak'), before)
