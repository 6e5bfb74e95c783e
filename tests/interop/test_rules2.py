#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the rules that the independent littlefs v2 reader checks, and of hostile images."""
import contextlib
import os
import random
import struct
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lfs_common
from lfs2_media import BIG, BS, DIR, FLAG, HI, LETTERS, NAMES, NIL, NO_ID, Log, Media, dir_tags
from lfs2_media import file_tags, hard, log, moving, plain, root, soft, state, super_tags
from lfs2_reader import Image
from lfs_common import Corrupt


def kinds(findings):
    return sorted({finding.kind for finding in findings})


def replace(**blocks):
    """A function that writes whole blocks: b5=bytes writes block 5."""
    def apply(media):
        for block, data in blocks.items():
            media.put(int(block[1:]), data)
    return apply


def directory(*groups, rev=9, **options):
    """A log for block 5: the directory."""
    return log(*groups, rev=rev, **options)


def expanded(*groups, link=hard((8, 9)), top=None, **below):
    """The root has moved to blocks 8 and 9."""
    change = {'b1': root(*groups, link, link=None, top=top), 'b8': root(DIR, HI)}
    change.update(below)
    return replace(**change)


def torn(made, byte):
    """The log, with one byte of what follows it changed."""
    data = bytearray(made.data().ljust(BS, b'\xff'))
    data[len(made.data()) + byte] = 0x55
    return bytes(data)


Z = file_tags(3, b'z')
SHIFTED = [DIR, file_tags(2, b'big', blocks=(3, 1500)), file_tags(3, b'hi.txt', HI[1][2])]

