# SPDX-License-Identifier: MIT
"""twinfs check --repair on damaged images: what comes back, and what must never happen.

Each kind of damage of damage.py, and random damage besides. Whatever was done to an image: a file
that a mount could read before has the same bytes under the same name afterwards, the repaired
volume has no error, and a second repair finds nothing to do.

argument: the twinfs program
"""
import os
import random
import subprocess
import sys
import unittest

import damage
import healthy
import measure

TWINFS = os.path.abspath(sys.argv[1])
SHAPES = [healthy.Shape('lfs1', 512, 512), healthy.Shape('lfs2', 512, 512),
          healthy.Shape('lfs1', 4096, 128), healthy.Shape('lfs2', 4096, 128)]
SEED = int(os.environ.get('TWINFS_SEED', '1'))

# Damage that metadata alone can make good: everything must come back, under some name.
HARMLESS = ('half-in-force', 'half-outdated', 'directory-both', 'root-both', 'superblock-one',
            'superblock-both')
# Of those, what loses no name either.
ALL_NAMES = ('half-outdated', 'directory-both', 'root-both', 'superblock-both')
# Damage that does not touch content: what is said to be kept must be the original.
METADATA = HARMLESS + ('directory-erased', 'tail-astray')


class Repair(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = measure.folder_of_test()
        cls.addClassCleanup(cls.temp.cleanup)
        cls.bench = measure.Bench(TWINFS, cls.temp.name)
        cls.images = {shape: healthy.make(TWINFS, os.path.join(cls.temp.name, shape.name), shape,
                                          SEED)
                      for shape in SHAPES}

    def damaged(self, image, data):
        path = os.path.join(self.bench.folder, 'damaged.bin')
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def clean(self, image, path):
        """The repaired image has no error, and another repair changes nothing."""
        words = [TWINFS, 'check', '--repair', *self.bench.where(image, path)]
        with open(path, 'rb') as file:
            before = file.read()
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, (done.stdout, done.stderr))
        with open(path, 'rb') as file:
            self.assertEqual(before, file.read(), 'the second repair')

    def repair(self, image, data):
        """Returns what could be read before, what can be after, and the report."""
        path = self.damaged(image, data)
        before = self.bench.listing(image, path)
        copy, report = self.bench.repair(image, path)
        after = self.bench.listing(image, copy)
        if report is None:
            self.assertEqual(before, [], 'a volume that can be read must be repairable')
            self.same_file(path, copy)
            return before, after, None
        changed = set(before) - set(after)
        if report['partitions'][0]['repair']['mended_bits']:
            # a commit that was hidden is in force now: what it removed is gone, and a file
            # is newer, though its content may have wrong bits as well
            changed = {(name, content) for name, content in changed
                       if name in image.files and name not in dict(after)}
        self.assertEqual(changed, set(), 'readable before, and not after')
        if report['partitions'][0]['repair']['kind'] != 'nothing':
            self.same_file(path, copy + '.before-repair')
            self.clean(image, copy)
        return before, after, report['partitions'][0]['repair']

    def same_file(self, one, other):
        with open(one, 'rb') as file, open(other, 'rb') as file2:
            self.assertEqual(file.read(), file2.read(), other)

    def check_report(self, image, repair):
        """What is reported as kept has the bytes of the original."""
        copy = os.path.join(self.bench.folder, 'repaired.bin')
        found = dict(self.bench.listing(image, copy))
        for entry in repair.get('objects', []):
            path = entry.get('path', '').encode().lstrip(b'/')
            if entry['type'] == 'reg' and entry['fate'] == 'kept' and path in image.files:
                self.assertEqual(found.get(path), measure.digest(image.files[path]), path)

    def test_kinds(self):
        for shape, image in self.images.items():
            total = sum(map(len, image.files.values()))
            for kind in damage.KINDS:
                with self.subTest(shape=shape.name, kind=kind, seed=SEED):
                    data = measure.damaged(image, kind, SEED)
                    _, after, repair = self.repair(image, data)
                    back = measure.account(image.files, after)
                    if kind in HARMLESS:
                        self.assertEqual(back.named + back.moved, total)
                    if kind in ALL_NAMES:
                        self.assertEqual(back.named, total)
                    if kind == 'superblock-erased' and shape.format == 'lfs1':
                        self.assertEqual(back.named, total)
                    if kind in METADATA and kind not in ('half-in-force', 'superblock-one'):
                        self.check_report(image, repair)

    def test_random(self):
        """Bytes of all kinds at random places, many of them in metadata."""
        rng = random.Random(SEED)
        for shape, image in self.images.items():
            used = sorted(image.volume().used())
            for turn in range(8):
                data = bytearray(image.data)
                for _ in range(rng.choice([1, 3, 20, 100])):
                    at = rng.choice(used) * shape.block_size + rng.randrange(shape.block_size)
                    wrong = rng.randbytes(rng.choice([1, 4]))
                    data[at:at + len(wrong)] = wrong
                with self.subTest(shape=shape.name, turn=turn, seed=SEED):
                    self.repair(image, bytes(data[:len(image.data)]))


if __name__ == '__main__':
    del sys.argv[1:]
    unittest.main(verbosity=2)
