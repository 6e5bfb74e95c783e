# SPDX-License-Identifier: MIT
"""twinfs check --repair: what is written and what is not, and what is said of it."""
import fcntl
import os
import signal
import stat
import struct
import subprocess
import time
import zlib

import cli


def with_crc(data):
    return data + struct.pack('<I', zlib.crc32(data))


def secure_unit(slot, content):
    """The first erase unit of a SecureData region, with one record (docs/formats/securedata.md)."""
    header = with_crc(struct.pack('<4sHBBQ', b'TdSU', 1, 12, 4, 1)).ljust(32, b'\xff')
    fields = struct.pack('<4sBBHQ', b'TdSR', slot, 0, len(content), 1)
    crc = struct.pack('<I', zlib.crc32(fields + content))
    return header + with_crc(fields) + content + crc


class Repair(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.make_image()
        self.good = cli.read(self.path('app.img'))
        self.user = self.part('app.img', 'customer_fs')

    def area(self, part):
        return part['addr'], part['addr'] + part['block_size'] * part['blocks']

    def damage_user(self, name='app.img', count=2):
        """The root directory of the user partition: both halves."""
        block = self.user['block_size']
        for half in range(2, 2 + count):
            self.flip(self.path(name), self.user['addr'] + half * block + 4, 30)

    def files(self):
        return sorted(os.listdir(self.folder))

    def test_nothing_wrong(self):
        with self.unchanged('app.img'):
            out = self.twinfs('check', '--repair', 'app.img')[0].decode()
        self.assertNotIn('repaired', out)
        self.assertEqual(out.splitlines()[-1], 'nothing to repair')
        result = self.json('check', '--repair', '--json', 'app.img')
        self.assertEqual([p['repair']['kind'] for p in result['partitions']], ['nothing'] * 3)
        self.assertEqual(result['replaced'], [])

    def test_repaired_beside(self):
        """The old image is kept, under a name that no older one had; only the partition changes."""
        self.damage_user()
        bad = cli.read(self.path('app.img'))
        cli.write_tree(self.folder, {'app.img.before-repair': b'older'})
        os.chmod(self.path('app.img'), 0o640)
        self.twinfs('check', 'app.img', status=cli.WRONG)
        out = self.twinfs('check', '--repair', 'app.img', status=cli.WRONG)[0].decode()
        self.assertIn('app.img: repaired; as it was: app.img.before-repair.1', out)
        self.assertEqual(cli.read(self.path('app.img.before-repair.1')), bad)
        self.assertEqual(cli.read(self.path('app.img.before-repair')), b'older')
        self.assertEqual(stat.S_IMODE(os.stat(self.path('app.img')).st_mode), 0o640)
        new = cli.read(self.path('app.img'))
        first, last = self.area(self.user)
        self.assertEqual(new[:first] + new[last:], bad[:first] + bad[last:])
        self.assertNotEqual(new[first:last], bad[first:last])
        self.twinfs('check', 'app.img')
        self.twinfs('get', 'app.img', 'usr', 'out')
        saved = {content for content in cli.read_tree(self.path('out')).values() if content}
        self.assertIn(cli.APP['lib/deep/data.bin'], saved)
        self.assertIn(cli.APP['lib/driver.py'], saved)

    def test_json(self):
        self.damage_user()
        result = self.json('check', '--repair', '--json', 'app.img', status=cli.WRONG)
        self.assertGreater(result['errors'], 0)
        self.assertEqual(result['replaced'], [{'path': 'app.img',
                                               'copy': 'app.img.before-repair'}])
        repair = result['partitions'][0]['repair']
        self.assertEqual((repair['kind'], repair['format'], repair['block_size']),
                         ('rebuilt', 'littlefs 1.1', 4096))
        files = [o for o in repair['objects'] if o['type'] == 'reg']
        for fate, total in repair['totals'].items():
            here = [o for o in files if o['fate'] == fate]
            self.assertEqual(total, {'files': len(here), 'bytes': sum(o['size'] for o in here)})
        self.assertEqual([p['repair']['kind'] for p in result['partitions'][1:]], ['nothing'] * 2)

    def test_single_bits(self):
        """One in each half: the checksums say which, and the image is as it was, byte for byte."""
        block = self.user['block_size']
        for offset in (2 * block + 20, 3 * block + 9):
            at = self.user['addr'] + offset
            self.damage(self.path('app.img'), at, bytes([self.good[at] ^ 4]))
        self.twinfs('check', 'app.img', status=cli.WRONG)
        out = self.twinfs('check', '--repair', 'app.img')[0].decode()
        self.assertIn('put 2 wrong bits of metadata right', out)
        self.assertTrue(cli.read(self.path('app.img')) == self.good)

    def test_dry_run(self):
        self.damage_user()
        with self.unchanged('app.img'):
            out = self.twinfs('check', '--repair', '--dry-run', '-v', 'app.img',
                              status=cli.WRONG)[0].decode()
        self.assertIn('nothing was written', out)
        self.assertIn('/lost+found/', out)

    def test_output(self):
        self.damage_user()
        bad = cli.read(self.path('app.img'))
        out = self.twinfs('check', '--repair', '--output', 'new.img', 'app.img',
                          status=cli.WRONG)[0].decode()
        self.assertIn('new.img: the repaired image', out)
        self.assertEqual(self.files(), ['app', 'app.img', 'new.img'])
        self.assertTrue(cli.read(self.path('app.img')) == bad)
        self.twinfs('check', 'new.img')
        os.symlink('app.img', self.path('link.img'))
        for name in ('app.img', 'link.img', 'new.img'):
            with self.subTest(name=name), self.unchanged('app.img', 'new.img'):
                self.fails('check', '--repair', '--output', name, 'app.img',
                           saying=f'{name}: cannot be made: exists already')

    def test_keep(self):
        self.damage_user()
        bad = cli.read(self.path('app.img'))
        cli.write_tree(self.folder, {'taken': b'x'})
        with self.unchanged('app.img', 'taken'):
            self.fails('check', '--repair', '--keep', 'taken', 'app.img', saying='taken')
        self.twinfs('check', '--repair', '--keep', 'old.img', 'app.img', status=cli.WRONG)
        self.assertTrue(cli.read(self.path('old.img')) == bad)
        self.assertEqual(self.files(), ['app', 'app.img', 'old.img', 'taken'])

    def test_link(self):
        """What a symbolic link names is replaced, not the link."""
        self.damage_user()
        os.symlink('app.img', self.path('link.img'))
        self.twinfs('check', '--repair', 'link.img', status=cli.WRONG)
        self.assertTrue(os.path.islink(self.path('link.img')))
        self.twinfs('check', 'app.img')

    def test_backup_partition(self):
        part = self.part('app.img', 'customer_backup_fs')
        self.flip(self.path('app.img'), part['addr'] + 2 * 4096 + 4, 30)
        self.flip(self.path('app.img'), part['addr'] + 3 * 4096 + 4, 30)
        with self.unchanged('app.img'):
            out = self.twinfs('check', '--repair', 'app.img', status=cli.FAILED)[0].decode()
        self.assertIn('not repaired: the backup partition is read-only; --allow-backup-write', out)
        self.twinfs('check', '--repair', '--allow-backup-write', 'app.img', status=cli.WRONG)
        self.twinfs('check', 'app.img')
        new = cli.read(self.path('app.img'))
        first, last = self.area(self.user)
        self.assertTrue(new[first:last] == self.good[first:last])

    def test_loose_files(self):
        image = self.make_pair()
        user = 'pair/customer_fs.bin'
        whole = cli.read(self.path(image[3]))
        bad = self.path(user)
        self.flip(bad, 0, 2 * 4096)
        self.fails('check', '--repair', user, saying='no littlefs at the start')
        self.fails('check', '--repair', '--keep', 'old', *image, saying='--keep names one file')
        out = self.twinfs('check', '--repair', *image)[0].decode()
        self.assertIn(f'{user}: repaired; as it was: {user}.before-repair', out)
        self.assertEqual(sorted(os.listdir(self.path('pair'))),
                         ['customer_backup_fs.bin', 'customer_fs.bin',
                          'customer_fs.bin.before-repair'])
        self.assertTrue(cli.read(self.path(image[3])) == whole)
        self.twinfs('check', *image)
        self.twinfs('get', user, '/', 'out')
        tree = cli.read_tree(self.path('out'))
        for path, content in cli.APP.items():
            self.assertEqual(tree.get(path), content, path)

    def test_nothing_to_save(self):
        first, last = self.area(self.user)
        self.damage(self.path('app.img'), first, b'\x55' * (last - first))
        with self.unchanged('app.img'):
            out = self.twinfs('check', '--repair', 'app.img', status=cli.FAILED)[0].decode()
        self.assertIn('not repaired: ', out)

    def test_locked(self):
        self.damage_user()
        with open(self.path('app.img'), 'r+b') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with self.unchanged('app.img'):
                self.fails('check', '--repair', 'app.img', saying='app.img')
                self.twinfs('check', '--repair', '--dry-run', 'app.img', status=cli.WRONG)

    def test_usage(self):
        self.fails('check', '--dry-run', 'app.img', saying='--dry-run goes with --repair')
        self.fails('check', '--output', 'x', 'app.img', saying='--output goes with --repair')
        self.fails('check', '--repair', '--output', 'x', '--keep', 'y', 'app.img',
                   saying='--keep is of no use with --output')

    def test_secure(self):
        """A record that only one region has: left as it is, and said to be."""
        part = self.part('app.img', 'securedata')
        at, size = part['addr'], part['size']
        self.damage(self.path('app.img'), at, secure_unit(3, b'hello'))
        with self.unchanged('app.img'):
            out = self.twinfs('check', '--repair', 'app.img')[0].decode()
        self.assertIn('secure.mirror', out)
        self.assertIn('not repaired: the next store mends SecureData', out)
        self.damage_user()
        bad = cli.read(self.path('app.img'))
        self.twinfs('check', '--repair', 'app.img', status=cli.WRONG)
        self.assertTrue(cli.read(self.path('app.img'))[at:at + size] == bad[at:at + size])

    def test_killed(self):
        """However early or late the program ends, the image is the old or the new one."""
        self.damage_user()
        bad = cli.read(self.path('app.img'))
        self.twinfs('check', '--repair', '--output', 'new.img', 'app.img', status=cli.WRONG)
        new = cli.read(self.path('new.img'))
        for turn in range(40):
            self.damage(self.path('app.img'), 0, bad)
            process = subprocess.Popen([cli.EXE, 'check', '--repair', 'app.img'], cwd=self.folder,
                                       stdout=subprocess.DEVNULL)
            time.sleep(turn * 0.001)
            process.send_signal(signal.SIGKILL)
            process.wait()
            now = cli.read(self.path('app.img'))
            self.assertTrue(now in (bad, new), f'killed after {turn} ms')
            for name in self.files():
                if name.startswith('app.img.before-repair'):
                    self.assertTrue(cli.read(self.path(name)) == bad, name)
                    os.unlink(self.path(name))


if __name__ == '__main__':
    cli.main()
