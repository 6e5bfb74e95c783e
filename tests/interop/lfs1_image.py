# SPDX-License-Identifier: MIT
"""The structure of a littlefs v1 image, read without sharing a line with the engine.

What a block is can be told only from who refers to it, so three views are kept apart: the tree
(names from the root, always the newest truth; lfs_common.py walks it), the thread (all pairs in one
list, may lag behind after a power cut), and the thread as recovery would mend it (lfs1_rules.py). A
pair is loaded once for each reference that names it.
"""
import struct
import zlib
from typing import NamedTuple

import lfs_common
from lfs_common import SUPER_PAIR, Corrupt, is_nil, name_fault, show

MORE = 0x80000000
MARK = 0x80
FILE, DIR = 0x11, 0x22


def older(rev, than):
    """Serial comparison: a distance of exactly 2^31 counts as older."""
    return (rev - than) & 0x80000000 != 0


def crc_holds(data):
    """Whether @data ends with the CRC of the rest: over both the register comes out as 0."""
    return zlib.crc32(data) == 0xFFFFFFFF


class Entry(NamedTuple):
    type: int
    elen: int
    alen: int
    payload: bytes
    name: bytes
    off: int
    end: int

    @property
    def marked(self):
        return self.type & MARK != 0

    @property
    def structure(self):
        return self.type & 0x70

    @property
    def is_file(self):
        return self.type & 0x7F == FILE

    @property
    def is_dir(self):
        return self.type & 0x7F == DIR

    @property
    def words(self):
        """(head, size) of a file, the pair of a directory."""
        return struct.unpack('<II', self.payload)


class Pair(NamedTuple):
    """The half in force of a metadata pair."""
    blocks: tuple       # as the reference to it named them
    block: int
    rev: int
    length: int
    more: bool
    tail: tuple
    entries: list
    one_sided: bool     # the other half is not valid

    @property
    def where(self):
        return f'block {self.block}'


class Volume(lfs_common.Volume):
    """
    An image of littlefs v1 in memory. A block of the volume is any that the image holds, but not
    more than @block_count; what the superblock says about its geometry is only checked, as the
    reference does not look at it.
    """

    MIN_BLOCK_SIZE = 104
    RULE_TREE = 5
    MAY_HAVE_TWO_NAMES = True

    def __init__(self, data, block_size, block_count=None):
        super().__init__(data, block_size, block_count)
        self._pairs = {}
        self._unmarked = None

    def used(self):
        """All blocks that are not free: what the thread refers to and what the tree refers to."""
        top = self.mount()
        used = set(SUPER_PAIR)
        pairs = []
        for directory in self.directories().values():
            if directory.error:
                raise directory.error
            pairs += directory.pairs
        link, on_thread = top.tail, set()
        while not is_nil(link):
            if on_thread.intersection(link):
                raise Corrupt(f'the thread comes to pair {link} twice', 2)
            on_thread.update(link)
            pairs.append(self.load_pair(link))
            link = pairs[-1].tail
        for pair in pairs:
            used.update(pair.blocks)
            for entry in pair.entries:
                if entry.structure == 0x10:
                    used.update(self.chain(*entry.words))
        return used

    def mount(self):
        """The superblock pair, tested as far as a mount does."""
        top = self._load(SUPER_PAIR)
        base = top.block * self.block_size
        if self.data[base + 0x28:base + 0x30] != b'littlefs':
            raise Corrupt(f'{top.where}: no magic', 1)
        version, = struct.unpack_from('<I', self.data, base + 0x24)
        if version >> 16 != 1 or version & 0xFFFF > 1:
            raise Corrupt(f'{top.where}: version {version >> 16}.{version & 0xFFFF}', 1)
        return top

    def root(self):
        base = self.mount().block * self.block_size
        return struct.unpack_from('<II', self.data, base + 0x14)

    def load_pair(self, pair):
        """The Pair that a reference names. The superblock's blocks are never named by one."""
        if pair[0] == pair[1]:
            raise Corrupt(f'pair {pair}: both halves are the same block', 2)
        for block in pair:
            if not 2 <= block < self.block_count:
                raise Corrupt(f'pair {pair}: block {block} is out of range', 2)
        return self._load(pair)

    def _load(self, pair):
        if pair not in self._pairs:
            self._pairs[pair] = self._choose(pair)
        return self._pairs[pair]

    def _choose(self, pair):
        if self.block_count < 2:
            raise Corrupt('no room for a superblock', 1)
        best, valid = None, 0
        for block in pair:
            if not self._is_valid(block):
                continue
            valid += 1
            rev, = struct.unpack_from('<I', self.data, block * self.block_size)
            # Equal revisions: the second wins.
            if best is None or not older(rev, best[0]):
                best = rev, block
        if best is None:
            raise Corrupt(f'pair {pair}: no half is valid', 1 if pair == SUPER_PAIR else 2)
        return self._parse(pair, best[1], valid == 1)

    def _is_valid(self, block):
        base = block * self.block_size
        length = struct.unpack_from('<I', self.data, base + 4)[0] & ~MORE
        return (20 <= length <= self.block_size
                and crc_holds(self.data[base:base + length]))

    def _parse(self, pair, block, one_sided):
        base = block * self.block_size
        raw = self.data[base:base + self.block_size]
        rev, size, *tail = struct.unpack_from('<IIII', raw)
        length = size & ~MORE
        entries, off = [], 16
        while off + 12 <= length - 4:
            kind, elen, alen, nlen = raw[off:off + 4]
            name = off + 4 + elen + alen
            # Some writers end the content inside the last name: it is read on, up to the block's
            # end.
            entries.append(Entry(kind, elen, alen, raw[off + 4:off + 12], raw[name:name + nlen],
                                 off, name + nlen))
            off = name + nlen
        return Pair(pair, block, rev, length, size & MORE != 0, tuple(tail), entries, one_sided)

    def children(self, directory):
        """Also through marked entries: the thread may lead there only that way."""
        return [entry.words for entry in directory.entries if entry.structure == 0x20]

    def is_void(self, entry):
        """
        Whether a marked entry has reached its new place. All empty files look alike, so a marked
        one counts as live.
        """
        if not entry.marked or (entry.is_file and entry.words[1] == 0):
            return False
        if self._unmarked is None:
            self._unmarked = {other.payload for directory in self.directories().values()
                              for other in directory.entries if other.type in (FILE, DIR)}
        return entry.payload in self._unmarked

    def visible(self, path, directory, problems):
        seen = set()
        for entry in directory.entries:
            # An empty name is tolerated, but no path leads to it. Of equal names the first counts.
            if (not (entry.is_file or entry.is_dir) or not entry.name or entry.name in seen
                    or self.is_void(entry)):
                continue
            seen.add(entry.name)
            if name_fault(entry.name):
                problems.append(Corrupt(f"'{show(path)}': {name_fault(entry.name)}", 3))
            else:
                yield entry

    def entry_content(self, entry):
        return self.content(*entry.words)
