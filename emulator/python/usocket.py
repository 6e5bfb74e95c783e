# SPDX-License-Identifier: MIT
"""usocket - sockets, which are not emulated: calling it raises NotImplementedError.

The constants are here only to be passed on to socket(), which raises.
"""
from _twinfs.absent import absent as _absent

_lacks = _absent('usocket', 'of the net only request and app_fota are emulated')
socket = _lacks('socket')
getaddrinfo = _lacks('getaddrinfo')
getsocketsta = _lacks('getsocketsta')
AF_INET = _lacks('AF_INET')
AF_INET6 = _lacks('AF_INET6')
SOCK_STREAM = _lacks('SOCK_STREAM')
SOCK_DGRAM = _lacks('SOCK_DGRAM')
SOCK_RAW = _lacks('SOCK_RAW')
IPPROTO_TCP = _lacks('IPPROTO_TCP')
IPPROTO_UDP = _lacks('IPPROTO_UDP')
IPPROTO_IP = _lacks('IPPROTO_IP')
SOL_SOCKET = _lacks('SOL_SOCKET')
SO_REUSEADDR = _lacks('SO_REUSEADDR')
TCP_KEEPALIVE = _lacks('TCP_KEEPALIVE')
IP_ADD_MEMBERSHIP = _lacks('IP_ADD_MEMBERSHIP')
