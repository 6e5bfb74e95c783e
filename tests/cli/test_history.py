# SPDX-License-Identifier: MIT
"""twinfs history: what files were before, what was removed, and getting it back."""
import os

import cli

OLD = [b'{"interval": %d, "note": "%s"}\n' % (60 + i, b'x' * (20 + i)) for i in range(6)]


class History(cli.CliTest):
    def overwrite(self, image='app.img', path='usr/config.json', contents=OLD):
        for content in contents:
            with open(self.path('new'), 'wb') as file:
                file.write(content)
            self.twinfs('put', '--force', image, 'new', path)

    def versions(self, *words):
        return self.json('history', '--json', *words)['versions']

    def extract(self, image, path, number):
        self.twinfs('history', '--extract', str(number), '--to', 'out', '--force', image, path)
        return cli.read(self.path('out'))

    def make_lfs2(self):
        self.make_app()
        self.twinfs('mk', 'app.img', '--user', 'app', '--format', 'lfs2')

    def test_version_1_has_the_one_before(self):
        self.make_image()
        self.overwrite()
        found = self.versions('app.img', 'usr/config.json')
        self.assertEqual([v['number'] for v in found], [1, 2])
        self.assertEqual([v['sureness'] for v in found], ['sure', 'likely'])
        self.assertEqual([v['current'] for v in found], [True, False])
        self.assertIn('has been free since', found[1]['why'])
        self.assertEqual(self.extract('app.img', 'usr/config.json', 1), OLD[-1])
        self.assertEqual(self.extract('app.img', 'usr/config.json', 2), OLD[-2])

    def test_version_2_has_a_log(self):
        self.make_lfs2()
        self.overwrite()
        found = self.versions('app.img', 'usr/config.json')
        self.assertGreaterEqual(len(found), len(OLD))
        for number, content in enumerate(reversed(OLD), 1):
            self.assertEqual(found[number - 1]['sureness'], 'sure' if number == 1 else 'proven')
            self.assertEqual(found[number - 1]['size'], len(content))
            self.assertEqual(self.extract('app.img', 'usr/config.json', number), content)

    def test_text(self):
        self.make_lfs2()
        self.overwrite(contents=OLD[:2])
        lines = self.twinfs('history', 'app.img', 'usr/config.json')[0].decode().splitlines()
        self.assertEqual(lines[0], '/usr/config.json')
        self.assertRegex(lines[1], r'^   1 +\d+  sure +now +written +block \d+, revision \d+, '
                                   r'commit \d+$')
        self.assertRegex(lines[2], r'^   2 +\d+  proven +written ')

    def test_removed(self):
        self.make_lfs2()
        self.twinfs('rm', 'app.img', 'usr/config.json')
        self.fails('get', 'app.img', 'usr/config.json', saying='no such file')
        found = self.versions('app.img', 'usr/config.json')
        self.assertEqual((found[0]['removed'], found[0]['current'], found[0]['sureness']),
                         (True, False, 'proven'))
        self.assertEqual(self.extract('app.img', 'usr/config.json', 1), cli.APP['config.json'])

    def test_all_of_a_directory(self):
        self.make_image()
        paths = {v['path'] for v in self.versions('app.img', 'usr/lib')}
        self.assertEqual(paths, {'/usr/lib', '/usr/lib/driver.py', '/usr/lib/deep',
                                 '/usr/lib/deep/data.bin'})
        everything = {v['path'] for v in self.versions('app.img')}
        self.assertIn('/bak/usr/main.py', everything)
        self.assertIn('/usr/main.py', everything)
        self.fails('history', 'app.img', 'usr/lib/dri', saying='no version is left',
                   status=cli.WRONG)

    def test_extract_all(self):
        self.make_lfs2()
        self.overwrite(contents=OLD[:2])
        os.mkdir(self.path('out'))
        self.twinfs('history', '--extract', 'all', '--to', 'out', 'app.img')
        tree = cli.read_tree(self.path('out'))
        self.assertEqual(tree['usr/config.json.1'], OLD[1])
        self.assertEqual(tree['usr/config.json.2'], OLD[0])
        self.assertEqual(tree['usr/lib/deep/data.bin.1'], cli.APP['lib/deep/data.bin'])
        for dest in ('none', 'new'):  # a directory that is not there, and a file
            with self.unchanged('app.img', 'new'):
                self.fails('history', '--extract', 'all', '--to', dest, 'app.img',
                           saying=f'{dest}: is no directory')

    def test_extract_all_needs_a_directory(self):
        self.make_lfs2()
        before = sorted(os.listdir(self.folder))
        words = ('history', '--extract', 'all', 'app.img', 'usr/lib', '--to')
        self.fails(*words, 'none', saying='none: is no directory')
        self.fails(*words, 'app.img', saying='app.img: is no directory')
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_nothing_is_replaced_or_followed(self):
        self.make_image()
        self.overwrite(contents=OLD[:1])
        words = ('history', '--extract', '1', 'app.img', 'usr/config.json')
        self.twinfs(*words)
        self.assertEqual(cli.read(self.path('config.json.1')), OLD[0])
        self.fails(*words, saying='--force replaces it')
        self.twinfs(*words, '--force')
        os.makedirs(self.path('out/usr'))
        os.mkdir(self.path('elsewhere'))
        os.symlink(self.path('elsewhere'), self.path('out/usr/lib'))
        with self.unchanged('app.img'):
            self.twinfs('history', '--extract', 'all', '--to', 'out', 'app.img',
                        status=cli.FAILED)
        self.assertEqual(os.listdir(self.path('elsewhere')), [])

    def test_chains(self):
        self.make_image()
        self.overwrite()
        chains = [v for v in self.versions('--all', 'app.img') if v['path'] is None]
        self.assertEqual({v['sureness'] for v in chains}, {'guess'})
        contents = []
        for chain in chains:
            self.twinfs('history', '--part', 'user', '--chain', str(chain['head']), '--to', 'out',
                        '--force', 'app.img')
            contents.append(cli.read(self.path('out')))
        for content in OLD[:-2]:
            self.assertIn(content, contents)
        self.fails('history', '--part', 'user', '--chain', '0', 'app.img', saying='ends in block 0')

    def test_without_a_superblock(self):
        self.make_pair()
        for block in range(2):
            self.damage(self.path('pair/customer_fs.bin'), block * 4096, bytes(4096))
        self.twinfs('history', '--extract', 'all', '--all', '--user', 'pair/customer_fs.bin')
        found = [data for _, data in cli.read_tree(self.folder).items() if data]
        self.assertGreaterEqual(found.count(cli.APP['main.py']), 2) # in app, and here

    def test_overwritten(self):
        self.make_image()
        size = os.path.getsize(self.path('app.img'))
        big = os.urandom(3 * 4096)
        self.overwrite(path='usr/big', contents=[big, b'small'])
        before = self.versions('app.img', 'usr/big')[1]
        self.assertEqual((before['sureness'], before['size']), ('likely', len(big)))
        start = cli.read(self.path('app.img')).index(big[:4096])
        self.damage(self.path('app.img'), start, b'\xff' * 4096)
        self.assertEqual(os.path.getsize(self.path('app.img')), size)
        self.assertEqual([v['number'] for v in self.versions('app.img', 'usr/big')], [1])
        found = self.versions('--all', 'app.img', 'usr/big')[1]
        self.assertEqual((found['sureness'], found['lost_blocks']), ('overwritten', 1))
        out, err = self.twinfs('history', '--extract', '2', 'app.img', 'usr/big',
                               status=cli.WRONG)
        self.assertIn('not whole', err)
        self.assertEqual(cli.read(self.path('big.2'))[4096:], big[4096:])

    def test_usage(self):
        self.make_image()
        for words, saying in ((('--extract', '0', 'app.img', 'usr/a'), 'a number from 1'),
                              (('--extract', 'x', 'app.img', 'usr/a'), 'a number from 1'),
                              (('--extract', '1', 'app.img'), 'PATH is missing'),
                              (('--to', 'out', 'app.img'), '--to goes with'),
                              (('--force', 'app.img'), '--force goes with'),
                              (('--chain', '5', 'app.img'), '--part says which'),
                              (('--chain', '5', 'app.img', 'usr'), 'takes no PATH'),
                              (('--chain', '5', '--extract', '1', 'app.img'), 'exclude'),
                              (('--extract', '9', 'app.img', 'usr/main.py'), 'no version 9')):
            with self.subTest(words=words):
                self.fails('history', *words, saying=saying)


if __name__ == '__main__':
    cli.main()
