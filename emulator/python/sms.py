# SPDX-License-Identifier: MIT
"""sms - short messages, which are not emulated: calling it raises NotImplementedError."""
from _twinfs.absent import absent as _absent

_lacks = _absent('sms', 'there is no radio')
decodePdu = _lacks('decodePdu')
deleteMsg = _lacks('deleteMsg')
getCenterAddr = _lacks('getCenterAddr')
getMsgNums = _lacks('getMsgNums')
getPduLength = _lacks('getPduLength')
getSaveLoc = _lacks('getSaveLoc')
searchPduMsg = _lacks('searchPduMsg')
searchTextMsg = _lacks('searchTextMsg')
sendPduMsg = _lacks('sendPduMsg')
sendTextMsg = _lacks('sendTextMsg')
setCallback = _lacks('setCallback')
setCenterAddr = _lacks('setCenterAddr')
setSaveLoc = _lacks('setSaveLoc')
