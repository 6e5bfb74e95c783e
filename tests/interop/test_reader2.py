#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the independent littlefs v2 reader: logs, entries, volumes, and its command line.

The rules have tests of their own, in test_rules2.py.
"""
import contextlib
import hashlib
import io
import json
import os
import struct
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lfs2_image
import lfs2_reader
from lfs2_media import BIG, BS, DIR, DIR_LOG, FIRST_LOG, FLAG, HI, LETTERS, NAMES, NIL, NO_ID
from lfs2_media import ROOT_LOG, Log, Media, crc, example, file_tags, hard, log, moving, plain, root
from lfs2_media import soft, state, super_tags
from lfs2_reader import Image
from lfs_common import Corrupt


def scan(data, block_size=BS, blank=0xFF):
    return lfs2_image.scan(data.ljust(block_size, bytes([blank])))


class TestCrc(unittest.TestCase):
    def test_values_of_the_guide(self):
        for data, want in ((b'123456789', 0x340BC6D9), (b'\xff' * 16, 0xC04C39E5),
                           (b'\xff' * 32, 0x009354F4), (b'\0' * 16, 0x1344B4AA)):
            self.assertEqual(crc(data), want)
            self.assertEqual(lfs2_image.crc(data), want)


class TestScan(unittest.TestCase):
    def test_worked_example(self):
        found = scan(bytes.fromhex(ROOT_LOG))
        self.assertEqual((found.rev, found.end, found.stop), (2, 0xE0, 'unbegun'))
        self.assertEqual([commit.end for commit in found.commits], [0x40, 0x80, 0xB0, 0xE0])
        self.assertEqual({commit.fcrc for commit in found.commits}, {(16, 0xC04C39E5)})
        self.assertEqual(
            [(tag.off, tag.type, tag.id, len(tag.payload)) for tag in found.tags],
            [(0x04, 0x0FF, 0, 8), (0x10, 0x201, 0, 24), (0x2C, 0x5FF, NO_ID, 8),
             (0x40, 0x401, 1, 0), (0x44, 0x002, 1, 3), (0x4B, 0x200, 1, 8),
             (0x57, 0x600, NO_ID, 8), (0x63, 0x5FF, NO_ID, 8),
             (0x80, 0x401, 2, 0), (0x84, 0x001, 2, 6), (0x8E, 0x201, 2, 0),
             (0x92, 0x5FF, NO_ID, 8), (0xB0, 0x201, 2, 13), (0xC1, 0x5FF, NO_ID, 8)])

    def test_builder_makes_the_worked_example(self):
        made = Log(2).tags(super_tags(8)).commit()
        made.tag(0x401, 1).tags(DIR + soft((5, 6))).commit()
        made.tag(0x401, 2).tags(file_tags(2, b'hi.txt')).commit().tags(HI[1:]).commit()
        self.assertEqual(made.data().hex(), ROOT_LOG)
        made = Log(1).commit().tag(0x401, 0).tags(file_tags(0, b'big')).commit()
        self.assertEqual(made.tags(BIG[1:]).commit().data().hex(), DIR_LOG)

    def test_medium_that_erases_to_zero(self):
        made = Log(2, blank=0).tags(super_tags(8)).commit()
        self.assertEqual(made.data()[0x2C:0x3C].hex(), '7feffc1010000000aab444130fe0000c')
        self.assertEqual(scan(made.data(), blank=0).stop, 'unbegun')
        made.tag(0x301, 0, b'ab')
        self.assertEqual(made.data()[0x40:0x44].hex(), 'e00ffc06')
        found = scan(made.commit().data(), blank=0)
        self.assertEqual([tag.payload for tag in found.tags if tag.kind == 0x300], [b'ab'])

    def test_last_valid_commit_wins(self):
        data = bytearray(bytes.fromhex(ROOT_LOG))
        for off, commits, stop in ((0xD1, 3, 'broken'), (0xB0, 3, 'unbegun'), (0xB3, 3, 'broken'),
                                   (0xAC, 4, 'unbegun'), (0x73, 1, 'broken'), (0x44, 1, 'broken')):
            with self.subTest(off=off):
                torn = bytearray(data)
                torn[off] ^= 0x80
                found = scan(bytes(torn))
                self.assertEqual((len(found.commits), found.stop), (commits, stop))

    def test_no_commit(self):
        for data in (b'', b'\0' * BS, bytes.fromhex(ROOT_LOG)[:0x3F], b'\1' * BS):
            self.assertIsNone(scan(data))
        self.assertIsNone(lfs2_image.scan(b'\xff' * 128))

    def test_revision_is_covered_by_the_first_commit_only(self):
        data = bytearray(bytes.fromhex(ROOT_LOG))
        data[0] ^= 1
        self.assertIsNone(scan(bytes(data)))

    def test_removed_marker_has_no_payload(self):
        made = Log().tags(file_tags(0, b'f')).tag(0x307, 0, b'', 0x3FF)
        made.tag(0x308, 0, b'x').commit()
        tags = [tag for tag in scan(made.data()).tags if tag.kind == 0x300]
        self.assertEqual([(tag.type, tag.removed, tag.payload) for tag in tags],
                         [(0x307, True, b''), (0x308, False, b'x')])

    def test_flag_bit_is_looked_at_before_the_length(self):
        made = log(file_tags(0, b'f'), unit=1)
        room = len(made) + 4
        self.assertEqual(scan(made, room).stop, 'unbegun')

    def test_end_of_the_block(self):
        made = Log(unit=1, block_size=64).tags(file_tags(0, b'f', b'x' * 35)).commit()
        self.assertEqual(len(made.data()), 64)
        self.assertEqual((scan(made.data(), 64).stop, scan(made.data(), 64).commits[0].fcrc),
                         ('end', None))

    def test_tag_that_leaves_the_block(self):
        made = log(file_tags(0, b'f'))
        beyond = Log().tags(file_tags(0, b'f')).commit().tag(0x201, 0, b'', 600).data()
        self.assertEqual(scan(beyond).stop, 'broken')
        self.assertEqual(scan(beyond).tags, scan(made).tags)

    def test_empty_and_unaligned_commits(self):
        made = Log(version=0x00020000).commit().seal(0, 4).seal(0x7E, 9).seal(0x01, 4)
        found = scan(made.tags(file_tags(0, b'f')).commit().data())
        self.assertEqual(len(found.commits), 5)
        self.assertEqual(found.tags[0].payload, b'f')

    def test_other_tags_of_kind_5_close_nothing(self):
        made = Log().tags(file_tags(0, b'f')).tag(0x580, NO_ID, b'12345678').commit()
        self.assertEqual(len(scan(made.data()).commits), 1)


class TestFold(unittest.TestCase):
    def entries(self, *commits):
        made = Log(9)
        for commit in commits:
            made.tags(commit).commit()
        image = Media(16).put(1, root(rev=2)).put(5, made.data()).image()
        return [(entry.name, entry.payload, entry.attributes)
                for entry in image.load_pair((5, 6)).entries]

    def test_ids_in_any_order(self):
        a, b, c, d = (file_tags(n, b'%c' % (97 + n), b'%d' % n) for n in range(4))
        want = [(b'a', b'0', {}), (b'b', b'1', {}), (b'c', b'2', {}), (b'd', b'3', {})]
        self.assertEqual(self.entries(a + b + d + c), want)
        self.assertEqual(self.entries(d + c + b + a), want)
        self.assertEqual(self.entries(d[:1] + a + b[:1] + d[1:] + c + b[1:]), want)

    def test_splices(self):
        first = file_tags(0, b'a', b'0') + file_tags(1, b'b', b'1') + file_tags(2, b'c', b'2')
        cases = (
            ([(0x4FF, 1)], [b'a', b'c']),
            ([(0x4FF, 0), (0x4FF, 0)], [b'c']),
            ([(0x401, 1)] + file_tags(1, b'n'), [b'a', b'n', b'b', b'c']),
            ([(0x401, 3)] + file_tags(3, b'n'), [b'a', b'b', b'c', b'n']),
            # A rename in the pair, over a name that exists.
            ([(0x4FF, 0), (0x401, 0)] + file_tags(0, b'a', b'2') + [(0x4FF, 2)], [b'a', b'b']),
            ([(0x401, 0)] + file_tags(0, b'0') + [(0x4FF, 3), (0x201, 1, b'later')],
             [b'0', b'a', b'b']),
        )
        for tags, want in cases:
            with self.subTest(want=want):
                self.assertEqual([name for name, _, _ in self.entries(first, tags)], want)
        self.assertEqual(self.entries(first, cases[-1][0])[1], (b'a', b'later', {}))

    def test_latest_tag_wins(self):
        first = file_tags(0, b'a', b'old', attrs=((1, b'one'), (2, b'two'), (9, b'')))
        found = self.entries(first, [(0x302, 0, b'', 0x3FF), (0x301, 0, b'1')],
                             [(0x201, 0, b'new')],
                             [(0x304, 0, b'', 0x3FF), (0x001, 0, b'b')])
        self.assertEqual(found, [(b'b', b'new', {1: b'1', 9: b''})])

    def test_created_entry_has_no_attributes_of_the_old(self):
        first = file_tags(0, b'a', b'', attrs=((1, b'one'),))
        found = self.entries(first, [(0x4FF, 0), (0x401, 0)] + file_tags(0, b'a'))
        self.assertEqual(found, [(b'a', b'', {})])

    def test_tails(self):
        for tags, want in ((soft((8, 9)), (False, (8, 9))), (hard((8, 9)), (True, (8, 9))),
                           (hard((8, 9)) + soft((4, 7)), (False, (4, 7))),
                           (hard((NIL, NIL)), (False, (NIL, NIL))),
                           ([(0x603, NO_ID, struct.pack('<II', 8, 9))], (True, (8, 9)))):
            pair = Media(16).put(1, root()).put(5, log(tags)).image().load_pair((5, 6))
            self.assertEqual((pair.more, pair.tail), want)

    def test_too_many_entries(self):
        media = Media(16, 65536)
        names = [tag for n in range(1023) for tag in file_tags(n, b'%04d' % n)]
        media.put(5, log(names, block_size=65536))
        self.assertEqual(len(media.image().load_pair((5, 6)).entries), 1023)
        media.put(5, log(names, [(0x401, 0)], block_size=65536))
        with self.assertRaisesRegex(Corrupt, 'splice 0x401 at 0 of 1023'):
            media.image().load_pair((5, 6))


class TestPair(unittest.TestCase):
    def test_revisions(self):
        table = ((1, 2, 1, False), (2, 1, 0, False), (5, 5, 0, True), (0x7FFFFFFF, 0, 0, False),
                 (0x80000001, 0, 1, False), (0xFFFFFFFF, 0, 1, False), (0, 0xFFFFFFFF, 0, False),
                 (0x80000000, 0, 0, True), (0, 0x80000000, 0, True), (0, 0x7FFFFFFF, 1, False))
        for first, second, winner, tie in table:
            with self.subTest(first=first, second=second):
                media = Media(16).put(6, log(rev=first)).put(5, log(rev=second))
                pair = media.image().load_pair((6, 5))
                self.assertEqual((pair.block, pair.tie), ((6, 5)[winner], tie))

    def test_newer_revision_without_a_commit_loses(self):
        media = Media(16).put(6, log(rev=3)).put(5, log(rev=4)[:20])
        self.assertEqual(media.image().load_pair((5, 6)).block, 6)


class TestVolume(unittest.TestCase):
    def test_worked_example(self):
        image = example().image(16)
        self.assertEqual(image.tree(), {b'/': None, b'/dir': None, b'/dir/big': LETTERS,
                                        b'/hi.txt': b'Hello, world!'})
        self.assertEqual(image.used(), {0, 1, 2, 3, 5, 6, 7})
        self.assertEqual(image.check(), ([], []))
        self.assertEqual(image.notes, [])

    def test_block_0_of_the_example(self):
        media = example().put(1)
        self.assertEqual(media.data[:0x40].hex(), FIRST_LOG)
        self.assertEqual(media.image(16).tree(), {b'/': None})

    def test_previous_version_is_used_when_the_newest_is_torn(self):
        media = example()
        media.data[BS + 0xD1] ^= 1
        image = media.image()
        self.assertEqual(image.tree()[b'/hi.txt'], b'')
        errors, states = image.check()
        self.assertEqual(([], ['torn']), (errors, [found.kind for found in states]))

    def test_block_count(self):
        with self.assertRaisesRegex(Corrupt, 'out of range'):
            Image(example().data, BS, 7).tree()
        media = example()
        media.data += bytes(4 * BS)
        self.assertEqual(sorted(media.image().tree()), NAMES)
        media = plain().put(1, root(DIR, HI, top=super_tags(7)))
        with self.assertRaisesRegex(Corrupt, 'block 0 of the chain is number 7: out of range'):
            media.image().tree()

    def test_version_2_0(self):
        top = super_tags(version=0x00020000)
        media = plain().put(1, root(DIR, HI, top=top, version=0x00020000))
        media.put(5, log(BIG, version=0x00020000))
        image = media.image(16)
        self.assertEqual(sorted(image.tree()), NAMES)
        self.assertEqual(image.check(), ([], []))

    def test_short_record(self):
        top = super_tags()
        media = plain().put(1, root(DIR, HI, top=[top[0], (0x201, 0, top[1][2][:12])]))
        self.assertEqual(sorted(media.image().tree()), NAMES)
        self.assertEqual(media.image().check(), ([], []))

    def test_hard_tails(self):
        media = plain().put(5, log(BIG, hard((8, 9)), rev=9))
        media.put(8, log(file_tags(0, b'c'), hard((11, 10)))).put(10, log(file_tags(0, b'd')))
        image = media.image(16)
        self.assertEqual(sorted(image.tree()),
                         sorted(NAMES + [b'/dir/c', b'/dir/d']))
        self.assertEqual(image.used(), set(range(12)) - {4})
        self.assertEqual(image.check(), ([], []))

    def test_expanded_superblock(self):
        for top, notes in ((super_tags(), []), ([], ['no-copy', 'order']),
                           (super_tags(version=0x00020000), ['stale-version']),
                           (super_tags(12), ['stale-copy'])):
            media = plain().put(1, log(top, hard((9, 8)), rev=9))
            media.put(8, log(super_tags(), hard((10, 11)), rev=9))
            media.put(11, root(DIR, [(0x301, 0, b'of the root')], HI))
            image = media.image()
            self.assertEqual(sorted(image.tree()), NAMES)
            self.assertEqual(image.attributes, {b'/': {1: b'of the root'}})
            self.assertEqual(image.root(), (10, 11))
            self.assertEqual(image.used(), set(range(12)) - {4})
            self.assertEqual(image.check(), ([], []))
            self.assertEqual(sorted({note.kind for note in image.notes}), notes)

    def test_attributes(self):
        media = plain().put(1, root([(0x30A, 0, b'root')], DIR, [(0x3FF, 1, b'\0')],
                                    HI, [(0x301, 2, b'8 bytes.'), (0x300, 2, b'')]))
        image = media.image()
        image.tree()
        self.assertEqual(image.attributes, {b'/': {10: b'root'}, b'/dir': {255: b'\0'},
                                            b'/hi.txt': {1: b'8 bytes.', 0: b''}})

    def test_pending_move(self):
        """A file on its way from the root to the directory, whose pair has the old place hidden."""
        hi = file_tags(1, b'hi', HI[1][2], attrs=((5, b'tag'),))
        after = file_tags(3, b'z', b'behind')
        for pair, hidden in (((0, 1), True), ((1, 0), True), ((1, 12), True), ((5, 12), False)):
            with self.subTest(pair=pair):
                media = plain().put(1, root(DIR, HI, after))
                media.put(5, log(BIG, hi, state(moving(2), *pair), rev=9))
                image = media.image()
                names = [b'/dir/hi', b'/z'] + [name for name in NAMES
                                               if name != b'/hi.txt' or not hidden]
                self.assertEqual(sorted(image.tree()), sorted(names))
                self.assertEqual(image.attributes, {b'/dir/hi': {5: b'tag'}})

    def test_state_is_the_sum_of_the_shares(self):
        share = state(FLAG | moving(2), 0, 1)
        media = plain().put(1, root(DIR, HI, state(FLAG), state(moving(2) | FLAG, 0, 1)))
        media.put(5, log(BIG, share, rev=9))
        image = media.image()
        self.assertEqual(sorted(image.tree()), NAMES)
        self.assertEqual((image.state, image.flag, image.move), ((0, 0, 0), False, None))

    def test_blocks_of_a_moving_file_are_used(self):
        media = plain().put(5, log(BIG, state(moving(0), 6, 5), rev=9))
        media.put(1, root(DIR, file_tags(2, b'new', blocks=(3, 1500))))
        image = media.image()
        self.assertEqual(sorted(image.tree()), [b'/', b'/dir', b'/new'])
        self.assertEqual(image.used(), {0, 1, 2, 3, 5, 6, 7})

    def test_of_two_equal_names_the_first_counts(self):
        media = plain().put(1, root(DIR, HI, file_tags(3, b'hi.txt', b'second')))
        self.assertEqual(media.image().tree()[b'/hi.txt'], HI[1][2])

    def test_sizes_of_the_image(self):
        for length in (0, 1, BS - 1, BS, 2 * BS - 1, 2 * BS, 3 * BS + 7, 6 * BS):
            media = example()
            del media.data[length:]
            with self.subTest(length=length), self.assertRaises(Corrupt):
                media.image().tree()
            self.assertTrue(media.image().check()[0])

    def test_block_size_too_small(self):
        for block_size in (-512, 0, 1, 127):
            with self.assertRaises(ValueError):
                Image(b'\0' * 4096, block_size)


class TestProgram(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='reader2-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def run_main(self, *args):
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.object(sys, 'argv', ['lfs2_reader.py', *args]), \
                contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = lfs2_reader.main()
            except SystemExit as stop:
                status = stop.code
        return status, out.getvalue(), err.getvalue()

    def expected(self, attrs=None, **changes):
        entries = [{'path': '/dir', 'type': 'dir'}]
        for path, content in (('/dir/big', LETTERS), ('/hi.txt', HI[1][2])):
            entries.append({'path': path, 'type': 'reg', 'size': len(content),
                            'sha256': hashlib.sha256(content).hexdigest()})
        if attrs:
            entries[-1]['attrs'] = attrs
        want = {'format': 2, 'block_size': BS, 'used_blocks': 7, 'prog_size': 16,
                'entries': entries}
        want.update(changes)
        return json.dumps(want).encode()

    def with_attrs(self):
        return plain().put(1, root(DIR, HI, [(0x301, 2, b'\1\xfe'), (0x302, 2, b'')])).data

    ATTRS = [{'type': 1, 'hex': '01fe'}, {'type': 2, 'hex': ''}]

    def test_list(self):
        status, out, _ = self.run_main('--json', self.write('a.bin', self.with_attrs()), '512')
        self.assertEqual(status, 0)
        want = [{'path': '/', 'type': 'dir'}] + json.loads(self.expected(self.ATTRS))['entries']
        self.assertEqual(json.loads(out)['entries'], want)

    def test_list_of_what_is_readable(self):
        media = plain().put(3, struct.pack('<I', 99))
        status, out, err = self.run_main('--json', self.write('a.bin', media.data), '512')
        self.assertEqual(status, 1)
        self.assertIn("'/dir/big': block 1 of the chain is number 99", err)
        self.assertEqual([e['path'] for e in json.loads(out)['entries']],
                         ['/', '/dir', '/hi.txt'])

    def test_check(self):
        path = self.write('a.bin', example().data)
        self.assertEqual(self.run_main('--check', path, '512'), (0, '', ''))
        self.assertEqual(self.run_main('--check', '--prog-size', '16', path, '512'), (0, '', ''))
        status, out, _ = self.run_main('--check', '--prog-size', '32', path, '512')
        self.assertEqual(status, 1)
        self.assertIn('error rule-11: fcrc: block 1: FCRC of 16 bytes', out)

    def test_batch(self):
        clean, both = plain().data, self.with_attrs()
        cases = (
            (clean, self.expected(), None),
            (both, self.expected(self.ATTRS), None),
            (both, self.expected(self.ATTRS[::-1]), None),
            (both, self.expected(), "'/hi.txt': attributes are {1: '01fe', 2: ''}, not {}"),
            (both, self.expected(self.ATTRS[:1]), "not {1: '01fe'}"),
            (clean, self.expected(self.ATTRS), 'attributes are {}, not'),
            (clean, self.expected(prog_size=64), 'rule-11'),
            (clean, self.expected(used_blocks=8), '7 blocks are used, not 8'),
            (clean, self.expected(format=1), 'cannot be tried'),
            (plain().put(1, root([(0x301, 0, b'')], DIR, HI)).data, self.expected(),
             "'/' is not expected"),
        )
        for n, (data, want, _) in enumerate(cases):
            self.write(f'{n:04}.bin', data)
            self.write(f'{n:04}.json', want)
        status, out, _ = self.run_main('--batch', self.folder)
        self.assertEqual(status, 1)
        lines = out.splitlines()
        self.assertEqual(lines[-1], '3 passed, 7 failed')
        texts = [(n, text) for n, (_, _, text) in enumerate(cases) if text]
        for line, (n, text) in zip(lines, texts):
            self.assertIn(f'FAIL {n:04}: ', line)
            self.assertIn(text, line)


if __name__ == '__main__':
    unittest.main()
