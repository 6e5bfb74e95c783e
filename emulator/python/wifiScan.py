# SPDX-License-Identifier: MIT
"""wifiScan - the wireless nets around, which are not emulated: calling it raises."""
from _twinfs.absent import absent as _absent

_lacks = _absent('wifiScan', 'there is no radio')
asyncStart = _lacks('asyncStart')
control = _lacks('control')
getState = _lacks('getState')
setCallback = _lacks('setCallback')
start = _lacks('start')
support = _lacks('support')
