# SPDX-License-Identifier: MIT
"""twinfs ls and cat: names and content, of images and loose files."""
import hashlib
import os
import zlib

import cli


def expected(prefix, tree):
    """Path -> entry of ls --json -r --hash."""
    entries = {}
    for path, data in tree.items():
        path = prefix + path
        if data is None:
            entries[path] = {'path': path, 'type': 'dir'}
            continue
        entries[path] = {'path': path, 'type': 'reg', 'size': len(data),
                         'sha256': hashlib.sha256(data).hexdigest(),
                         'crc32': f'0x{zlib.crc32(data):08x}',
                         'device_crc': cli.device_crc(data)}
    return entries


class Ls(cli.CliTest):
    def tree_of(self, *words):
        """The listing without what mk adds."""
        return {path: entry for path, entry in self.entries('-r', '--hash', *words).items()
                if not path.endswith(('checksum.json', 'backup_restore.json'))}

    def test_json_of_an_image(self):
        self.make_image()
        self.assertEqual(self.tree_of('app.img', 'usr'), expected('/usr/', cli.APP))
        self.assertEqual(self.tree_of('app.img', '/usr/lib'), expected('/usr/', {
            path: data for path, data in cli.APP.items() if path.startswith('lib/')}))
        self.assertEqual(self.tree_of('app.img', '--part', 'user'), expected('/', cli.APP))
        both = self.tree_of('app.img')
        self.assertEqual(both['/bak'], {'path': '/bak', 'type': 'dir'})
        self.assertEqual(both['/bak/usr/main.py']['size'], len(cli.APP['main.py']))
        self.assertEqual(both['/usr/main.py']['sha256'], both['/bak/usr/main.py']['sha256'])

    def test_json_of_a_loose_file(self):
        self.make_pair()
        self.assertEqual(self.tree_of('pair/customer_fs.bin'), expected('/', cli.APP))
        self.assertEqual(self.tree_of('--user', 'pair/customer_fs.bin'), expected('/', cli.APP))
        self.assertIn('/usr/main.py', self.tree_of('--backup', 'pair/customer_backup_fs.bin'))

    def test_json_of_one_file_or_directory(self):
        self.make_image()
        self.assertEqual(self.entries('app.img', 'usr/main.py'),
                         {'/usr/main.py': {'path': '/usr/main.py', 'type': 'reg',
                                           'size': len(cli.APP['main.py'])}})
        self.assertEqual(self.entries('app.img', 'usr/log'), {})
        self.assertEqual(sorted(self.entries('app.img', 'usr/lib')),
                         ['/usr/lib/deep', '/usr/lib/driver.py'])

    def test_text(self):
        self.make_image()
        self.assertEqual(self.twinfs('ls', 'app.img')[0], b'usr/\nbak/\n')
        self.assertEqual(self.twinfs('ls', 'app.img', 'usr')[0].decode().split(),
                         ['checksum.json', 'config.json', 'empty.txt', 'lib/', 'log/', 'main.py'])
        self.assertEqual(self.twinfs('ls', '-r', 'app.img', 'usr/lib')[0].decode().split(),
                         ['/usr/lib/deep/', '/usr/lib/deep/data.bin', '/usr/lib/driver.py'])
        self.assertEqual(self.twinfs('ls', '-l', 'app.img', 'usr/lib')[0].decode(),
                         '         dir  deep/\n       7,500  driver.py\n')
        line = self.twinfs('ls', '--hash', 'app.img', 'usr/main.py')[0].decode().split()
        self.assertEqual(line[0], cli.device_crc(cli.APP['main.py']))
        self.assertEqual(line[2], '/usr/main.py')

    def test_paths(self):
        self.make_image()
        for path in ('usr/main.py', '/usr/main.py', '//usr///main.py', './usr/./main.py',
                     'usr/lib/../main.py', '../../usr/main.py', 'bak/../usr/main.py',
                     'bak/usr/main.py'):
            self.assertEqual(self.twinfs('cat', 'app.img', path)[0], cli.APP['main.py'], path)
        self.assertEqual(self.twinfs('cat', '--part', 'backup', 'app.img', 'usr/main.py')[0],
                         cli.APP['main.py'])
        self.fails('cat', 'app.img', 'main.py', saying="write usr/main.py or bak/main.py")
        self.fails('cat', 'app.img', 'usrx', saying='two partitions')
        self.fails('cat', 'app.img', 'usr/nix', saying="'/usr/nix': no such file")
        self.fails('cat', 'app.img', 'usr/main.py/x', saying="'/usr/main.py/x': not a directory")
        self.fails('cat', 'app.img', 'usr/lib', saying="'/usr/lib': is a directory")
        self.fails('cat', 'app.img', '/', saying="'/': is a directory")

    def test_cat(self):
        self.make_image()
        out, err = self.twinfs('cat', 'app.img', 'usr/lib/deep/data.bin', 'usr/nix', 'usr/main.py',
                               status=cli.FAILED)
        self.assertEqual(out, cli.APP['lib/deep/data.bin'] + cli.APP['main.py'])
        self.assertEqual(err, "twinfs cat: app.img: '/usr/nix': no such file or directory\n")

    def test_names_of_any_bytes(self):
        names = [b'new\nline', b'esc\x1b[31m', b'gbk-\xc5\xe4', b'back\\slash', 'größe'.encode(),
                 b'surrogate-\xed\xa0\x80', b'long-form-\xc0\xaf']
        os.mkdir(self.path('app'))
        for name in names:
            with open(os.path.join(self.path('app').encode(), name), 'wb') as file:
                file.write(name)
        self.twinfs('mk', 'app.img', '--user', 'app')
        entries = self.json('ls', '--json', 'app.img', 'usr')['entries']
        paths = {bytes.fromhex(e['path_hex']) if 'path_hex' in e else e['path'].encode()
                 for e in entries}
        self.assertEqual(paths, {b'/usr/' + name for name in names})
        text = self.twinfs('ls', 'app.img', 'usr')[0]
        self.assertEqual(text.decode('utf-8').splitlines(), [
            'back\\\\slash', 'esc\\x1b[31m', 'gbk-\\xc5\\xe4', 'größe', 'long-form-\\xc0\\xaf',
            'new\\x0aline', 'surrogate-\\xed\\xa0\\x80'])
        self.twinfs('get', 'app.img', 'usr', 'out')
        got = set(os.listdir(self.path('out').encode()))
        self.assertEqual(got, set(names))

    def test_block_size(self):
        self.make_pair()
        loose = 'pair/customer_fs.bin'
        for size in ('4096', '0x1000', '4K'):
            self.assertEqual(self.tree_of('--block-size', size, loose), expected('/', cli.APP))
        self.fails('ls', '--block-size', '512', loose, saying=loose)

    def test_attributes(self):
        self.make_app()
        self.twinfs('mk', '--format', 'lfs2', '--profile', 'asr1603', '--pair', 'pair',
                    '--user', 'app')
        loose = 'pair/customer_fs.bin'
        image = ('--profile', 'asr1603', loose)
        os.utime(self.path('app/main.py'), ns=(0, 0x1122334455667788))
        self.assertFalse([e for e in self.entries('-r', loose).values() if 'attrs' in e])
        self.twinfs('put', '--force', *image, 'app/main.py')
        entry = self.entries('-r', loose)['/main.py']
        self.assertEqual(entry['attrs'], [{'type': 1, 'hex': '8877665544332211'}])
        self.assertEqual(self.twinfs('ls', '--attrs', loose, 'main.py')[0],
                         b'/main.py\n    01  8877665544332211\n')
        self.twinfs('get', loose, 'main.py', 'back.py')
        self.assertEqual(os.stat(self.path('back.py')).st_mtime_ns, 0x1122334455667788)
        # From here on the volume stores times, whoever writes.
        self.twinfs('put', '--force', loose, 'app/config.json')
        self.assertIn('attrs', self.entries(loose)['/config.json'])

    def test_far_time(self):
        """A time that 64 bits of nanoseconds do not hold is stored as the last that they do."""
        self.make_app()
        self.twinfs('mk', '--format', 'lfs2', '--profile', 'asr1603', '--pair', 'pair',
                    '--user', 'app')
        loose = 'pair/customer_fs.bin'
        os.utime(self.path('app/main.py'), (0, 10000000000))
        most = min(os.stat(self.path('app/main.py')).st_mtime_ns, (1 << 63) - 1)
        self.twinfs('put', '--force', '--profile', 'asr1603', loose, 'app/main.py')
        self.assertEqual(self.entries(loose)['/main.py']['attrs'],
                         [{'type': 1, 'hex': most.to_bytes(8, 'little').hex()}])

    def test_reading_changes_nothing(self):
        self.make_image()
        with self.unchanged('app.img'):
            for words in (('ls', '-r', '--hash'), ('info',), ('check',)):
                self.twinfs(*words, 'app.img')
            self.twinfs('cat', 'app.img', 'usr/main.py')

    def test_colour_is_for_terminals(self):
        self.make_image()
        self.assertNotIn(b'\x1b', self.twinfs('ls', 'app.img')[0])
        self.assertNotIn(b'\x1b', self.twinfs('info', 'app.img')[0])

    def test_what_can_be_read_of_a_damaged_image(self):
        self.make_image()
        image = self.path('app.img')
        user = self.part('app.img', 'customer_backup_fs')
        # Both superblocks of the backup partition.
        self.flip(image, user['addr'], 2 * user['block_size'])
        out, err = self.twinfs('ls', '-r', '--json', 'app.img', status=cli.FAILED)
        self.assertIn(b'/usr/lib/deep/data.bin', out)
        self.assertIn('customer_backup_fs', err)
        self.assertEqual(err.count('\n'), 1)
        self.twinfs('cat', 'app.img', 'usr/main.py')


if __name__ == '__main__':
    cli.main()
