# SPDX-License-Identifier: MIT
"""JSON as the module's interpreter reads and writes it.

The reader is a loop over bytes with a stack, no grammar: commas and colons are
blanks, either bracket closes, a NUL is the end, and of brackets left open at
the end only the outermost is forgiven. A strict reader would boot differently:
src/module/loose_json.c is the same reader for the boot.

It works on bytes, because an index into a str costs MicroPython a walk over it.
Bytes that are no UTF-8 come through as they are where the interpreter's str can
hold them (CPython's surrogateescape).
"""

_SYNTAX = 'syntax error in JSON'
_NOTHING = object()
_BLANKS = b',: \t\n\r'
_SPACES = b' \t\n\v\f\r'
_DIGITS = b'0123456789'
_IN_NUMBER = b'0123456789+-.eE'
_ESCAPES = {98: b'\b', 102: b'\f', 110: b'\n', 114: b'\r', 116: b'\t'}
_WORDS = {110: (b'null', None), 116: (b'true', True), 102: (b'false', False)}


def load(stream):
    """The object in the JSON text that stream.read() gives.

    ValueError: it is not JSON, not even for this loose reader.
    """
    return loads(stream.read())


def loads(text):
    """The object in a JSON text: str, bytes, or anything else with bytes in it.

    ValueError: it is not JSON, not even for this loose reader.
    """
    if isinstance(text, str):
        data = text.encode('utf-8', 'surrogateescape')
    else:
        data = bytes(memoryview(text))
    return _document(data)


def dump(obj, stream):
    """Writes obj to the stream as one line of JSON."""
    stream.write(dumps(obj))


def dumps(obj) -> str:
    """obj as one line of JSON, ", " and ": " between the parts, no newline.

    Only control characters, the quote and the backslash are escaped; keys that
    are no strings are quoted; a tuple becomes an array.
    """
    parts = []
    _write(obj, parts.append)
    return ''.join(parts)


def _document(data):
    root = top = key = _NOTHING
    outer = []  # open containers around `top`
    pos = 0
    size = len(data)
    while pos < size:
        c = data[pos]
        if c in _BLANKS:
            pos += 1
            continue
        if c == 34:
            value, pos = _string(data, pos + 1)
        elif c == 123 or c == 91:
            value = {} if c == 123 else []
            pos += 1
        elif c == 125 or c == 93:
            if top is _NOTHING:
                raise ValueError(_SYNTAX)
            pos += 1
            if not outer:
                break
            top = outer.pop()
            continue
        elif c == 0:
            break
        else:
            value, pos = _word_or_number(data, pos, c)
        is_container = c == 123 or c == 91
        if top is _NOTHING:
            root = value
        elif isinstance(top, list):
            top.append(value)
        elif key is not _NOTHING:
            top[key] = value
            # A key that no value followed waits for the next dict's first value.
            key = _NOTHING
        elif is_container:
            raise ValueError(_SYNTAX)
        else:
            key = value
        if is_container:
            if top is not _NOTHING:
                outer.append(top)
            top = value
        elif top is _NOTHING:
            break
    while pos < size and data[pos] in _SPACES:
        pos += 1
    if root is _NOTHING or outer or (pos < size and data[pos]):
        raise ValueError(_SYNTAX)
    return root


def _text(data):
    return str(data, 'utf-8', 'surrogateescape')


def _string(data, pos):
    """The string whose first byte is at pos, and where it ends."""
    end = data.find(b'"', pos)
    if end >= 0:
        part = data[pos:end]
        if b'\\' not in part and b'\0' not in part:
            return _text(part), end + 1
    parts = []
    size = len(data)
    while pos < size:
        start = pos
        while pos < size and data[pos] not in b'"\\\0':
            pos += 1
        parts.append(data[start:pos])
        if pos >= size or not data[pos]:
            break
        if data[pos] == 34:
            return _text(b''.join(parts)), pos + 1
        part, pos = _escape(data, pos + 1)
        parts.append(part)
    raise ValueError(_SYNTAX)


def _escape(data, pos):
    """What the byte behind a backslash stands for, and what follows it."""
    if pos >= len(data):
        raise ValueError(_SYNTAX)
    c = data[pos]
    if c == 117:
        return _unicode(data, pos + 1), pos + 5
    return _ESCAPES.get(c) or data[pos : pos + 1], pos + 1


