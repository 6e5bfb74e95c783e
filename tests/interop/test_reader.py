#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the independent littlefs v1 reader, on images that are written here byte by byte.

The reader judges what the engine writes, so nothing here comes from the engine: the images are
the worked example of the format guide, copied from its dump, and variants of it. CRCs are computed
with the bitwise definition and not with the reader's.
"""
import contextlib
import hashlib
import io
import json
import os
import random
import struct
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lfs1_image
import lfs1_reader
import lfs_common
from lfs1_reader import Image
from lfs_common import Corrupt

BS = 512
NIL = 0xFFFFFFFF
NO_PAIR = (NIL, NIL)
LETTERS = bytes(0x41 + i % 26 for i in range(600))

# Block number: the bytes that the guide lists; all others are 0xFF.
SUPER_0 = '02000000 34000000 0300000002000000 2e140008 0300000002000000' \
    ' 00020000 08000000 01000100 6c6974746c656673 9880e50c'
SUPER_1 = SUPER_0.replace('02000000 34', '01000000 34').replace('9880e50c', 'fcb5374a')
EXAMPLE = {
    0: SUPER_0,
    1: SUPER_1,
    2: '02000000 24000000 0500000004000000 22080004 0500000004000000 6c6f6773 17781b1a',
    3: '01000000 14000000 ffffffffffffffff cdf354f6',
    4: '02000000 25000000 ffffffffffffffff 11080005 ffffffff00000000 612e747874 e8922132',
    5: '03000000 25000000 ffffffffffffffff 11080005 0700000058020000 612e747874 2d598402',
}


def crc(data):
    """The register after @data, by the definition of the guide."""
    r = 0xFFFFFFFF
    for c in data:
        r ^= c
        for _ in range(8):
            r = (r >> 1) ^ (0xEDB88320 if r & 1 else 0)
    return r


def half(rev, entries=b'', tail=NO_PAIR, more=False):
    """The bytes of one half of a pair."""
    size = 20 + len(entries) | (0x80000000 if more else 0)
    body = struct.pack('<IIII', rev, size, *tail) + entries
    return body + struct.pack('<I', crc(body))


def entry(kind, words, name, alen=0):
    return struct.pack('<BBBBII', kind, 8, alen, len(name), *words) + bytes(alen) + name


class Media:
    """The bytes of a volume, written block by block."""

    def __init__(self, blocks=8, block_size=BS):
        self.block_size = block_size
        self.data = bytearray(b'\xff' * blocks * block_size)

    def put(self, block, data, off=0):
        start = block * self.block_size + off
        self.data[start:start + len(data)] = data
        return self

    def image(self):
        return Image(self.data, self.block_size)


def example(blocks=8):
    """The worked example, on a volume of @blocks blocks."""
    media = Media(blocks)
    for block, text in EXAMPLE.items():
        media.put(block, bytes.fromhex(text))
    media.put(6, LETTERS[:512])
    media.put(7, struct.pack('<I', 6) + LETTERS[512:])
    return media


def super_half(rev=3, root=(3, 2), tail=(3, 2), version=0x00010001, magic=b'littlefs',
               block_size=BS, header=b'\x2e\x14\0\x08'):
    body = header + struct.pack('<IIIII', *root, block_size, 8, version) + magic
    return half(rev, body, tail)


def root_half(entries, tail=(5, 4), more=False):
    return half(9, entries, tail, more)


def logs_half(entries, tail=NO_PAIR, more=False):
    return half(9, entries, tail, more)


LOGS = entry(0x22, (5, 4), b'logs')
A_TXT = entry(0x11, (7, 600), b'a.txt')


class TestArithmetic(unittest.TestCase):
    def test_crc_check_value(self):
        self.assertEqual(crc(b'123456789'), 0x340BC6D9)
        self.assertTrue(lfs1_image.crc_holds(b'123456789' + struct.pack('<I', 0x340BC6D9)))
        self.assertFalse(lfs1_image.crc_holds(b'123456789' + struct.pack('<I', 0xCBF43926)))

    def test_locate_table(self):
        table = ((0, 0, 0), (4095, 0, 4095), (4096, 1, 4), (8187, 1, 4095), (8188, 2, 8),
                 (8189, 2, 9), (12276, 3, 4), (100000, 24, 1880), (5242879, 1282, 2051),
                 (5242880, 1282, 2052), (2147483647, 525313, 4091))
        for offset, index, off in table:
            with self.subTest(offset=offset):
                self.assertEqual(lfs_common.locate(offset, 4096), (index, off))

    def test_locate_agrees_with_the_layout(self):
        for block_size in (104, 128, 512, 4096, 65536):
            offset = 0
            for n in range(300):
                skip = 4 * ((n & -n).bit_length()) if n else 0
                self.assertEqual(lfs_common.locate(offset, block_size), (n, skip))
                offset += block_size - skip
                self.assertEqual(lfs_common.locate(offset - 1, block_size), (n, block_size - 1))

    def test_revisions(self):
        table = ((1, 2, 1), (2, 1, 0), (5, 5, 1), (0x7FFFFFFF, 0, 0), (0x80000001, 0, 1),
                 (0xFFFFFFFF, 0, 1), (0, 0xFFFFFFFF, 0), (0x80000000, 0, 0), (0, 0x80000000, 0),
                 (0, 0x7FFFFFFF, 1))
        for first, second, winner in table:
            with self.subTest(first=first, second=second):
                media = Media().put(3, half(first)).put(2, half(second))
                self.assertEqual(media.image().load_pair((3, 2)).block, (3, 2)[winner])


class TestExample(unittest.TestCase):
    def test_crcs_of_the_dump(self):
        for block, text in EXAMPLE.items():
            self.assertEqual(crc(bytes.fromhex(text)), 0, f'block {block}')

    def test_tree(self):
        self.assertEqual(example().image().tree(),
                         {b'/': None, b'/logs': None, b'/logs/a.txt': LETTERS})

    def test_used(self):
        self.assertEqual(example(12).image().used(), set(range(8)))

    def test_check_is_clean(self):
        image = example().image()
        self.assertEqual(image.check(), ([], []))
        self.assertEqual(image.notes, [])

    def test_block_count_limits_the_volume(self):
        image = Image(example().data, BS, 7)
        with self.assertRaisesRegex(Corrupt, 'number 7: out of range'):
            image.tree()

    def test_previous_version_is_used_when_the_newest_is_torn(self):
        media = example()
        media.data[5 * BS + 0x10] ^= 1
        image = media.image()
        self.assertEqual(image.tree()[b'/logs/a.txt'], b'')
        self.assertEqual(image.check(), ([], []))
        self.assertEqual([note.kind for note in image.notes], ['half'])

    def test_long_file_has_its_pointers_verified(self):
        index, content = 20, bytes(i * 7 & 0xFF for i in range(9000))
        media = example(60)
        size = write_chain(media, 30, content)
        self.assertEqual(lfs_common.locate(size - 1, BS)[0], 17)
        media.put(5, logs_half(entry(0x11, (47, size), b'a.txt')))
        self.assertEqual(media.image().tree()[b'/logs/a.txt'], content)
        self.assertEqual(media.image().check()[0], [])
        # Pointer 4 of index 16 is one that a scan through pointer 0 never meets.
        media.put(46, struct.pack('<I', 31), 16)
        self.assertEqual(kinds(media.image().check()[0]), ['rule-8'])
        with self.assertRaisesRegex(Corrupt, 'block 46: pointer 4 is 31, not 30'):
            media.image().tree()


def write_chain(media, first, content):
    """Writes a file into the blocks from @first on and returns its size."""
    n, rest = 0, content
    while rest:
        count = (n & -n).bit_length() if n else 0
        media.put(first + n, struct.pack(f'<{count}I', *(first + n - (1 << k)
                                                          for k in range(count))))
        room = media.block_size - 4 * count
        media.put(first + n, rest[:room], 4 * count)
        rest, n = rest[room:], n + 1
    return len(content)


def kinds(findings):
    return sorted({finding.kind for finding in findings})


def replace(**blocks):
    """A function that puts the given halves: b5=bytes writes block 5."""
    def apply(media):
        for block, data in blocks.items():
            media.put(int(block[1:]), data)
    return apply


# name: (change to the example on 12 blocks, kinds of errors)
DAMAGED = {
    'super: no valid half': (replace(b0=b'\0' * BS, b1=b'\0' * BS), ['rule-1']),
    'super: magic': (replace(b0=super_half(magic=b'littlefx')), ['rule-1']),
    'super: major version': (replace(b0=super_half(version=0x00020000)), ['rule-1']),
    'super: minor version': (replace(b0=super_half(version=0x00010002)), ['rule-1']),
    'super: block size': (replace(b0=super_half(block_size=1024)), ['rule-1']),
    'super: entry': (replace(b0=super_half(header=b'\x2e\x14\0\x07')), ['rule-1', 'rule-3']),
    'super: type': (replace(b0=super_half(header=b'\x22\x14\0\x08')), ['rule-1']),
    'super: root field off the thread': (replace(b0=super_half(root=(8, 9)), b8=half(1)),
                                         ['rule-10', 'rule-5', 'rule-6']),
    'super: root out of range': (replace(b0=super_half(root=(3, 99))), ['rule-1', 'rule-2']),
    'thread: pair out of range': (replace(b5=logs_half(A_TXT, (12, 9))), ['rule-2']),
    'thread: names the superblock': (replace(b5=logs_half(A_TXT, (0, 1))), ['rule-2']),
    'thread: names a half of the superblock': (replace(b5=logs_half(A_TXT, (8, 1)), b8=half(1)),
                                               ['rule-2']),
    'thread: orphan continues behind the end': (
        replace(b5=logs_half(A_TXT, (8, 9)), b8=half(1, more=True)), ['rule-2', 'rule-6']),
    'thread: outdated pair is dead': (
        replace(b2=root_half(entry(0x22, (8, 5), b'logs')), b8=half(10, A_TXT), b4=b'\0' * BS,
                b5=b'\0' * BS), ['rule-2']),
    'thread: outdated pair has a broken chain': (
        replace(b2=root_half(entry(0x22, (8, 5), b'logs')), b8=half(10, A_TXT),
                b4=half(20, entry(0x11, (99, 600), b'a'))), ['rule-8']),
    'thread: equal halves': (replace(b5=logs_half(A_TXT, (9, 9))), ['rule-2']),
    'thread: dead pair': (replace(b5=logs_half(A_TXT, (8, 9))), ['rule-2']),
    'thread: cycle': (replace(b5=logs_half(A_TXT, (3, 2))), ['rule-2']),
    'thread: cycle through one half': (replace(b5=logs_half(A_TXT, (8, 2)), b8=half(1)),
                                       ['rule-2']),
    'thread: continues behind its end': (replace(b5=logs_half(A_TXT, NO_PAIR, True)), ['rule-2']),
    'pair: dead directory': (replace(b4=b'\0' * BS, b5=b'\0' * BS), ['rule-2']),
    'entry: content too long': (replace(b2=root_half(LOGS + b'\0\0')), ['rule-3']),
    'entry: name runs past the content': (
        replace(b2=root_half(LOGS[:-2])), ['rule-3']),
    'entry: unknown type': (replace(b2=root_half(LOGS + entry(0x33, (8, 9), b'u'))), ['rule-3']),
    'entry: superblock type': (replace(b2=root_half(LOGS + entry(0x4E, (8, 9), b'u'))),
                               ['rule-3']),
    'entry: payload length': (replace(b2=root_half(LOGS + b'\x11\x09\0\x01' + b'\xff' * 4
                                                   + b'\0' * 5 + b'p')), ['rule-3']),
    'name: empty': (replace(b2=root_half(LOGS + entry(0x11, (NIL, 0), b''))), ['rule-3']),
    'name: slash': (replace(b2=root_half(LOGS + entry(0x11, (NIL, 0), b'../x'))), ['rule-3']),
    'name: dots': (replace(b2=root_half(LOGS + entry(0x11, (NIL, 0), b'..'))), ['rule-3']),
    'name: twice': (replace(b2=root_half(LOGS + entry(0x11, (NIL, 0), b'logs'))), ['rule-4']),
    'name: twice, in two pairs': (
        replace(b2=root_half(LOGS, (8, 9), True),
                b8=half(1, entry(0x11, (NIL, 0), b'logs'), (5, 4))), ['rule-4']),
    'dir: off the thread': (replace(b2=root_half(LOGS, NO_PAIR)), ['rule-5']),
    'dir: names a continuation': (
        replace(b2=root_half(LOGS + entry(0x22, (8, 9), b'c')),
                b5=logs_half(b'', (8, 9), True), b8=half(1, A_TXT)),
        ['rule-5', 'rule-9']),
    'dir: marked twice': (replace(b2=root_half(entry(0xA2, (5, 4), b'x')
                                               + entry(0xA2, (5, 4), b'y'))), ['rule-5']),
    'dir: two marks and a twin': (
        replace(b2=root_half(LOGS + entry(0xA2, (5, 4), b'x') + entry(0xA2, (5, 4), b'y'))),
        ['rule-5']),
    'dir: three names': (replace(b2=root_half(LOGS + entry(0x22, (5, 4), b'x')
                                              + entry(0x22, (5, 4), b'y'))), ['rule-5']),
    'dir: name of the root': (replace(b5=logs_half(A_TXT + entry(0x22, (3, 2), b'r'))),
                              ['rule-5']),
    'dir: in itself, unreachable': (
        replace(b2=root_half(b''), b5=logs_half(entry(0x22, (5, 4), b'x'))), ['rule-6']),
    'dir: orphan with content': (replace(b2=root_half(b'')), ['rule-6']),
    'dir: orphan that continues': (
        replace(b2=root_half(b''), b5=logs_half(b'', (8, 9), True), b8=half(1, A_TXT)),
        ['rule-6']),
    'dir: empty continuation': (
        replace(b5=logs_half(A_TXT, (8, 9), True), b8=half(1)), ['rule-7']),
    'dir: continues in itself': (replace(b5=logs_half(A_TXT, (5, 4), True)), ['rule-2', 'rule-9']),
    'file: pointer out of range': (replace(b7=struct.pack('<I', 12)), ['rule-8']),
    'file: pointer to the superblock': (replace(b7=struct.pack('<I', 1)), ['rule-8']),
    'file: pointer to itself': (replace(b7=struct.pack('<I', 7)), ['rule-8']),
    'file: pointer to a pair': (replace(b7=struct.pack('<I', 4)), ['rule-9']),
    'file: head out of range': (replace(b5=logs_half(entry(0x11, (12, 600), b'a'))), ['rule-8']),
    'file: longer than the volume': (
        replace(b5=logs_half(entry(0x11, (7, 600000), b'a'))), ['rule-8']),
    'file: larger than 2^31-1': (
        replace(b5=logs_half(entry(0x11, (7, 0x80000000), b'a'))), ['rule-8']),
    'file: shares a block': (
        replace(b2=root_half(LOGS + entry(0x11, (6, 5), b'b'))), ['rule-9']),
    'file: shares a block, other size': (
        replace(b5=logs_half(entry(0x11, (7, 60), b'a.txt') + entry(0x11, (7, 600), b'b'))),
        ['rule-9']),
    'file: three names': (
        replace(b2=root_half(LOGS + entry(0x11, (7, 600), b'x') + entry(0x11, (7, 600), b'y'))),
        ['rule-9']),
}

# name: (change, kinds of states, visible paths)
NAMES = [b'/', b'/logs', b'/logs/a.txt']
LEGAL = {
    'moving file': (replace(b5=logs_half(entry(0x91, (7, 600), b'a.txt'))), ['moving'], NAMES),
    'moving directory': (replace(b2=root_half(entry(0xA2, (5, 4), b'logs'))), ['moving'], NAMES),
    'moving empty file': (
        replace(b5=logs_half(A_TXT + entry(0x91, (NIL, 0), b'e') + entry(0x11, (NIL, 0), b'f'))),
        ['moving'], NAMES + [b'/logs/e', b'/logs/f']),
    'moved file': (
        replace(b2=root_half(LOGS + entry(0x11, (7, 600), b'new')),
                b5=logs_half(entry(0x91, (7, 600), b'a.txt'))),
        ['moved'], [b'/', b'/logs', b'/new']),
    'moved file, equal name': (
        replace(b5=logs_half(entry(0x91, (7, 600), b'a.txt') + A_TXT)), ['moved'], NAMES),
    'moved directory': (
        replace(b2=root_half(entry(0xA2, (5, 4), b'logs') + entry(0x22, (8, 9), b'to'), (8, 9)),
                b8=half(1, entry(0x22, (5, 4), b'logs'), (5, 4))),
        ['moved'], [b'/', b'/to', b'/to/logs', b'/to/logs/a.txt']),
    'orphan': (replace(b5=logs_half(A_TXT, (8, 9)), b8=half(1)), ['orphan'], NAMES),
    'moved and orphan': (
        replace(b2=root_half(entry(0xA2, (5, 4), b'logs') + entry(0x22, (5, 4), b'to'), (8, 9)),
                b8=half(1, b'', (5, 4))),
        ['moved', 'orphan'], [b'/', b'/to', b'/to/a.txt']),
    'desync': (replace(b2=root_half(entry(0x22, (8, 5), b'logs')),
                       b8=half(10, A_TXT + entry(0x11, (NIL, 0), b'z'))),
               ['desync'], NAMES + [b'/logs/z']),
    'desync that hides a new directory': (
        replace(b2=root_half(entry(0x22, (8, 5), b'logs')),
                b8=half(10, A_TXT + entry(0x22, (9, 10), b'z'), (9, 10)), b9=half(1)),
        ['desync'], NAMES + [b'/logs/z']),
    'desync of the root': (
        replace(b0=super_half(root=(8, 2)), b8=half(10, LOGS, (5, 4))), ['desync'], NAMES),
    'desync and mark': (
        replace(b2=root_half(entry(0x22, (8, 5), b'logs') + entry(0x11, (7, 600), b'n')),
                b8=half(10, entry(0x91, (7, 600), b'a.txt'))),
        ['desync', 'moved'], [b'/', b'/logs', b'/n']),
    'two names of a file': (
        replace(b2=root_half(LOGS + entry(0x11, (7, 600), b'new'))), ['double-name'],
        NAMES + [b'/new']),
    'two names of a directory': (
        replace(b2=root_half(LOGS + entry(0x22, (5, 4), b'new'))), ['double-name'], NAMES),
    'empty first pair': (
        replace(b5=logs_half(b'', (8, 9), True), b8=half(1, A_TXT)), [], NAMES),
    'minor version 0': (replace(b0=super_half(version=0x00010000)), [], NAMES),
    'empty file with a head': (
        replace(b5=logs_half(A_TXT + entry(0x11, (99, 0), b'z'))), [], NAMES + [b'/logs/z']),
    'attributes': (
        replace(b5=logs_half(entry(0x11, (7, 600), b'a.txt', alen=3))), [], NAMES),
    'garbage in free blocks': (replace(b9=half(77, A_TXT), b10=b'\0' * BS), [], NAMES),
}


class TestRules(unittest.TestCase):
    def test_damaged(self):
        for name, (change, want) in DAMAGED.items():
            with self.subTest(name):
                media = example(12)
                change(media)
                errors, _ = media.image().check()
                self.assertEqual(kinds(errors), sorted(want), [str(e) for e in errors])

    def test_reasons(self):
        for name, reason in (
                ('dir: name of the root', "'/logs/r': directory contains itself"),
                ('dir: in itself, unreachable', 'has an entry, but cannot be reached'),
                ('dir: orphan with content', 'orphan that is not empty'),
                ('file: larger than 2^31-1', 'larger than the format allows'),
                ('file: longer than the volume', 'chain of 1191 blocks in a volume of 12')):
            with self.subTest(name):
                media = example(12)
                DAMAGED[name][0](media)
                self.assertIn(reason, ' '.join(str(error) for error in media.image().check()[0]))

    def test_block_size_is_a_power_of_two(self):
        for block_size, want in ((520, ['rule-1']), (256, [])):
            media = Media(4, block_size).put(0, super_half(tail=(3, 2), block_size=block_size))
            self.assertEqual(kinds(media.put(3, half(1)).image().check()[0]), want)

    def test_every_rule_is_provoked(self):
        found = {kind for _, want in DAMAGED.values() for kind in want}
        self.assertEqual(found, {f'rule-{n}' for n in range(1, 11)})

    def test_legal(self):
        for name, (change, states, paths) in LEGAL.items():
            with self.subTest(name):
                media = example(12)
                change(media)
                image = media.image()
                errors, found = image.check()
                self.assertEqual([str(e) for e in errors], [])
                self.assertEqual(kinds(found), states)
                self.assertEqual(sorted(image.tree()), sorted(paths))
                image.used()

    def test_every_state_is_provoked(self):
        found = {kind for _, states, _ in LEGAL.values() for kind in states}
        self.assertEqual(found, set(Image.STATES))

    def test_desync_uses_the_blocks_of_both_versions(self):
        media = example(12)
        LEGAL['desync'][0](media)
        self.assertEqual(media.image().used(), set(range(9)))

    def test_shrink_to_the_end_of_a_block(self):
        media = example(60)
        write_chain(media, 30, bytes(1600))
        for index, size, want in ((1, 512, []), (2, 1020, []), (3, 1524, ['rule-8'])):
            with self.subTest(index=index):
                media.put(5, logs_half(entry(0x11, (30 + index, size), b'a.txt')))
                image = media.image()
                errors, _ = image.check()
                self.assertEqual(kinds(errors), want)
                text = ' '.join(str(finding) for finding in errors + image.notes)
                self.assertIn(f'the head looks like block {index}', text)


class TestHostile(unittest.TestCase):
    """Every image ends with a tree or with Corrupt, soon."""

    def read(self, media):
        image = media.image()
        image.check()
        for call in (image.tree, image.used):
            with contextlib.suppress(Corrupt):
                call()

    def test_sizes_of_the_image(self):
        for length in (0, 1, 15, BS - 1, BS, 2 * BS - 1, 2 * BS, 3 * BS + 7, 5 * BS):
            media = example()
            del media.data[length:]
            with self.subTest(length=length), self.assertRaises(Corrupt):
                media.image().tree()
            self.assertTrue(media.image().check()[0])

    def test_block_size_too_small(self):
        for block_size in (-512, 0, 1, 103):
            with self.assertRaises(ValueError):
                Image(b'\0' * 4096, block_size)

    def test_damaged_images_are_read_to_an_end(self):
        for change, _ in DAMAGED.values():
            media = example(12)
            change(media)
            self.read(media)

    def test_all_files_have_one_chain(self):
        media = Media(1280, 4096)
        media.put(0, super_half(root=(3, 2), block_size=4096))
        size = write_chain(media, 200, bytes(1000 * 4000))
        pairs, names = range(2, 160, 2), 0
        for block in pairs:
            entries = b''
            for _ in range(230):
                entries += entry(0x11, (200 + lfs_common.locate(size - 1, 4096)[0],
                                        size - names % 90), b'%d' % names)
                names += 1
            tail = NO_PAIR if block == pairs[-1] else (block + 2, block + 3)
            media.put(block, half(1, entries, tail, block != pairs[-1]))
        errors, _ = media.image().check()
        self.assertIn('rule-9', kinds(errors))
        with self.assertRaisesRegex(Corrupt, 'together are longer than the volume'):
            media.image().tree()

    def test_random_damage(self):
        seed = int(os.environ.get('TWINFS_SEED', '1'))
        rng = random.Random(seed)
        for round_number in range(1500):
            media = example(12)
            for _ in range(rng.randint(1, 4)):
                block = rng.randrange(12)
                off = rng.randrange(64)
                value = rng.choice((rng.randrange(256), 0, 0xFF, rng.randrange(12), 0x80, 0x11))
                media.data[block * BS + off] = value
            for block in (0, 2, 5):
                self.mend_crc(media, block)
            with self.subTest(seed=seed, round=round_number):
                self.read(media)

    def mend_crc(self, media, block):
        base = block * BS
        length = struct.unpack_from('<I', media.data, base + 4)[0] & 0x7FFFFFFF
        if 20 <= length <= BS:
            body = bytes(media.data[base:base + length - 4])
            media.put(block, struct.pack('<I', crc(body)), length - 4)


class TestProgram(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='reader-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def run_main(self, *args):
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.object(sys, 'argv', ['lfs1_reader.py', *args]), \
                contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = lfs1_reader.main()
            except SystemExit as stop:
                status = stop.code
        return status, out.getvalue(), err.getvalue()

    def expected(self, **changes):
        want = {'block_size': BS, 'used_blocks': 8, 'entries': [
            {'path': '/logs', 'type': 'dir'},
            {'path': '/logs/a.txt', 'type': 'reg', 'size': 600,
             'sha256': hashlib.sha256(LETTERS).hexdigest()}]}
        want.update(changes)
        return json.dumps(want).encode()

    def test_list(self):
        path = self.write('a.bin', example().data)
        status, out, _ = self.run_main('--json', path, '512')
        self.assertEqual(status, 0)
        want = [{'path': '/', 'type': 'dir'}] + json.loads(self.expected())['entries']
        self.assertEqual(json.loads(out)['entries'], want)

    def test_name_that_is_not_utf8(self):
        media = example().put(2, root_half(LOGS + entry(0x11, (NIL, 0), b'\xff')))
        status, out, _ = self.run_main('--json', self.write('a.bin', media.data), '0x200')
        self.assertEqual(status, 0)
        self.assertIn({'path_hex': '2fff', 'type': 'reg', 'size': 0,
                       'sha256': hashlib.sha256(b'').hexdigest()}, json.loads(out)['entries'])

    def test_list_of_what_is_readable(self):
        media = example().put(7, struct.pack('<I', 99))
        status, out, err = self.run_main('--json', self.write('a.bin', media.data), '512')
        self.assertEqual(status, 1)
        self.assertIn("'/logs/a.txt': block 0 of the chain is number 99", err)
        self.assertEqual([e['path'] for e in json.loads(out)['entries']], ['/', '/logs'])

    def test_check(self):
        path = self.write('a.bin', example().data)
        self.assertEqual(self.run_main('--check', path, '512'), (0, '', ''))
        media = example().put(2, root_half(LOGS + entry(0x11, (NIL, 0), b'logs')))
        path = self.write('b.bin', media.data)
        status, out, _ = self.run_main('--check', path, '512')
        self.assertEqual(status, 1)
        self.assertIn('error rule-4: ', out)
        status, out, _ = self.run_main('--check', '--json', path, '512')
        self.assertEqual(json.loads(out)['errors'][0]['kind'], 'rule-4')

    def test_usage(self):
        path = self.write('a.bin', example().data)
        for args in ((), (path,), (path, '0'), (path, 'x'), (path + 'x', '512'),
                     ('--batch', self.folder, path, '512'), ('--batch', path + 'x')):
            with self.subTest(args=args):
                self.assertEqual(self.run_main(*args)[0], 2)

    def test_batch(self):
        orphan = example(12)
        LEGAL['orphan'][0](orphan)
        cases = (
            (example().data, self.expected(), None),
            (orphan.data, self.expected(used_blocks=10, states=['orphan']), None),
            (orphan.data, self.expected(used_blocks=10), 'state orphan'),
            (example().data, self.expected(used_blocks=9), '8 blocks are used, not 9'),
            (example().data, self.expected(entries=[]), "'/logs' is not expected (and 1 more)"),
            (example().data, self.expected().replace(b'a.txt', b'b.txt'), "b.txt' is missing"),
            (example().data, self.expected().replace(b'600', b'601'), 'size is 600, not 601'),
            (example().data, b'{}', 'cannot be tried'),
            (example().data, None, 'cannot be tried'),
            (None, self.expected(), 'cannot be tried'),
            (example().data[:3 * BS], self.expected(), 'rule-1'),
        )
        for n, (data, want, _) in enumerate(cases):
            if data is not None:
                self.write(f'{n:04}.bin', data)
            if want is not None:
                self.write(f'{n:04}.json', want)
        status, out, _ = self.run_main('--batch', self.folder)
        self.assertEqual(status, 1)
        lines = out.splitlines()
        self.assertEqual(lines[-1], '2 passed, 9 failed')
        texts = [(n, text) for n, (_, _, text) in enumerate(cases) if text]
        for line, (n, text) in zip(lines, texts):
            self.assertIn(f'FAIL {n:04}: ', line)
            self.assertIn(text, line)
        out = self.run_main('--batch', self.folder, '--allow-states')[1]
        self.assertTrue(out.endswith('3 passed, 8 failed\n'))

    def test_batch_of_nothing(self):
        self.assertEqual(self.run_main('--batch', self.folder)[0], 2)


if __name__ == '__main__':
    unittest.main()
