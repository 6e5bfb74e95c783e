# SPDX-License-Identifier: MIT
"""hashlib - the device's own hashes in Python: sha256 and sha224, with hexdigest().

    import hashlib
    print(hashlib.sha256(b'abc').hexdigest())

On CPython its own hashlib is all here too: its library imports it.
"""
from _twinfs import digests as _digests
from _twinfs.buffers import as_bytes as _as_bytes
from _twinfs.own import own as _own
from _twinfs.own import overlay as _overlay

# MicroPython's own hashes can neither be copied nor go on after digest().
_is_full = hasattr(_own('hashlib'), 'sha224')
if _is_full:
    _overlay('hashlib', globals())
    _Sha256, _Sha224 = sha256, sha224  # noqa: F821
else:
    _Sha256, _Sha224 = _digests.Sha256, _digests.Sha224


class sha256:
    """sha256([data]): SHA-256"""

    digest_size = digestsize = 32
    block_size = 64
    name = 'sha256'
    _make = staticmethod(_Sha256)

    def __init__(self, data=b'', **kwargs):
        self._hash = self._make(**kwargs)
        if data:
            self.update(data)

    def update(self, data) -> None:
        """Appends data: bytes, or a str, of which the UTF-8 counts."""
        self._hash.update(_as_bytes(data))

    def digest(self) -> bytes:
        """The hash of all so far, bytes."""
        return self._hash.digest()

    def hexdigest(self) -> str:
        """The hash of all so far, in lower-case hexadecimal digits."""
        return ''.join(['%02x' % byte for byte in self.digest()])

    def copy(self):
        """Another hash that has got the same data."""
        other = type(self)()
        other._hash = self._hash.copy()
        return other


class sha224(sha256):
    """sha224([data]): SHA-224"""

    digest_size = digestsize = 28
    name = 'sha224'
    _make = staticmethod(_Sha224)
