# SPDX-License-Identifier: MIT
"""What the device's interpreter raises and prints where others use other words."""

# The numbers the device's interpreter has a name for; it prints all others bare.
_ERRNO_NAMES = {
    1: 'EPERM',
    2: 'ENOENT',
    5: 'EIO',
    9: 'EBADF',
    11: 'EAGAIN',
    12: 'ENOMEM',
    13: 'EACCES',
    17: 'EEXIST',
    19: 'ENODEV',
    21: 'EISDIR',
    22: 'EINVAL',
    95: 'EOPNOTSUPP',
    98: 'EADDRINUSE',
    103: 'ECONNABORTED',
    104: 'ECONNRESET',
    105: 'ENOBUFS',
    107: 'ENOTCONN',
    110: 'ETIMEDOUT',
    111: 'ECONNREFUSED',
    113: 'EHOSTUNREACH',
    114: 'EALREADY',
    115: 'EINPROGRESS',
}


def text(exception):
    """str(exception), as the device has it."""
    args = exception.args
    if isinstance(exception, OSError) and args and isinstance(args[0], int):
        name = _ERRNO_NAMES.get(args[0])
        return '[Errno %d] %s' % (args[0], name) if name else str(args[0])
    if isinstance(exception, KeyError) and args:
        return str(args[0])
    return str(exception)


_ESCAPES = {9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\'}


def _bytes(text):
    return text.encode('utf-8', 'surrogateescape')


def characters(data):
    """The numbers of the characters, as the device takes them off a text.

    Whatever the first byte says, all continuation bytes behind it belong to it.
    """
    codes = []
    is_ascii = False  # then they are passed over
    for byte in data:
        if codes and byte & 0xC0 == 0x80:
            if not is_ascii:
                codes[-1] = codes[-1] << 6 | byte & 0x3F
            continue
        is_ascii = byte < 0x80
        mask = 0 if is_ascii else 0x80
        while byte & mask:
            byte &= ~mask
            mask >>= 1
        codes.append(byte)
    return codes


def _quote(codes, data):
    """`codes`, the characters or the bytes of `data`, in quotes."""
    quote = '"' if b"'" in data and b'"' not in data else "'"
    parts = [quote]
    for code in codes:
        if code in _ESCAPES:
            parts.append(_ESCAPES[code])
        elif code == ord(quote):
            parts.append('\\' + quote)
        elif 32 <= code < 127:
            parts.append(chr(code))
        elif code < 0x100:
            parts.append('\\x%02x' % code)
        else:
            parts.append('\\u%04x' % code if code < 0x10000 else '\\U%08x' % code)
    parts.append(quote)
    return ''.join(parts)


def _shown_inside(value):
    if isinstance(value, str):
        data = _bytes(value)
        return _quote(characters(data), data)
    if isinstance(value, dict):
        items = ['%s: %s' % (_shown_inside(key), _shown_inside(value[key])) for key in value]
        return '{%s}' % ', '.join(items)
    if isinstance(value, list):
        return '[%s]' % ', '.join([_shown_inside(item) for item in value])
    return str(value)


def shown(value):
    """str(value), for what a JSON file can hold."""
    return value if isinstance(value, str) else _shown_inside(value)


def _type_name(value):
    return 'NoneType' if value is None else type(value).__name__


def subscript(value, key):
    """value[key], for a key that is a string."""
    if isinstance(value, dict):
        return value[key]
    if isinstance(value, list):
        raise TypeError('list indices must be integers, not str')
    if isinstance(value, str):
        raise TypeError('string indices must be integers, not str')
    raise TypeError("'%s' object isn't subscriptable" % _type_name(value))


def iterate(value):
    """iter(value)"""
    if isinstance(value, (list, dict, str)):
        return iter(value)
    raise TypeError("'%s' object isn't iterable" % _type_name(value))


def need_text(value):
    """Returns `value`, which is about to be used as text, or raises that it is none."""
    if not isinstance(value, str):
        raise TypeError("can't convert '%s' object to str implicitly" % _type_name(value))
    return value


def _digits(text, at, end):
    """Reads hexadecimal digits; the value, and where they end."""
    value = 0
    while at < end:
        char = text[at]
        if char != '_':
            digit = '0123456789abcdef'.find(char.lower())
            if digit < 0:
                break
            value = value * 16 + digit
        at += 1
    return value, at


def hex_value(text):
    """int(text, 16)"""
    start, end = 0, len(need_text(text))
    while start < end and text[start] in ' \t\n\v\f\r':
        start += 1
    negative = start < end and text[start] == '-'
    if start < end and text[start] in '+-':
        start += 1
    if text[start:start + 2].lower() == '0x':
        start += 2
    value, at = _digits(text, start, end)
    if at == start or text[at:].strip(' \t\n\v\f\r'):
        rest = _bytes(text[start:])
        raise ValueError('invalid syntax for integer with base 16: ' + _quote(rest, rest))
    return -value if negative else value
