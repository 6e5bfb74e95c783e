# SPDX-License-Identifier: MIT
"""twinfs boot: restores what is wrong, applies updates, says so; a dry run changes no byte."""
import json
import os

import cli


class Boot(cli.CliTest):
    def verdicts(self, report):
        return {file['name']: (file['verdict'], file['reason']) for file in report['files']}

    def settle(self, *image):
        """The first boot makes system_config.json."""
        self.twinfs('boot', *image)

    def break_files(self, *image):
        cli.write_tree(self.folder, {'changed.py': b'changed'})
        self.twinfs('put', '--force', *image, 'changed.py', 'usr/main.py')
        self.twinfs('rm', *image, 'usr/lib/driver.py')

    def test_intact(self):
        self.make_image()
        self.settle('app.img')
        with self.unchanged('app.img'):
            report = self.json('boot', '--json', 'app.img')
        self.assertEqual(self.verdicts(report), {
            '/usr/main.py': ('intact', 'none'), '/usr/lib/driver.py': ('intact', 'none')})
        self.assertIsNone(report['error'])

    def test_restore(self):
        for image in (('app.img',), None):
            if image:
                self.make_image()
            else:
                image = self.make_pair()
            self.settle(*image)
            self.break_files(*image)
            report = self.json('boot', '--json', *image)
            self.assertEqual(self.verdicts(report), {'/usr/main.py': ('restored', 'changed'),
                                                     '/usr/lib/driver.py': ('restored', 'missing')})
            for path in cli.PROTECTED:
                self.assertEqual(self.twinfs('cat', *image, 'usr/' + path)[0], cli.APP[path])
            self.twinfs('check', *image)
            report = self.json('boot', '--json', *image)
            self.assertEqual({v[0] for v in self.verdicts(report).values()}, {'intact'})

    def test_text(self):
        self.make_image()
        self.settle('app.img')
        self.break_files('app.img')
        out, err = self.twinfs('boot', 'app.img')
        text = out.decode()
        self.assertEqual(err, '')
        self.assertIn('restored   /usr/main.py: its content had changed', text)
        self.assertIn('restored   /usr/lib/driver.py: it was missing', text)
        self.assertIn('| - restoring /usr/main.py', text)
        self.assertIn('2 protected files, 0 intact, 2 restored', text)

    def test_dry_run_changes_no_byte(self):
        self.make_image()
        self.break_files('app.img')
        with self.unchanged('app.img'):
            report = self.json('boot', '--json', '--dry-run', 'app.img')
            self.assertEqual({v[0] for v in self.verdicts(report).values()}, {'restored'})
            self.assertIn(b'nothing is written', self.twinfs('boot', '-n', 'app.img')[0])
            self.twinfs('info', 'app.img')

    def test_policy(self):
        """An empty table: dead under device, made whole under safe."""
        self.make_image()
        self.settle('app.img')
        self.break_files('app.img')
        cli.write_tree(self.folder, {'checksum.json': b''})
        self.twinfs('put', '--force', 'app.img', 'checksum.json')
        report = self.json('boot', '--json', '--policy', 'device', 'app.img')
        self.assertEqual(report['error'], "'/usr/checksum.json is empty'")
        self.assertEqual(report['policy'], 'device')
        self.assertIn('table_empty', json.dumps(report['holes']))
        self.fails('cat', 'app.img', 'usr/lib/driver.py', saying='no such file')
        report = self.json('boot', '--json', '--policy', 'safe', 'app.img')
        self.assertEqual(report['policy'], 'safe')
        self.assertEqual(self.twinfs('cat', 'app.img', 'usr/lib/driver.py')[0],
                         cli.APP['lib/driver.py'])

    def arm_update(self, files, listed=None, *image):
        """Puts what an application leaves behind that has downloaded @files and set the flag."""
        stat = [{'name': path, 'url': 'http://x/', 'total_size': len(files.get(path, b''))}
                for path in (files if listed is None else listed)]
        tree = {'.updater' + path: content for path, content in files.items()}
        tree.update({'.updater/download.stat': json.dumps(stat).encode(),
                     '.updater/update.flag': b''})
        cli.write_tree(self.path('update'), tree)
        self.twinfs('put', *image, 'update/.', 'usr')

    def test_update(self):
        new = {'/usr/main.py': b'print(2)\n' * 900, '/usr/feature/new.py': b'print(3)\n'}
        image = ('app.img',)
        self.make_image()
        self.settle(*image)
        self.arm_update(new, None, *image)
        with self.unchanged('app.img'):
            dry = self.json('boot', '--json', '--dry-run', *image)
        report = self.json('boot', '--json', *image)
        self.assertEqual(report['update'], {
            'armed': True, 'applied': True, 'cleaned_up': True, 'error': None, 'files': [
                {'name': '/usr/main.py', 'verdict': 'installed', 'hash_updated': True},
                {'name': '/usr/feature/new.py', 'verdict': 'installed', 'hash_updated': False}]})
        self.assertEqual(dry['update'], report['update'])
        self.assertEqual(report['holes'], [])
        self.assertEqual(report['console'][1], report['console'][2])
        for path, content in new.items():
            self.assertEqual(self.twinfs('cat', *image, path[1:])[0], content)
        table = json.loads(self.twinfs('cat', *image, 'usr/checksum.json')[0])
        self.assertEqual({entry['name']: entry['crc32'] for entry in table}, {
            '/usr/main.py': cli.device_crc(new['/usr/main.py']),
            '/usr/lib/driver.py': cli.device_crc(cli.APP['lib/driver.py'])})
        self.assertFalse([path for path in self.entries(*image) if '.updater' in path])
        self.twinfs('check', *image)
        with self.unchanged('app.img'):
            report = self.json('boot', '--json', *image)
        self.assertEqual(report['update'], {'armed': False, 'applied': False, 'cleaned_up': False,
                                            'error': None, 'files': []})
        self.assertEqual({v[0] for v in self.verdicts(report).values()}, {'intact'})

    def test_update_text(self):
        self.make_image()
        self.settle('app.img')
        before = self.twinfs('boot', 'app.img')[0].decode()
        self.assertNotIn('update', before)
        self.arm_update({'/usr/main.py': b'new'}, ('/usr/main.py', '/usr/gone.py', '/usr/b.py'),
                        'app.img')
        text = self.twinfs('boot', 'app.img')[0].decode()
        self.assertIn('installed  /usr/main.py: its hash in checksum.json was updated', text)
        self.assertIn('dropped    /usr/gone.py: its new content is missing', text)
        self.assertIn('skipped    /usr/b.py: not installed', text)
        self.assertIn('error      the update ended early: [Errno 2] ENOENT', text)
        self.assertIn("| [{'name': '/usr/main.py', 'url': 'http://x/', 'total_size': 3}, ", text)
        self.assertNotIn('cleaned up', text)
        self.twinfs('boot', 'app.img')
        text = self.twinfs('boot', 'app.img')[0].decode()
        self.assertIn('cleaned up the update is done, /usr/.updater removed', text)

    def test_update_that_is_stuck(self):
        self.make_image()
        self.settle('app.img')
        self.arm_update({'/bak/main.py': b'new'}, None, 'app.img')
        for policy in ('device', 'safe'):
            with self.unchanged('app.img'):
                text = self.twinfs('boot', '--policy', policy, 'app.img')[0].decode()
            self.assertIn('failed     /bak/main.py: not installed', text)
            self.assertIn("hole       the update ended with "
                          "''int' object has no attribute 'write''", text)

    def test_without_backup(self):
        self.make_pair()
        with self.unchanged('pair/customer_fs.bin'):
            out = self.twinfs('boot', 'pair/customer_fs.bin')[0].decode()
        self.assertIn('| error ocurs in boot step.', out)

    def test_user_partition_is_saved_before_it_is_formatted(self):
        image = self.make_pair()
        user = self.path('pair/customer_fs.bin')
        self.flip(user, 0, 8192)
        damaged = cli.read(user)
        with self.unchanged('pair/customer_fs.bin'):
            report = self.json('boot', '--json', '-n', *image)
            self.assertTrue(report['user_formatted'])
            self.assertEqual(sorted(os.listdir(self.path('pair'))),
                             ['customer_backup_fs.bin', 'customer_fs.bin'])
        report = self.json('boot', '--json', *image)
        self.assertTrue(report['user_formatted'])
        self.assertTrue(cli.read(self.path(report['user_saved'])) == damaged)
        self.assertEqual(self.twinfs('cat', *image, 'usr/main.py')[0], cli.APP['main.py'])

    def test_backup_partition_is_never_written(self):
        image = self.make_pair()
        self.flip(self.path('pair/customer_backup_fs.bin'), 0, 8192)
        with self.unchanged('pair/customer_backup_fs.bin'):
            report = self.json('boot', '--json', *image)
        self.assertTrue(report['backup_replaced'])


if __name__ == '__main__':
    cli.main()
