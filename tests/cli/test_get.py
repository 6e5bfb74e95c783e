# SPDX-License-Identifier: MIT
"""twinfs get: copies out whole files, replaces nothing, and never leaves DEST."""
import os
import struct
import zlib

import cli


def rename_in_blocks(data, old, new):
    """Puts @new, of equal length, in place of @old in all metadata; returns in how many blocks."""
    count = 0
    for start in range(0, len(data), 4096):
        block = data[start:start + 4096]
        if old not in block:
            continue
        block = block.replace(old, new)
        size = struct.unpack_from('<I', block, 4)[0] & 0x7fffffff
        if size > 4096:
            continue
        # The checksum is the last word; littlefs leaves out the final inversion.
        struct.pack_into('<I', block, size - 4, zlib.crc32(block[:size - 4]) ^ 0xffffffff)
        data[start:start + 4096] = block
        count += 1
    return count


class Get(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.make_image()

    def out(self, name='out'):
        return cli.read_tree(self.path(name))

    def test_file(self):
        self.twinfs('get', 'app.img', 'usr/main.py')
        self.assertEqual(cli.read(self.path('main.py')), cli.APP['main.py'])
        self.twinfs('get', 'app.img', 'usr/main.py', 'new.py')
        self.assertEqual(cli.read(self.path('new.py')), cli.APP['main.py'])
        os.mkdir(self.path('out'))
        self.twinfs('get', 'app.img', 'usr/main.py', 'out')
        self.twinfs('get', 'app.img', 'usr/empty.txt', 'out/')
        self.assertEqual(self.out(), {'main.py': cli.APP['main.py'], 'empty.txt': b''})

    def test_tree(self):
        lib = {path[4:]: data for path, data in cli.APP.items() if path.startswith('lib/')}
        self.twinfs('get', 'app.img', 'usr/lib', 'out')
        self.assertEqual(self.out(), lib)
        self.twinfs('get', 'app.img', 'usr/lib', 'out')
        self.assertEqual(cli.read_tree(self.path('out/lib')), lib)
        self.twinfs('get', 'app.img', 'usr')
        self.assertEqual(set(self.out('usr')), set(cli.APP) | {'checksum.json'})

    def test_root_of_an_only_partition(self):
        self.make_pair()
        self.twinfs('get', 'pair/customer_fs.bin', '/', 'out')
        self.assertEqual(set(self.out()), set(cli.APP) | {'checksum.json'})

    def test_nothing_is_replaced_without_force(self):
        cli.write_tree(self.path('out'), {'main.py': b'mine'})
        self.fails('get', 'app.img', 'usr/main.py', 'out', saying='out/main.py: file exists')
        self.assertEqual(self.out(), {'main.py': b'mine'})
        self.twinfs('get', '--force', 'app.img', 'usr/main.py', 'out')
        self.assertEqual(self.out(), {'main.py': cli.APP['main.py']})

    def test_the_rest_is_copied(self):
        cli.write_tree(self.path('out/usr'), {'main.py': b'mine'})
        self.fails('get', 'app.img', 'usr', 'out', saying='out/usr/main.py: file exists')
        tree = self.out('out/usr')
        self.assertEqual(tree.pop('main.py'), b'mine')
        self.assertEqual(set(tree) | {'main.py'}, set(cli.APP) | {'checksum.json'})

    def test_links_below_the_destination_are_not_followed(self):
        os.makedirs(self.path('out/usr'))
        os.mkdir(self.path('elsewhere'))
        os.symlink(self.path('elsewhere'), self.path('out/usr/lib'))
        cli.write_tree(self.path('elsewhere'), {'victim': b'mine'})
        os.symlink(self.path('elsewhere/victim'), self.path('out/usr/main.py'))
        self.twinfs('get', '--force', 'app.img', 'usr', 'out', status=cli.FAILED)
        self.assertEqual(self.out('elsewhere'), {'victim': b'mine'})
        # The file replaced the link itself.
        self.assertFalse(os.path.islink(self.path('out/usr/main.py')))
        self.assertEqual(cli.read(self.path('out/usr/main.py')), cli.APP['main.py'])

    def test_hostile_names(self):
        """A name with a slash in it leads nowhere; the names around it are copied."""
        image = self.path('app.img')
        data = bytearray(cli.read(image))
        self.assertGreater(rename_in_blocks(data, b'config.json', b'../evil.txt'), 0)
        self.damage(image, 0, data)
        os.mkdir(self.path('out'))
        before = set(os.listdir(self.folder))
        self.assertIn(b'lfs.name', self.twinfs('check', 'app.img', status=cli.WRONG)[0])
        self.twinfs('get', 'app.img', 'usr', 'out')
        self.assertEqual(set(os.listdir(self.folder)), before)
        tree = self.out('out/usr')
        self.assertNotIn('config.json', tree)
        self.assertEqual(tree['main.py'], cli.APP['main.py'])
        self.assertFalse([path for path in self.out() if 'evil' in path])

    def test_no_place_to_go(self):
        with self.unchanged('app.img'):
            self.fails('get', 'app.img', 'usr/main.py', 'nix/main.py', saying='its directory does not exist')
            self.fails('get', 'app.img', 'usr/nix', saying="'/usr/nix': no such file")
            self.fails('get', 'app.img', 'usr/main.py', 'app.img/x', saying='not a directory')

    def test_no_temporary_file_is_left(self):
        cli.write_tree(self.path('out'), {'main.py': b'mine'})
        self.twinfs('get', 'app.img', 'usr/main.py', 'out', status=cli.FAILED)
        self.assertEqual(os.listdir(self.path('out')), ['main.py'])


if __name__ == '__main__':
    cli.main()
