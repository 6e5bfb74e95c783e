# SPDX-License-Identifier: MIT
"""twinfs merge: the application is in the package, and nothing else has changed."""
import json
import os
import shutil
import subprocess
import sys
import zipfile

import cli
import packages

PROFILE = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else 'images/profiles/default.json')
IMAGES = ('customer_fs.bin', 'customer_backup_fs.bin')
APP = ('--user', 'app', '--backup', 'main.py', '--backup', 'lib/driver.py')


class Merge(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.make_app()
        packages.asr(self.path('base.zip'), comment=b'of the archive')

    def merge(self, *words, base='base.zip'):
        return self.twinfs('merge', '--firmware', base, *APP, *words)

    def read_images(self, package):
        """Writes both images of the package to the folder."""
        with zipfile.ZipFile(self.path(package)) as archive:
            for name in archive.namelist():
                if os.path.basename(name) in IMAGES:
                    with open(self.path(os.path.basename(name)), 'wb') as file:
                        file.write(archive.read(name))

    def trees(self):
        self.twinfs('get', 'customer_fs.bin', '/', 'user')
        self.twinfs('get', '--backup', 'customer_backup_fs.bin', '/', 'backup')
        return cli.read_tree(self.path('user')), cli.read_tree(self.path('backup'))

    # ---- what stays, what comes ----

    def check_rest(self, base, merged):
        """Members that are no images are the same bytes, in the same order."""
        before = packages.raw_members(self.path(base))
        after = packages.raw_members(self.path(merged))
        rest = [name for name in before if os.path.basename(name) not in IMAGES]
        self.assertGreaterEqual(len(rest), len(packages.MEMBERS))
        self.assertEqual([name for name in after if name in before], list(before))
        for name in rest:
            self.assertTrue(after[name] == before[name], name)

    def test_the_rest_stays(self):
        for folder in ('', 'sub/'):
            for user, backup in ((b'u', b'b'), (b'u', None), (None, None)):
                packages.asr(self.path('b.zip'), folder, user, backup, b'of the archive')
                self.merge('-o', 'out.zip', '--force', base='b.zip')
                self.check_rest('b.zip', 'out.zip')
                with zipfile.ZipFile(self.path('out.zip')) as archive:
                    self.assertIsNone(archive.testzip())
                    self.assertEqual(archive.comment, b'of the archive')
                    self.assertEqual([archive.getinfo(folder + name).file_size
                                      for name in IMAGES], [5242880, 204800])
                    self.assertEqual(len(archive.namelist()), len(packages.MEMBERS) + 2)
                    if user:
                        info = archive.getinfo(folder + IMAGES[0])
                        self.assertEqual(info.external_attr >> 16, 0o100640)

    def test_other_programs_read_it(self):
        self.merge('-o', 'out.zip')
        if not shutil.which('unzip'):
            self.skipTest('unzip is not installed')
        done = subprocess.run(['unzip', '-t', self.path('out.zip')], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_images(self):
        self.merge('-o', 'out.zip')
        self.read_images('out.zip')
        user, backup = self.trees()
        table = user.pop('checksum.json')
        self.assertEqual(user, cli.APP)
        self.assertEqual(backup.pop('checksum.json'), table)
        self.assertEqual(json.loads(table), [
            {'name': '/usr/' + name, 'crc32': cli.device_crc(cli.APP[name])}
            for name in ('lib/driver.py', 'main.py')])
        self.assertEqual(json.loads(backup.pop('backup_restore.json')), {'enable': 1})
        self.assertEqual(sorted(backup), ['usr', 'usr/lib', 'usr/lib/driver.py', 'usr/main.py'])
        for name in IMAGES:
            self.twinfs('check', name)

    def test_no_backup(self):
        self.merge('-o', 'out.zip', '--no-backup')
        self.read_images('out.zip')
        user, backup = self.trees()
        self.assertEqual((user, backup), (cli.APP, {}))

    def test_archive_in_archive(self):
        inner = packages.in_memory(packages.asr, 'sub/', comment=b'inner')
        packages.bundle(self.path('base.bin'), inner)
        result = self.json('merge', '--json', '--firmware', 'base.bin', *APP, '-o', 'out.bin')
        self.assertEqual((result['kind'], result['platform'], result['inner'], result['profile']),
                         ('bundle', 'ASR1606', 'fw/inner.zip', 'asr1603'))
        with zipfile.ZipFile(self.path('out.bin')) as outer:
            self.assertEqual(outer.read('notes.txt'), b'carried along')
            for name, data in (('in', inner), ('out', outer.read('fw/inner.zip'))):
                with open(self.path(name), 'wb') as file:
                    file.write(data)
        self.check_rest('in', 'out')
        self.read_images('out')
        self.assertEqual(self.trees()[0]['main.py'], cli.APP['main.py'])

    def test_same_input_same_bytes(self):
        self.merge('-o', 'a.zip')
        self.merge('-o', 'b.zip')
        self.assertTrue(cli.read(self.path('a.zip')) == cli.read(self.path('b.zip')))

    def test_source_date_epoch(self):
        os.environ['SOURCE_DATE_EPOCH'] = '1795523696'
        self.addCleanup(os.environ.pop, 'SOURCE_DATE_EPOCH')
        self.merge('-o', 'a.zip')
        with zipfile.ZipFile(self.path('a.zip')) as archive:
            self.assertEqual(archive.getinfo(IMAGES[0]).date_time, (2026, 11, 24, 12, 34, 56))
            self.assertEqual(archive.getinfo('apn.bin').date_time, (2023, 5, 1, 12, 30, 2))
        os.environ['SOURCE_DATE_EPOCH'] = 'today'
        self.fails('merge', '--firmware', 'base.zip', *APP, '-o', 'b.zip',
                   saying="SOURCE_DATE_EPOCH is 'today'")

    # ---- its name ----

    def test_name(self):
        out, _ = self.merge()
        self.assertIn(b'T_1.0.0.zip: made, profile asr1601, T 1.0.0', out)
        os.mkdir(self.path('made'))
        self.merge('-o', 'made')
        os.mkdir(self.path('more'))
        self.merge('-o', 'more/')
        self.merge('-o', 'mine')
        for name in ('T_1.0.0.zip', 'made/T_1.0.0.zip', 'more/T_1.0.0.zip', 'mine'):
            self.assertTrue(zipfile.is_zipfile(self.path(name)), name)

    def test_what_exists_is_never_replaced_unasked(self):
        self.merge()
        with self.unchanged('T_1.0.0.zip'):
            self.fails('merge', '--firmware', 'base.zip', *APP, saying='T_1.0.0.zip')
        cli.write_tree(self.path('app'), {'new.txt': b'new'})
        self.merge('--force')
        self.read_images('T_1.0.0.zip')
        self.assertIn('new.txt', self.trees()[0])

    def test_main_py(self):
        for text, saying in ((None, 'main.py: cannot be read: no such file'),
                             (b'', 'main.py: PROJECT_NAME is not assigned at the top level'),
                             (b"PROJECT_NAME = 'T'\n", 'main.py: PROJECT_VERSION is not'),
                             (b"\nPROJECT_NAME = 5\n", 'main.py: line 2: PROJECT_NAME is not'),
                             (b"PROJECT_NAME = '../T'\n", 'main.py: line 1: PROJECT_NAME holds')):
            os.unlink(self.path('app/main.py'))
            cli.write_tree(self.path('app'), {'main.py': text} if text is not None else {})
            with self.unchanged('base.zip'):
                self.fails('merge', '--firmware', 'base.zip', '--user', 'app', saying=saying)
            cli.write_tree(self.path('app'), {'main.py': b''})

    # ---- traps ----

    def warnings(self, *words, count=1):
        """What is warned of in JSON; as many lines on stderr; an error with --strict."""
        words = ('merge', '--firmware', 'base.zip', '--user', 'app', '-o', 'out.zip', *words)
        sizes = ('--profile', PROFILE) if '--profile' not in words else ()
        packages.asr(self.path('base.zip'), user=None, backup=None)
        with self.unchanged('base.zip'):
            _, err = self.twinfs(*words, *sizes, '--strict', status=cli.FAILED)
            self.assertEqual(err.count('\n'), 1)
        out, err = self.twinfs(*words, *sizes, '--json', '--force')
        found = json.loads(out)['warnings']
        self.assertEqual(len(found), count, found)
        self.assertEqual(err.count('\n'), count)
        self.assertEqual(err.count(': warning: '), count)
        self.assertIn(found[0]['text'], err)
        return found

    def test_empty_protected_file(self):
        found = self.warnings('--backup', 'empty.txt')
        self.assertEqual(found[0]['file'], 'app/empty.txt')
        self.assertIn('would restore it at every boot', found[0]['text'])
        self.read_images('out.zip')
        self.assertEqual(json.loads(self.trees()[0]['checksum.json']),
                         [{'name': '/usr/empty.txt', 'crc32': None}])

    def test_names_that_differ_in_case(self):
        cli.write_tree(self.path('app'), {'Main.py': b'1', 'LIB/x': b'2', 'lib/X': b'3'})
        found = self.warnings('--backup', 'main.py')
        self.assertIn("'Main.py' and 'main.py' are one name", found[0]['text'])
        found = self.warnings('--backup', 'main.py', '--backup', 'LIB/x', count=2)
        self.assertIn("'LIB/x' and 'lib/X' are one name", found[0]['text'])

    def test_table_too_long(self):
        profile = json.loads(cli.read(PROFILE))
        profile['partitions']['customer_backup_fs'] = {'addr': '0x660000', 'size': '1M'}
        profile.pop('sources')
        cli.write_tree(self.folder, {'big.json': json.dumps(profile).encode()})
        cli.write_tree(self.path('app'), {f'many/{n:03d}{"x" * 120}': b'data' for n in range(120)})
        found = self.warnings('--backup-all', '--profile', './big.json')
        self.assertRegex(found[0]['text'], r'would have 2\d{4} characters, .* reads 16384')
        self.assertEqual(found[0]['problem'], 'table')

    def test_size_of_the_old_image(self):
        out, err = self.merge('-o', 'out.zip')
        self.assertIn('base.zip: warning: customer_fs.bin has 14 bytes, the partition of profile '
                      'asr1601 5242880', err)
        self.assertEqual(err.count('\n'), 2)
        with self.unchanged('base.zip'):
            self.fails('merge', '--strict', '--firmware', 'base.zip', *APP,
                       saying='customer_fs.bin has 14 bytes')

    # ---- errors ----

    def refuses(self, *words, saying, base='base.zip'):
        with self.unchanged(*([base] if os.path.isfile(self.path(base)) else [])):
            self.fails('merge', '--firmware', base, *words, saying=saying)

    def test_space(self):
        cli.write_tree(self.path('app'), {'big.bin': b'x' * 200000, 'huge.bin': bytes(6 << 20)})
        self.refuses('--user', 'app', saying='user partition: ')
        os.unlink(self.path('app/huge.bin'))
        self.refuses('--user', 'app', '--backup', 'big.bin',
                     saying='backup partition: 57 blocks of 4096 bytes needed, 49 there: 8 too few')

    def test_protected_file_is_missing(self):
        self.refuses('--user', 'app', '--backup', 'nix.py', saying='app/nix.py')

    def test_platforms(self):
        packages.bundle(self.path('b.bin'), packages.in_memory(packages.asr), 'ESP32')
        self.refuses(*APP, base='b.bin', saying="partitions of platform 'ESP32' are not known")
        self.merge('--profile', 'asr1601', '-o', 'out.zip', base='b.bin')
        packages.images(self.path('c.zip'), b'user')
        self.refuses(*APP, base='c.zip', saying='does not say for which platform')

    def test_no_package(self):
        packages.bundle(self.path('u.bin'), 'BP_R1.0.0'.encode('utf-16-le') + bytes(3000),
                        'unisoc', 'fw.pac')
        cli.write_tree(self.folder, {
            'a.pac': 'BP_R2.0.1'.encode('utf-16-le') + bytes(3000), 'a.binpkg': b'x',
            'text': b'hello', 'eigen/quec_download_config.ini': b'', 'eigen/customer_fs.bin': b'x'})
        with zipfile.ZipFile(self.path('other.zip'), 'w') as archive:
            archive.writestr('readme.txt', 'hello')
        for base, saying in (('a.pac', 'is a .pac package of the Unisoc tools'),
                             ('u.bin', "member 'fw.pac': is a .pac package"),
                             ('a.binpkg', 'is a .binpkg of the Eigen tools'),
                             ('text', 'is no zip archive'), ('nix', 'cannot be read'),
                             ('eigen', 'nothing to be merged with'),
                             ('other.zip', 'no firmware package')):
            self.refuses(*APP, base=base, saying=saying)
        packages.asr(self.path('plain.zip'))
        packages.bundle(self.path('new.bin'), cli.read(self.path('plain.zip')), 'ASR9999')
        self.refuses(*APP, base='new.bin', saying="of platform 'ASR9999' are not known: give them")

    def test_damaged_base(self):
        data = bytearray(cli.read(self.path('base.zip')))
        data[data.index(b'apn apn')] ^= 1
        cli.write_tree(self.folder, {'base.zip': bytes(data)})
        self.refuses(*APP, saying="base.zip: offset 0x25: member 'apn.bin': checksum is 0x")

    def test_usage(self):
        self.fails('merge', '--user', 'app', saying='--firmware BASE is missing')
        self.fails('merge', '--firmware', 'base.zip', saying='--user DIR is missing')
        self.fails('merge', '--firmware', 'base.zip', *APP, '--backup-all', saying='exclude')
        self.fails('merge', '--firmware', 'base.zip', *APP, 'more', saying='more')


if __name__ == '__main__':
    cli.main()