# name: (change to the volume of 16 blocks, kinds of errors)
DAMAGED = {
    'super: no valid log': (replace(b0=b'\0', b1=b'\0'), ['rule-1']),
    'super: magic': (replace(b1=root(DIR, HI, top=super_tags(magic=b'littlefx'))), ['rule-2']),
    'super: a file': (replace(b1=root(DIR, HI, top=[(1, 0, b'littlefs')] + super_tags()[1:])),
                      ['rule-2']),
    'super: structure': (replace(b1=root(DIR, HI, [(0x202, 0, b'\0' * 24)])), ['rule-2']),
    'super: major version': (replace(b1=root(DIR, HI, top=super_tags(version=0x00030000))),
                             ['rule-2']),
    'super: minor version': (replace(b1=root(DIR, HI, top=super_tags(version=0x00020002))),
                             ['rule-2']),
    'super: block size': (replace(b1=root(DIR, HI, top=super_tags(block_size=1024))), ['rule-2']),
    'super: no blocks': (replace(b1=root(DIR, HI, top=super_tags(0))), ['rule-2']),
    'super: blocks end in front of a pair': (replace(b1=root(DIR, HI, top=super_tags(6))),
                                             ['rule-1']),
    'super: limit of names': (replace(b1=root(DIR, HI, top=super_tags(limits=(1023, 0, 0)))),
                              ['rule-2']),
    'super: limit of attributes': (replace(b1=root(DIR, HI, top=super_tags(limits=(0, 0, 1023)))),
                                   ['rule-2']),
    'super: copy with another block size': (expanded(top=super_tags(block_size=256)), ['rule-2']),
    'super: copy of another version': (expanded(top=super_tags(version=0x00010001)), ['rule-2']),
    'super: behind a soft tail': (expanded(link=soft((8, 9))), ['rule-10']),
    'super: entries in front of the root': (expanded(file_tags(1, b'lost')), ['rule-10']),
    'super: two in the root': (replace(b1=root(DIR, HI, [(0x0FF, 3, b'littlefs')], Z[1:])),
                               ['rule-10']),
    'super: in a directory': (replace(b5=directory(BIG, [(0x0FF, 1, b'littlefs')])),
                              ['rule-10']),
    'thread: pair out of range': (replace(b5=directory(BIG, soft((16, 8)))), ['rule-1']),
    'thread: names the superblock': (replace(b5=directory(BIG, soft((1, 0)))), ['rule-1']),
    'thread: names a half of the superblock': (
        replace(b5=directory(BIG, soft((8, 1))), b8=log()), ['rule-1']),
    'thread: equal halves': (replace(b5=directory(BIG, soft((8, 8))), b8=log()), ['rule-1']),
    'thread: dead pair': (replace(b5=directory(BIG, soft((8, 9)))), ['rule-1']),
    'thread: cycle': (replace(b5=directory(BIG, soft((6, 5)))), ['rule-1']),
    'thread: cycle through one half': (replace(b5=directory(BIG, soft((8, 6))), b8=log()),
                                       ['rule-1']),
    'thread: directory continues in itself': (replace(b5=directory(BIG, hard((5, 6)))),
                                              ['rule-1']),
    'state: low bits': (replace(b5=directory(BIG, state(1))), ['rule-3']),
    'state: type': (replace(b5=directory(BIG, state(0x40100000))), ['rule-3']),
    'state: pair without a move': (replace(b5=directory(BIG, state(0, 5, 6))), ['rule-3']),
    'state: id without a move': (replace(b5=directory(BIG, state(0x400))), ['rule-3']),
    'state: short': (replace(b5=directory(BIG, [(0x7FF, NO_ID, b'\0' * 8)])), ['rule-3']),
    'move: of no entry': (replace(b5=directory(BIG, state(moving(1), 5, 6))), ['rule-3']),
    'move: of no pair': (replace(b5=directory(BIG, state(moving(0), 8, 9))), ['rule-3']),
    'move: to nowhere': (replace(b5=directory(BIG, state(moving(0), 5, 6))), ['rule-3']),
    'move: twin of another size': (
        replace(b1=root(DIR, file_tags(2, b'new', blocks=(3, 1499))),
                b5=directory(BIG, state(moving(0), 5, 6))), ['rule-3', 'rule-9']),
    'entry: without a name': (replace(b1=root(DIR, HI, [(0x401, 3)])), ['rule-4']),
    'entry: without a structure': (replace(b1=root(DIR, HI, Z[:1])), ['rule-4']),
    'entry: hole': (replace(b1=root(DIR, HI, file_tags(4, b'z'))), ['rule-4']),
    'entry: structure of nobody': (replace(b5=directory(BIG, [(0x201, 1, b'')])), ['rule-4']),
    'entry: attribute of nobody': (replace(b5=directory(BIG, [(0x301, 1, b'')])), ['rule-4']),
    'entry: unknown type': (replace(b1=root(DIR, HI, [(0x003, 3, b'z')], Z[1:])), ['rule-4']),
    'entry: unknown structure': (replace(b1=root(DIR, HI, Z, [(0x203, 3, b'8 bytes.')])),
                                 ['rule-4']),
    'entry: directory with content': (replace(b1=root(DIR, HI, [(2, 3, b'z')], Z[1:])),
                                      ['rule-4']),
    'entry: file with a pair': (replace(b1=root(DIR, HI, Z, [(0x200, 3, b'8 bytes.')])),
                                ['rule-4']),
    'entry: short block list': (replace(b1=root(DIR, HI, Z, [(0x202, 3, b'7 bytes')])),
                                ['rule-4']),
    'entry: long attribute': (
        replace(b1=root(DIR, HI, [(0x301, 2, b'12345')], top=super_tags(limits=(0, 0, 4)))),
        ['rule-4']),
    'entry: long attribute of the root': (
        replace(b1=root([(0x301, 0, b'12345')], DIR, HI, top=super_tags(limits=(0, 0, 4)))),
        ['rule-4']),
    'name: empty': (replace(b1=root(DIR, HI, file_tags(3, b''))), ['rule-4']),
    'name: slash': (replace(b1=root(DIR, HI, file_tags(3, b'z/x'))), ['rule-4']),
    'name: zero byte': (replace(b1=root(DIR, HI, file_tags(3, b'z\0x'))), ['rule-4']),
    'name: dots': (replace(b5=directory(file_tags(0, b'..'))), ['rule-4']),
    'name: dot': (replace(b5=directory(file_tags(0, b'.'))), ['rule-4']),
    'name: longer than the limit': (replace(b1=root(DIR, HI, top=super_tags(limits=(5, 0, 0)))),
                                    ['rule-4']),
    'name: twice': (replace(b1=root(DIR, HI, file_tags(3, b'hi.txt'))), ['rule-5']),
    'name: twice, in two pairs': (
        replace(b5=directory(BIG, hard((8, 9))), b8=log(file_tags(0, b'big'))), ['rule-5']),
    'name: order': (replace(b1=root(DIR, HI, file_tags(3, b'hh'))), ['rule-5']),
    'name: shorter first': (replace(b1=root(DIR, HI, file_tags(3, b'hi.txt.'))), ['rule-5']),
    'name: order of two pairs': (
        replace(b5=directory(BIG, hard((8, 9))), b8=log(file_tags(0, b'bigger'))), ['rule-5']),
    'dir: two names': (replace(b1=root(DIR, HI, dir_tags(3, b'z', (5, 6)))), ['rule-6']),
    'dir: contains itself': (replace(b5=directory(BIG, dir_tags(1, b'z', (6, 5)))), ['rule-6']),
    'dir: name of the root': (replace(b5=directory(BIG, dir_tags(1, b'z', (0, 1)))), ['rule-6']),
    'dir: dead pair': (replace(b1=root(DIR, HI, dir_tags(3, b'z', (8, 9)))),
                       ['rule-1', 'rule-7']),
    'dir: a continuation': (
        replace(b1=root(DIR, HI, dir_tags(3, b'z', (8, 9))), b5=directory(BIG, hard((8, 9))),
                b8=log(file_tags(0, b'c'))), ['rule-7', 'rule-9']),
    'dir: off the thread': (replace(b1=root(DIR, HI, link=None)), ['rule-7']),
    'dir: orphan without the flag': (replace(b5=directory(BIG, soft((8, 9))), b8=log()),
                                     ['rule-7']),
    'dir: orphan with content': (
        replace(b5=directory(BIG, soft((8, 9)), state(FLAG)), b8=log(file_tags(0, b'c'))),
        ['rule-7']),
    'dir: orphan that continues': (
        replace(b5=directory(BIG, soft((8, 9)), state(FLAG)), b8=log(hard((10, 11))),
                b10=log(file_tags(0, b'c'))), ['rule-7']),
    'dir: outdated head without the flag': (
        replace(b1=root(dir_tags(1, b'dir', (5, 8)), HI), b8=log(BIG, rev=10)), ['rule-7']),
    'dir: head in force leads back to itself': (
        replace(b1=root(dir_tags(1, b'dir', (5, 8)), HI, state(FLAG)),
                b8=log(BIG, soft((8, 5)), rev=10)), ['rule-7']),
    'dir: outdated head has a broken list': (
        replace(b1=root(dir_tags(1, b'dir', (8, 5)), HI, state(FLAG)), b8=log(BIG, rev=10),
                b5=b'', b6=log(file_tags(0, b'big', blocks=(99, 1500)))), ['rule-8']),
    'dir: ring that cannot be reached': (
        replace(b1=root(file_tags(1, b'hi')), b5=directory(dir_tags(0, b'x', (5, 6)))),
        ['rule-7']),
    'tail: short': (replace(b5=directory(BIG, [(0x600, NO_ID, b'1234')])), ['rule-7']),
    'file: pointer out of range': (replace(b3=struct.pack('<II', 16, 7)), ['rule-8']),
    'file: pointer to the superblock': (replace(b3=struct.pack('<II', 1, 7)), ['rule-8']),
    'file: pointer to itself': (replace(b3=struct.pack('<II', 3, 7)), ['rule-8']),
    'file: second pointer': (replace(b3=struct.pack('<II', 2, 8)), ['rule-8']),
    'file: head out of range': (replace(b5=directory(file_tags(0, b'a', blocks=(16, 5)))),
                                ['rule-8']),
    'file: longer than the volume': (
        replace(b5=directory(file_tags(0, b'a', blocks=(3, 600000)))), ['rule-8']),
    'file: longer than the format allows': (
        replace(b5=directory(file_tags(0, b'a', blocks=(3, 0x80000000)))), ['rule-8']),
    'file: longer than the limit': (
        replace(b1=root(DIR, HI, top=super_tags(limits=(0, 1499, 0)))), ['rule-8']),
    'file: content longer than the limit': (
        replace(b1=root(file_tags(1, b'a', b'1234'), link=None,
                        top=super_tags(limits=(0, 3, 0)))), ['rule-8']),
    'file: head behind its end': (
        replace(b5=directory(file_tags(0, b'big', blocks=(8, 1524))),
                b8=struct.pack('<I', 3) + LETTERS[:508]), ['rule-8']),
    'file: block of a pair': (
        replace(b5=directory(BIG, file_tags(1, b'c', blocks=(6, 5)))), ['rule-9']),
    'file: shares a block': (
        replace(b1=root(DIR, HI, file_tags(3, b'z', blocks=(7, 5)))), ['rule-9']),
    'file: two names': (
        replace(b1=root(DIR, HI, file_tags(3, b'z', blocks=(3, 1500)))), ['rule-9']),
    'splice: behind the end': (replace(b5=directory(BIG, [(0x401, 2)])), ['rule-10']),
    'splice: of nobody': (replace(b5=directory(BIG, [(0x4FF, 1)])), ['rule-10']),
    'splice: unknown': (replace(b5=directory(BIG, [(0x402, 0)])), ['rule-10']),
    'entry: name for the pair': (replace(b5=directory(BIG, [(0x001, NO_ID, b'z')])),
                                 ['rule-10']),
}

