# SPDX-License-Identifier: MIT
"""voiceCall - phone calls, which are not emulated: calling it raises NotImplementedError."""
from _twinfs.absent import absent as _absent

_lacks = _absent('voiceCall', 'there is no radio')
callAnswer = _lacks('callAnswer')
callEnd = _lacks('callEnd')
callStart = _lacks('callStart')
getVolume = _lacks('getVolume')
setAutoAnswer = _lacks('setAutoAnswer')
setCallback = _lacks('setCallback')
setChannel = _lacks('setChannel')
setFw = _lacks('setFw')
setVolume = _lacks('setVolume')
startDtmf = _lacks('startDtmf')
