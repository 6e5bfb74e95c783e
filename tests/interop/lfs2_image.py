# SPDX-License-Identifier: MIT
"""The structure of a littlefs v2 image, read without sharing a line with the engine.

From the bottom up: a block is scanned into a Log of commits, the tags of the log in force are
folded into the entries of a Pair, the thread of all pairs gives the global state and says where the
root is, and the tree below it is walked as in lfs_common.py. The thread may lag behind the tree
after a power cut; nothing is looked up through it but the root.
"""
import struct
import zlib
from typing import NamedTuple

import lfs_common
from lfs_common import NIL, SUPER_PAIR, Corrupt, is_nil, name_fault, show

MAGIC = b'littlefs'
FILE, DIR, SUPER = 0x001, 0x002, 0x0FF
TO_DIR, INLINE, CTZ = 0x200, 0x201, 0x202
CREATE, DELETE, FCRC, STATE = 0x401, 0x4FF, 0x5FF, 0x7FF
NO_ID = 0x3FF
MAX_ENTRIES = 1023
MAX_PAYLOAD = 1022
RECORD = struct.Struct('<6I')

# Why a scan ended: no room for a tag, the next tag was never written, or it makes no commit.
END, UNBEGUN, BROKEN = 'end', 'unbegun', 'broken'


def crc(data):
    """The CRC-32 of the format, which is not inverted at the end."""
    return zlib.crc32(data) ^ 0xFFFFFFFF


class Tag(NamedTuple):
    type: int
    id: int
    removed: bool       # the length is the marker of something removed
    payload: bytes
    off: int

    @property
    def kind(self):
        return self.type & 0x700

    @property
    def chunk(self):
        return self.type & 0xFF


class Commit(NamedTuple):
    start: int
    end: int
    tags: list
    fcrc: tuple         # (count, CRC) of the bytes behind it while they were erased, or None


class Log(NamedTuple):
    rev: int
    commits: list
    stop: str

    @property
    def end(self):
        return self.commits[-1].end

    @property
    def tags(self):
        return [tag for commit in self.commits for tag in commit.tags]


def scan(raw):
    """The Log in the bytes of a block, or None if they have no valid commit."""
    commits, pending = [], []
    off, start, before = 4, 0, 0xFFFFFFFF
    while True:
        if off + 4 > len(raw):
            stop = END
            break
        tag = struct.unpack_from('>I', raw, off)[0] ^ before
        if tag & 0x80000000:
            stop = UNBEGUN if off == (commits[-1].end if commits else 4) else BROKEN
            break
        length = tag & 0x3FF
        size = 0 if length == 0x3FF else length
        end = off + 4 + size
        if end > len(raw):
            stop = BROKEN
            break
        found = Tag(tag >> 20, tag >> 10 & 0x3FF, length == 0x3FF, raw[off + 4:end], off)
        before = tag
        if found.type & 0x780 != 0x500:
            pending.append(found)
        elif size < 4 or struct.unpack_from('<I', found.payload)[0] != crc(raw[start:off + 4]):
            stop = BROKEN
            break
        else:
            commits.append(Commit(start, end, pending, fcrc_of(pending)))
            pending, start = [], end
            before ^= (tag >> 20 & 1) << 31
        off = end
    return Log(struct.unpack_from('<I', raw)[0], commits, stop) if commits else None


def fcrc_of(tags):
    found = [tag for tag in tags if tag.type == FCRC and len(tag.payload) >= 8]
    return struct.unpack_from('<II', found[-1].payload) if found else None


class Entry(NamedTuple):
    pair: tuple
    block: int
    id: int
    type: int           # None: no name was ever given
    name: bytes
    structure: int      # None: nor a structure
    payload: bytes
    attributes: dict

    @property
    def is_file(self):
        return self.type == FILE

    @property
    def is_dir(self):
        return self.type == DIR

    @property
    def is_super(self):
        return self.type == SUPER

    @property
    def words(self):
        """(head, size) of a block list, the pair of a directory."""
        return struct.unpack('<II', self.payload)

    @property
    def where(self):
        return f'block {self.block}, entry {self.id}'

    def fault(self):
        """Why it can be no file and no directory, or None."""
        if self.type is None or self.structure is None:
            return 'without a name' if self.type is None else 'without a structure'
        if not (self.is_file or self.is_dir):
            return f'of type {self.type:#05x}'
        if not self.name or b'\0' in self.name:
            return f"with the name '{show(self.name)}'"
        if self.structure not in ((TO_DIR,) if self.is_dir else (INLINE, CTZ)):
            return f'of type {self.type:#05x} with structure {self.structure:#05x}'
        if self.structure != INLINE and len(self.payload) != 8:
            return f'with a structure of {len(self.payload)} bytes'
        return name_fault(self.name)