# name: (change, kinds of states, visible paths)
LEGAL = {
    'nothing': (replace(), [], NAMES),
    'flag': (replace(b5=directory(BIG, state(FLAG))), ['flag'], NAMES),
    'orphan': (replace(b5=directory(BIG, soft((8, 9)), state(FLAG)), b8=log()),
               ['flag', 'orphan'], NAMES),
    'orphan in the middle': (
        replace(b1=root(DIR, HI, state(FLAG), link=(8, 9)), b8=log(soft((5, 6)))),
        ['flag', 'orphan'], NAMES),
    'outdated head': (
        replace(b1=root(dir_tags(1, b'dir', (8, 5)), HI, state(FLAG)),
                b8=log(BIG, file_tags(1, b'c'), rev=10)),
        ['flag', 'half-orphan'], NAMES + [b'/dir/c']),
    'outdated head that hides a new directory': (
        replace(b1=root(dir_tags(1, b'dir', (8, 5)), HI, state(FLAG)),
                b8=log(BIG, dir_tags(1, b'c', (9, 10)), soft((9, 10)), rev=10), b9=log()),
        ['flag', 'half-orphan'], NAMES + [b'/dir/c']),
    'moving file': (
        replace(b1=root(DIR, file_tags(2, b'new', blocks=(3, 1500))),
                b5=directory(BIG, state(moving(0), 6, 5))), ['move'], [b'/', b'/dir', b'/new']),
    'moving file with content': (
        replace(b5=directory(BIG, file_tags(1, b'c', HI[1][2]), state(moving(2), 1, 0))),
        ['move'], [b'/', b'/dir', b'/dir/big', b'/dir/c']),
    'moving directory': (
        replace(b1=root(DIR, dir_tags(2, b'to', (8, 9)), link=(8, 9)),
                b8=log(dir_tags(0, b'new', (5, 6)), soft((5, 6)), state(moving(1), 0, 1))),
        ['move'], [b'/', b'/to', b'/to/new', b'/to/new/big']),
    'moving and orphan': (
        replace(b1=root(DIR, file_tags(2, b'new', blocks=(3, 1500))),
                b5=directory(BIG, soft((8, 9)), state(FLAG | moving(0), 5, 6)), b8=log()),
        ['flag', 'move', 'orphan'], [b'/', b'/dir', b'/new']),
    'commit without its end': (
        replace(b5=Log(9).tags(BIG).commit().tag(0x401, 1).tags(file_tags(1, b'c')).data()),
        ['torn'], NAMES),
    'commit that cannot be seen but for the FCRC': (
        replace(b5=torn(Log(9).tags(BIG).commit(), 5)), ['torn'], NAMES),
    'same on a volume without FCRC': (
        replace(b1=root(DIR, HI, top=super_tags(version=0x00020000), version=0x00020000),
                b5=torn(Log(9, version=0x00020000).tags(BIG).commit(), 5)), [], NAMES),
    'superblock expanded': (expanded(), [], NAMES),
    'superblock expanded, copy has an old version': (
        expanded(top=super_tags(version=0x00020000)), [], NAMES),
    'version 2.0': (replace(b1=root(DIR, HI, top=super_tags(version=0x00020000))), [], NAMES),
    'tail of two null words': (replace(b5=directory(BIG, soft((NIL, NIL)))), [], NAMES),
    'tail with one null word': (replace(b5=directory(BIG, hard((8, NIL)))), [], NAMES),
    'share that is zero': (replace(b5=directory(BIG, state(0))), [], NAMES),
    'shares that cancel out': (
        replace(b1=root(DIR, HI, state(FLAG | 5, 7, 8)), b5=directory(BIG, state(FLAG | 5, 7, 8))),
        [], NAMES),
    'longer name first': (
        replace(b1=root(*SHIFTED[:1], file_tags(2, b'hi.txt.'), file_tags(3, b'hi.txt', HI[1][2]),
                        file_tags(4, b'hi'), file_tags(5, b'h\xff'), file_tags(6, b'h'))),
        [], NAMES + [b'/hi.txt.', b'/hi', b'/h\xff', b'/h']),
    'empty file with a head': (
        replace(b5=directory(BIG, file_tags(1, b'c', blocks=(99, 0)))), [], NAMES + [b'/dir/c']),
    'empty continuation': (replace(b5=directory(BIG, hard((8, 9))), b8=log()), [], NAMES),
    'empty first pair': (replace(b5=directory(hard((8, 9))), b8=log(BIG)), [], NAMES),
    'garbage in free blocks': (replace(b9=log(BIG, rev=77), b10=b'\0' * BS), [], NAMES),
    'long content': (replace(b1=root(DIR, HI, file_tags(3, b'z', b'z' * 200))), [],
                     NAMES + [b'/z']),
    'unknown tags': (replace(b5=directory(BIG, [(0x580, NO_ID, b'x'), (0x700, NO_ID, b'')])), [],
                     NAMES),
}

