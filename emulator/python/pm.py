# SPDX-License-Identifier: MIT
"""pm - power saving, which is not emulated: calling it raises NotImplementedError."""
from _twinfs.absent import absent as _absent

_lacks = _absent('pm', 'there is no hardware that could save power')
autosleep = _lacks('autosleep')
create_wakelock = _lacks('create_wakelock')
delete_wakelock = _lacks('delete_wakelock')
get_wakelock_num = _lacks('get_wakelock_num')
wakelock_lock = _lacks('wakelock_lock')
wakelock_unlock = _lacks('wakelock_unlock')
