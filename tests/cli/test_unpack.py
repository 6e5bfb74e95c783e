# SPDX-License-Identifier: MIT
"""twinfs unpack: all members of a good package, nothing of one that means ill."""
import os
import struct
import zipfile
import zlib

import cli
import packages
from packages import Raw, deflate

MIB = 1 << 20


class Unpack(cli.CliTest):
    def write(self, name, data):
        cli.write_tree(self.folder, {name: data})

    def refuses(self, archive, saying, *words):
        """One line that names the package, and not a byte is left."""
        self.write('bad.zip', archive)
        with self.unchanged('bad.zip'):
            self.fails('unpack', *words, 'bad.zip', 'out', saying=saying)

    # ---- good ones ----

    def test_as_zipfile_does(self):
        packages.asr(self.path('a.zip'), 'sub/')
        self.twinfs('unpack', 'a.zip', 'ours')
        with zipfile.ZipFile(self.path('a.zip')) as archive:
            archive.extractall(self.path('theirs'))
        self.assertEqual(cli.read_tree(self.path('ours')), cli.read_tree(self.path('theirs')))
        self.assertEqual(sorted(os.listdir(self.folder)), ['a.zip', 'ours', 'theirs'])

    def test_streamed_and_zip64(self):
        class Pipe:
            """A file that cannot seek: sizes come behind the data."""

            def __init__(self, path):
                self.file = open(path, 'wb')

            def write(self, data):
                return self.file.write(data)

            def flush(self):
                self.file.flush()

        pipe = Pipe(self.path('a.zip'))
        with zipfile.ZipFile(pipe, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('a.txt', b'a' * 1000)
            with archive.open('wide.txt', 'w', force_zip64=True) as member:
                member.write(b'wide' * 1000)
            archive.writestr('d/', b'')
        pipe.file.close()
        self.twinfs('unpack', 'a.zip', 'out')
        self.assertEqual(cli.read_tree(self.path('out')),
                         {'a.txt': b'a' * 1000, 'wide.txt': b'wide' * 1000, 'd': None})

    def test_many_members(self):
        with zipfile.ZipFile(self.path('a.zip'), 'w') as archive:
            for number in range(3000):
                archive.writestr(f'{number % 7}/{number}', str(number))
        self.twinfs('unpack', 'a.zip', 'out')
        tree = cli.read_tree(self.path('out'))
        self.assertEqual(tree['3/2999'], b'2999')
        self.assertEqual(len(tree), 3007)

    def test_list(self):
        inner = packages.in_memory(packages.asr)
        packages.bundle(self.path('a.bin'), inner)
        with self.unchanged('a.bin'):
            text = self.twinfs('unpack', '--list', 'a.bin')[0].decode()
            listed = self.json('unpack', '-l', '--json', 'a.bin')
        self.assertIn(f'{len(inner):10d}', text)
        self.assertIn('a.bin: bundle package, platform ASR1606, 3 members', text)
        self.assertIn('the images are in its member fw/inner.zip', text)
        self.assertIsNone(listed['directory'])
        self.assertEqual(listed['images'], {'customer_fs.bin': 'customer_fs.bin',
                                            'customer_backup_fs.bin': 'customer_backup_fs.bin'})
        with zipfile.ZipFile(self.path('a.bin')) as archive:
            self.assertEqual(
                [(m['name'], m['size'], m['packed_size'], m['offset'], int(m['crc32'], 16),
                  m['method'], m['encrypted']) for m in listed['members']],
                [(i.filename, i.file_size, i.compress_size, i.header_offset, i.CRC,
                  i.compress_type, False) for i in archive.infolist()])

    def test_image_inside(self):
        self.make_pair()
        packages.images(self.path('a.zip'), cli.read(self.path('pair/customer_fs.bin')))
        self.twinfs('unpack', 'a.zip', 'out')
        self.assertEqual(self.twinfs('cat', '--user', 'out/customer_fs.bin', 'main.py')[0],
                         cli.APP['main.py'])

    # ---- names ----

    def test_paths_that_lead_out(self):
        for name in ('../out.txt', 'a/../../b', '/etc/x', '..\\x', 'C:\\x', 'C:x', '.', 'a/./b',
                     'a//b', '..'):
            self.refuses(Raw().add('fine').add(name).bytes(), "member '")
        self.refuses(Raw().add('a\x1bb').bytes(), "member 'a?b': its name holds")

    def test_links(self):
        self.refuses(Raw().add('l', b'/etc', attributes=0o120777).bytes(), 'a symbolic link')
        self.refuses(Raw().add('d', attributes=0o060666).bytes(), 'neither a file nor a directory')
        # a directory that is a link, and then a file in it
        self.refuses(Raw().add('l', b'/tmp', attributes=0o120777).add('l/x').bytes(), 'link')

    def test_names_that_are_no_utf8(self):
        self.refuses(Raw().add(b'\xb9\xcc\xbc\xfe.bin').bytes(), 'its name is not UTF-8')

    def test_names_twice(self):
        self.refuses(Raw().add('a', b'1').add('b').add('a', b'2').bytes(), 'two of that name')
        self.refuses(Raw().add('a', b'1').add('a/b').bytes(), "member 'a/b': cannot be written")

    # ---- sizes ----

    def bomb(self, size, claimed=None):
        packed = deflate(bytes(size))
        return Raw().add('zeros', bytes(0), packed=packed, method=8, crc=zlib.crc32(bytes(size)),
                         size=size if claimed is None else claimed)

    def test_bombs(self):
        big = self.bomb(300 * MIB)
        self.refuses(big.bytes(), 'more than the limit of ')
        many = Raw()
        packed, crc = deflate(bytes(8 * MIB)), zlib.crc32(bytes(8 * MIB))
        for number in range(40):
            many.add(f'{number}', bytes(0), packed=packed, method=8, crc=crc, size=8 * MIB)
        self.refuses(many.bytes(), 'more than the limit of ')
        small = self.bomb(2 * MIB)
        self.refuses(small.bytes(), 'more than the limit of 2097151', '--max-size', '2097151')
        self.twinfs('unpack', '--max-size', '2M', 'bad.zip', 'out')
        self.assertEqual(os.path.getsize(self.path('out/zeros')), 2 * MIB)

    def test_overlapping_members(self):
        """One kernel of data that many members share, as the best bombs have it."""
        archive = Raw().add('kernel', bytes(0), packed=deflate(bytes(MIB)), method=8,
                            crc=zlib.crc32(bytes(MIB)), size=MIB)
        archive.directory += archive.directory
        archive.count += 1
        self.refuses(archive.bytes(), 'overlaps')
        # a header within another member's data
        inner = Raw().add('in').body
        archive = Raw().add('out', inner + b'more')
        field = {'made_by': 0, 'attributes': 0, 'addr': 30 + 3}
        archive.record(b'in', field, inner[4:26])
        self.refuses(archive.bytes(), "member 'in': it overlaps")

    def test_lies_about_sizes(self):
        for claimed in (100, 99999, 100001):
            self.refuses(self.bomb(100000, claimed).bytes(), "member 'zeros': its data does not "
                         f'unpack to just the {claimed} bytes')
        self.refuses(self.bomb(10, 10000000).bytes(), '10000000 bytes cannot be packed into')
        self.refuses(Raw().add('a', b'abc', size=4).bytes(), '4 bytes cannot be packed into 3')

    def test_lies_about_the_content(self):
        self.refuses(Raw().add('good').add('bad', crc=1).bytes(),
                     "bad.zip: offset 0x44: member 'bad': checksum is 0x8cdc1683, expected "
                     '0x00000001')
        self.refuses(Raw().add('a', b'abc', method=8).bytes(), 'does not unpack')
        self.refuses(Raw().add('a', b'abc', method=14).bytes(), 'packed by method 14')
        self.refuses(Raw().add('a', b'abc', flags=1).bytes(), "member 'a': it is encrypted")

    def test_lies_about_the_place(self):
        good = Raw().add('a', b'abc').bytes()
        for addr in (1, 1000, 0xfffffff0):
            self.refuses(Raw().add('a', b'abc', addr=addr).bytes(), 'it has no header there')
        for cut in (1, 21, 22, 40, len(good) - 1):
            self.refuses(good[:cut], 'bad.zip: ')
        self.refuses(good + b'x', 'no end of a zip archive')
        self.refuses(b'PK\5\6' + bytes(4) + b'\xff' * 12 + bytes(2), 'the directory is said to be')
        header = struct.unpack('<H', good[26:28])
        self.assertEqual(header, (1,))
        self.refuses(good[:26] + b'\2' + good[27:], 'header and the directory differ')

    # ---- places ----

    def test_where_it_goes(self):
        packages.asr(self.path('a.zip'))
        os.mkdir(self.path('empty'))
        self.twinfs('unpack', 'a.zip', 'empty')
        with self.unchanged('a.zip', 'empty/apn.bin'):
            self.fails('unpack', 'a.zip', 'empty', saying='empty: cannot be made')
            self.fails('unpack', 'a.zip', 'nix/out', saying='nix/out: cannot be made')
            self.fails('unpack', 'a.zip', 'a.zip', saying='a.zip: cannot be made')

    def test_what_is_no_archive(self):
        self.write('customer_fs.bin', b'x')
        os.mkdir(self.path('dir'))
        with self.unchanged('customer_fs.bin'):
            for name, saying in (('customer_fs.bin', 'nothing to unpack'), ('dir', 'a folder'),
                                 ('nix', 'cannot be read'), ('/dev/null', 'the file is empty')):
                self.fails('unpack', name, 'out', saying=saying)
            self.fails('unpack', 'customer_fs.bin', saying='DIR')
            self.fails('unpack', '--list', 'customer_fs.bin', 'out', saying='out')
            self.fails('unpack', '--max-size', '0', 'a', 'b', saying='--max-size')


if __name__ == '__main__':
    cli.main()
