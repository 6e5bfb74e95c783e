# SPDX-License-Identifier: MIT
"""twinfs resize: a littlefs 2 in a partition that is larger than it."""
import os

import cli

BLOCK = 4096


class Resize(cli.CliTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path('none'))
        self.twinfs('mk', '--format', 'lfs2', '--pair', 'pair', '--user', 'none')
        self.user = 'pair/customer_fs.bin'
        self.most = os.path.getsize(self.path(self.user)) // BLOCK
        self.make_app()

    def blocks(self):
        return self.part(self.user, 'customer_fs')['blocks']

    def test_shrink_and_grow(self):
        self.assertEqual(self.blocks(), self.most)
        out, err = self.twinfs('resize', self.user, '100')
        self.assertEqual(out.decode(), f'customer_fs: 100 blocks of {BLOCK} bytes (400 KiB), '
                                       f'before {self.most:,}\n')
        self.assertEqual(err, '')
        self.assertEqual(self.blocks(), 100)
        self.twinfs('put', self.user, 'app/.')
        self.twinfs('check', self.user)
        self.twinfs('resize', self.user, '800K')
        self.assertEqual(self.blocks(), 200)
        self.twinfs('resize', self.user, 'max')
        self.assertEqual(self.blocks(), self.most)
        self.twinfs('check', self.user)
        self.twinfs('get', self.user, '/', 'out')
        self.assertEqual(cli.read_tree(self.path('out')), cli.APP)

    def test_file_that_grew(self):
        """As with a larger partition on a newer module: the volume stays as small as it was."""
        self.twinfs('put', self.user, 'app/.')
        with open(self.path(self.user), 'ab') as file:
            file.write(b'\xff' * 10 * BLOCK)
        self.assertEqual(self.blocks(), self.most)
        self.twinfs('resize', self.user, 'max')
        self.assertEqual(self.blocks(), self.most + 10)
        self.twinfs('check', self.user)
        self.twinfs('get', self.user, '/', 'out')
        self.assertEqual(cli.read_tree(self.path('out')), cli.APP)

    def test_json(self):
        self.assertEqual(self.json('resize', '--json', self.user, '0x40'), {
            'partition': 'customer_fs', 'block_size': BLOCK, 'blocks_before': self.most,
            'blocks': 64})

    def test_dry_run(self):
        with self.unchanged(self.user):
            out = self.twinfs('resize', '--dry-run', self.user, '50')[0]
        self.assertIn(b'customer_fs: 50 blocks', out)

    def test_refused(self):
        big = os.urandom(2 << 20)
        cli.write_tree(self.folder, {'big': big})
        self.twinfs('put', self.user, 'big')
        with self.unchanged(self.user):
            self.fails('resize', self.user, '64', saying='blocks from 64 on are in use')
            self.fails('resize', self.user, '1', saying=f'1 blocks, must be 2 to {self.most}')
            self.fails('resize', self.user, str(self.most + 1), saying=f'2 to {self.most}')
            self.fails('resize', self.user, '99999999999', saying=f'2 to {self.most}')
            self.fails('resize', self.user, '401K', saying='401K is no multiple of the block size')
            self.fails('resize', self.user, 'all', saying="'all' is no number of blocks")
            self.fails('resize', '--part', 'backup', self.user, '8', saying='no backup partition')

    def test_backup(self):
        image = ('--user', self.user, '--backup', 'pair/customer_backup_fs.bin')
        with self.unchanged(self.user, image[3]):
            self.fails('resize', *image, '--part', 'backup', '40', saying='--allow-backup-write')
        with self.unchanged(self.user):
            self.twinfs('resize', *image, '--part', 'backup', '--allow-backup-write', '40')
        self.assertEqual(self.json('info', '--json', *image)['partitions'][1]['blocks'], 40)

    def test_version_1(self):
        self.make_image()
        with self.unchanged('app.img'):
            self.fails('resize', 'app.img', '100', saying='littlefs 1 takes its size from')


if __name__ == '__main__':
    cli.main()
