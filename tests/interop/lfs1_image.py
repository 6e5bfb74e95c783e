# SPDX-License-Identifier: MIT
"""The structure of a littlefs v1 image, read without sharing a line with the engine.

What a block is can be told only from who refers to it, so three views are kept apart: the tree
(names from the root, always the newest truth), the thread (all pairs in one list, may lag behind
after a power cut), and the thread as recovery would mend it (lfs1_rules.py). Every walk is
bounded: a pair is loaded once for each reference that names it, a block belongs to one directory
only, and the chains of all files together may not be much longer than the volume.
"""
import struct
import zlib
from typing import NamedTuple

NIL = 0xFFFFFFFF
MORE = 0x80000000
MARK = 0x80
FILE, DIR = 0x11, 0x22
MIN_BLOCK_SIZE = 104
MAX_FILE_SIZE = 0x7FFFFFFF
MAX_PATH_BYTES = 1 << 26
SUPER_PAIR = (0, 1)


class Corrupt(Exception):
    """The image breaks a rule of the format; @rule is its number in the list of rules."""

    def __init__(self, text, rule=2):
        super().__init__(text)
        self.rule = rule


def locate(offset, block_size):
    """The (block index, offset in that block) of a byte of a file."""
    b = block_size - 8
    n = offset // b
    if n == 0:
        return 0, offset
    n = (offset - 4 * ((n - 1).bit_count() + 2)) // b
    return n, offset - b * n - 4 * n.bit_count()


def ctz(n):
    return (n & -n).bit_length() - 1


def older(rev, than):
    """Serial comparison: a distance of exactly 2^31 counts as older."""
    return (rev - than) & 0x80000000 != 0


def is_nil(pair):
    return NIL in pair


def crc_holds(data):
    """Whether @data ends with the CRC of the rest: over both the register comes out as 0."""
    return zlib.crc32(data) == 0xFFFFFFFF


def show(name):
    return name.decode('utf-8', 'backslashreplace').encode('unicode_escape').decode('ascii')


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


class Directory:
    """A chain of pairs as the tree names it; @error says why it could not be read to its end."""

    def __init__(self, first):
        self.first = first
        self.pairs = []
        self.error = None

    @property
    def entries(self):
        return [entry for pair in self.pairs for entry in pair.entries]


