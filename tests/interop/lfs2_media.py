# SPDX-License-Identifier: MIT
"""Volumes of littlefs v2 for the tests of the reader, written byte by byte.

Nothing here comes from the engine or from the reader: the worked example is copied from the dump in
the guide to the format, all else is put together from tags, and CRCs follow the bitwise definition.
"""
import struct

from lfs2_reader import Image

BS = 512
UNIT = 16
NIL = 0xFFFFFFFF
NO_ID = 0x3FF
LETTERS = bytes(0x41 + i % 26 for i in range(1500))

# Block number: the bytes that the guide lists from its start; all others are 0xFF.
ROOT_LOG = '02000000f00ffff76c6974746c6566732fe00010010002000002000008000000' \
    'ff000000ffffff7ffe0300007feffc1010000000e5394cc00ff0000cdd8950d1' \
    '101ff804403000036469722020000b0500000006000000400ff8000500000006' \
    '0000003ff0000010000000e5394cc00ff00005532f8d80ffffffffffffffffff' \
    '101ff40d4000000668692e747874200000067feff40810000000e5394cc00ff0' \
    '0006f393961effffffffffffffffffff701ff40348656c6c6f2c20776f726c64' \
    '217feff40510000000e5394cc00ff0000773509891ffffffffffffffffffffff'
FIRST_LOG = '01000000' + ROOT_LOG[8:0x3C * 2] + '0d1c5555'
DIR_LOG = '01000000a00003f710000000e5394cc00ff0000486109544ffffffffffffffff' \
    '101ffc0c40000003626967200000037feffc0810000000e5394cc00ff0001909' \
    '9dd0f1ffffffffffffffffffffffffff702ffc1903000000dc0500007fdffc00' \
    '10000000e5394cc00ff0000c1a17cf8c'


def crc(data):
    """The CRC after @data, by the definition of the guide."""
    r = 0xFFFFFFFF
    for c in data:
        r ^= c
        for _ in range(8):
            r = (r >> 1) ^ (0xEDB88320 if r & 1 else 0)
    return r


class Log:
    """The bytes of a block, commit after commit, as the guide has them sealed."""

    def __init__(self, rev=1, unit=UNIT, version=0x00020001, block_size=BS, blank=0xFF):
        self.out = bytearray(struct.pack('<I', rev))
        self.before, self.start = 0xFFFFFFFF, 0
        self.unit, self.version, self.block_size, self.blank = unit, version, block_size, blank

    def tag(self, kind, number, payload=b'', length=None):
        word = kind << 20 | number << 10 | (len(payload) if length is None else length)
        self.out += struct.pack('>I', word ^ self.before) + payload
        self.before = word
        return self

    def tags(self, tags):
        for tag in tags:
            self.tag(*tag)
        return self

    def commit(self, fcrc=None):
        """@fcrc: the CRC to claim for the bytes behind, if not the right one."""
        end = min(len(self.out) + 20, self.block_size)
        end += -end % self.unit
        chunk = 0
        if end <= self.block_size - self.unit:
            chunk = 1 if self.blank < 0x80 else 0
            if self.version & 1:
                right = crc(bytes([self.blank]) * self.unit)
                self.tag(0x5FF, NO_ID, struct.pack('<II', self.unit, fcrc or right))
        return self.seal(chunk, end - len(self.out) - 4)

    def seal(self, chunk, length):
        word = (0x500 | chunk) << 20 | NO_ID << 10 | length
        self.out += struct.pack('>I', word ^ self.before)
        self.out += struct.pack('<I', crc(self.out[self.start:]))
        self.out += b'\xff' * (length - 4)
        self.before, self.start = word ^ (chunk & 1) << 31, len(self.out)
        return self

    def data(self):
        return bytes(self.out)


def log(*groups, rev=1, **options):
    """A block with one commit."""
    made = Log(rev, **options)
    for group in groups:
        made.tags(group)
    return made.commit().data()


def super_tags(count=16, version=0x00020001, block_size=BS, limits=(255, 0x7FFFFFFF, 1022),
               magic=b'littlefs'):
    record = struct.pack('<6I', version, block_size, count, *limits)
    return [(0x0FF, 0, magic), (0x201, 0, record)]


def file_tags(number, name, content=b'', blocks=None, attrs=()):
    """@blocks: (head, size) instead of the content; @attrs: (type, value) each."""
    body = (0x201, number, content) if blocks is None else \
        (0x202, number, struct.pack('<II', *blocks))
    return [(0x001, number, name), body] + [(0x300 | kind, number, value) for kind, value in attrs]


def dir_tags(number, name, pair):
    return [(0x002, number, name), (0x200, number, struct.pack('<II', *pair))]


def soft(pair):
    return [(0x600, NO_ID, struct.pack('<II', *pair))]


def hard(pair):
    return [(0x601, NO_ID, struct.pack('<II', *pair))]


def state(word, first=0, second=0):
    return [(0x7FF, NO_ID, struct.pack('<III', word, first, second))]


FLAG = 0x80000000


def moving(number):
    return 0x4FF << 20 | number << 10


class Media:
    """The bytes of a volume, written block by block."""

    def __init__(self, blocks=8, block_size=BS, blank=0xFF):
        self.block_size, self.blank = block_size, bytes([blank])
        self.data = bytearray(self.blank * blocks * block_size)

    def put(self, block, data=b''):
        """Erases a block and writes it from its start."""
        start = block * self.block_size
        self.data[start:start + self.block_size] = data.ljust(self.block_size, self.blank)
        return self

    def image(self, prog_size=None):
        image = Image(self.data, self.block_size)
        image.prog_size = prog_size
        return image


def put_big(media):
    """The file of 1500 bytes in blocks 7, 2 and 3."""
    media.put(7, LETTERS[:512])
    media.put(2, struct.pack('<I', 7) + LETTERS[512:1020])
    return media.put(3, struct.pack('<II', 2, 7) + LETTERS[1020:])


def example():
    """The worked example."""
    media = Media(8).put(0, bytes.fromhex(FIRST_LOG)).put(1, bytes.fromhex(ROOT_LOG))
    return put_big(media.put(5, bytes.fromhex(DIR_LOG)))


DIR = dir_tags(1, b'dir', (5, 6))
HI = file_tags(2, b'hi.txt', b'Hello, world!')
BIG = file_tags(0, b'big', blocks=(3, 1500))
NAMES = [b'/', b'/dir', b'/dir/big', b'/hi.txt']


def root(*groups, rev=9, link=(5, 6), top=None, **options):
    """A log for block 1: the superblock, and a soft tail to the directory."""
    return log(super_tags() if top is None else top, *groups, soft(link) if link else [], rev=rev,
               **options)


def plain():
    """The tree of the worked example, on 16 blocks and in logs of one commit; 4 and 8 are free."""
    media = Media(16).put(0, root(rev=8, link=None)).put(1, root(DIR, HI))
    return put_big(media.put(5, log(BIG, rev=9)))
