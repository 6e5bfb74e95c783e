# SPDX-License-Identifier: MIT
"""uhashlib - hashes: update() as often as wanted, then digest().

    import uhashlib, ubinascii
    hash = uhashlib.sha256(b'abc')
    print(ubinascii.hexlify(hash.digest()))

There is no hexdigest(), as on the device; the module hashlib has it.
"""
from _twinfs import digests as _digests
from _twinfs.absent import absent as _absent
from _twinfs.buffers import as_bytes as _as_bytes
from _twinfs.own import own as _own

_interpreter = _own('hashlib')


class _Hash:
    def __init__(self, data=b''):
        self._hash = self._make()
        self._result = None
        self.update(data)

    def update(self, data) -> None:
        """Appends data: bytes, or a str, of which the UTF-8 counts."""
        if self._result is not None:
            raise ValueError('hash is final')
        self._hash.update(_as_bytes(data))

    def digest(self) -> bytes:
        """The hash of all that was given to update(), bytes. It ends the hash."""
        if self._result is None:
            self._result = self._hash.digest()
        return self._result


class sha256(_Hash):
    """sha256([data]): SHA-256, 32 bytes"""

    _make = staticmethod(getattr(_interpreter, 'sha256', _digests.Sha256))


class sha1(_Hash):
    """sha1([data]): SHA-1, 20 bytes"""

    _make = staticmethod(getattr(_interpreter, 'sha1', _digests.Sha1))


class md5(_Hash):
    """md5([data]): MD5, 16 bytes"""

    _make = staticmethod(getattr(_interpreter, 'md5', _digests.Md5))


_lacks = _absent('uhashlib', 'how the device pads and cuts its argument is not documented')
hash_sha1 = _lacks('hash_sha1')
hash_base64 = _lacks('hash_base64')
aes_ecb = _lacks('aes_ecb')
