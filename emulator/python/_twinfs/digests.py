# SPDX-License-Identifier: MIT
"""MD5, SHA-1, SHA-224 and SHA-256 for an interpreter that lacks them.

MicroPython is often built with SHA-256 alone, and its hashes can neither be
copied nor go on after digest(). Sources: RFC 1321, FIPS 180-4.
"""

_MASK = 0xffffffff

_MD5_START = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
_MD5_TURNS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
# 2**32 times the absolute sines of 1 to 64
_MD5_SINES = (
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
)

_SHA1_START = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
_SHA224_START = (
    0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4,
)
_SHA256_START = (
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
)
# the first 32 bits behind the point of the cube roots of the first 64 primes
_SHA256_ROOTS = (
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
)


class _Digest:
    """What all four have in common: blocks of 64 bytes, and how the last is filled."""

    block_size = 64
    _byteorder = 'big'

    def __init__(self):
        self._state = self._start
        self._rest = b''
        self._length = 0

    def update(self, data):
        """Appends bytes to what is hashed."""
        self._length += len(data)
        data = self._rest + bytes(data)
        end = len(data) - len(data) % 64
        for pos in range(0, end, 64):
            self._state = self._next(self._state, self._words(data[pos:pos + 64]))
        self._rest = data[end:]

    def digest(self):
        """The hash of all so far; more may follow."""
        last = self._rest + b'\x80' + bytes((55 - self._length) % 64)
        last += (self._length * 8).to_bytes(8, self._byteorder)
        state = self._state
        for pos in range(0, len(last), 64):
            state = self._next(state, self._words(last[pos:pos + 64]))
        return b''.join([word.to_bytes(4, self._byteorder) for word in state])[:self.digest_size]

    def copy(self):
        """Another hash that has got the same bytes."""
        other = type(self)()
        other._state, other._rest, other._length = self._state, self._rest, self._length
        return other

    def _words(self, block):
        order = self._byteorder
        return [int.from_bytes(block[pos:pos + 4], order) for pos in range(0, 64, 4)]


def _added(state, other):
    return tuple([(a + b) & _MASK for a, b in zip(state, other)])


def _left(word, count):
    return (word << count | word >> 32 - count) & _MASK


class Md5(_Digest):
    """MD5"""

    digest_size = 16
    _byteorder = 'little'
    _start = _MD5_START

    def _next(self, state, words):
        a, b, c, d = state
        for i in range(64):
            turn = i // 16
            if turn == 0:
                mixed, at = b & c | ~b & d, i
            elif turn == 1:
                mixed, at = d & b | ~d & c, 5 * i + 1
            elif turn == 2:
                mixed, at = b ^ c ^ d, 3 * i + 5
            else:
                mixed, at = c ^ (b | ~d & _MASK), 7 * i
            word = (a + mixed + _MD5_SINES[i] + words[at % 16]) & _MASK
            a, d, c, b = d, c, b, (b + _left(word, _MD5_TURNS[turn][i % 4])) & _MASK
        return _added(state, (a, b, c, d))


class Sha1(_Digest):
    """SHA-1"""

    digest_size = 20
    _start = _SHA1_START

    def _next(self, state, words):
        a, b, c, d, e = state
        for i in range(80):
            if i >= 16:
                words.append(_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1))
            if i < 20:
                mixed = (b & c | ~b & d) + 0x5a827999
            elif i < 40:
                mixed = (b ^ c ^ d) + 0x6ed9eba1
            elif i < 60:
                mixed = (b & c | b & d | c & d) + 0x8f1bbcdc
            else:
                mixed = (b ^ c ^ d) + 0xca62c1d6
            word = (_left(a, 5) + mixed + e + words[i]) & _MASK
            a, b, c, d, e = word, a, _left(b, 30), c, d
        return _added(state, (a, b, c, d, e))


def _turned(word, first, second, third):
    """Three rotations to the right, mixed."""
    return _left(word, 32 - first) ^ _left(word, 32 - second) ^ _left(word, 32 - third)


def _shifted(word, first, second, shift):
    return _left(word, 32 - first) ^ _left(word, 32 - second) ^ word >> shift


class Sha256(_Digest):
    """SHA-256"""

    digest_size = 32
    _start = _SHA256_START

    def _next(self, state, words):
        for i in range(16, 64):
            words.append((words[i - 16] + _shifted(words[i - 15], 7, 18, 3) + words[i - 7] +
                          _shifted(words[i - 2], 17, 19, 10)) & _MASK)
        a, b, c, d, e, f, g, h = state
        for i in range(64):
            word = h + _turned(e, 6, 11, 25) + (e & f ^ ~e & g) + _SHA256_ROOTS[i] + words[i]
            mixed = _turned(a, 2, 13, 22) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = (word + mixed) & _MASK, a, b, c, (d + word) & _MASK, e, f, g
        return _added(state, (a, b, c, d, e, f, g, h))


class Sha224(Sha256):
    """SHA-224: SHA-256 from another start, and cut."""

    digest_size = 28
    _start = _SHA224_START
