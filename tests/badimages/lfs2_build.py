# SPDX-License-Identifier: MIT
"""Builds volumes of littlefs version 2 byte by byte, right or wrong as asked.

A volume is a table of pairs. A pair has entries, which are numbered from 0 as they stand in the
list, a tail, a share of the global state, and tags that go behind all that. What is asked for is
written; nothing is checked.
"""
import struct
import zlib

BS = 512
PROG = 16
NIL = 0xffffffff
PAIR = 0x3ff  # the id of tags that belong to the pair

FILE, DIR, SUPERBLOCK = 0x001, 0x002, 0x0ff
IN_DIR, INLINE, CTZ = 0x200, 0x201, 0x202
ATTR, CREATE, DELETE, COMMIT = 0x300, 0x401, 0x4ff, 0x500
SOFT, HARD, STATE = 0x600, 0x601, 0x7ff

ORPHANS = 0x80000000


def crc(data):
    return zlib.crc32(data) ^ 0xffffffff


def words(*values):
    return struct.pack(f'<{len(values)}I', *values)


def log(rev, tags):
    """A block with one commit; tags are (type, id, payload)."""
    data, before = words(rev), 0xffffffff
    for kind, ident, payload in tags:
        tag = kind << 20 | ident << 10 | len(payload)
        data += struct.pack('>I', tag ^ before) + payload
        before = tag
    end = -(-(len(data) + 8) // PROG) * PROG
    tag = COMMIT << 20 | PAIR << 10 | (end - len(data) - 4)
    data += struct.pack('>I', tag ^ before)
    return (data + words(crc(data))).ljust(end, b'\xff')


def move(ident, pair, orphans=0):
    """The words of the global state while a move is pending."""
    return (orphans | DELETE << 20 | ident << 10, *pair)


class Pair:
    """blocks[0] holds the log in force, blocks[1] the same with an older revision."""

    def __init__(self, blocks, *entries, tail=None, hard=False):
        self.blocks = blocks
        self.entries = list(entries)
        self.tail, self.hard = tail, hard
        self.state = (0, 0, 0)
        self.more = []
        self.revs = (3, 2)  # None: that block holds no log

    def tags(self):
        tags = []
        for ident, (kind, name, form, body) in enumerate(self.entries):
            tags += [(kind, ident, name), (form, ident, body)]
        if self.tail:
            tags.append((HARD if self.hard else SOFT, PAIR, words(*self.tail)))
        if any(self.state):
            tags.append((STATE, PAIR, words(*self.state)))
        return tags + self.more


class Volume:
    def __init__(self, blocks):
        self.data = bytearray(b'\xff' * (blocks * BS))
        self.pairs = {}

    def put(self, block, data, off=0):
        at = block * BS + off
        self.data[at:at + len(data)] = data

    def chain(self, blocks, data):
        """A block list in blocks; returns the content of its entry."""
        at = 0
        for index, block in enumerate(blocks):
            count = (index & -index).bit_length()
            head = words(*(blocks[index - (1 << k)] for k in range(count)))
            part = data[at:at + BS - len(head)]
            at += len(part)
            self.put(block, head + part)
        assert at == len(data), 'the blocks hold just the content'
        return words(blocks[-1], len(data))

    def bytes(self):
        for pair in self.pairs.values():
            for block, rev in zip(pair.blocks, pair.revs):
                if rev is not None:
                    self.put(block, log(rev, pair.tags()))
        return bytes(self.data)


def record(version=0x20001, block_size=BS, blocks=24, name_max=255, file_max=0x7fffffff,
           attr_max=1022):
    return (SUPERBLOCK, b'littlefs', INLINE,
            words(version, block_size, blocks, name_max, file_max, attr_max))


def file(name, data=b'content'):
    return (FILE, name, INLINE, data)


def chained(name, body):
    return (FILE, name, CTZ, body)


def directory(name, blocks):
    return (DIR, name, IN_DIR, words(*blocks))


def example():
    """/a.txt in blocks, /d/inner, /d/s/one and, in another pair, /d/s/two, /z; free from 12 on."""
    volume = Volume(24)
    body = volume.chain([8, 9, 10, 11], bytes(1800))
    volume.pairs = {
        'root': Pair((0, 1), record(), chained(b'a.txt', body), directory(b'd', (2, 3)),
                     file(b'z'), tail=(2, 3)),
        'd': Pair((2, 3), file(b'inner'), directory(b's', (4, 5)), tail=(4, 5)),
        's': Pair((4, 5), file(b'one'), tail=(6, 7), hard=True),
        's2': Pair((6, 7), file(b'two')),
    }
    return volume


def expanded():
    """The same, with the root moved to {12, 13} because {0, 1} is worn."""
    volume = example()
    root = volume.pairs['root']
    root.blocks = (12, 13)
    volume.pairs['old'] = Pair((0, 1), record(), tail=(12, 13), hard=True)
    return volume
