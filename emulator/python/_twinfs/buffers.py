# SPDX-License-Identifier: MIT
"""Bytes out of what an application hands to a function that takes a buffer."""


def as_bytes(data):
    """bytes of a str (its UTF-8, as the device's str is a buffer), or of any other buffer.

    TypeError: it is no buffer.
    """
    if isinstance(data, str):
        return data.encode('utf-8', 'surrogateescape')
    return bytes(memoryview(data))
