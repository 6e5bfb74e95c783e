# SPDX-License-Identifier: MIT
"""twinfs mk: what goes in comes out, byte for byte."""
import json
import os

import cli

TABLE = [{'name': '/usr/' + path, 'crc32': cli.device_crc(cli.APP[path])}
         for path in cli.PROTECTED]


class Mk(cli.CliTest):
    def check_partitions(self, user, backup):
        """Both trees, as read by get."""
        table = json.loads(user.pop('checksum.json'))
        self.assertEqual(user, cli.APP)
        self.assertEqual(json.loads(backup.pop('checksum.json')), table)
        self.assertEqual(sorted(table, key=str), sorted(TABLE, key=str))
        self.assertEqual(json.loads(backup.pop('backup_restore.json')), {'enable': 1})
        want = {'usr/' + path: cli.APP[path] for path in cli.PROTECTED}
        want.update({'usr': None, 'usr/lib': None})
        self.assertEqual(backup, want)

    def test_image(self):
        self.make_image()
        self.twinfs('get', 'app.img', '/', 'out')
        self.check_partitions(cli.read_tree(self.path('out/usr')),
                              cli.read_tree(self.path('out/bak')))
        info = self.json('info', '--json', 'app.img')
        self.assertTrue(info['gpt'])
        self.assertEqual([part['name'] for part in info['partitions']],
                         ['customer_fs', 'customer_backup_fs', 'securedata'])

    def test_pair(self):
        self.make_pair()
        self.assertEqual(sorted(os.listdir(self.path('pair'))),
                         ['customer_backup_fs.bin', 'customer_fs.bin'])
        self.twinfs('get', 'pair/customer_fs.bin', '/', 'user')
        self.twinfs('get', '--backup', 'pair/customer_backup_fs.bin', '/', 'backup')
        self.check_partitions(cli.read_tree(self.path('user')), cli.read_tree(self.path('backup')))

    def test_backup_all(self):
        self.make_app()
        self.twinfs('mk', 'app.img', '--user', 'app', '--backup-all')
        table = json.loads(self.twinfs('cat', 'app.img', 'bak/checksum.json')[0])
        want = {'/usr/' + path: cli.device_crc(data) for path, data in cli.APP.items() if data}
        self.assertEqual({entry['name']: entry['crc32'] for entry in table}, want)

    def test_same_input_same_bytes(self):
        self.make_image('a.img')
        self.make_image('b.img')
        self.assertTrue(cli.read(self.path('a.img')) == cli.read(self.path('b.img')))

    def test_program_size(self):
        self.make_app()
        self.twinfs('mk', 'app.img', '--user', 'app', '--prog', '0x20', '--format', 'lfs1')
        self.twinfs('check', 'app.img')
        self.assertEqual(self.twinfs('cat', 'app.img', 'usr/main.py')[0], cli.APP['main.py'])

    def test_version_2(self):
        self.make_app()
        words = [word for path in cli.PROTECTED for word in ('--backup', path)]
        for name, prog in (('lfs2', '16'), ('lfs2.0', '4096')):
            self.twinfs('mk', name, '--user', 'app', '--format', name, '--prog', prog, *words)
            self.twinfs('mk', 'again', '--user', 'app', '--format', name, '--prog', prog, *words)
            self.assertTrue(cli.read(self.path(name)) == cli.read(self.path('again')))
            os.unlink(self.path('again'))
            self.twinfs('check', name)
            self.twinfs('get', name, '/', 'out-' + name)
            self.check_partitions(cli.read_tree(self.path(f'out-{name}/usr')),
                                  cli.read_tree(self.path(f'out-{name}/bak')))
        self.assertEqual(self.part('lfs2', 'customer_fs')['version'], '2.1')
        self.assertEqual(self.part('lfs2.0', 'customer_fs')['version'], '2.0')

    def test_format_of_the_profile(self):
        self.make_app()
        self.twinfs('mk', '--profile', 'eigen718', 'app.img', '--user', 'app')
        self.assertEqual(self.part('app.img', 'customer_fs')['version'], '2.0')
        self.twinfs('mk', '--profile', 'asr1603', 'asr.img', '--user', 'app')
        self.assertEqual(self.part('asr.img', 'customer_fs')['version'], '1.1')
        with self.unchanged():
            self.fails('mk', '--profile', 'asr1601', '--format', 'lfs2', 'a', '--user', 'app',
                       saying="'asr1601' does not mount littlefs version 2")
            self.fails('mk', '--profile', 'eigen718', '--format', 'lfs1', 'a', '--user', 'app',
                       saying="'eigen718' does not mount littlefs version 1")
        self.fails('ls', '--profile', 'asr1601', 'app.img', saying="name another (--profile)")

    def test_version_2_that_does_not_fit(self):
        cli.write_tree(self.path('app'), {'huge': bytes(6 << 20)})
        with self.unchanged():
            self.fails('mk', '--format', 'lfs2', 'a.img', '--user', 'app',
                       saying='user partition: at least 1542 blocks of 4096 bytes needed')
        os.unlink(self.path('app/huge'))
        # 71 pairs at least, which nobody can tell beforehand
        cli.write_tree(self.path('app'), {f'{n:05d}': bytes([n % 251]) * 500 for n in range(600)})
        with self.unchanged():
            self.fails('mk', '--profile', 'eigen718', 'a.img', '--user', 'app',
                       saying='user partition')

    def test_says_what_it_made(self):
        self.make_app()
        out, err = self.twinfs('mk', 'a.img', '--user', 'app')
        self.assertTrue(out.startswith(b'a.img: made'), out)
        self.assertEqual(err, '', 'progress belongs on a terminal')
        self.assertEqual(self.twinfs('mk', '-q', 'b.img', '--user', 'app'), (b'', ''))

    def test_what_exists_is_never_replaced(self):
        self.make_image()
        with self.unchanged('app.img'):
            self.fails('mk', 'app.img', '--user', 'app', saying='app.img')
        self.make_pair()
        with self.unchanged('pair/customer_fs.bin', 'pair/customer_backup_fs.bin'):
            self.fails('mk', '--pair', 'pair', '--user', 'app', saying='customer_fs.bin')

    def test_nothing_is_left_of_a_failure(self):
        self.make_app()
        for words in (('--backup', 'nix.py'), ('--backup', 'empty.txt')):
            with self.unchanged():
                self.fails('mk', 'a.img', '--user', 'app', *words, saying=words[1])
        with self.unchanged():
            self.fails('mk', 'a.img', '--user', 'nix', saying='nix')
            self.fails('mk', 'a.img', '--user', 'app', '--profile', 'nix', saying='nix')
        cli.write_tree(self.path('app'), {'huge': bytes(6 << 20)})
        with self.unchanged():
            self.fails('mk', 'a.img', '--user', 'app', saying='user partition')


if __name__ == '__main__':
    cli.main()
