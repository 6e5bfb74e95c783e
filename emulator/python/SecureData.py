# SPDX-License-Identifier: MIT
"""SecureData - 16 slots that survive restarts, power cuts and new firmware.

    import SecureData
    databuf = '\\x31\\x32\\x33\\x34\\x35\\x36\\x37\\x38'
    SecureData.Store(1, databuf, 8)
    buf = bytearray(20)
    lenth = SecureData.Read(1, buf, 20)
    print(buf[:lenth])                  # bytearray(b'12345678')

Slots 1 to 8 hold 52 bytes each, 9 to 12 100, 13 and 14 500, 15 and 16 1000.
A slot is stored whole, and is old or new after a power cut. There is no delete.

Importing it raises ImportError on a module that has no SecureData.
"""
import sys as _sys
from io import BytesIO as _BytesIO

from _twinfs import control as _control
from _twinfs import settings as _settings

_SLOTS = 16
_LONGEST = 4096  # bytes of a request; no slot holds as many
_BAD = -1

_size = len  # the functions have an argument of that name


def _ask(request, limit):
    """Hands a request to the module; the code and the bytes of its answer."""
    code, _, data = _control.secure(request, limit + 16).partition(b'\n')
    return int(code.decode()), data


def _is_there():
    """Reads nothing at all, which fails when there is no SecureData."""
    try:
        _ask(b'READ 1 0\n', 0)
    except OSError as error:
        return error.args[0] != 2
    return True


if not _is_there():
    _sys.modules.pop(__name__, None)  # MicroPython 1.19 would keep half a module
    raise ImportError("no module named 'SecureData'")


def _need_int(value, name):
    if not isinstance(value, int):
        raise TypeError('%s must be an integer' % name)
    return value


def _need_length(len, datalen):
    if (len is None) == (datalen is None):
        raise TypeError('index, databuf and len are required')
    return _need_int(datalen if len is None else len, 'len')


def _content(databuf):
    """The bytes of a text or of any object with a buffer."""
    if isinstance(databuf, str):
        return databuf.encode()
    memoryview(databuf)  # a list of numbers has no buffer, though bytes() would take it
    return bytes(databuf)


def _is_wrong(index, length):
    """Whether the call fails by its numbers alone; raises as the published firmware does."""
    if _settings.compat == 'port' and not 1 <= index <= _SLOTS:
        raise ValueError('Index must be greater than 0 and less than 17')
    return not 1 <= index <= _SLOTS or length < 0


def _code(code):
    return _BAD if code < 0 and _settings.compat == 'port' else code


def Store(index, databuf, len=None, datalen=None):
    """Stores bytes in a slot, in place of what it held.

    index    1 to 16
    databuf  bytes, bytearray, memoryview, array, or a text, stored as UTF-8
    len      how many bytes of it, at most all; `datalen` is the same by
             another name

    Returns 0, or -1: a wrong index or length, more than the slot holds, or the
    flash failed; the slot keeps what it held. With compat=port a wrong index is
    a ValueError. Raises TypeError for arguments of a wrong type.
    """
    length = _need_length(len, datalen)
    data = _content(databuf)
    if _is_wrong(_need_int(index, 'index'), length):
        return _BAD
    data = data[:length]
    length = _size(data)
    if length > _LONGEST:
        return _BAD
    try:
        code, _ = _ask(b'STORE %d %d\n' % (index, length) + data, 0)
    except OSError:
        return _BAD
    return _code(code)


def Read(index, databuf, len=None, datalen=None):
    """Reads a slot into a buffer.

    index    1 to 16
    databuf  bytearray, writable memoryview or array; what is not read into
             stays as it is
    len      the most bytes to read; no more than fit either. `datalen` is the
             same by another name

    Returns the number of bytes read. -1: a wrong index or length, or the flash
    failed. -2: the slot was never stored. With compat=port -2 is -1, and a wrong
    index a ValueError. Raises TypeError for arguments of a wrong type.
    """
    length = _need_length(len, datalen)
    if isinstance(databuf, (str, bytes)):
        raise TypeError('databuf must be writable')
    room = _size(_content(databuf))
    if _is_wrong(_need_int(index, 'index'), length):
        return _BAD
    length = min(length, room, _LONGEST)
    try:
        code, data = _ask(b'READ %d %d\n' % (index, length), length)
    except OSError:
        return _BAD
    if code > 0:
        _BytesIO(data).readinto(databuf)
    return _code(code)
