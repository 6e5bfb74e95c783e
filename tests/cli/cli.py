# SPDX-License-Identifier: MIT
"""What the tests of the command line share: running twinfs, and images to run it on."""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import schema  # noqa: E402

EXE = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else 'twinfs'
VERBS = ('mk', 'merge', 'run', 'mount', 'umount', 'power', 'fault', 'events', 'record', 'info', 'ls', 'cat', 'get',
         'history', 'unpack', 'crc', 'put', 'rm', 'resize', 'flash', 'damage', 'boot', 'check', 'trace', 'explore', 'report')

OK, WRONG, FAILED = 0, 1, 2

# A small application: path -> content, or None for a directory.
APP = {
    'main.py': b"PROJECT_NAME = 'T'\nPROJECT_VERSION = '1.0.0'\n",
    'config.json': b'{"interval": 60}\n',
    'empty.txt': b'',
    'lib': None,
    'lib/driver.py': b'def read():\n    return 1\n' * 300,
    'lib/deep': None,
    'lib/deep/data.bin': random.Random(1).randbytes(30000),
    'log': None,
}
PROTECTED = ('main.py', 'lib/driver.py')


def device_crc(data):
    """The text of the device's hash; None for an empty file."""
    return hex(zlib.crc32(data, 0xffffffff)) if data else None


def write_tree(folder, tree):
    for path, content in tree.items():
        where = os.path.join(folder, path)
        if content is None:
            os.makedirs(where, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, 'wb') as file:
            file.write(content)


def read_tree(folder):
    tree = {}
    for top, dirs, files in os.walk(folder):
        for name in dirs:
            tree[os.path.relpath(os.path.join(top, name), folder)] = None
        for name in files:
            path = os.path.join(top, name)
            with open(path, 'rb') as file:
                tree[os.path.relpath(path, folder)] = file.read()
    return tree


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class CliTest(unittest.TestCase):
    """Each test runs in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='twinfs-cli-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def twinfs(self, *words, status=OK, stdin=b''):
        """Runs twinfs; returns (stdout, stderr) as bytes and text."""
        env = {key: value for key, value in os.environ.items() if key != 'NO_COLOR'}
        done = subprocess.run([EXE, *words], cwd=self.folder, input=stdin, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=50,
                              check=False)
        err = done.stderr.decode('utf-8', 'backslashreplace')
        self.assertEqual(done.returncode, status, f'twinfs {words}: {done.stdout!r} {err}')
        if status != FAILED and done.stdout:
            schema.judge_output(words, done.stdout)
        return done.stdout, err

    def json(self, *words, status=OK):
        return json.loads(self.twinfs(*words, status=status)[0])

    def fails(self, *words, saying, status=FAILED):
        """The command fails with one line on stderr that holds @saying."""
        out, err = self.twinfs(*words, status=status)
        self.assertEqual(err.count('\n'), 1, err)
        self.assertTrue(err.startswith('twinfs'), err)
        self.assertIn(saying, err)
        return out

    def make_app(self, tree=None):
        write_tree(self.path('app'), APP if tree is None else tree)

    def make_image(self, name='app.img', protected=PROTECTED, tree=None):
        self.make_app(tree)
        words = [word for path in protected for word in ('--backup', path)]
        self.twinfs('mk', name, '--user', 'app', *words)
        return self.path(name)

    def make_pair(self, protected=PROTECTED, tree=None):
        """Returns the options that name the two files."""
        self.make_app(tree)
        words = [word for path in protected for word in ('--backup', path)]
        self.twinfs('mk', '--pair', 'pair', '--user', 'app', *words)
        return ('--user', 'pair/customer_fs.bin', '--backup', 'pair/customer_backup_fs.bin')

    def entries(self, *words):
        """The paths of a JSON listing -> its entry."""
        return {entry['path']: entry for entry in self.json('ls', '--json', *words)['entries']}

    def part(self, image, name):
        """What info says of a partition."""
        parts = self.json('info', '--json', image)['partitions']
        return next(part for part in parts if part['name'] == name)

    def damage(self, path, offset, data):
        with open(path, 'r+b') as file:
            file.seek(offset)
            file.write(data)

    def flip(self, path, offset, count=1):
        """Inverts bytes of a file."""
        old = read(path)[offset:offset + count]
        self.damage(path, offset, bytes(byte ^ 0xff for byte in old))

    def unchanged(self, *names):
        """A context in which none of the files may change, nor a new one appear beside them."""
        return Unchanged(self, names)


class Unchanged:
    def __init__(self, test, names):
        self.test, self.names = test, names

    def state(self):
        return sorted(os.listdir(self.test.folder)), [read(self.test.path(n)) for n in self.names]

    def __enter__(self):
        self.before = self.state()

    def __exit__(self, kind, *_):
        if kind is None:
            self.test.assertEqual(self.before[0], self.state()[0])
            self.test.assertTrue(self.before == self.state(), f'{self.names} changed')


def main():
    del sys.argv[1:]
    unittest.main(verbosity=2)
