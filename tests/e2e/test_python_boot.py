# SPDX-License-Identifier: MIT
"""Restore and update by emulator/python do what the boot of twinfs does; and the examples of the
founding document run as they are written.

Random states of a module are booted twice: by "twinfs boot", and by an
application that calls backup_restore.main() and app_fota.new().update() over a
mount whose own boot does neither. Trees and printed lines must be the same.

TWINFS_SEED and TWINFS_ROUNDS choose which states and how many.
"""
import json
import os
import random
import shutil
import sys
import unittest

import boot_variants
import lib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'python'))
# pylint: disable=wrong-import-position
import interpreters

SEED = int(os.environ.get('TWINFS_SEED', '1'))
ROUNDS = int(os.environ.get('TWINFS_ROUNDS', '60'))

# What the lines of a boot begin with; each must have been there to be compared.
KINDS = ['- restoring ', '~ backup file does not exist: ', '- done', '[{',
         'x backup restore procedure error: ']

SCRIPT = 'zz_boot.py'
BOOT = (b'import app_fota, backup_restore\n'
        b'backup_restore.main()\n'
        b'app_fota.new().update()\n')

PROFILE = {
    'modules': 'for a test',
    'chip_size': '1M',
    'partitions': {
        'customer_fs': {'addr': '64K', 'size': '320K'},
        'customer_backup_fs': {'addr': '384K', 'size': '320K'},
    },
    'filesystem': {'format': 1, 'block_size': 4096, 'prog_size': 4096, 'spare_blocks': 1,
                   'v2': {'prog_size': 32, 'block_cycles': 100, 'stores_mtime': False}},
    'flash': {'read_size': 1, 'prog_size': 16, 'erase_size': 4096, 'strict': True,
              'read_ns_per_kib': 40000, 'page_size': 256, 'program_page_ns': 400000,
              'erase_unit_ns': 45000000},
}


def installed():
    """The interpreters there are, of those that reach a mount."""
    found = [interpreters.find(kind) for kind in ('cpython', 'micropython')]
    return [interpreter for interpreter in found if not isinstance(interpreter, str)]


def write_tree(root, tree):
    os.makedirs(root)
    for name in sorted(tree):
        path = os.path.join(root, name)
        if tree[name] is None:
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            lib.write(path, tree[name])


def shown(tree):
    """The tree with its long files as their length and hash, for a message one can read."""
    return {name: data if data is None or len(data) < 300 or name.endswith('.json')
            else '%d bytes, %s' % (len(data), boot_variants.device_crc(data))
            for name, data in tree.items()}


def sorted_json(data):
    """A JSON file with the keys in order, where an interpreter has its own order of them."""
    try:
        return json.dumps(json.loads(data), sort_keys=True).encode()
    except ValueError:
        return data


