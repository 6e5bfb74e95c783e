# SPDX-License-Identifier: MIT
"""fota - upgrades of the whole firmware, which are not emulated; app_fota is.

The module is its class: `import fota; fota()` raises NotImplementedError.
"""
from _twinfs.absent import absent as _absent

fota = _absent('fota', 'the firmware of the module is not emulated')('fota')
