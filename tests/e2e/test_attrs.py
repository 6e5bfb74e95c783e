#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What littlefs 2 has beyond littlefs 1, through a mount: attributes, times, long names."""
import errno
import json
import os
import subprocess
import sys
import time

import lib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))
import lfs2_media  # noqa: E402 (found by the line above)

LAYER = 'user.twinfs.layer'
MAX = 1022


class Version2(lib.MountTest):
    make_options = ('--format', 'lfs2')

    def listing(self, path='/'):
        """What ls says of the image, which is not mounted: path -> entry."""
        words = lib.run(lib.TWINFS, 'ls', '-r', '--json', self.image, path).stdout
        return {entry['path']: entry for entry in json.loads(words)['entries']}


class Attributes(Version2):
    def test_round_trip(self):
        for path in (self.mount.usr('main.py'), self.mount.usr('lib'), self.mount.usr()):
            before = os.listxattr(path)
            self.assertEqual(before, [LAYER])
            for name, value in (('user.littlefs.00', b''), ('user.littlefs.7f', b'\0\xff value'),
                                ('user.littlefs.ff', bytes(range(256)))):
                os.setxattr(path, name, value)
                self.assertEqual(os.getxattr(path, name), value)
            names = [LAYER, 'user.littlefs.00', 'user.littlefs.7f', 'user.littlefs.ff']
            self.assertEqual(os.listxattr(path), names)
            os.removexattr(path, 'user.littlefs.00')
            self.assertEqual(os.listxattr(path), [LAYER] + names[2:])
        self.restart()  # they were on the chip at once
        self.assertEqual(os.getxattr(self.mount.usr('lib'), 'user.littlefs.7f'), b'\0\xff value')
        self.mount.close()
        want = [{'type': 0x7f, 'hex': '00ff2076616c7565'},
                {'type': 0xff, 'hex': bytes(range(256)).hex()}]
        listing = self.listing()
        for path in ('/usr', '/usr/lib', '/usr/main.py'):
            self.assertEqual(listing[path]['attrs'], want)
        self.check_image()

    def test_errors(self):
        main = self.mount.usr('main.py')
        name = 'user.littlefs.05'
        cases = (
            (errno.ENODATA, lambda: os.getxattr(main, name)),
            (errno.ENODATA, lambda: os.removexattr(main, name)),
            (errno.ENODATA, lambda: os.setxattr(main, name, b'x', os.XATTR_REPLACE)),
            (errno.E2BIG, lambda: os.setxattr(main, name, bytes(MAX + 1))),
            (errno.EOPNOTSUPP, lambda: os.setxattr(main, 'user.littlefs.5', b'x')),
            (errno.EOPNOTSUPP, lambda: os.setxattr(main, 'user.littlefs.0A', b'x')),
            (errno.EOPNOTSUPP, lambda: os.setxattr(main, 'user.littlefs.055', b'x')),
            (errno.EOPNOTSUPP, lambda: os.setxattr(main, 'user.other', b'x')),
            (errno.EOPNOTSUPP, lambda: os.setxattr(main, LAYER, b'user')),
            (errno.EOPNOTSUPP, lambda: os.removexattr(main, LAYER)),
            (errno.ENODATA, lambda: os.getxattr(main, 'user.other')),
            (errno.EROFS, lambda: os.setxattr(self.mount.bak('usr', 'main.py'), name, b'x')),
            (errno.EROFS, lambda: os.removexattr(self.mount.bak(), name)),
            (errno.EOPNOTSUPP, lambda: os.setxattr(self.mount.path('.twinfs'), name, b'x')),
        )
        for number, call in cases:
            with self.fails(number):
                call()
        os.setxattr(main, name, bytes(MAX), os.XATTR_CREATE)
        with self.fails(errno.EEXIST):
            os.setxattr(main, name, b'x', os.XATTR_CREATE)
        os.setxattr(main, name, b'y', os.XATTR_REPLACE)
        self.assertEqual(os.getxattr(main, name), b'y')

    @lib.needs('getfattr')
    def test_dump(self):
        os.setxattr(self.mount.usr('main.py'), 'user.littlefs.05', b'text')
        words = subprocess.run(['getfattr', '-d', '--absolute-names', self.mount.usr('main.py')],
                               stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertIn('user.littlefs.05="text"', words)

    def test_full(self):
        """An object may have as many as its pair has room for; the file stays whole."""
        path = self.mount.usr('own.bin')
        with self.fails(errno.ENOSPC):
            for number in range(256):
                os.setxattr(path, f'user.littlefs.{number:02x}', bytes([number]) * MAX)
        self.assertGreater(number, 1)
        self.assertEqual(os.getxattr(path, 'user.littlefs.00'), bytes(MAX))
        self.assertEqual(lib.read(path), self.files['own.bin'])
        self.mount.close()
        self.check_image()

    def test_open_file(self):
        """A write that is not committed yet is not touched by setting an attribute."""
        path = self.mount.usr('notes.txt')
        with open(path, 'r+b', buffering=0) as file:
            file.write(b'NOT')
            os.setxattr(file.fileno(), 'user.littlefs.05', b'five')
            self.assertEqual(os.getxattr(path, 'user.littlefs.05'), b'five')
        self.remount()
        self.assertEqual(lib.read(self.mount.usr('notes.txt')), b'NOT protected\n')
        self.assertEqual(os.getxattr(self.mount.usr('notes.txt'), 'user.littlefs.05'), b'five')

    def test_copy_up(self):
        """A file of the backup partition gets its attributes above, and keeps its content."""
        os.unlink(self.mount.usr('cfg.json'))
        lib.write(self.mount.usr('checksum.json'), b'')
        self.remount()
        path = self.mount.usr('cfg.json')
        self.assertEqual(os.getxattr(path, LAYER), b'backup')
        os.setxattr(path, 'user.littlefs.20', b'above')
        self.assertEqual(os.getxattr(path, LAYER), b'both')
        self.assertEqual(lib.read(path), self.files['cfg.json'])
        self.assertEqual(os.listxattr(self.mount.bak('usr', 'cfg.json')), [LAYER])


class Times(Version2):
    TIME = 1234567890123456789

    def stored(self, name):
        attrs = self.listing().get('/usr/' + name, {}).get('attrs', [])
        return [int.from_bytes(bytes.fromhex(attr['hex']), 'little')
                for attr in attrs if attr['type'] == 1]

    def test_not_stored_unasked(self):
        lib.write(self.mount.usr('new'), b'x')
        os.utime(self.mount.usr('main.py'), ns=(0, self.TIME))
        self.assertEqual(os.stat(self.mount.usr('main.py')).st_mtime_ns, self.TIME)
        self.mount.close()
        self.assertEqual(self.stored('new') + self.stored('main.py'), [])

    def test_attribute_is_the_time(self):
        """A volume that has a time keeps them from then on."""
        path = self.mount.usr('main.py')
        os.setxattr(path, 'user.littlefs.01', self.TIME.to_bytes(8, 'little'))
        self.assertEqual(os.stat(path).st_mtime_ns, self.TIME)
        os.utime(self.mount.usr('cfg.json'), ns=(0, self.TIME + 1))
        self.restart()
        self.assertEqual(os.stat(path).st_mtime_ns, self.TIME)
        self.assertEqual(os.stat(self.mount.usr('cfg.json')).st_mtime_ns, self.TIME + 1)


class StoredTimes(Times):
    options = ('-o', 'mtime')

    test_not_stored_unasked = None

    def test_write(self):
        before = time.time_ns()
        lib.write(self.mount.usr('new'), b'x')
        lib.write(self.mount.usr('lib/net.py'), b'y')
        after = time.time_ns()
        self.remount()
        for name in ('new', 'lib/net.py'):
            when = os.stat(self.mount.usr(name)).st_mtime_ns
            self.assertTrue(before <= when <= after, (before, when, after))
        self.mount.close()
        self.assertEqual(len(self.stored('new')), 1)
        self.assertEqual(self.stored('notes.txt'), [])

    def test_utimens(self):
        """Of a file that nobody writes, it is on the chip at once; else with the content."""
        closed, written = self.mount.usr('main.py'), self.mount.usr('notes.txt')
        os.utime(closed, ns=(0, self.TIME))
        with open(written, 'r+b', buffering=0) as file:
            file.write(b'NOT')
            os.utime(written, ns=(0, self.TIME + 1))
            self.assertEqual(os.stat(written).st_mtime_ns, self.TIME + 1)
        self.restart()
        self.assertEqual(os.stat(closed).st_mtime_ns, self.TIME)
        self.assertEqual(os.stat(written).st_mtime_ns, self.TIME + 1)
        self.assertEqual(lib.read(written), b'NOT protected\n')
        os.utime(closed, ns=(0, -5))
        self.restart()
        self.assertEqual(os.stat(closed).st_mtime_ns, -5)

    def test_copies_keep_their_time(self):
        source = os.path.join(self.folder, 'source')
        lib.write(source, b'content')
        os.utime(source, ns=(0, self.TIME))
        lib.run('cp', '-p', source, self.mount.usr('copy'))
        self.remount()
        self.assertEqual(os.stat(self.mount.usr('copy')).st_mtime_ns, self.TIME)
        self.mount.close()
        lib.run(lib.TWINFS, 'get', self.image, 'usr/copy', self.folder)
        self.assertEqual(os.stat(os.path.join(self.folder, 'copy')).st_mtime_ns, self.TIME)


class Old(Version2):
    """Version 2.0 stays what it is, so that old firmware can mount it."""
    make_options = ('--format', 'lfs2.0')

    def version(self):
        words = lib.run(lib.TWINFS, 'info', '--json', self.image).stdout
        return json.loads(words)['partitions'][0]['version']

    def test_version_stays(self):
        lib.write(self.mount.usr('new'), b'x')
        self.assertEqual(json.loads(self.mount.control('status'))['partitions'][0]['version'],
                         '2.0')
        self.mount.close()
        self.assertEqual(self.version(), '2.0')

    def test_upgrade(self):
        self.mount.close()
        self.mount = self.new_mount('-o', 'upgrade', self.image)
        lib.write(self.mount.usr('new'), b'x')
        self.mount.close()
        self.assertEqual(self.version(), '2.1')
        self.check_image()


class Wear(Version2):
    begins_mounted = False

    def most_worn(self, cycles):
        with self.new_mount('--block-cycles', cycles, self.image) as mount:
            for number in range(200):
                os.setxattr(mount.usr('notes.txt'), 'user.littlefs.10', bytes([number]) * MAX)
            user = json.loads(mount.control('wear'))['partitions'][0]
        os.unlink(self.image + '.wear')
        self.check_image()
        return user['max']

    def test_block_cycles(self):
        """Pairs that never move take all the wear of their directory."""
        staying, moving = self.most_worn('1000000'), self.most_worn('2')
        self.assertGreater(staying, 4 * moving)


class Plain(lib.MountTest):
    """A bare littlefs of any project: nothing but the file is needed."""
    begins_mounted = False

    def make_image(self, image):
        super().make_image(image)
        lib.run(lib.TWINFS, 'mk', '-q', '--user', os.path.join(self.folder, 'app'), '--format',
                'lfs2', '--pair', os.path.join(self.folder, 'pair'))

    def test_mount(self):
        loose = os.path.join(self.folder, 'pair', 'customer_fs.bin')
        for words in ((loose,), ('--user', loose)):
            with self.new_mount(*words) as mount:
                self.assertEqual(lib.read(mount.usr('main.py')), self.files['main.py'])
                lib.write(mount.usr('new'), bytes(5000))
                self.assertEqual(os.statvfs(mount.usr()).f_namemax, 255)
        lib.run(lib.TWINFS, 'check', loose)

    def test_firmware_without_version_2(self):
        loose = os.path.join(self.folder, 'pair', 'customer_fs.bin')
        before = lib.read(loose)
        done = lib.run(lib.TWINFS, 'mount', '--profile', 'asr1601', loose, self.folder,
                       check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('name another (--profile)', done.stdout)
        self.assertEqual(lib.read(loose), before)


class LongNames(lib.MountTest):
    """A superblock that allows names of 1000 bytes, more than most file systems of Linux do."""
    LIMIT = 1000

    def make_image(self, image):
        block_size, count = 4096, 64
        media = lfs2_media.Media(count, block_size)
        tags = lfs2_media.super_tags(count, block_size=block_size,
                                     limits=(self.LIMIT, 0x7fffffff, MAX))
        for block in range(2):
            media.put(block, lfs2_media.log(tags, rev=block + 1, block_size=block_size))
        lib.write(image, media.data)

    def test_names(self):
        self.assertEqual(os.statvfs(self.mount.usr()).f_namemax, self.LIMIT)
        first, second = 'a' * self.LIMIT, 'b' * self.LIMIT
        lib.write(self.mount.usr(first), b'content')
        os.rename(self.mount.usr(first), self.mount.usr(second))
        os.mkdir(self.mount.usr(first))
        lib.write(self.mount.usr(first, second), b'below')
        self.assertEqual(sorted(os.listdir(self.mount.usr())), [first, second])
        for name in ('c' * (self.LIMIT + 1), 'c' * 1500):
            with self.fails(errno.ENAMETOOLONG):
                lib.write(self.mount.usr(name), b'')
        self.remount()
        self.assertEqual(lib.read(self.mount.usr(second)), b'content')
        self.assertEqual(lib.read(self.mount.usr(first, second)), b'below')
        os.unlink(self.mount.usr(first, second))
        os.rmdir(self.mount.usr(first))
        self.mount.close()
        self.check_image()


if __name__ == '__main__':
    lib.main()
