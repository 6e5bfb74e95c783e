# SPDX-License-Identifier: MIT
"""Images of littlefs version 2 with one fault each: which problems "twinfs check" names.

A case is a function that changes the example volume of lfs2_build.py, and the problems that have
to be found, no more and no fewer.

argument: the twinfs program
"""
import sys
import unittest

import lfs2_build as lfs2
from lfs2_build import CTZ, DELETE, DIR, FILE, INLINE, ORPHANS, PAIR, Pair, words
from test_badimages import CLEAN, WRONG, Case

LEGAL = {'lfs.half', 'lfs.short', 'lfs.record', 'lfs.orphan', 'lfs.desync', 'lfs.moved',
         'lfs.stale_head'}

CASES = []


def case(problems, start=lfs2.example):
    """Adds a case; its first line of text is its name."""
    def add(change):
        CASES.append((change.__doc__, start, change, set(problems.split())))
        return change
    return add


def simple(problems, name, change, start=lfs2.example):
    change.__doc__ = name
    case(problems, start)(change)


def set_record(**fields):
    def change(v):
        v.pairs['root'].entries[0] = lfs2.record(**fields)
    return change


def set_copy(**fields):
    def change(v):
        v.pairs['old'].entries[0] = lfs2.record(**fields)
    return change


def set_state(*state):
    def change(v):
        v.pairs['root'].state = state
    return change


def set_tail(name, tail):
    def change(v):
        v.pairs[name].tail = tail
    return change


def set_entry(name, ident, entry):
    def change(v):
        v.pairs[name].entries[ident] = entry
    return change


def add_tags(name, *tags):
    def change(v):
        v.pairs[name].more += tags
    return change


def patch(block, off, *values):
    def change(v):
        v.put(block, words(*values), off)
    return change


# ---- nothing wrong ----

simple('', 'the example', lambda v: None)
simple('', 'expanded', lambda v: None, lfs2.expanded)
simple('', 'flag set, nothing wrong', set_state(ORPHANS, 0, 0))
simple('', 'attribute', add_tags('root', (lfs2.ATTR + 1, 0, b'x'), (lfs2.ATTR + 1, 2, b'')))
simple('', 'unknown tags of commits', add_tags('d', (0x5f0, PAIR, b'later')))
simple('', 'version 2.0', set_record(version=0x20000))


@case('', lfs2.expanded)
def expanded_by_old_writers(v):
    """expanded, without a copy of the record"""
    v.pairs['old'].entries = []


@case('lfs.half')
def young(v):
    """a young pair"""
    v.pairs['d'].revs = (1, None)


# ---- superblock ----

simple('lfs.record', 'copy with an old version', set_copy(version=0x20000), lfs2.expanded)
simple('lfs.record', 'copy with another count', set_copy(blocks=20), lfs2.expanded)
simple('lfs.superblock', 'copy with another block size', set_copy(block_size=1024), lfs2.expanded)
simple('lfs.record lfs.version', 'copy of another major version', set_copy(version=0x30001),
       lfs2.expanded)
simple('lfs.superblock', 'no blocks', set_record(blocks=0))
simple('lfs.superblock', 'limit of names', set_record(name_max=1023))
simple('lfs.superblock', 'limit of attributes', set_record(attr_max=1023))
simple('lfs.short', 'more blocks than there are', set_record(blocks=25))
simple('lfs.chain', 'file behind the last block', set_record(blocks=11))
simple('lfs.chain lfs.range', 'pair behind the last block', set_record(blocks=7))
simple('lfs.magic', 'no magic', set_entry('root', 0, lfs2.file(b'0')))
simple('lfs.version', 'version 3.0', set_record(version=0x30000))
simple('lfs.magic', 'other block size', set_record(block_size=1024))
simple('lfs.entry', 'superblock entry in a directory',
       lambda v: v.pairs['d'].entries.insert(0, lfs2.record()))
simple('lfs.superblock', 'left superblock pair holds a file',
       lambda v: v.pairs['old'].entries.append(lfs2.file(b'x')), lfs2.expanded)

# ---- thread ----

simple('lfs.cycle', 'cycle to the root', set_tail('s2', (0, 1)))
simple('lfs.cycle', 'cycle through one half', set_tail('s2', (15, 3)))
simple('lfs.cycle', 'directory goes on in itself', set_tail('s', (4, 5)))
simple('lfs.range', 'tail out of range', set_tail('s2', (24, 15)))
simple('lfs.range', 'tail with equal halves', set_tail('s2', (14, 14)))
simple('lfs.pair', 'tail to no log', set_tail('s2', (14, 15)))
simple('lfs.thread', 'a directory is left out', set_tail('root', (4, 5)))
simple('lfs.thread', 'thread ends early', set_tail('d', (lfs2.NIL, lfs2.NIL)))


@case('lfs.pair')
def dead_directory(v):
    """neither half of a directory is valid"""
    v.pairs['d'].revs = (None, None)


def add_orphan(v, *entries, flag=ORPHANS):
    v.pairs['orphan'] = Pair((14, 15), *entries)
    v.pairs['s2'].tail = (14, 15)
    v.pairs['s'].state = (flag, 0, 0)