# name: (change, the remark that is an error of a careful writer)
CARELESS = {
    'no FCRC': (replace(b5=Log(9).tags(BIG).seal(0, 12).data()), 'no-fcrc: block 5'),
    'FCRC on 2.0': (replace(b1=root(DIR, HI, top=super_tags(version=0x00020000))),
                    'fcrc: block 1'),
    'FCRC of another unit': (replace(b5=directory(BIG, unit=32)), 'fcrc: block 5'),
    'end within a unit': (replace(b5=directory(BIG, file_tags(1, b'c'), unit=8)), 'end: block 5'),
    'equal revisions': (replace(b6=directory(BIG)), 'tie: pair (5, 6)'),
    'no copy of the superblock': (expanded(top=[]), 'no-copy: block 1'),
    'old copy of the superblock': (expanded(top=super_tags(12)), 'stale-copy: block 1'),
    'superblock behind another tag': (
        replace(b1=root(DIR, HI, top=[(0x401, 0)] + super_tags())), 'order: block 1'),
    'structure behind another tag': (
        replace(b1=root(super_tags()[1:], DIR, HI, top=super_tags()[:1] + [(0x301, 0, b'')])),
        'order: block 1'),
    'short record': (
        replace(b1=root(DIR, HI, top=[super_tags()[0], (0x201, 0, super_tags()[1][2][:12])])),
        'record: block 1'),
    'limit of files': (replace(b1=root(DIR, HI, top=super_tags(limits=(0, NIL, 0)))),
                       'file-max: block 1'),
    'empty continuation': (LEGAL['empty continuation'][0], 'empty: block 8'),
    'empty file with a head': (LEGAL['empty file with a head'][0], "empty-list: 'c'"),
    'long content': (LEGAL['long content'][0], 'inline: block 1, entry 3: 200 bytes'),
    'unknown tags': (LEGAL['unknown tags'][0], 'tag: block 5'),
    'tag of the memory only': (replace(b5=directory(BIG, [(0x101, 0, b'')])), 'tag: block 5'),
    'name that is removed': (replace(b5=directory(BIG, [(0x201, 0, b'', 0x3FF)])),
                             'tag: block 5'),
}


