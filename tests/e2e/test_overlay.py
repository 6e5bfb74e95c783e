#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usr/ as the union of both partitions: which layer, copy-up, hiding."""
import errno
import os

import lib


class Overlay(lib.MountTest):
    def layer(self, *names):
        return os.getxattr(self.mount.usr(*names), 'user.twinfs.layer').decode()

    def lower_only(self, *names):
        """Leaves a protected file in the backup alone: an empty table ends all restoring."""
        for name in names:
            os.unlink(self.mount.usr(name))
        lib.write(self.mount.usr('checksum.json'), b'')
        self.remount()

    def test_layers(self):
        self.assertEqual(self.layer('main.py'), 'both')
        self.assertEqual(self.layer('lib'), 'both')
        self.assertEqual(self.layer('notes.txt'), 'user')
        self.assertEqual(
            os.getxattr(self.mount.bak('usr', 'main.py'), 'user.twinfs.layer'), b'backup')

    def test_deleted_is_hidden_until_restart(self):
        path = self.mount.usr('main.py')
        os.unlink(path)
        self.assertFalse(os.path.exists(path))
        self.assertNotIn('main.py', os.listdir(self.mount.usr()))
        self.assertTrue(os.path.exists(self.mount.bak('usr', 'main.py')))
        lib.write(path, b'mine')
        self.assertEqual(lib.read(path), b'mine')
        os.unlink(path)
        self.assertFalse(os.path.exists(path))
        self.restart()
        self.assertEqual(lib.read(path), self.files['main.py'])

    def test_file_of_the_backup(self):
        self.lower_only('cfg.json')
        path = self.mount.usr('cfg.json')
        self.assertEqual(self.layer('cfg.json'), 'backup')
        self.assertEqual(lib.read(path), self.files['cfg.json'])

    def test_copy_up(self):
        self.lower_only('data/table.bin')
        path = self.mount.usr('data/table.bin')
        number = os.stat(path).st_ino
        with open(path, 'rb', buffering=0) as reader, open(path, 'r+b', buffering=0) as writer:
            writer.seek(4096)
            writer.write(b'CHANGED')
            reader.seek(4090)
            self.assertEqual(reader.read(16), bytes(range(250, 256)) + b'CHANGED' + b'\7\10\11')
        self.assertEqual(os.stat(path).st_ino, number)
        self.assertEqual(self.layer('data/table.bin'), 'both')
        self.assertEqual(lib.read(self.mount.bak('usr/data/table.bin')),
                         self.files['data/table.bin'])

    def test_copy_up_by_rename_and_truncate(self):
        self.lower_only('cfg.json', 'main.py')
        os.rename(self.mount.usr('cfg.json'), self.mount.usr('data', 'moved.json'))
        self.assertFalse(os.path.exists(self.mount.usr('cfg.json')))
        self.assertEqual(lib.read(self.mount.usr('data/moved.json')), self.files['cfg.json'])
        os.truncate(self.mount.usr('main.py'), 7)
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'][:7])

    def test_directory_with_a_lower_part(self):
        with self.fails(errno.EXDEV):
            os.rename(self.mount.usr('lib'), self.mount.usr('other'))
        lib.run('mv', self.mount.usr('lib'), self.mount.usr('other'))  # copies instead
        self.assertEqual(lib.read(self.mount.usr('other/net.py')), self.files['lib/net.py'])
        self.assertFalse(os.path.exists(self.mount.usr('lib')))

    def test_remove_merged_directory(self):
        lib.run('rm', '-r', self.mount.usr('data'))
        self.assertFalse(os.path.exists(self.mount.usr('data')))
        os.mkdir(self.mount.usr('data'))
        self.assertEqual(os.listdir(self.mount.usr('data')), [])


class Device(lib.MountTest):
    options = ('-o', 'view=device')

    def test_bare_user_partition(self):
        os.unlink(self.mount.usr('main.py'))
        self.assertFalse(os.path.exists(self.mount.usr('main.py')))
        self.assertEqual(
            os.getxattr(self.mount.usr('cfg.json'), 'user.twinfs.layer'), b'user')
        self.assertEqual(os.getxattr(self.mount.usr('lib'), 'user.twinfs.layer'), b'user')

    def test_directories_are_not_merged(self):
        os.rename(self.mount.usr('lib'), self.mount.usr('other'))
        self.assertEqual(lib.read(self.mount.usr('other/net.py')), self.files['lib/net.py'])


class Pair(lib.MountTest):
    """Loose partition files, one of which may be missing."""
    begins_mounted = False

    def make_image(self, image):
        super().make_image(image)
        lib.run(lib.TWINFS, 'mk', '-q', '--user', os.path.join(self.folder, 'app'), '--backup-all',
                '--pair', os.path.join(self.folder, 'pair'))

    def part(self, name):
        return os.path.join(self.folder, 'pair', name)

    def test_both(self):
        mount = self.new_mount('--user', self.part('customer_fs.bin'), '--backup',
                               self.part('customer_backup_fs.bin'))
        self.assertEqual(sorted(os.listdir(mount.root)), ['.twinfs', 'bak', 'usr'])
        self.assertEqual(lib.read(mount.usr('main.py')), self.files['main.py'])

    def test_user_alone(self):
        mount = self.new_mount(self.part('customer_fs.bin'))
        self.assertEqual(sorted(os.listdir(mount.root)), ['.twinfs', 'usr'])
        self.assertEqual(lib.read(mount.usr('main.py')), self.files['main.py'])
        with self.fails(errno.ENOENT):
            os.stat(mount.bak())


if __name__ == '__main__':
    lib.main()