simple('lfs.orphan', 'full orphan', add_orphan)
simple('lfs.thread', 'full orphan, no flag', lambda v: add_orphan(v, flag=0))
simple('lfs.thread', 'full orphan with content', lambda v: add_orphan(v, lfs2.file(b'lost')))
simple('lfs.cross_link lfs.orphan', 'full orphan in the blocks of a file',
       lambda v: (add_orphan(v), v.pairs['s2'].entries.append(lfs2.chained(b'zz', words(15, 5)))))


@case('lfs.thread')
def orphan_goes_on(v):
    """full orphan of two pairs"""
    add_orphan(v)
    v.pairs['orphan'].tail, v.pairs['orphan'].hard = (16, 17), True
    v.pairs['orphan2'] = Pair((16, 17))


def relocate(v, flag=ORPHANS):
    """/d moves from {2, 3} to {16, 2}; the thread has not been told."""
    old = v.pairs['d']
    old.revs = (3, 2)
    v.pairs['new d'] = Pair((16, 2), *old.entries, tail=old.tail)
    v.pairs['new d'].revs = (4, None)
    v.pairs['root'].entries[2] = lfs2.directory(b'd', (16, 2))
    v.pairs['root'].state = (flag, 0, 0)
    return v.pairs['new d']


simple('lfs.desync', 'half-orphan', relocate)
simple('lfs.thread', 'half-orphan, no flag', lambda v: relocate(v, 0))


@case('lfs.desync')
def relocated_and_split(v):
    """half-orphan whose new pair was split"""
    new = relocate(v)
    v.pairs['split'] = Pair((14, 15), new.entries.pop(), tail=new.tail)
    new.tail, new.hard = (14, 15), True


@case('lfs.desync')
def relocated_with_a_child(v):
    """half-orphan whose new pair has a new directory"""
    new = relocate(v)
    v.pairs['child'] = Pair((14, 15), lfs2.file(b'x'), tail=new.tail)
    new.entries.append(lfs2.directory(b't', (14, 15)))
    new.tail = (14, 15)


@case('lfs.cross_link lfs.desync')
def relocated_over_a_file(v):
    """half-orphan, and a file in the block that it still holds"""
    relocate(v)
    v.pairs['s2'].entries.append(lfs2.chained(b'zz', words(3, 5)))


@case('lfs.cycle lfs.desync')
def relocated_into_a_ring(v):
    """half-orphan whose new pair leads back"""
    relocate(v).tail = (0, 1)


@case('lfs.cross_link')
def crossed_pairs(v):
    """two directories share one block"""
    v.pairs['s2'].entries.append(lfs2.directory(b'zz', (2, 5)))


# ---- global state ----

simple('lfs.state', 'reserved bits', set_state(1, 0, 0))
simple('lfs.state', 'a pair without a move', set_state(0, 2, 3))
simple('lfs.state', 'move of no entry', set_state(*lfs2.move(9, (2, 3))))
simple('lfs.state', 'move from no pair', set_state(*lfs2.move(0, (14, 15))))
simple('lfs.state', 'move of the superblock', set_state(*lfs2.move(0, (0, 1))))
simple('lfs.state', 'move without a destination', set_state(*lfs2.move(1, (0, 1))))


@case('lfs.moved')
def moved_file(v):
    """move of a file, cut"""
    v.pairs['d'].entries.insert(0, v.pairs['root'].entries[1])
    v.pairs['s2'].state = lfs2.move(1, (0, 1))


@case('lfs.moved')
def moved_directory(v):
    """move of a directory, cut"""
    v.pairs['root'].entries.insert(3, lfs2.directory(b'moved', (4, 5)))
    v.pairs['d'].state = lfs2.move(1, (3, 2))


@case('lfs.moved lfs.state')
def move_of_another_type(v):
    """move of another type"""
    v.pairs['d'].entries.insert(0, v.pairs['root'].entries[1])
    v.pairs['d'].state = (0x40000000 | 1 << 10, 0, 1)


@case('lfs.moved lfs.orphan')
def moved_over_a_directory(v):
    """move over an empty directory, cut"""
    add_orphan(v)
    v.pairs['root'].entries.insert(3, lfs2.directory(b'moved', (4, 5)))
    v.pairs['root'].state = lfs2.move(1, (2, 3))


# ---- entries ----

simple('lfs.entry', 'no content', lambda v: v.pairs['s2'].more.append((FILE, 1, b'more')))
simple('lfs.entry', 'content without an entry', add_tags('s2', (INLINE, 7, b'more')))
simple('lfs.entry', 'no entry to delete', add_tags('s2', (DELETE, 1, b'')))
simple('lfs.entry', 'unknown splice', add_tags('s2', (0x402, 0, b'')))
simple('lfs.entry', 'unknown type', set_entry('s2', 0, (0x005, b'two', INLINE, b'')))
simple('lfs.entry', 'file with the content of a directory',
       set_entry('s2', 0, (FILE, b'two', lfs2.IN_DIR, words(4, 5))))
simple('lfs.entry lfs.thread', 'directory with the content of a file',
       set_entry('d', 1, (DIR, b's', INLINE, words(4, 5))))