def _unicode(data, pos):
    """UTF-8 of the four digits at pos.

    The module neither checks the digits nor pairs surrogates: each byte is
    turned into a digit by 8-bit arithmetic, whatever it is.
    """
    code = 0
    for at in range(pos, pos + 4):
        digit = ((data[at] if at < len(data) else 0) | 0x20) - 0x30 & 0xFF
        if digit > 9:
            digit = digit - 0x27 & 0xFF
        code = (code << 4 | digit) & 0xFFFFFFFF
    if code < 0x80:
        return bytes((code,))
    if code < 0x800:
        return bytes((0xC0 | code >> 6, 0x80 | code & 0x3F))
    tail = (0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F)
    if code < 0x10000:
        return bytes((0xE0 | code >> 12,) + tail)
    return bytes((0xF0 | code >> 18 & 7, 0x80 | code >> 12 & 0x3F) + tail)


def _word_or_number(data, pos, c):
    if c == 45 or 48 <= c <= 57:
        return _number(data, pos)
    if c in _WORDS:
        word, value = _WORDS[c]
        end = pos + len(word)
        if data[pos:end] == word:
            return value, end
    raise ValueError(_SYNTAX)


def _number(data, pos):
    """The number at pos, which takes all bytes that occur in numbers."""
    start = pos
    pos += 1
    size = len(data)
    while pos < size and data[pos] in _IN_NUMBER:
        pos += 1
    text = _text(data[start:pos])
    if '.' in text or 'e' in text or 'E' in text:
        return _float(text), pos
    digits = text[1:] if text[0] == '-' else text
    # What is left of a number are digits and signs.
    if not digits or '-' in digits or '+' in digits:
        raise ValueError("invalid syntax for integer with base 10: '%s'" % digits)
    return int(text), pos


def _digits(text, pos):
    """The digits from pos on."""
    end = pos
    while end < len(text) and '0' <= text[end] <= '9':
        end += 1
    return text[pos:end]


def _float(text):
    """As the module takes a number apart: "-.", "1." and "-e5" are fine."""
    pos = 1 if text[0] == '-' else 0
    whole = _digits(text, pos)
    pos += len(whole)
    fraction = exponent = ''
    if text[pos : pos + 1] == '.':
        fraction = _digits(text, pos + 1)
        pos += 1 + len(fraction)
    if text[pos : pos + 1] in ('e', 'E'):
        pos += 1
        if text[pos : pos + 1] in ('+', '-'):
            exponent = text[pos]
            pos += 1
        if pos == len(text):
            raise ValueError('invalid syntax for number')
        digits = _digits(text, pos)
        exponent = 'e' + exponent + digits
        pos += len(digits)
    if pos != len(text):
        raise ValueError('invalid syntax for number')
    number = float((whole or '0') + '.' + (fraction or '0') + exponent)
    return -number if text[0] == '-' else number


def _is_plain(text):
    for c in text:
        if c < ' ' or c in '"\\\x7f':
            return False
    return True


def _quote(text):
    if not _is_plain(text):
        text = ''.join([_quoted(c) for c in text])
    return '"' + text + '"'


def _quoted(c):
    if c in '"\\':
        return '\\' + c
    if c >= ' ' and c != '\x7f':
        return c
    at = '\n\r\t'.find(c)
    return '\\' + 'nrt'[at] if at >= 0 else '\\u%04x' % ord(c)


def _write(obj, put):
    if isinstance(obj, str):
        put(_quote(obj))
    elif obj is None:
        put('null')
    elif obj is True or obj is False:
        put('true' if obj else 'false')
    elif isinstance(obj, dict):
        _write_dict(obj, put)
    elif isinstance(obj, (list, tuple)):
        before = '['
        for value in obj:
            put(before)
            before = ', '
            _write(value, put)
        put(']' if obj else '[]')
    elif isinstance(obj, bytes):
        put(_quote(_text(obj)))
    else:
        # Numbers; and the module writes what JSON has no form for as it prints it.
        put(repr(obj))


def _write_dict(obj, put):
    before = '{'
    for key in obj:
        put(before)
        before = ', '
        if isinstance(key, (str, bytes)):
            _write(key, put)
        else:
            put('"')
            _write(key, put)
            put('"')
        put(': ')
        _write(obj[key], put)
    put('}' if obj else '{}')
