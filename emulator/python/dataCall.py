# SPDX-License-Identifier: MIT
"""dataCall - the connection to the net, which `twinfs run --network` has up from the start.

Whether it is up can be asked; setting it up raises NotImplementedError.
"""
from _twinfs import settings as _settings
from _twinfs.absent import absent as _absent

_PROFILES = 8
_NO_ADDRESS = ('0.0.0.0', '::')
# Requests leave from the host, so the module's own address is this.
_ADDRESS = '127.0.0.1'


def _state(is_up, family):
    none = _NO_ADDRESS[family]
    return [1, 0, _ADDRESS, none, none] if is_up else [0, 0, none, none, none]


def getInfo(profileID: int, ipType: int):
    """(profileID, ipType, [state, reconnect, address, first DNS, second DNS]); -1 is an error.

    state is 1 when the connection is up: that of profile 1, over IPv4 (ipType 0),
    with --network. ipType 1 is IPv6, 2 both: then two lists.
    """
    if not 1 <= profileID <= _PROFILES or not 0 <= ipType <= 2:
        return -1
    is_up = _settings.network and profileID == 1
    lists = [_state(is_up, 0), _state(False, 1)]
    return (profileID, ipType) + tuple(lists if ipType == 2 else [lists[ipType]])


def setCallback(fun) -> int:
    """Returns 0. The connection never changes, so nothing is ever called."""
    return 0


_lacks = _absent('dataCall', 'the connection is that of twinfs run, up with --network or down')
activate = _lacks('activate')
deactivate = _lacks('deactivate')
getApn = _lacks('getApn')
getPDPContext = _lacks('getPDPContext')
recordApn = _lacks('recordApn')
setApn = _lacks('setApn')
setAsynMode = _lacks('setAsynMode')
setAutoActivate = _lacks('setAutoActivate')
setAutoConnect = _lacks('setAutoConnect')
setDNSServer = _lacks('setDNSServer')
setDnsserver = _lacks('setDnsserver')
setPDPContext = _lacks('setPDPContext')
start = _lacks('start')
stop = _lacks('stop')
