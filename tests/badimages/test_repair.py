# SPDX-License-Identifier: MIT
"""The images with one fault each, repaired: what could be read before is there afterwards, with the
same bytes; a second check finds no error; what only a power cut left keeps all of its tree.

argument: the twinfs program
"""
import glob
import json
import lzma
import os
import sys
import unittest

import lfs2_build as lfs2
import test_badimages as first
import test_lfs2 as second

GOLDEN = os.path.join(first.HERE, '../../../shared/golden/images')
BLOCK_SIZE = 512    # of the golden images


class Repair(first.Case):
    def words(self, block_size):
        return ('--block-size', str(block_size), '--user', 'user.bin')

    def read(self, name):
        with open(self.path(name), 'rb') as file:
            return file.read()

    def try_twinfs(self, *words):
        """As run_twinfs, but it may say what it wants."""
        done = first.subprocess.run([first.TWINFS, *words], stdout=first.subprocess.PIPE,
                                    stderr=first.subprocess.PIPE, cwd=self.folder, timeout=60,
                                    check=False)
        self.assertIn(done.returncode, (0, 1, 2), words)
        return done.returncode, done.stdout

    def listing(self, block_size):
        """What a mount reads: {path: (type, digest)}."""
        _, out = self.try_twinfs('ls', '-r', '--hash', '--json', *self.words(block_size))
        entries = json.loads(out)['entries'] if out else []
        return {entry.get('path') or entry['path_hex']: entry.get('sha256') for entry in entries
                if entry['type'] == 'dir' or entry.get('sha256')}

    def repair(self, data, block_size):
        """Returns the kind of repair, or None when there was none to be had."""
        for name in glob.glob(self.path('user.bin*')):
            os.unlink(name)
        with open(self.path('user.bin'), 'wb') as file:
            file.write(data)
        before = self.listing(block_size)
        status, out = self.try_twinfs('check', '--repair', '--json', *self.words(block_size))
        if not out:
            self.assertEqual(self.read('user.bin'), data)
            return None
        repair = json.loads(out)['partitions'][0]['repair']
        if 'unrepaired' in repair:
            self.assertEqual((status, self.read('user.bin')), (2, data))
            return None
        after = self.listing(block_size)
        if repair['mended_bits']:  # a commit that a wrong bit had hidden may be in force now
            self.assertLessEqual(before.keys(), after.keys())
        else:
            self.assertLessEqual(before.items(), after.items())
        if repair['kind'] == 'nothing':
            self.assertEqual(self.read('user.bin'), data)
        else:
            self.assertEqual(self.read('user.bin.before-repair'), data)
        status, out = self.try_twinfs('check', '--json', *self.words(block_size))
        self.assertEqual(status, 0, out)
        return repair['kind']

    def judge(self, kind, is_legal, problems):
        residue = {'lfs.orphan', 'lfs.desync', 'lfs.moved', 'lfs.moving'} & problems
        if is_legal:
            self.assertEqual(kind, 'residue' if residue else 'nothing')

    def test_version_1(self):
        for name, data, status in first.cases():
            with self.subTest(name):
                kind = self.repair(data, first.reader.BS)
                problems = set(first.FINDINGS.get(name, 'unknown').split())
                if name not in first.OTHERWISE and 'unknown' not in problems:
                    self.judge(kind, status == first.CLEAN, problems)

    def test_version_2(self):
        for name, start, change, want in second.CASES:
            with self.subTest(name):
                volume = start()
                change(volume)
                self.judge(self.repair(volume.bytes(), lfs2.BS), want <= second.LEGAL, want)

    @unittest.skipUnless(os.path.isdir(GOLDEN), 'the golden images are not here')
    def test_golden(self):
        paths = glob.glob(os.path.join(GOLDEN, 'bad*.xz'))
        self.assertGreater(len(paths), 20)
        for path in paths:
            with self.subTest(os.path.basename(path)), lzma.open(path) as file:
                self.repair(file.read(), BLOCK_SIZE)


if __name__ == '__main__':
    del sys.argv[1:]
    unittest.main(verbosity=2)
