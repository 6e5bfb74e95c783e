# SPDX-License-Identifier: MIT
"""sim - the SIM card. `twinfs run --network` puts one in, but there is nothing on it.

All but getStatus() raises NotImplementedError.
"""
from _twinfs import settings as _settings
from _twinfs.absent import absent as _absent


def getStatus() -> int:
    """0: there is no card; 1: the card is ready, as it is when the run has --network."""
    return 1 if _settings.network else 0


_lacks = _absent('sim', 'there is nothing on the emulated card')
changePin = _lacks('changePin')
disablePin = _lacks('disablePin')
enablePin = _lacks('enablePin')
genericAccess = _lacks('genericAccess')
getCurSimid = _lacks('getCurSimid')
getIccid = _lacks('getIccid')
getImsi = _lacks('getImsi')
getPhoneNumber = _lacks('getPhoneNumber')
getSimDet = _lacks('getSimDet')
readPhonebook = _lacks('readPhonebook')
setCallback = _lacks('setCallback')
setSimDet = _lacks('setSimDet')
setSwitchcardCallback = _lacks('setSwitchcardCallback')
switchCard = _lacks('switchCard')
unblockPin = _lacks('unblockPin')
verifyPin = _lacks('verifyPin')
writePhonebook = _lacks('writePhonebook')
