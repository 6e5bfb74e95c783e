# SPDX-License-Identifier: MIT
"""twinfs boot: restores what is wrong, says so, and a dry run changes no byte."""
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
