# SPDX-License-Identifier: MIT
"""modem - who the module is. There is none, so calling any of it raises NotImplementedError:
an application that identifies itself must not do so with a number that is invented.
"""
from _twinfs.absent import absent as _absent

_lacks = _absent('modem', 'the emulated module has no number or name of its own')
getDevFwVersion = _lacks('getDevFwVersion')
getDevImei = _lacks('getDevImei')
getDevModel = _lacks('getDevModel')
getDevProductId = _lacks('getDevProductId')
getDevSN = _lacks('getDevSN')