class Pair(NamedTuple):
    """The half in force of a metadata pair."""
    blocks: tuple       # as the reference to it named them
    block: int
    log: Log
    entries: list
    more: bool          # the tail is hard
    tail: tuple
    share: tuple
    tie: bool           # the order of the blocks decides which half is in force

    @property
    def where(self):
        return f'block {self.block}'

    @property
    def superblock(self):
        """The entry of a superblock, or None."""
        first = self.entries[0] if self.entries else None
        return first if first and first.is_super and first.name == MAGIC else None


class Fold:
    """What the tags of a log come to, one after the other."""

    def __init__(self, where):
        self.where = where
        self.slots = []     # [type, name, structure, payload, attributes]
        self.more, self.tail = False, (NIL, NIL)
        self.share = (0, 0, 0)

    def corrupt(self, tag, text, rule):
        return Corrupt(f'{self.where}, tag at {tag.off:#x}: {text}', rule)

    def add(self, tag):
        if tag.kind == 0x000:
            self.name(tag)
        elif tag.kind in (0x200, 0x300):
            if tag.id >= len(self.slots):
                raise self.corrupt(tag, f'there is no entry {tag.id}', 4)
            if tag.kind == 0x200:
                self.slots[tag.id][2:4] = tag.type, tag.payload
            elif tag.removed:
                self.slots[tag.id][4].pop(tag.chunk, None)
            else:
                self.slots[tag.id][4][tag.chunk] = tag.payload
        elif tag.kind == 0x400:
            self.splice(tag)
        elif tag.kind == 0x600:
            self.more, self.tail = tag.chunk & 1 != 0, self.words(tag, 2, 7)
        elif tag.type == STATE:
            self.share = self.words(tag, 3, 3)

    def name(self, tag):
        if tag.id >= MAX_ENTRIES:
            raise self.corrupt(tag, f'a name for entry {tag.id}', 10)
        while len(self.slots) <= tag.id:
            self.slots.append(self.blank())
        self.slots[tag.id][:2] = tag.type, tag.payload

    def splice(self, tag):
        if tag.type == CREATE and tag.id <= len(self.slots) < MAX_ENTRIES:
            self.slots.insert(tag.id, self.blank())
        elif tag.type == DELETE and tag.id < len(self.slots):
            del self.slots[tag.id]
        else:
            raise self.corrupt(tag, f'splice {tag.type:#05x} at {tag.id} of {len(self.slots)} '
                               'entries', 10)

    def words(self, tag, count, rule):
        if len(tag.payload) < 4 * count:
            raise self.corrupt(tag, f'payload of {len(tag.payload)} bytes', rule)
        return struct.unpack_from(f'<{count}I', tag.payload)

    @staticmethod
    def blank():
        return [None, b'', None, b'', {}]


class Record(NamedTuple):
    """What the superblock says of the volume."""
    version: int
    block_size: int
    block_count: int
    name_max: int
    file_max: int
    attr_max: int

    @property
    def minor(self):
        return self.version & 0xFFFF


def record_of(entry):
    """A short record reads as if the rest was 0."""
    if entry.structure != INLINE:
        raise Corrupt(f'{entry.where}: the superblock has structure {entry.structure}', 2)
    return Record(*RECORD.unpack(entry.payload[:RECORD.size].ljust(RECORD.size, b'\0')))


