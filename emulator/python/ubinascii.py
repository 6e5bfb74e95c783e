# SPDX-License-Identifier: MIT
"""ubinascii - bytes as hexadecimal digits and as base64, and back."""
from _twinfs.buffers import as_bytes as _as_bytes
from _twinfs.own import own as _own

_binascii = _own('binascii')


def hexlify(data, sep=None) -> bytes:
    """The bytes of data as pairs of lower-case hexadecimal digits, bytes; sep goes between."""
    if sep:
        return _binascii.hexlify(_as_bytes(data), sep)
    return _binascii.hexlify(_as_bytes(data))


def unhexlify(data) -> bytes:
    """The bytes that pairs of hexadecimal digits stand for. ValueError: they are none."""
    return _binascii.unhexlify(_as_bytes(data))


def a2b_base64(data) -> bytes:
    """The bytes that base64 stands for; characters that are none of its are skipped.

    ValueError: something is missing at the end.
    """
    return _binascii.a2b_base64(_as_bytes(data))


def b2a_base64(data) -> bytes:
    """The bytes of data as base64, bytes, with a newline at the end."""
    return _binascii.b2a_base64(_as_bytes(data))
