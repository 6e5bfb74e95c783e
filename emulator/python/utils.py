# SPDX-License-Identifier: MIT
"""utils - helpers of the firmware; crc32 is what applications use.

    import utils
    crc = utils.crc32()
    value = crc.update(0, b'1234')
    value = crc.update(value, b'56789')     # 0xcbf43926, the usual CRC-32
"""
from _twinfs import crc as _crc


class crc32:
    """The usual CRC-32 step: inverts, runs polynomial 0xEDB88320 reflected, inverts."""

    def update(self, value, data):
        """Returns the CRC of what `value` is the CRC of, followed by `data`; >= 0."""
        if isinstance(data, str):
            data = data.encode()
        return _crc.crc32(data, value & 0xFFFFFFFF)
