# SPDX-License-Identifier: MIT
"""The second mount of the backup partition, which is writable; /bak is not."""
import uos

from _twinfs import raised, settings

PATH = '/_bak'
_FAILED = -5


def mount():
    """Mounts the backup partition at PATH.

    Returns 0, or -5 with the reason printed. Raises OSError(1) when something is
    mounted there already, as after a call that ended with an exception.
    """
    if not settings.allow_backup_write:
        print('the backup partition is not written: twinfs run --allow-backup-write')
        return _FAILED
    try:
        volume = uos.VfsLfs1(32, 32, 32, 'customer_backup_fs')
    except OSError as error:
        print(raised.text(error))
        return _FAILED
    uos.mount(volume, PATH)
    return 0


def umount():
    uos.umount(PATH)