class Volume(lfs_common.Volume):
    """
    An image of littlefs v2 in memory. A block of the volume is any that the image holds, but not
    more than @block_count, nor than the superblock says.
    """

    MIN_BLOCK_SIZE = 128
    RULE_TREE = 6
    MAY_HAVE_TWO_NAMES = False

    def __init__(self, data, block_size, block_count=None):
        super().__init__(data, block_size, block_count)
        self.image_blocks = len(self.data) // block_size
        self.thread = []    # all pairs, in its order
        self.state = (0, 0, 0)
        self.record = None
        self._root = None
        self._logs = {}
        self._pairs = {}
        self._failure = None

    @property
    def flag(self):
        """Whether the thread may disagree with the tree."""
        return self.state[0] & 0x80000000 != 0

    @property
    def move(self):
        """(id, pair) of the entry that is being moved away, or None."""
        if self.state[0] >> 20 & 0x7FF != DELETE:
            return None
        return self.state[0] >> 10 & 0x3FF, self.state[1:]

    def mount(self):
        """Walks the thread. Returns its first pair."""
        if self._failure:
            raise self._failure
        if self.record is None:
            try:
                self._walk_thread()
                self._judge(self._root)
            except Corrupt as err:
                self._failure = err
                raise
        return self.thread[0]

    def _walk_thread(self):
        if self.block_count < 2:
            raise Corrupt('no room for a superblock', 2)
        seen, pair = set(SUPER_PAIR), self._load(SUPER_PAIR)
        while True:
            self.thread.append(pair)
            self.state = tuple(a ^ b for a, b in zip(self.state, pair.share))
            if pair.superblock:
                self._root = pair
            if is_nil(pair.tail):
                break
            if seen.intersection(pair.tail):
                raise Corrupt(f'the thread comes to pair {pair.tail} twice', 1)
            seen.update(pair.tail)
            pair = self.load_pair(pair.tail)
        if self._root is None:
            raise Corrupt('no pair on the thread has a superblock', 2)

    def _judge(self, root):
        """The last superblock decides."""
        record = record_of(root.superblock)
        if record.version >> 16 != 2 or record.minor > 1:
            raise Corrupt(f'{root.where}: version {record.version >> 16}.{record.minor}', 2)
        if record.block_size != self.block_size:
            raise Corrupt(f'{root.where}: block size {record.block_size}, not {self.block_size}',
                          2)
        if record.block_count < 2:
            raise Corrupt(f'{root.where}: {record.block_count} blocks', 2)
        self.block_count = min(self.block_count, record.block_count)
        for pair in self.thread:
            if max(pair.blocks) >= self.block_count:
                raise Corrupt(f'pair {pair.blocks} on the thread is out of range', 1)
        self.record = record

    def root(self):
        self.mount()
        return self._root.blocks

    def load_pair(self, pair):
        """The Pair that a reference names; to the first pair none is right but the root's own."""
        if pair[0] == pair[1]:
            raise Corrupt(f'pair {pair}: both halves are the same block', 1)
        for block in pair:
            least = 0 if set(pair) == set(SUPER_PAIR) else 2
            if not least <= block < self.block_count:
                raise Corrupt(f'pair {pair}: block {block} is out of range', 1)
        return self._load(pair)

    def _load(self, pair):
        if pair not in self._pairs:
            self._pairs[pair] = self._choose(pair)
        return self._pairs[pair]

    def raw(self, block):
        return self.data[block * self.block_size:(block + 1) * self.block_size]

    def log(self, block):
        if block not in self._logs:
            self._logs[block] = scan(self.raw(block))
        return self._logs[block]

    def _choose(self, pair):
        logs = [(self.log(block), block) for block in pair if self.log(block)]
        if not logs:
            raise Corrupt(f'pair {pair}: no half is valid', 1)
        tie = False
        if len(logs) == 2:
            ahead = (logs[1][0].rev - logs[0][0].rev) & 0xFFFFFFFF
            tie = ahead in (0, 0x80000000)
            if 0 < ahead < 0x80000000:
                logs.reverse()
        log, block = logs[0]
        fold = Fold(f'block {block}')
        for tag in log.tags:
            fold.add(tag)
        entries = [Entry(pair, block, number, *slot) for number, slot in enumerate(fold.slots)]
        return Pair(pair, block, log, entries, fold.more and not is_nil(fold.tail), fold.tail,
                    fold.share, tie)

    def is_hidden(self, entry):
        """Whether the entry is the old place of something that has been moved away."""
        if self.move is None or entry.id != self.move[0]:
            return False
        return bool(set(self.move[1]).intersection(entry.pair))

    def children(self, directory):
        return [entry.words for entry in directory.entries
                if entry.is_dir and not entry.fault() and not self.is_hidden(entry)]

    def visible(self, path, directory, problems):
        seen = set()
        for entry in directory.entries:
            if entry.is_super or self.is_hidden(entry) or (entry.name and entry.name in seen):
                continue
            seen.add(entry.name)
            fault = entry.fault()
            if fault:
                problems.append(Corrupt(f"'{show(path)}': {entry.where} {fault}", 4))
            else:
                yield entry

    def entry_content(self, entry):
        return entry.payload if entry.structure == INLINE else self.content(*entry.words)

    def attrs(self, entry):
        return (entry or self._root.superblock).attributes

    def used(self):
        """All blocks that are not free: what the thread refers to and what the tree refers to."""
        self.mount()
        used, pairs = set(), list(self.thread)
        for directory in self.directories().values():
            if directory.error:
                raise directory.error
            pairs += directory.pairs
        for pair in pairs:
            used.update(pair.blocks)
            for entry in pair.entries:
                # The block list of an entry that is being moved away counts, too.
                if entry.structure == CTZ and not entry.fault():
                    used.update(self.chain(*entry.words))
        return used
