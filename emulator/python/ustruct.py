# SPDX-License-Identifier: MIT
"""ustruct - values in bytes: pack() and unpack() by a format like '<HBi'."""
from _twinfs.own import own as _own

_struct = _own('struct')

calcsize = _struct.calcsize
pack = _struct.pack
pack_into = _struct.pack_into
unpack = _struct.unpack
unpack_from = _struct.unpack_from