class BootAgrees(unittest.TestCase):
    def setUp(self):
        self.folder = lib.tempfile.mkdtemp(prefix='twinfs-boot-')
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.boots = self.profile('boots', True)
        self.waits = self.profile('waits', False)
        self.write_empty_partition()

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def profile(self, name, boots):
        path = self.path(name + '.json')
        boot = {'restores': boots, 'applies_updates': boots, 'writes_settings': False}
        with open(path, 'w') as file:
            json.dump(dict(PROFILE, name=name, boot=boot), file)
        return path

    def write_empty_partition(self):
        os.makedirs(self.path('nothing'))
        lib.run(lib.TWINFS, 'mk', '-q', '--format', lib.FORMAT, '--profile', self.boots,
                '--user', self.path('nothing'), '--pair', self.path('empty'))

    def make_partition(self, name, tree):
        write_tree(self.path(name), tree)
        shutil.copyfile(self.path('empty', 'customer_fs.bin'), self.path(name + '.bin'))
        filler = self.path(name, boot_variants.FILLER)
        while tree:
            done = lib.run(lib.TWINFS, 'put', self.path(name + '.bin'), self.path(name, '.'), '/',
                           check=False)
            if not done.returncode:
                break
            self.assertIn('no space', done.stdout)
            os.truncate(filler, os.path.getsize(filler) - 4096)

    def partitions(self, name):
        return '--user', self.path(name + '.bin'), '--backup', self.path('bak.bin')

    def boot_in_c(self):
        """(tree, lines) of "twinfs boot"."""
        shutil.copyfile(self.path('usr.bin'), self.path('c.bin'))
        done = lib.run(lib.TWINFS, 'boot', '--json', '--profile', self.boots, *self.partitions('c'))
        lib.run(lib.TWINFS, 'get', self.path('c.bin'), '/', self.path('c'))
        return lib.tree(self.path('c')), json.loads(done.stdout)['console'][1:]

    def boot_in_python(self, interpreter):
        shutil.copyfile(self.path('usr.bin'), self.path('python.bin'))
        with lib.Mount(self.folder, '--profile', self.waits, '-o', 'view=device',
                       *self.partitions('python')) as mount:
            done = lib.run(*interpreter.command(mount.root, [], '/usr/' + SCRIPT),
                           stdin=lib.subprocess.DEVNULL, env=interpreters.environment(),
                           errors='backslashreplace')
            return lib.tree(mount.usr()), done.stdout.splitlines()

    def check_state(self, number, interpreter):
        chance = random.Random('%d %d' % (SEED, number))
        user, backup = boot_variants.make(chance)
        user[SCRIPT] = BOOT
        for name in ('usr', 'bak', 'c'):
            shutil.rmtree(self.path(name), ignore_errors=True)
        self.make_partition('usr', user)
        self.make_partition('bak', backup)
        tree, lines = self.boot_in_c()
        got_tree, got_lines = self.boot_in_python(interpreter)
        if interpreter.kind != 'cpython':
            tree, got_tree = [
                {name: data and sorted_json(data) for name, data in found.items()}
                for found in (tree, got_tree)]
            lines, got_lines = [
                [''.join(sorted(line)) if line.startswith('[') else line for line in found]
                for found in (lines, got_lines)]
        self.maxDiff = None
        self.assertEqual(got_lines, lines)
        self.assertEqual(shown(got_tree), shown(tree))
        return lines

    def test_random_states(self):
        found = installed()
        print('seed %d, %d states, in %s' % (SEED, ROUNDS, ' and '.join(i.kind for i in found)))
        seen = dict.fromkeys(KINDS, 0)
        for number in range(ROUNDS):
            with self.subTest(seed=SEED, state=number):
                lines = self.check_state(number, found[number % len(found)])
                for kind in KINDS:
                    seen[kind] += any(line.startswith(kind) for line in lines)
        print(', '.join('%d states with "%s"' % (seen[kind], kind) for kind in KINDS))
        if ROUNDS >= 50:  # else chance may have left one out
            self.assertNotIn(0, seen.values())


SECURE_EXAMPLE = """\
import SecureData
databuf = '\\x31\\x32\\x33\\x34\\x35\\x36\\x37\\x38'
SecureData.Store(1, databuf, 8)
buf = bytearray(20)
lenth = SecureData.Read(1, buf, 20)
print(buf[:lenth])
"""

# As typed into the module's REPL, which prints what a call returns.
CRC_EXAMPLE = """\
import file_crc32
print(repr(file_crc32.calc('/usr/1.txt')))
"""


class Documents(lib.MountTest):
    """The examples of the founding document."""

    files = dict(lib.FILES, **{'1.txt': b'hello world', 'secure.py': SECURE_EXAMPLE.encode(),
                               'crc.py': CRC_EXAMPLE.encode()})
    protected = lib.PROTECTED + ['1.txt']
    options = ('-o', 'view=device')

    def printed(self, interpreter, script):
        return lib.run(*interpreter.command(self.mount.root, [], script),
                       env=interpreters.environment(), stdin=lib.subprocess.DEVNULL).stdout

    def hash_of(self, name):
        table = json.loads(lib.read(self.mount.usr('checksum.json')))
        return [entry['crc32'] for entry in table if entry['name'] == name]

    def test_secure_data(self):
        for interpreter in installed():
            with self.subTest(interpreter.kind):
                self.assertEqual(self.printed(interpreter, '/usr/secure.py'),
                                 "bytearray(b'12345678')\n")
                self.restart()

    def test_file_crc32(self):
        """After it the changed file survives the boot; without it the factory file comes back."""
        self.assertEqual(self.hash_of('/usr/1.txt'), ['0x99325f96'])
        for interpreter in installed():
            with self.subTest(interpreter.kind):
                lib.write(self.mount.usr('1.txt'), b'a')
                self.assertEqual(self.printed(interpreter, '/usr/crc.py'), "'0xc54aae31'\n")
                self.assertEqual(self.hash_of('/usr/1.txt'), ['0xc54aae31'])
                self.restart()
                self.assertEqual(lib.read(self.mount.usr('1.txt')), b'a')
                lib.write(self.mount.usr('1.txt'), b'b')
                self.restart()
                self.assertEqual(lib.read(self.mount.usr('1.txt')), b'hello world')


if __name__ == '__main__':
    lib.main()
