# SPDX-License-Identifier: MIT
"""ntptime - the time from the net, which is not emulated: the clock is the host's, see utime."""
from _twinfs.absent import absent as _absent

_lacks = _absent('ntptime', 'the clock is that of the host')
sethost = _lacks('sethost')
settime = _lacks('settime')
time = _lacks('time')
