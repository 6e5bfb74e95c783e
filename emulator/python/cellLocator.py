# SPDX-License-Identifier: MIT
"""cellLocator - where the module is, by its radio cell: not emulated, calling it raises."""
from _twinfs.absent import absent as _absent

_lacks = _absent('cellLocator', 'there is no radio')
getLocation = _lacks('getLocation')
