# SPDX-License-Identifier: MIT
"""The usual CRC-32, by the interpreter where it has it."""


def _make_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return table


def _crc32_by_table(data, value=0):
    """As zlib's crc32(): goes on from `value`, which is 0 at first."""
    table = _TABLE
    value ^= 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


try:
    from binascii import crc32
except ImportError:  # a MicroPython that was built without it
    _TABLE = _make_table()
    crc32 = _crc32_by_table