class TestRules(unittest.TestCase):
    def volume(self, change, prog_size=None):
        media = plain()
        change(media)
        return media.image(prog_size)

    def test_damaged(self):
        for name, (change, want) in DAMAGED.items():
            with self.subTest(name):
                errors, _ = self.volume(change).check()
                self.assertEqual(kinds(errors), sorted(want), [str(e) for e in errors])

    def test_reasons(self):
        for name, reason in (
                ('name: shorter first', "'hi.txt.' behind 'hi.txt'"),
                ('dir: name of the root', "'/dir/z': directory contains itself"),
                ('dir: two names', "directory has another name"),
                ('dir: orphan without the flag', 'orphan without the flag'),
                ('dir: outdated head without the flag', 'half-orphan without the flag'),
                ('dir: head in force leads back to itself', 'is on the mended thread twice'),
                ('dir: orphan with content', 'orphan that is not empty'),
                ('dir: outdated head has a broken list', 'the thread before repair'),
                ('file: head behind its end', 'the head looks like block 3'),
                ('file: longer than the volume', 'chain of 1191 blocks in a volume of 16')):
            with self.subTest(name):
                errors, _ = self.volume(DAMAGED[name][0]).check()
                self.assertIn(reason, ' '.join(map(str, errors)))

    def test_every_rule_is_provoked(self):
        found = {kind for _, want in DAMAGED.values() for kind in want}
        self.assertEqual(found, {f'rule-{n}' for n in range(1, 11)})

    def test_legal(self):
        for name, (change, states, paths) in LEGAL.items():
            with self.subTest(name):
                image = self.volume(change)
                errors, found = image.check()
                self.assertEqual([str(e) for e in errors], [])
                self.assertEqual(kinds(found), states)
                self.assertEqual(sorted(image.tree()), sorted(paths))
                image.used()

    def test_every_state_is_provoked(self):
        found = {kind for _, states, _ in LEGAL.values() for kind in states}
        self.assertEqual(found, set(Image.STATES))

    def test_careless(self):
        for name, (change, want) in CARELESS.items():
            with self.subTest(name):
                self.assertEqual(self.volume(change).check()[0], [])
                errors = self.volume(change, 16).check()[0]
                self.assertEqual(kinds(errors), ['rule-11'])
                self.assertIn(f'rule-11: {want}', ' '.join(map(str, errors)))

    def test_careful(self):
        for name in ('nothing', 'superblock expanded',
                     'superblock expanded, copy has an old version', 'longer name first',
                     'garbage in free blocks', 'empty first pair', 'orphan',
                     'same on a volume without FCRC'):
            with self.subTest(name):
                self.assertEqual(self.volume(LEGAL[name][0], 16).check()[0], [])

    def test_too_many_entries_for_a_careful_writer(self):
        for count, want in ((254, []), (255, ['rule-11'])):
            tags = [tag for n in range(count - 1) for tag in file_tags(n + 1, b'%03d' % n)]
            media = Media(4, 8192).put(0, log(super_tags(4, block_size=8192), tags,
                                              block_size=8192))
            self.assertEqual(kinds(media.image(16).check()[0]), want)

    def test_notes(self):
        """What is legal even from a careful writer, but worth a remark."""
        table = ((replace(b1=root(DIR, HI, top=super_tags(12))),
                  'block-count: block 1: 12 blocks, the image has 16'),
                 (LEGAL['superblock expanded, copy has an old version'][0],
                  'stale-version: block 1: version 0x20000'),
                 (replace(b5=directory(file_tags(0, b'big', blocks=(2, 512)))),
                  "overshot: 'big': size ends block 0 of the chain, but the head looks like "
                  'block 1'))
        for change, want in table:
            image = self.volume(change, 16)
            self.assertEqual(image.check(), ([], []))
            self.assertEqual([str(note) for note in image.notes], [want])

    def test_outdated_head_uses_the_blocks_of_both_versions(self):
        image = self.volume(LEGAL['outdated head'][0])
        self.assertEqual(image.used(), {0, 1, 2, 3, 5, 6, 7, 8})


