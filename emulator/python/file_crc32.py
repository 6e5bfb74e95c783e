# SPDX-License-Identifier: MIT
"""file_crc32 - the hash that checksum.json has of a protected file.

After an application rewrote a protected file it calls

    import file_crc32
    file_crc32.calc('/usr/1.txt')       # '0xc54aae31'

or the next boot brings the factory file back.
"""
import checksum as _checksum
from _twinfs import hashes as _hashes
from _twinfs import settings as _settings


def calc(file_name):
    """Returns the hash of a file, and sets it in the user's checksum.json.

    file_name  a path; the entry is found ignoring case, and with a '/' put in
               front where there is none. A file without an entry gets none.

    Returns text as '0xc54aae31', not padded. None: the file is missing, empty,
    or cannot be read; then nothing is changed. Raises nothing.

    With compat=port it changes nothing at all, as the published firmware.
    """
    hash = _hashes.crc32(file_name)
    if hash and _settings.compat != 'port':
        _checksum._set_hash(file_name, hash)
    return hash
