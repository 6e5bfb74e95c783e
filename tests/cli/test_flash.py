# SPDX-License-Identifier: MIT
"""twinfs flash: the partitions are the package's, SecureData is the module's."""
import json
import lzma
import os
import random
import sys

import cli
import packages

GOLDEN = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else 'tests/interop/golden')
SECURE = (0x640000, 65536)
USER, BACKUP = (0x100000, 5242880), (0x600000, 204800)


class Flash(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.make_image('app.img', tree={'main.py': b'the old application\n', 'old.txt': b'old'},
                        protected=['main.py'])
        # not what SecureData would hold: not one bit of it may change, whatever it is
        self.secret = random.Random(5).randbytes(SECURE[1])
        self.damage(self.path('app.img'), SECURE[0], self.secret)
        self.make_pair()
        self.user = cli.read(self.path('pair/customer_fs.bin'))
        self.backup = cli.read(self.path('pair/customer_backup_fs.bin'))

    def area(self, area, image='app.img'):
        return cli.read(self.path(image))[area[0]:area[0] + area[1]]

    def check_flashed(self, secret=None):
        self.assertTrue(self.area(USER) == self.user)
        self.assertTrue(self.area(BACKUP) == self.backup)
        self.assertTrue(self.area(SECURE) == (self.secret if secret is None else secret))

    def make_package(self, name='fw.zip', **more):
        packages.asr(self.path(name), user=self.user, backup=self.backup, **more)

    def test_merged_package_boots(self):
        packages.asr(self.path('base.zip'), user=None, backup=None)
        words = [word for path in cli.PROTECTED for word in ('--backup', path)]
        self.twinfs('merge', '--firmware', 'base.zip', '--user', 'app', *words)
        self.twinfs('flash', 'app.img', 'T_1.0.0.zip')
        self.check_flashed()
        report = self.json('boot', '--json', 'app.img')
        self.assertIsNone(report['error'])
        self.assertEqual({file['name']: file['verdict'] for file in report['files']},
                         {'/usr/' + path: 'intact' for path in cli.PROTECTED})
        self.assertEqual(self.twinfs('cat', 'app.img', 'usr/main.py')[0], cli.APP['main.py'])

    def test_every_form(self):
        self.make_package()
        packages.bundle(self.path('b.bin'), cli.read(self.path('fw.zip')))
        cli.write_tree(self.folder, {'eigen/quec_download_config.ini': b'[config]\n',
                                     'eigen/customer_fs.bin': self.user,
                                     'eigen/customer_backup_fs.bin': self.backup})
        old = cli.read(self.path('app.img'))
        for package in ('fw.zip', 'b.bin', 'pair', 'eigen'):
            cli.write_tree(self.folder, {'app.img': old})
            self.twinfs('flash', 'app.img', package)
            self.check_flashed()
        cli.write_tree(self.folder, {'app.img': old})
        self.twinfs('flash', 'app.img', 'pair/customer_backup_fs.bin')
        self.assertTrue(self.area(BACKUP) == self.backup)
        self.assertFalse(self.area(USER) == self.user)
        self.twinfs('flash', 'app.img', 'pair/customer_fs.bin')
        self.check_flashed()

    def test_what_it_says(self):
        self.make_package()
        out, err = self.twinfs('flash', 'app.img', 'fw.zip')
        self.assertEqual(err, '')
        self.assertIn(b'customer_fs          0x00100000  5 MiB, flashed, littlefs 1.1', out)
        self.assertIn(b'securedata           kept', out)
        result = self.json('flash', '--json', 'app.img', 'fw.zip')
        self.assertEqual([(p['name'], p['flashed'], p['image_bytes'], p['version'])
                          for p in result['partitions']],
                         [('customer_fs', True, 5242880, '1.1'),
                          ('customer_backup_fs', True, 204800, '1.1')])
        self.assertEqual((result['securedata'], result['erases'], result['platform']),
                         ('kept', (5242880 + 204800) // 4096, 'ASR'))
        self.assertEqual(result['program_bytes'], result['programs'] * 4096)
        self.assertGreaterEqual(result['busy_ns'], result['erases'] * 45000000)

    def test_wear(self):
        self.make_package()
        self.twinfs('flash', 'app.img', 'fw.zip')
        self.assertTrue(os.path.exists(self.path('app.img.wear')))

    def test_dry_run(self):
        self.make_package()
        with self.unchanged('app.img'):
            out, _ = self.twinfs('flash', '--dry-run', 'app.img', 'fw.zip')
        self.assertIn(b'nothing is written', out)

    def test_cut_and_again(self):
        self.make_package()
        programs = self.json('flash', '--json', '-n', 'app.img', 'fw.zip')['programs']
        last = 1330 + programs
        for rule in ('cut at op 1', 'cut torn 1000 at op 700', 'cut torn 99 at op 1285',
                     'cut at op 1300', f'cut torn 4000 at op {last}'):
            _, err = self.twinfs('flash', '--fault', rule, 'app.img', 'fw.zip', status=cli.WRONG)
            self.assertEqual(err.count('\n'), 1)
            self.assertIn('power was cut: rule 1: ' + rule[:4], err)
            self.assertTrue(self.area(SECURE) == self.secret)
            self.twinfs('flash', 'app.img', 'fw.zip')
            self.check_flashed()
            cli.write_tree(self.folder, {'x': b'x'})
            self.twinfs('put', '--force', 'app.img', 'x', 'usr/x')
        self.twinfs('flash', '--fault', f'cut at op {last + 1}', 'app.img', 'fw.zip')
        self.check_flashed()

    def test_failing_chip(self):
        self.make_package()
        _, err = self.twinfs('flash', '--fault', 'fail on erase at op 5', 'app.img', 'fw.zip',
                             status=cli.WRONG)
        self.assertIn('not flashed to the end: the flash failed', err)
        with self.unchanged('app.img'):
            self.fails('flash', '--fault', 'nonsense', 'app.img', 'fw.zip', saying='nonsense')

    def test_loose_image_files(self):
        self.make_package()
        module = ('--user', 'u.bin', '--backup', 'b.bin')
        cli.write_tree(self.folder, {'u.bin': self.area(USER), 'b.bin': self.area(BACKUP)})
        for rule in ('cut at op 900', 'cut at op 1320'):
            self.twinfs('flash', *module, '--fault', rule, 'fw.zip', status=cli.WRONG)
            self.twinfs('flash', *module, 'fw.zip')
            self.assertTrue(cli.read(self.path('u.bin')) == self.user)
            self.assertTrue(cli.read(self.path('b.bin')) == self.backup)

    # ---- sizes ----

    def test_other_sizes(self):
        """Larger and blank behind the partition: cut; smaller: the rest is erased."""
        for pad in (b'\0', b'\xff'):
            packages.images(self.path('fw.zip'), self.user[:409600], self.backup + pad * 50000)
            self.twinfs('flash', '--profile', 'default', 'app.img', 'fw.zip')
            self.assertTrue(self.area(USER) == self.user[:409600] + b'\xff' * (5242880 - 409600))
            self.assertTrue(self.area(BACKUP) == self.backup)
        packages.images(self.path('fw.zip'), self.user, self.backup + b'\0' * 50000 + b'x')
        with self.unchanged('app.img'):
            self.fails('flash', '--profile', 'default', 'app.img', 'fw.zip',
                       saying='fw.zip: customer_backup_fs.bin: the image has 254801 bytes, the '
                              'partition 204800')

    def test_no_file_system(self):
        packages.asr(self.path('fw.zip'), user=b'garbage', backup=self.backup)
        _, err = self.twinfs('flash', 'app.img', 'fw.zip')
        self.assertIn('warning: customer_fs.bin holds no littlefs', err)
        self.assertTrue(self.area(USER).startswith(b'garbage\xff'))

    def test_what_is_missing(self):
        packages.asr(self.path('none.zip'), user=None, backup=None)
        packages.asr(self.path('half.zip'), user=self.user, backup=None)
        cli.write_tree(self.folder, {'u.bin': self.area(USER)})
        self.make_package()
        with self.unchanged('app.img', 'u.bin'):
            self.fails('flash', 'app.img', 'none.zip', saying='there is neither customer_fs.bin')
            self.fails('flash', '--user', 'u.bin', 'fw.zip',
                       saying="no partition for the package's customer_backup_fs.bin")
            self.fails('flash', 'app.img', 'nix.zip', saying='nix.zip')
            self.fails('flash', 'nix.img', 'fw.zip', saying='nix.img')
            self.fails('flash', 'app.img', saying='PACKAGE')
        old = self.area(BACKUP)
        out, _ = self.twinfs('flash', 'app.img', 'half.zip')
        self.assertIn(b'customer_backup_fs   0x00600000  200 KiB, as it was', out)
        self.assertTrue(self.area(BACKUP) == old)

    # ---- SecureData ----

    def test_secure_data_may_be_lost(self):
        packages.images(self.path('rda.bin'), self.user, self.backup, 'RDA8908A')
        packages.images(self.path('odd.bin'), self.user, self.backup, 'ESP32')
        packages.images(self.path('plain.zip'), self.user, self.backup)
        for package, saying in (('rda.bin', 'the firmware of the package has no SecureData'),
                                ('odd.bin', 'nothing says whether'),
                                ('plain.zip', 'nothing says whether')):
            with self.unchanged('app.img'):
                self.fails('flash', 'app.img', package, saying=saying)
                self.fails('flash', '-n', 'app.img', package, saying=saying)
        self.twinfs('mk', '--format', 'lfs2', '--user', 'app', 'two.img')
        with self.unchanged('two.img'):
            self.fails('flash', '--profile', 'eigen718', 'two.img', 'plain.zip',
                       saying='has no SecureData')
        # a profile that has the feature answers the question
        self.twinfs('flash', '--profile', 'default', 'app.img', 'plain.zip')
        self.check_flashed()
        self.assertEqual(self.json('flash', '--json', '--force', 'app.img', 'rda.bin')['securedata'],
                         'lost')
        self.check_flashed(b'\xff' * SECURE[1])
        self.assertEqual(self.part('app.img', 'securedata')['size'], SECURE[1])

    def test_nothing_to_lose(self):
        packages.images(self.path('rda.bin'), self.user, self.backup, 'RDA8908A')
        cli.write_tree(self.folder, {'u.bin': self.area(USER), 'b.bin': self.area(BACKUP)})
        result = self.json('flash', '--json', '--user', 'u.bin', '--backup', 'b.bin', 'rda.bin')
        self.assertIsNone(result['securedata'])

    # ---- images of others ----

    def golden(self, name):
        with lzma.open(os.path.join(GOLDEN, 'images', name + '.bin.xz')) as file:
            return file.read()

    def test_golden_images(self):
        """Devices' partitions in a package: on a blank module they are what they were."""
        module = ('--user', 'u.bin', '--backup', 'b.bin')
        with open(os.path.join(GOLDEN, 'manifest.json'), encoding='utf-8') as file:
            pairs = json.load(file)['pairs']
        self.assertGreater(len(pairs), 10)
        for pair in pairs:
            user, backup = self.golden(pair['user']), self.golden(pair['backup'])
            packages.bundle(self.path('g.bin'),
                            packages.in_memory(packages.asr, user=user, backup=backup))
            cli.write_tree(self.folder, {'u.bin': b'\xff' * len(user),
                                         'b.bin': b'\xff' * len(backup)})
            self.twinfs('flash', *module, 'g.bin')
            self.assertTrue(cli.read(self.path('u.bin')) == user, pair['name'])
            self.assertTrue(cli.read(self.path('b.bin')) == backup, pair['name'])
            report = self.json('boot', '--json', '-n', *module)
            self.assertEqual([file['name'] for file in report['files']
                              if file['verdict'] == 'restored'], pair['expect']['restored'])


if __name__ == '__main__':
    cli.main()