class TestHostile(unittest.TestCase):
    """Every image ends with a tree or with Corrupt, soon."""

    def read(self, media):
        image = media.image(16)
        image.check()
        for call in (image.tree, image.used):
            with contextlib.suppress(Corrupt):
                call()

    def test_damaged_images_are_read_to_an_end(self):
        for change, _ in DAMAGED.values():
            media = plain()
            change(media)
            self.read(media)

    def test_all_files_have_one_chain(self):
        media = Media(1280, 4096)
        blocks = {}
        for n in range(1000):
            count = (n & -n).bit_length() if n else 0
            blocks[200 + n] = struct.pack(f'<{count}I', *(200 + n - (1 << k)
                                                          for k in range(count)))
        for block, data in blocks.items():
            media.put(block, data)
        size = 1000 * 4000
        head = 200 + lfs_common.locate(size, 4096)[0]
        tags = [tag for n in range(1, 120)
                for tag in file_tags(n, b'%04d' % n, blocks=(head, size - n % 90))]
        media.put(0, log(super_tags(1280, block_size=4096), tags, block_size=4096))
        with self.assertRaisesRegex(Corrupt, 'together are longer than the volume'):
            media.image().tree()
        self.assertIn('rule-9', kinds(media.image().check()[0]))

    def test_random_bytes(self):
        rng = random.Random(int(os.environ.get('TWINFS_SEED', '1')))
        for _ in range(500):
            media = plain()
            for _ in range(rng.randint(1, 4)):
                media.data[rng.randrange(16) * BS + rng.randrange(160)] ^= 1 << rng.randrange(8)
            self.read(media)

    def change(self, rng, tags):
        """Another tag in the place of one, or between two."""
        place = rng.randrange(len(tags) + 1)
        kind = rng.choice((0x001, 0x002, 0x0FF, 0x200, 0x201, 0x202, 0x301, 0x401, 0x4FF, 0x580,
                           0x600, 0x601, 0x7FF, rng.randrange(0x800)))
        if kind & 0x780 == 0x500:
            kind |= 0x80
        words = [rng.choice((0, 1, 2, 3, 5, 6, 8, 9, 15, 16, NIL, 0x80000000, moving(1)))
                 for _ in range(3)]
        payload = struct.pack('<3I', *words)[:rng.choice((0, 3, 8, 8, 12))]
        number = rng.choice((0, 0, 1, 2, 3, NO_ID))
        tags[place:place + rng.randrange(2)] = [(kind, number, payload)]

    def test_random_tags(self):
        """The CRC is right, so that the change is believed."""
        seed = int(os.environ.get('TWINFS_SEED', '1'))
        rng = random.Random(seed)
        mounted = 0
        for round_number in range(1500):
            media = plain()
            logs = {1: super_tags() + DIR + HI + soft((5, 6)), 5: list(BIG),
                    8: file_tags(0, b'c') + soft((10, 11)), 10: []}
            for _ in range(rng.randint(1, 3)):
                self.change(rng, logs[rng.choice((1, 1, 5, 8))])
            for block, tags in logs.items():
                media.put(block, log(tags, rev=9))
            with self.subTest(seed=seed, round=round_number):
                self.read(media)
            mounted += not media.image().check()[0]
        self.assertGreater(mounted, 100, 'hardly anything was tried')


if __name__ == '__main__':
    unittest.main()