simple('lfs.entry', 'content of unknown form', set_entry('s2', 0, (FILE, b'two', 0x203, b'')))
simple('lfs.entry', 'short block list', set_entry('s2', 0, (FILE, b'two', CTZ, b'1234')))

# ---- names ----


def alone():
    """The example with nothing in front of /d/s/two, so that its name can be anything."""
    volume = lfs2.example()
    volume.pairs['s'].entries = []
    return volume


for bad in (b'', b'a/b', b'a\0b', b'.', b'..'):
    simple('lfs.name', f'name {bad}', set_entry('s2', 0, lfs2.file(bad)), alone)
simple('lfs.name', 'name too long',
       lambda v: (set_record(name_max=5)(v), set_entry('s2', 0, lfs2.file(b'twotwo'))(v)))
simple('lfs.duplicate', 'name twice', lambda v: v.pairs['s2'].entries.append(lfs2.file(b'two')))
simple('lfs.duplicate', 'name twice, in two pairs', set_entry('s2', 0, lfs2.file(b'one')))
simple('lfs.order', 'order in a pair', lambda v: v.pairs['s2'].entries.append(lfs2.file(b'so')))
simple('lfs.order', 'order across pairs', set_entry('s2', 0, lfs2.file(b'a')))
simple('lfs.order', 'shorter name first',
       lambda v: v.pairs['s2'].entries.append(lfs2.file(b'two2')))
simple('', 'longer name first',
       lambda v: v.pairs['s2'].entries.insert(0, lfs2.file(b'two2')))

# ---- directories ----

simple('lfs.parents', 'two names of a directory',
       lambda v: v.pairs['s2'].entries.append(lfs2.directory(b'zz', (3, 2))))
simple('lfs.parents', 'name of the root',
       lambda v: v.pairs['d'].entries.append(lfs2.directory(b't', (0, 1))))
simple('lfs.parents', 'name of a left superblock pair',
       lambda v: v.pairs['d'].entries.append(lfs2.directory(b't', (0, 1))), lfs2.expanded)
simple('lfs.parents', 'directory in itself',
       lambda v: v.pairs['s2'].entries.append(lfs2.directory(b'zz', (4, 5))))
simple('lfs.range', 'directory out of range',
       lambda v: v.pairs['d'].entries.append(lfs2.directory(b't', (24, 20))))
simple('lfs.pair', 'directory without a log',
       lambda v: v.pairs['d'].entries.append(lfs2.directory(b't', (20, 21))))
simple('lfs.pair', 'two directories without a log',
       lambda v: v.pairs['d'].entries.extend((lfs2.directory(b't', (20, 21)),
                                              lfs2.directory(b'u', (21, 20)))))
simple('lfs.thread', 'directory that contains its parent',
       lambda v: (v.pairs['root'].entries.pop(2),
                  v.pairs['s2'].entries.append(lfs2.directory(b'zz', (2, 3)))))

# ---- files ----

simple('lfs.chain', 'pointer out of range', patch(10, 0, 24, 8))
simple('lfs.chain', 'pointer to the superblock', patch(9, 0, 1))
simple('lfs.chain', 'second pointer', patch(10, 4, 9))
simple('lfs.chain', 'list comes back', patch(10, 0, 11))
simple('lfs.cross_link', 'pointer to a pair', patch(10, 0, 4))
simple('lfs.chain', 'head out of range', set_entry('s2', 0, lfs2.chained(b'two', words(24, 1))))
simple('lfs.cross_link', 'shared block', set_entry('s2', 0, lfs2.chained(b'two', words(8, 400))))
simple('lfs.cross_link', 'two names of a file',
       set_entry('s2', 0, lfs2.chained(b'two', words(11, 1800))))
simple('lfs.size', 'longer than the volume',
       set_entry('s2', 0, lfs2.chained(b'two', words(20, 24 * 512))))
simple('lfs.size', 'larger than 2^31-1',
       set_entry('s2', 0, lfs2.chained(b'two', words(20, 0x80000000))))
simple('lfs.size', 'larger than the superblock allows', set_record(file_max=1799))
simple('lfs.truncated', 'head behind its end',
       set_entry('root', 1, lfs2.chained(b'a.txt', words(11, 512 + 508 + 504))))
simple('lfs.stale_head', 'empty file with a head',
       set_entry('s2', 0, lfs2.chained(b'two', words(8, 0))))


class Version2(Case):
    def test_cases(self):
        for name, start, change, want in CASES:
            with self.subTest(name):
                volume = start()
                change(volume)
                with open(self.path('user.bin'), 'wb') as file:
                    file.write(volume.bytes())
                status, problems = self.check_image('--block-size', str(lfs2.BS), '--user',
                                                    'user.bin')
                self.assertEqual(problems, want)
                self.assertEqual(status, CLEAN if want <= LEGAL else WRONG)

    def test_names(self):
        """Two cases of one name would hide which of them failed."""
        names = [name for name, *_ in CASES]
        self.assertEqual(len(names), len(set(names)))


if __name__ == '__main__':
    del sys.argv[1:]
    unittest.main(verbosity=2)
