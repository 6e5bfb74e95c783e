# SPDX-License-Identifier: MIT
"""twinfs info: partitions, usage, and what a boot would find."""
import cli


class Info(cli.CliTest):
    def test_json(self):
        self.make_image()
        info = self.json('info', '--json', 'app.img')
        self.assertEqual([file['path'] for file in info['files']], ['app.img'])
        self.assertEqual(info['files'][0]['size'], len(cli.read(self.path('app.img'))))
        self.assertEqual(info['profile'], 'default')
        user, backup = info['partitions'][:2]
        for part in (user, backup):
            self.assertTrue(part['mounted'])
            self.assertEqual((part['format'], part['version']), ('lfs1', '1.1'))
            self.assertEqual((part['name_max'], part['attr_max']), (255, 0))
            # The device never uses the last block.
            self.assertEqual(part['blocks'], part['size'] // part['block_size'] - 1)
        self.assertEqual(len(info['securedata']), 16)
        self.assertEqual([slot['capacity'] for slot in info['securedata']],
                         8 * [52] + 4 * [100] + 2 * [500] + 2 * [1000])

    def test_version_2(self):
        self.make_app()
        self.twinfs('mk', '--format', 'lfs2', 'app.img', '--user', 'app', '--backup-all')
        user = self.part('app.img', 'customer_fs')
        self.assertEqual((user['format'], user['version']), ('lfs2', '2.1'))
        self.assertEqual(user['blocks'], user['size'] // user['block_size'])
        self.assertEqual((user['name_max'], user['file_max'], user['attr_max']),
                         (255, 0x7fffffff, 1022))
        text = self.twinfs('info', 'app.img')[0].decode()
        self.assertIn('customer_fs: blocks of 4096 bytes; names of up to 255 bytes, files '
                      '2,147,483,647, attributes 1022\n', text)

    def test_checksums(self):
        self.make_image()
        sums = self.json('info', '--json', 'app.img')['checksums']
        self.assertEqual((sums['protected'], sums['intact']), (2, 2))
        cli.write_tree(self.folder, {'main.py': b'changed'})
        self.twinfs('put', '--force', 'app.img', 'main.py')
        self.twinfs('rm', 'app.img', 'usr/lib/driver.py')
        with self.unchanged('app.img'):
            sums = self.json('info', '--json', 'app.img')['checksums']
            text = self.twinfs('info', 'app.img')[0].decode()
        self.assertEqual((sums['protected'], sums['intact'], sums['changed'], sums['missing']),
                         (2, 0, 1, 1))
        self.assertIn('protected files: 2, 0 intact, 1 changed, 1 missing', text)

    def test_loose_files(self):
        image = self.make_pair()
        info = self.json('info', '--json', *image)
        self.assertFalse(info['gpt'])
        self.assertEqual(len(info['files']), 2)
        self.assertEqual(info['checksums']['intact'], 2)
        info = self.json('info', '--json', 'pair/customer_fs.bin')
        self.assertEqual([part['name'] for part in info['partitions']], ['customer_fs'])
        self.assertFalse(info['checksums']['checked'])

    def test_damaged(self):
        self.make_image()
        part = self.part('app.img', 'customer_fs')
        self.flip(self.path('app.img'), part['addr'], 2 * part['block_size'])
        user, backup = self.json('info', '--json', 'app.img')['partitions'][:2]
        self.assertFalse(user['mounted'])
        self.assertTrue(user['error'])
        self.assertTrue(backup['mounted'])
        self.assertIn(b'cannot be mounted', self.twinfs('info', 'app.img')[0])


if __name__ == '__main__':
    cli.main()
