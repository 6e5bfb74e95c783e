# SPDX-License-Identifier: MIT
"""All rules that a littlefs v1 image has to keep, numbered as in the guide to the format.

Errors are never legal, states are what a power cut may leave, notes are neither. The thread is
judged as recovery would mend it: a head that only overlaps a directory of the tree is replaced by
that directory before the walk goes on, because the tree is written first.
"""
import struct

from lfs1_image import DIR, FILE, MARK
from lfs_common import NIL, SUPER_PAIR, Corrupt, Findings, is_nil, name_fault, show

STATES = ('orphan', 'desync', 'moving', 'moved', 'double-name')


class Checker(Findings):
    """One run over all rules of the format. The numbers of the rules are those of its guide."""

    def __init__(self, image):
        super().__init__()
        self.image = image
        self.heads = set()

    def run(self):
        top = self.image.mount()
        self.superblock(top)
        for block in SUPER_PAIR:
            self.claim(block, 'the superblock')
        directories = self.image.directories()
        pairs = []
        for directory in directories.values():
            self.directory(directory)
            pairs += directory.pairs
        whole, strays = self.thread(top)
        for pair in [top] + pairs + strays:
            self.content_of(pair, pair is top)
        for problem in self.image.names()[1]:
            self.error(problem.rule, str(problem))
        entries = [entry for pair in pairs for entry in pair.entries]
        self.directory_entries(entries, whole)
        self.marks(entries)
        self.files([entry for pair in pairs + strays for entry in pair.entries])
        if not self.errors:
            self.thread_as_it_is()

    # Rules 1 and 10
    def superblock(self, top):
        image = self.image
        base = top.block * image.block_size
        head = image.data[base:base + 0x30]
        if top.length != 52 or top.more or head[0x10:0x14] != b'\x2e\x14\0\x08':
            self.error(1, f'{top.where}: not the one entry of a superblock')
        size, count = struct.unpack_from('<II', head, 0x1C)
        if size != image.block_size or size & (size - 1):
            self.error(1, f'{top.where}: block size {size}, the image has {image.block_size}')
        if count != image.block_count:
            self.note('block-count', f'{top.where}: {count} blocks, '
                      f'the image has {image.block_count}')
        root = image.root()
        try:
            image.load_pair(root)
        except Corrupt as err:
            self.error(1, f'root: {err}')
        if not set(root).intersection(top.tail):
            self.error(10, f'the thread begins with {top.tail}, the root is {root}')

    # Rules 4 and 7
    def directory(self, directory):
        label = f'directory {directory.first}'
        if directory.error:
            self.error(directory.error.rule, f'{label}: {directory.error}')
        for pair in directory.pairs:
            for block in pair.blocks:
                self.claim(block, label)
            if pair.blocks != directory.first and not pair.entries:
                self.error(7, f'{pair.where}: continuation without an entry')
        seen = set()
        for entry in directory.entries:
            if self.image.is_void(entry):
                continue
            if entry.name in seen:
                self.error(4, f"{label}: name '{show(entry.name)}' twice")
            seen.add(entry.name)

    # Rules 2 and 6
    def thread(self, top):
        """
        Walks the thread as recovery would mend it. Returns whether its end was reached, and the
        pairs on it that the tree does not have.
        """
        image, dirs = self.image, self.image.directories()
        firsts = {block: key for key in dirs for block in key}
        in_tree = {pair.blocks for directory in dirs.values() for pair in directory.pairs}
        pred, link, seen, strays, entries = top, top.tail, set(), [], []
        while not is_nil(link):
            try:
                if not pred.more:
                    link = self.mend(link, firsts)
                if seen.intersection(link):
                    raise Corrupt(f'pair {link} is on the thread twice', 2)
                pair = image.load_pair(link)
            except Corrupt as err:
                self.error(2, f'behind {pred.where} on the thread: {err}')
                return False, [stray for stray, _ in strays]
            seen.update(link)
            if not pred.more:
                self.heads.add(frozenset(link))
            if link not in in_tree and link[::-1] not in in_tree:
                strays.append((pair, not pred.more))
            entries += [entry for entry in pair.entries if entry.structure == 0x20]
            pred, link = pair, pair.tail
        if pred.more:
            self.error(2, f'{pred.where}: last on the thread, but continues')
        named = {block for entry in entries for block in entry.words}
        for pair, is_head in strays:
            self.stray(pair, is_head, named)
        return True, [stray for stray, _ in strays]

    def mend(self, link, firsts):
        """The pair that the thread should name in place of the head @link."""
        keys = {firsts[block] for block in link if block in firsts}
        if len(keys) != 1 or frozenset(link) in keys:
            return link
        first = self.image.directories()[keys.pop()].first
        self.state('desync', f'the thread has {link}, the tree has {first}')
        for block in link:
            self.claim(block, f'directory {first}')
        return first

    def thread_as_it_is(self):
        """The reference looks for free blocks before it mends: outdated pairs must hold too."""
        try:
            self.image.used()
        except Corrupt as err:
            self.error(err.rule, f'the thread before recovery: {err}')

    def stray(self, pair, is_head, named):
        label = f'pair {pair.blocks}, not in the tree'
        for block in pair.blocks:
            self.claim(block, label)
        if not is_head:
            self.error(6, f'{label}: continues a directory that cannot be reached')
        elif named.intersection(pair.blocks):
            self.error(6, f'{label}: has an entry, but cannot be reached from the root')
        elif pair.entries or pair.more or pair.length != 20:
            self.error(6, f'{label}: orphan that is not empty')
        else:
            self.state('orphan', f'pair {pair.blocks}')

    # Rule 3
    def content_of(self, pair, is_top):
        if pair.one_sided:
            self.note('half', f'pair {pair.blocks}: only {pair.where} is valid')
        end = pair.entries[-1].end if pair.entries else 16
        if end != pair.length - 4:
            self.error(3, f'{pair.where}: entries end at {end:#x}, '
                       f'the content at {pair.length - 4:#x}')
        for entry in [] if is_top else pair.entries:
            where = f'{pair.where}, entry at {entry.off:#x}'
            if entry.type & ~MARK not in (FILE, DIR):
                self.error(3, f'{where}: type {entry.type:#04x}')
            if entry.elen != 8:
                self.error(3, f'{where}: payload of {entry.elen} bytes')
            if not entry.name or name_fault(entry.name):
                self.error(3, f"{where}: name '{show(entry.name)}'")

    # Rule 5
    def directory_entries(self, entries, thread_is_whole):
        image = self.image
        groups = {frozenset(image.root()): []}
        for entry in entries:
            if entry.is_dir:
                groups.setdefault(frozenset(entry.words), []).append(entry)
        for key, group in groups.items():
            if thread_is_whole and key not in self.heads:
                self.error(5, f'directory {sorted(key)} is not the head of any on the thread')
            if key == frozenset(image.root()) and group:
                self.error(5, f"'{show(group[0].name)}' is another name of the root")
            else:
                self.target(group, 5)

    def target(self, group, rule):
        """@group: all entries for one object. One is right, and a marked one with its twin."""
        names = ' and '.join(f"'{show(entry.name)}'" for entry in group[:3])
        live = [entry for entry in group if not self.image.is_void(entry)]
        if len(group) == 2 and len({entry.payload for entry in group}) == 1 and all(
                not entry.marked for entry in group):
            self.state('double-name', names)
        elif len(live) > 1 or len(group) > 2:
            self.error(rule, f'{len(group)} entries have the same target: {names}')

    def marks(self, entries):
        for entry in entries:
            if entry.marked:
                kind = 'moved' if self.image.is_void(entry) else 'moving'
                self.state(kind, f"'{show(entry.name)}' at {entry.off:#x}")

    # Rules 8 and 9
    def files(self, entries):
        groups = {}
        for entry in entries:
            if entry.structure != 0x10:
                continue
            if entry.words[1]:
                groups.setdefault(entry.payload, []).append(entry)
            elif entry.words[0] != NIL:
                self.note('empty-head', f"'{show(entry.name)}': head {entry.words[0]}")
        for group in groups.values():
            name, (head, size) = show(group[0].name), group[0].words
            self.target(group, 9)
            overshot = self.image.overshot(head, size)
            try:
                blocks = self.image.chain(head, size)
            except Corrupt as err:
                self.error(err.rule, f"'{name}': {err}" + (f' ({overshot})' if overshot else ''))
                continue
            for block in blocks:
                self.claim(block, f"file '{name}' (head {head}, size {size})")
            if overshot:
                self.note('overshot', f"'{name}': {overshot}")
