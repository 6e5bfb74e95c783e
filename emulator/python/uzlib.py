# SPDX-License-Identifier: MIT
"""uzlib - unpacks what zlib and gzip packed.

wbits 0 or 8 to 15: with zlib's header; negative: without; 24 and more, for
DecompIO alone: gzip.
"""
import uio as _uio

from _twinfs.missing import missing as _missing
from _twinfs.own import own as _own


def _by_zlib(data, wbits):
    try:
        return _zlib.decompress(data, wbits)
    except _zlib.error as exc:
        raise ValueError(str(exc))


def _by_deflate(data, wbits):
    form = _deflate.ZLIB if 0 <= wbits < 16 else _deflate.RAW if wbits < 0 else _deflate.GZIP
    try:
        return _deflate.DeflateIO(_uio.BytesIO(data), form).read()
    except (OSError, EOFError) as exc:
        raise ValueError(str(exc))


def _by_uzlib(data, wbits):
    if 0 <= wbits < 16:
        return _zlib.decompress(data)
    if wbits < 0:
        return _zlib.decompress(data, wbits)
    return _zlib.DecompIO(_uio.BytesIO(data), wbits).read()


def _by_nothing(data, wbits):
    _missing('uzlib', 'decompress', 'the interpreter was built without it')


_deflate = _own('deflate')
_zlib = None if _deflate else _own('zlib')
if _deflate:
    _unpack = _by_deflate
elif hasattr(_zlib, 'error'):
    _unpack = _by_zlib
else:
    _unpack = _by_uzlib if _zlib else _by_nothing


def decompress(data, wbits: int = 0, bufsize: int = 0) -> bytearray:
    """What was packed into data, a bytearray as on the device. ValueError: it is damaged."""
    return bytearray(_unpack(bytes(data), wbits if wbits < 16 else 0))


def DecompIO(stream, wbits: int = 0) -> _uio.BytesIO:
    """A stream to read from that gives what was packed into another one."""
    return _uio.BytesIO(_unpack(stream.read(), wbits))
