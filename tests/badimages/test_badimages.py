# SPDX-License-Identifier: MIT
"""Images with one fault each: what "twinfs check" says of them, and how it ends.

The images are those that the independent reader is tried on (../interop/test_reader.py): written
byte by byte from the format, never by the engine that is judged here. More are made below. Each
has a name; FINDINGS says which problems check has to name, no more and no fewer. A case of the
reader that is not listed there must end with the right exit status.

argument: the twinfs program
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), folder) for folder in ('interop', 'lib')]

import schema
import test_reader as reader

TWINFS = os.path.abspath(sys.argv[1])

CLEAN, WRONG, REFUSED = 0, 1, 2

# Name of the case -> the problems.
FINDINGS = {
    'super: no valid half': 'lfs.magic',
    'super: magic': 'lfs.magic',
    'super: minor version': 'lfs.version',
    'super: block size': 'lfs.superblock',
    'super: entry': 'lfs.superblock',
    'super: type': 'lfs.superblock',
    'super: root field off the thread': 'lfs.half lfs.superblock lfs.thread',
    'super: root out of range': 'lfs.range lfs.thread',
    'thread: pair out of range': 'lfs.range',
    'thread: names the superblock': 'lfs.cycle',
    'thread: orphan continues behind the end': 'lfs.half lfs.thread',
    'thread: equal halves': 'lfs.range',
    'thread: dead pair': 'lfs.pair',
    'thread: cycle': 'lfs.cycle',
    'thread: cycle through one half': 'lfs.cycle',
    'pair: dead directory': 'lfs.pair',
    'entry: content too long': 'lfs.entry',
    'entry: name runs past the content': 'lfs.entry',
    'entry: unknown type': 'lfs.entry',
    'entry: superblock type': 'lfs.entry',
    'entry: payload length': 'lfs.entry',
    'name: empty': 'lfs.name',
    'name: slash': 'lfs.name',
    'name: dots': 'lfs.name',
    'name: twice': 'lfs.duplicate',
    'name: twice, in two pairs': 'lfs.duplicate lfs.half',
    'dir: off the thread': 'lfs.thread',
    'dir: three names': 'lfs.parents',
    'dir: name of the root': 'lfs.parents',
    'dir: in itself, unreachable': 'lfs.thread',
    'dir: orphan with content': 'lfs.thread',
    'dir: orphan that continues': 'lfs.half lfs.thread',
    'dir: empty continuation': 'lfs.empty_pair lfs.half',
    'dir: continues in itself': 'lfs.cycle',
    'file: pointer out of range': 'lfs.chain',
    'file: pointer to the superblock': 'lfs.chain',
    'file: pointer to a pair': 'lfs.cross_link',
    'file: head out of range': 'lfs.chain',
    'file: longer than the volume': 'lfs.size',
    'file: larger than 2^31-1': 'lfs.size',
    'file: shares a block': 'lfs.cross_link',
    'file: shares a block, other size': 'lfs.cross_link',
    'file: head behind its end': 'lfs.truncated',
    'moving file': 'lfs.moving',
    'moving directory': 'lfs.moving',
    'moved file': 'lfs.moved',
    'moved directory': 'lfs.half lfs.moved',
    'orphan': 'lfs.half lfs.orphan',
    'moved and orphan': 'lfs.half lfs.moved lfs.orphan',
    'desync': 'lfs.desync',
    'desync of the root': 'lfs.desync',
    'desync and mark': 'lfs.desync lfs.moved',
    'empty first pair': 'lfs.half',
    'minor version 0': '',
    'empty file with a head': 'lfs.stale_head',
    'attributes': '',
    'garbage in free blocks': '',
}

# Cases that are not even looked into.
NOT_OPENED = {'super: major version': 'holds littlefs version 2.0, which is not supported'}

# Where check and the reader do not agree on how bad it is, and why.
OTHERWISE = {
    'thread: outdated pair is dead': 'check does not look into a pair that is not in force',
    'thread: outdated pair has a broken chain': 'the same',
    'dir: marked twice': 'the next repair ends it',
    'dir: two marks and a twin': 'the same',
    'two names of a file': 'old writers can leave it; check does not allow for them',
    'two names of a directory': 'the same',
}


def head_behind_the_end(media):
    """What truncating to the end of a block left in littlefs 1.x: the head is a block too far."""
    reader.write_chain(media, 8, bytes(1600))
    media.put(5, reader.logs_half(reader.entry(0x11, (11, 1524), b'a.txt')))


def cases():
    """Yields (name, the bytes of the volume, exit status)."""
    own = {'file: head behind its end': (head_behind_the_end,)}
    for table, status in ((reader.DAMAGED, WRONG), (own, WRONG), (reader.LEGAL, CLEAN)):
        for name, row in table.items():
            media = reader.example(12)
            row[0](media)
            yield name, bytes(media.data), status


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='twinfs-badimages-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_twinfs(self, *words, says=b''):
        done = subprocess.run([TWINFS, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd=self.folder, timeout=60, check=False)
        self.assertIn(says, done.stderr)
        self.assertEqual(bool(says), bool(done.stderr), done.stderr)
        schema.judge_output(words, done.stdout)
        return done.returncode, done.stdout

    def check_image(self, *words):
        """The exit status, and the problems that were named."""
        status, out = self.run_twinfs('check', '--json', *words)
        result = json.loads(out)
        self.assertEqual(status, WRONG if result['errors'] else CLEAN)
        findings = [f for part in result['partitions'] for f in part['findings']]
        return status, {finding['problem'] for finding in findings}


class Volumes(Case):
    def check_volume(self, data):
        with open(self.path('user.bin'), 'wb') as file:
            file.write(data)
        found = self.check_image('--block-size', str(reader.BS), '--user', 'user.bin')
        with open(self.path('user.bin'), 'rb') as file:
            self.assertEqual(file.read(), data, 'check changes nothing')
        return found

    def check_refused(self, data, says):
        with open(self.path('user.bin'), 'wb') as file:
            file.write(data)
        status, _ = self.run_twinfs('check', '--block-size', str(reader.BS), '--user', 'user.bin',
                                    says=says.encode())
        self.assertEqual(status, REFUSED)

    def test_cases(self):
        for name, data, want in cases():
            with self.subTest(name):
                if name in NOT_OPENED:
                    self.check_refused(data, NOT_OPENED[name])
                    continue
                status, problems = self.check_volume(data)
                if name in FINDINGS:
                    self.assertEqual(problems, set(FINDINGS[name].split()))
                if name not in OTHERWISE:
                    self.assertEqual(status, want, problems)

    def test_geometry(self):
        with open(self.path('user.bin'), 'wb') as file:
            file.write(reader.example(12).data)
        status, _ = self.run_twinfs('check', '--block-size', '100', '--user', 'user.bin',
                                    says=b'block size')
        self.assertEqual(status, REFUSED)

    def test_names(self):
        """A name that was changed would take its case out of the table without a word."""
        self.assertLessEqual(set(FINDINGS) | set(OTHERWISE) | set(NOT_OPENED),
                             {name for name, _, _ in cases()})


class Areas(Case):
    """SecureData: units and records as in docs/formats/securedata.md."""

    UNIT = 4096
    ALIGN = 16

    def setUp(self):
        super().setUp()
        os.mkdir(self.path('app'))
        with open(self.path('app/main.py'), 'w', encoding='ascii') as file:
            file.write("PROJECT_NAME = 'T'\nPROJECT_VERSION = '1'\n")
        self.run_twinfs('mk', '-q', '--user', 'app', 'app.img')
        info = json.loads(self.run_twinfs('info', '--json', 'app.img')[1])
        self.area = next(part for part in info['partitions'] if part['name'] == 'securedata')

    def padded(self, data):
        return data + b'\xff' * (-len(data) % self.ALIGN)

    def unit(self, *records):
        head = struct.pack('<4sHBBQ', b'TdSU', 1, self.UNIT.bit_length() - 1,
                           self.ALIGN.bit_length() - 1, 1)
        return b''.join(map(self.padded, (head + struct.pack('<I', zlib.crc32(head)), *records)))

    @staticmethod
    def record(slot, generation, content):
        fields = struct.pack('<4sBBHQ', b'TdSR', slot, 0, len(content), generation)
        return b''.join((fields, struct.pack('<I', zlib.crc32(fields)), content,
                         struct.pack('<I', zlib.crc32(fields + content))))

    def findings(self, primary, mirror):
        with open(self.path('app.img'), 'r+b') as file:
            for number, data in enumerate((primary, mirror)):
                file.seek(self.area['addr'] + number * self.area['size'] // 2)
                file.write(data)
        status, problems = self.check_image('app.img')
        return status, {name for name in problems if name.startswith('secure.')}

    def test_good(self):
        unit = self.unit(self.record(3, 1, b'hello'))
        self.assertEqual(self.findings(unit, unit), (CLEAN, set()))

    def test_mirror_lags(self):
        old = self.record(3, 1, b'hello')
        self.assertEqual(self.findings(self.unit(old, self.record(3, 2, b'world')), self.unit(old)),
                         (CLEAN, {'secure.mirror'}))

    def test_record_is_damaged(self):
        unit = self.unit(self.record(3, 1, b'hello'), self.record(4, 2, b'again'))
        damaged = unit.replace(b'hello', b'hullo')
        self.assertEqual(self.findings(damaged, unit),
                         (CLEAN, {'secure.mirror', 'secure.record'}))


if __name__ == '__main__':
    del sys.argv[1:]
    unittest.main(verbosity=2)
