# SPDX-License-Identifier: MIT
"""What reading an image of littlefs has in common for both versions of the format.

That is the arithmetic of block lists, the walk of the tree from its root, and what a check finds.
Every walk is bounded: a block belongs to one directory only, and the block lists of all files
together may not be much longer than the volume. The numbers of rules 8 (block lists) and 9 (no
block has two owners) are the same in both guides to the format.
"""
import struct
from typing import NamedTuple

NIL = 0xFFFFFFFF
MAX_FILE_SIZE = 0x7FFFFFFF
MAX_PATH_BYTES = 1 << 26
MAX_FINDINGS = 200
SUPER_PAIR = (0, 1)


class Corrupt(Exception):
    """The image breaks a rule of the format; @rule is its number in the list of rules."""

    def __init__(self, text, rule):
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


def is_nil(pair):
    return NIL in pair


def show(name):
    return name.decode('utf-8', 'backslashreplace').encode('unicode_escape').decode('ascii')


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
    An image in memory, whose tree is walked here and whose metadata a subclass understands. That
    one has mount(), root() (the first pair of the root), load_pair(pair), children(directory) (the
    pairs of its subdirectories), visible(path, directory, problems) (its entries that have a name
    to show), entry_content(entry) and, where there are attributes, attrs(entry) with None for the
    root. A pair has .blocks, .entries, .tail, and .more if the tail is the next pair of the same
    directory; an entry has .name, .is_dir, and the two .words of its structure.
    """

    MIN_BLOCK_SIZE = None
    RULE_TREE = None    # the number of the rule that the tree is one
    MAY_HAVE_TWO_NAMES = None   # whether a directory with two names is shown by the first of them

    def __init__(self, data, block_size, block_count=None):
        if block_size < self.MIN_BLOCK_SIZE:
            raise ValueError(f'block size {block_size} is below {self.MIN_BLOCK_SIZE}')
        self.data = bytes(data)
        self.block_size = block_size
        held = len(self.data) // block_size
        self.block_count = held if block_count is None else min(held, block_count)
        self.attributes = {}    # of walk(): {path: {type: bytes}}, where there are any
        self._chains = {}
        self._contents = {}
        self._budget = 4 * self.block_count
        self._dirs = None

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
        self.attributes = {path: found for path, entry in listed if (found := self.attrs(entry))}
        tree = {}
        for path, entry in listed:
            if entry is None or entry.is_dir:
                tree[path] = None
                continue
            try:
                tree[path] = self.entry_content(entry)
            except Corrupt as err:
                problems.append(Corrupt(f"'{show(path)}': {err}", err.rule))
        return tree, problems

    def attrs(self, _):
        """The user attributes of an entry, {type: bytes}; the first version has none."""
        return {}

    def directories(self):
        """
        Every directory that can be reached from the root, by the set of the two blocks of its
        first pair. No block belongs to two of them.
        """
        if self._dirs is None:
            self._dirs, taken, todo = {}, set(), [self.root()]
            while todo:
                first = todo.pop()
                if frozenset(first) not in self._dirs:
                    directory = self._read_directory(first, taken)
                    self._dirs[frozenset(first)] = directory
                    todo += self.children(directory)
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

    def names(self):
        """
        All visible names: a list of (path, Entry), with None as the entry of the root, and a list
        of Corrupt.
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
            for entry in self.visible(path, directory, problems):
                room -= len(path) + len(entry.name)
                if room < 0:
                    raise Corrupt('the paths are too long to list', self.RULE_TREE)
                name = path + entry.name
                if entry.is_dir:
                    child = dirs[frozenset(entry.words)]
                    if child in parent:
                        above = above or ancestors(directory, parent)
                        self._named_twice(name, child in above, problems)
                        continue
                    parent[child] = directory
                    todo.append((name + b'/', child))
                listed.append((name, entry))
        return listed, problems

    def _named_twice(self, name, is_above, problems):
        if is_above:
            problems.append(Corrupt(f"'{show(name)}': directory contains itself", self.RULE_TREE))
        elif not self.MAY_HAVE_TWO_NAMES:
            problems.append(Corrupt(f"'{show(name)}': directory has another name, too",
                                    self.RULE_TREE))

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

    def overshot(self, head, size):
        """
        A shrink of old writers to the exact end of a block leaves the head one block too far.
        Up to index 2 a good file can look the same by chance.
        """
        index, off = locate(size, self.block_size)
        if index == 0 or off != 4 * (ctz(index) + 1):
            return None
        try:
            self.blocks_behind(head, index)
        except Corrupt:
            return None
        return f'size ends block {index - 1} of the chain, but the head looks like block {index}'


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


class Finding(NamedTuple):
    """One result of a check. The kind is 'rule-N', that of a state, or the name of a note."""
    kind: str
    text: str

    def __str__(self):
        return f'{self.kind}: {self.text}'


class Findings:
    """
    What a check collects: errors are never legal, states are what a power cut may leave, notes are
    neither. The owners of all blocks are kept here, too.
    """

    def __init__(self):
        self.errors = []
        self.states = []
        self.notes = []
        self.owners = {}

    def error(self, rule, text):
        if len(self.errors) < MAX_FINDINGS:
            self.errors.append(Finding(f'rule-{rule}', text))

    def state(self, kind, text):
        self.states.append(Finding(kind, text))

    def note(self, kind, text):
        self.notes.append(Finding(kind, text))

    def claim(self, block, owner):
        other = self.owners.setdefault(block, owner)
        if other != owner:
            self.error(9, f'block {block} belongs to {other} and to {owner}')
