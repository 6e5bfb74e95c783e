# SPDX-License-Identifier: MIT
"""The hashes of files that the firmware checks: they read, and change nothing.

file_crc32.calc() updates the user's checksum.json, as the device's does. All
that decides about a restore must come here instead: with the updating one a
damaged file would make itself right.
"""
import ubinascii
import uhashlib

from _twinfs import crc

_PIECE = 4096
_CRC_START = 0xFFFFFFFF  # not 0, as elsewhere: leading zero bytes do not change the hash


def _feed(path, update):
    """Hands the content of a file to `update`, up to its end or the first error.

    Returns whether there was any. What was read before an error counts.
    """
    fed = False
    try:
        with open(path, 'rb') as file:
            while True:
                piece = file.read(_PIECE)
                if not piece:
                    break
                update(piece)
                fed = True
    except Exception:
        pass
    return fed


class _Crc32:
    def __init__(self):
        self.value = _CRC_START

    def update(self, data):
        self.value = crc.crc32(data, self.value)


def crc32(path):
    """The CRC of a file as checksum.json has it, '0xc54aae31'; None: nothing could be read."""
    hash = _Crc32()
    return hex(hash.value) if _feed(path, hash.update) else None


def sha256(path):
    """The SHA-256 of a file, 64 lower-case hexadecimal digits; None: nothing could be read."""
    hash = uhashlib.sha256()
    if not _feed(path, hash.update):
        return None
    return ubinascii.hexlify(hash.digest()).decode()


def key_of(entry):
    """Which hash an entry of checksum.json has: 'crc32', or 'sha256' of older firmware."""
    return 'sha256' if 'crc32' not in entry and 'sha256' in entry else 'crc32'


def of_entry(path, entry):
    """The hash of a file, of the kind that `entry` has."""
    return sha256(path) if key_of(entry) == 'sha256' else crc32(path)
