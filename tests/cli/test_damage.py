# SPDX-License-Identifier: MIT
"""twinfs damage: cells of an image that are at rest."""
import cli


def bits(old, new):
    return sum((a ^ b).bit_count() for a, b in zip(old, new))


class Damage(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.image = self.make_image()
        self.before = cli.read(self.image)

    def test_flip(self):
        out, err = self.twinfs('damage', 'app.img', 'flip 3 bits in data of /usr/lib/deep/data.bin')
        after = cli.read(self.image)
        lines = out.decode().splitlines()
        self.assertEqual(err, '')
        self.assertEqual(bits(self.before, after), 3)
        self.assertEqual(lines[-1], '3 bytes changed, seed 1')
        self.assertEqual(len(lines), 4)
        for line in lines[:-1]:
            addr, old, arrow, new = line.split()[:4]
            self.assertEqual(arrow, '->')
            self.assertTrue(line.endswith('  data /usr/lib/deep/data.bin'), line)
            self.assertEqual(self.before[int(addr, 0)], int(old, 16))
            self.assertEqual(after[int(addr, 0)], int(new, 16))

    def test_dry_run_tells_the_same(self):
        rules = ('flip 9 bits in /usr/main.py', 'garble in block user:3', 'fill with 0 in 0x1000+64')
        with self.unchanged('app.img'):
            dry = self.json('damage', '--dry-run', '--json', 'app.img', *rules)
        self.assertEqual(self.json('damage', '--json', 'app.img', *rules), dry)
        self.assertNotEqual(cli.read(self.image), self.before)

    def test_json(self):
        rules = ['fill with 0 in 0x9000+4', 'stick mask 0xff to 0 in 0x9000+8']
        got = self.json('damage', '--json', '--seed', '7', 'app.img', *rules)
        after = cli.read(self.image)
        self.assertEqual(got['seed'], 7)
        self.assertEqual([rule['text'] for rule in got['rules']], rules)
        self.assertEqual(got['changes'], [
            {'rule': 1, 'addr': 0x9000, 'len': 4, 'bits': 32, 'old': 'ff' * 4, 'new': '00' * 4,
             'partition': None, 'block': 9, 'owner': ''},
            {'rule': 2, 'addr': 0x9004, 'len': 4, 'bits': 32, 'old': 'ff' * 4, 'new': '00' * 4,
             'partition': None, 'block': 9, 'owner': ''}])
        self.assertEqual(after[0x9000:0x9008], bytes(8))

    def test_long_runs(self):
        change, = self.json('damage', '--json', 'app.img', 'fill with 0 in 0x9000+4K')['changes']
        self.assertEqual((change['len'], change['old'], change['new']), (4096, None, None))
        out = self.twinfs('damage', '-n', 'app.img', 'fill with 0xff in 0x9000+4K')[0].decode()
        self.assertIn('0x00009000  4,096 bytes, 32,768 bits', out)
        self.assertIn('4,096 bytes changed, seed 1', out)

    def test_seed(self):
        rule = 'flip 20 bits in user'
        first = self.json('damage', '-n', '--json', 'app.img', rule)['changes']
        self.assertEqual(self.json('damage', '-n', '--json', 'app.img', rule)['changes'], first)
        self.assertEqual(
            self.json('damage', '-n', '--json', '--seed', '0x1', 'app.img', rule)['changes'], first)
        self.assertNotEqual(
            self.json('damage', '-n', '--json', '--seed', '2', 'app.img', rule)['changes'], first)

    def test_owner_is_told_though_it_is_destroyed(self):
        got = self.json('damage', '--json', 'app.img', 'garble in metadata of /usr/lib/deep')
        owners = {change['owner'] for change in got['changes']}
        self.assertTrue(owners)
        self.assertLessEqual(owners, {'metadata /usr/lib', 'metadata /usr/lib/deep'})
        self.assertEqual({change['partition'] for change in got['changes']}, {'customer_fs'})
        self.twinfs('check', 'app.img', status=cli.WRONG)

    def test_boot_restores(self):
        """A protected file whose cells flipped is what the check at boot is for."""
        self.twinfs('damage', 'app.img', 'flip 1 bit in data of /usr/lib/driver.py')
        self.twinfs('boot', 'app.img')
        self.assertEqual(self.twinfs('cat', 'app.img', 'usr/lib/driver.py')[0],
                         cli.APP['lib/driver.py'])

    def test_refused(self):
        flip = 'flip 1 bit in user'
        with self.unchanged('app.img'):
            for rule, saying in (
                    ('cut now', "'cut now' is no damage at rest"),
                    ('flip 1 bit after 3 writes', 'is no damage at rest'),
                    ('misread 1 bit', 'is no damage at rest'),
                    ('loosen 1 bit', 'is no damage at rest'),
                    ('flip 1 bit in /usr/no', 'there is no such place'),
                    ('flip 1 bit in slot 3', 'there is no such place'),
                    ('flip 1 bit in nowhere', "no partition 'nowhere'"),
                    ('flip 1 bit in block user:99999', 'is behind the end'),
                    ('explode', "column 1: 'explode': expected a fault"),
                    ('flip 1 bit\nflip', 'control character 0x0a')):
                self.fails('damage', 'app.img', flip, rule, saying=saying)
            self.fails('damage', 'app.img', saying='RULE')
            for saying in ('twinfs damage: flip: column 5', 'with blanks needs quotes'):
                self.fails('damage', 'app.img', 'flip', '3', 'bits', saying=saying)
            self.fails('damage', '--seed', 'x', 'app.img', flip, saying='--seed')
            self.fails('damage', 'none.img', flip, saying='none.img')

    def test_nothing_to_change(self):
        with self.unchanged('app.img'):
            out = self.twinfs('damage', 'app.img', 'fill with 0xff in 0x9000+16', '# nothing')[0]
        self.assertEqual(out, b'0 bytes changed, seed 1\n')

    def test_loose_files(self):
        pair = self.make_pair()
        got = self.json('damage', '--json', *pair, 'flip 5 bits in backup')
        self.assertEqual({change['partition'] for change in got['changes']}, {'customer_backup_fs'})
        self.assertEqual(sum(change['bits'] for change in got['changes']), 5)


if __name__ == '__main__':
    cli.main()
