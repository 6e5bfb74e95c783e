# SPDX-License-Identifier: MIT
"""The tests of applications' modules once more, on a mounted module: errors, sizes and free
blocks come from FUSE then. Files with "# only: mount" run here alone."""
import glob
import os
import subprocess
import sys
import tempfile
import unittest

import lib

PYTHON = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'python')
sys.path.insert(0, PYTHON)
# pylint: disable=wrong-import-position
import interpreters
import run_tests

CAN_WRITE_BACKUP = '--allow-backup-write'


class PythonTest(unittest.TestCase):
    """Each test file on a module of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='twinfs-e2e-')
        self.addCleanup(lib.shutil.rmtree, self.folder, ignore_errors=True)

    def make_image(self, script):
        """A module like the plain directory that run_tests makes."""
        root = tempfile.mkdtemp(dir=self.folder)
        run_tests.make_root(root, script)
        image = os.path.join(root, 'module.img')
        lib.run(lib.TWINFS, 'mk', '-q', '--format', lib.FORMAT, '--user', os.path.join(root, 'usr'),
                '--backup', 'main.py', image)
        lib.run(lib.TWINFS, 'put', '--force', '--allow-backup-write', image,
                os.path.join(root, 'bak', '.'), 'bak')
        return image

    def run_file(self, interpreter, script, settings):
        options = ['-o', 'view=device']
        if 'allow_backup_write=1' in settings:
            options.append(CAN_WRITE_BACKUP)
        with lib.Mount(self.folder, *options, self.make_image(script)) as mount:
            done = run_tests.run_script(interpreter, script, settings, mount.root)
        self.assertEqual(done[1], 0, '%s, %s\n%s' % (interpreter.kind, script, done[2]))
        self.assertGreater(done[0], 0, script)

    def run_all(self, kind):
        interpreter = interpreters.find(kind)
        if isinstance(interpreter, str):
            self.skipTest(interpreter)
        knows = subprocess.run([lib.TWINFS, 'mount', '--help'], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
        for script in sorted(glob.glob(os.path.join(PYTHON, 'test_*.py'))):
            if any(text.startswith('mount ') for text in run_tests.headers(script, 'skip')):
                continue
            for settings in run_tests.headers(script, 'run') or ['']:
                if 'allow_backup_write=1' in settings and CAN_WRITE_BACKUP not in knows:
                    continue
                with self.subTest(script=os.path.basename(script), settings=settings):
                    self.run_file(interpreter, script, settings.split())

    def test_cpython(self):
        self.run_all('cpython')

    def test_micropython(self):
        self.run_all('micropython')


if __name__ == '__main__':
    lib.main()