class Volume:
    """
    An image of littlefs v1 in memory. A block of the volume is any that the image holds, but not
    more than @block_count; what the superblock says about its geometry is only checked, as the
    reference does not look at it.
    """

    def __init__(self, data, block_size, block_count=None):
        if block_size < MIN_BLOCK_SIZE:
            raise ValueError(f'block size {block_size} is below {MIN_BLOCK_SIZE}')
        self.data = bytes(data)
        self.block_size = block_size
        held = len(self.data) // block_size
        self.block_count = held if block_count is None else min(held, block_count)
        self._pairs = {}
        self._chains = {}
        self._contents = {}
        self._budget = 4 * self.block_count
        self._dirs = None
        self._unmarked = None

    def tree(self):
        """{path: None for a directory, or the content of a file}, the root as b'/'."""
        tree, problems = self.walk()
        if problems:
            raise problems[0]
        return tree

    def walk(self):
        """The part of tree() that can be read, and a list of Corrupt about the rest."""
        self.mount()
        listed, problems = self.names()
        tree = {}
        for path, entry in listed:
            if entry is None or entry.is_dir:
                tree[path] = None
                continue
            try:
                tree[path] = self.content(*entry.words)
            except Corrupt as err:
                problems.append(Corrupt(f"'{show(path)}': {err}", err.rule))
        return tree, problems

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
                raise Corrupt(f'the thread comes to pair {link} twice')
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
            raise Corrupt(f'pair {pair}: both halves are the same block')
        for block in pair:
            if not 2 <= block < self.block_count:
                raise Corrupt(f'pair {pair}: block {block} is out of range')
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

    def directories(self):
        """
        Every directory that can be reached from the root, also through marked entries, by the set
        of the two blocks of its first pair. No block belongs to two of them.
        """
        if self._dirs is None:
            root = self.root()
            self._dirs, taken, todo = {}, set(), [root]
            while todo:
                first = todo.pop()
                if frozenset(first) not in self._dirs:
                    directory = self._read_directory(first, taken)
                    self._dirs[frozenset(first)] = directory
                    todo += [entry.words for entry in directory.entries if entry.structure == 0x20]
        return self._dirs

    def _read_directory(self, first, taken):
        directory = Directory(first)
        link = first
        try:
            while True:
                if taken.intersection(link):
                    raise Corrupt(f'pair {link} is part of two directories, or twice of one', 9)
                pair = self.load_pair(link)
                taken.update(link)
                directory.pairs.append(pair)
                if not pair.more:
                    return directory
                link = pair.tail
        except Corrupt as err:
            directory.error = err
            return directory

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

    def names(self):
        """
        All visible names: a list of (path, Entry), with None as the entry of the root, and a list
        of Corrupt. Of two names of one directory the first found counts.
        """
        dirs = self.directories()
        root = dirs[frozenset(self.root())]
        listed, problems, parent = [(b'/', None)], [], {root: None}
        todo, room = [(b'/', root)], MAX_PATH_BYTES
        while todo:
            path, directory = todo.pop()
            if directory.error:
                problems.append(Corrupt(f"'{show(path)}': {directory.error}",
                                        directory.error.rule))
            above = None
            for entry in self._visible(path, directory, problems):
                room -= len(path) + len(entry.name)
                if room < 0:
                    raise Corrupt('the paths are too long to list', 6)
                name = path + entry.name
                if entry.is_dir:
                    child = dirs[frozenset(entry.words)]
                    if child in parent:
                        above = above or ancestors(directory, parent)
                        if child in above:
                            problems.append(Corrupt(f"'{show(name)}': directory contains itself",
                                                    5))
                        continue
                    parent[child] = directory
                    todo.append((name + b'/', child))
                listed.append((name, entry))
        return listed, problems

    def _visible(self, path, directory, problems):
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

    def chain(self, head, size):
        """The blocks of a file from index 0 on, all pointers verified."""
        if (head, size) not in self._chains:
            try:
                self._chains[head, size] = self._chain(head, size)
            except Corrupt as err:
                self._chains[head, size] = err
        found = self._chains[head, size]
        if isinstance(found, Corrupt):
            raise found
        return found

    def _chain(self, head, size):
        if size == 0:
            return []
        if size > MAX_FILE_SIZE:
            raise Corrupt(f'file of {size} bytes is larger than the format allows', 8)
        return self.blocks_behind(head, locate(size - 1, self.block_size)[0])

    def blocks_behind(self, head, index):
        """The blocks of a chain whose last link, of the given @index, is the block @head."""
        if index >= self.block_count:
            raise Corrupt(f'chain of {index + 1} blocks in a volume of {self.block_count}', 8)
        blocks, block = [], head
        for n in range(index, -1, -1):
            if not 2 <= block < self.block_count:
                raise Corrupt(f'block {n} of the chain is number {block}: out of range', 8)
            self._budget -= 1
            if self._budget < 0:
                raise Corrupt('the files together are longer than the volume', 9)
            blocks.append(block)
            if n:
                block, = struct.unpack_from('<I', self.data, block * self.block_size)
        blocks.reverse()
        if len(set(blocks)) != len(blocks):
            raise Corrupt(f'chain that ends in block {head} visits a block twice', 8)
        for n in range(2, index + 1, 2):
            for k in range(1, ctz(n) + 1):
                found, = struct.unpack_from('<I', self.data, blocks[n] * self.block_size + 4 * k)
                if found != blocks[n - (1 << k)]:
                    raise Corrupt(f'block {blocks[n]}: pointer {k} is {found}, '
                                  f'not {blocks[n - (1 << k)]}', 8)
        return blocks

    def content(self, head, size):
        if (head, size) not in self._contents:
            parts = []
            for n, block in enumerate(self.chain(head, size)):
                base = block * self.block_size
                skip = 4 * (ctz(n) + 1) if n else 0
                parts.append(self.data[base + skip:base + self.block_size])
            self._contents[head, size] = b''.join(parts)[:size]
        return self._contents[head, size]


def ancestors(directory, parent):
    found = set()
    while directory is not None:
        found.add(directory)
        directory = parent[directory]
    return found


def name_fault(name):
    if b'/' in name or name in (b'.', b'..'):
        return f"'{show(name)}' is no name"
    return None
