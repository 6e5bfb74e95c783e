# SPDX-License-Identifier: MIT
"""file_sha256 - the hash that the oldest firmware had in checksum.json."""
from _twinfs import hashes as _hashes


def calc(file_name):
    """Returns the SHA-256 of a file as 64 lower-case hexadecimal digits.

    None: the file is missing, empty, or cannot be read. Changes nothing and
    raises nothing.
    """
    return _hashes.sha256(file_name)
