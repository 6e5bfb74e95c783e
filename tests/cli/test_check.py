# SPDX-License-Identifier: MIT
"""twinfs check: 0 for a good image, 1 for a damaged one, with the finding's place."""
import cli


class Check(cli.CliTest):
    def test_good(self):
        self.make_image()
        out, err = self.twinfs('check', 'app.img')
        self.assertEqual(err, '')
        for name in ('customer_fs', 'customer_backup_fs', 'securedata'):
            self.assertIn(name, out.decode())
        self.assertEqual(out.count(b'  littlefs 1.1  '), 2)
        self.assertNotIn(b'--repair', out)
        result = self.json('check', '--json', 'app.img')
        self.assertEqual((result['errors'], result['warnings']), (0, 0))
        self.assertEqual([part['format'] for part in result['partitions']],
                         ['lfs1', 'lfs1', None])

    def test_version_2(self):
        self.make_app()
        for name, version in (('lfs2', '2.1'), ('lfs2.0', '2.0')):
            self.twinfs('mk', name, '--format', name, '--user', 'app', '--backup-all')
            result = self.json('check', '--json', name)
            self.assertEqual(result['errors'], 0)
            part = result['partitions'][0]
            self.assertEqual((part['format'], part['version']), ('lfs2', version))
        part = self.part('lfs2', 'customer_fs')
        self.flip(self.path('lfs2'), part['addr'], 2 * part['block_size'])
        self.assertTrue(self.findings('lfs2'))

    def findings(self, *image):
        result = self.json('check', '--json', *image, status=cli.WRONG)
        found = [f for part in result['partitions'] for f in part['findings']]
        errors = [f for f in found if f['severity'] == 'error']
        self.assertEqual(result['errors'], len(errors))
        self.assertGreater(len(errors), 0)
        return errors

    def test_superblocks(self):
        """Both halves of the superblock pair."""
        self.make_image()
        part = self.part('app.img', 'customer_fs')
        self.flip(self.path('app.img'), part['addr'], 2 * part['block_size'])
        with self.unchanged('app.img'):
            errors = self.findings('app.img')
            self.assertTrue(all(f['problem'].startswith('lfs.') for f in errors), errors)
            out = self.twinfs('check', 'app.img', status=cli.WRONG)[0].decode()
        self.assertIn('error', out)
        self.assertIn('customer_backup_fs', out, 'the other partitions are checked all the same')
        self.assertIn('--repair', out.splitlines()[-1], 'what comes next')

    def test_every_block_in_use(self):
        """One half of a pair may go; whatever else check says, it ends with 0 or 1."""
        image = self.make_pair()
        user = self.path('pair/customer_fs.bin')
        good = cli.read(user)
        seen = set()
        blocks = [n for n in range(len(good) // 4096)
                  if good[n * 4096:(n + 1) * 4096] != b'\xff' * 4096]
        for block in blocks:
            self.flip(user, block * 4096, 40)
            try:
                self.twinfs('check', *image)
                seen.add(cli.OK)
            except AssertionError:
                self.twinfs('check', *image, status=cli.WRONG)
                seen.add(cli.WRONG)
            self.damage(user, 0, good)
        self.assertEqual(seen, {cli.OK, cli.WRONG})

    def test_a_hole_in_a_file(self):
        """The pointer of a block list leads outside the volume."""
        image = self.make_pair()
        user = self.path('pair/customer_fs.bin')
        data = cli.read(user)
        # data.bin has 8 blocks; each but the first begins with pointers to earlier ones.
        second = data.find(cli.APP['lib/deep/data.bin'][4096:4096 + 64])
        self.assertGreater(second, 0)
        self.damage(user, second // 4096 * 4096, b'\xff\xff\xff\x7f')
        self.assertIn(self.findings(*image)[0]['problem'], ('lfs.chain', 'lfs.range'))
        self.fails('cat', *image, 'usr/lib/deep/data.bin', saying='/usr/lib/deep/data.bin')

    def test_not_an_image(self):
        cli.write_tree(self.folder, {'text': b'hello'})
        self.fails('check', 'text', saying='twinfs check: text: ')


if __name__ == '__main__':
    cli.main()
