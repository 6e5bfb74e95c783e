#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The backup partition written through bak/, which --allow-backup-write allows."""
import errno
import json
import os
import subprocess

import lib


def device_crc(data):
    """The hash of content in checksum.json, as "twinfs crc" has it."""
    done = subprocess.run([lib.TWINFS, 'crc', '-'], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()[0]


class Written(lib.MountTest):
    options = ('--allow-backup-write',)

    def factory(self, *names):
        return self.mount.bak('usr', *names)

    def change_table(self, name, data):
        """What an application does after it changed a factory copy: both tables."""
        for path in (self.mount.usr('checksum.json'), self.mount.bak('checksum.json')):
            table = json.loads(lib.read(path))
            entry = next((entry for entry in table if entry['name'] == name), None)
            if not entry:
                entry = {'name': name}
                table.append(entry)
            entry['crc32'] = device_crc(data)
            lib.write(path, json.dumps(table).encode())

    def test_every_change(self):
        bak = self.mount.bak
        lib.write(bak('new'), b'one')
        with open(bak('new'), 'ab') as file:
            file.write(b'two')
        os.mkdir(bak('dir'))
        os.rename(bak('new'), bak('dir', 'new'))
        os.truncate(bak('dir', 'new'), 4)
        os.utime(bak('dir', 'new'))
        os.unlink(self.factory('lib/net.py'))
        os.rmdir(self.factory('lib'))
        lib.write(self.factory('cfg.json'), b'{"volume": 9}')
        expected = lib.tree(bak())
        self.assertEqual(expected['dir/new'], b'onet')
        self.assertEqual(os.getxattr(self.factory('cfg.json'), 'user.twinfs.layer'), b'backup')
        self.remount()
        self.assertEqual(lib.tree(self.mount.bak()), expected)
        self.mount.close()
        lib.run(lib.TWINFS, 'check', self.image)

    def test_what_stays_refused(self):
        main = self.factory('main.py')
        for name, expected, change in (
                ('symlink', errno.EPERM, lambda: os.symlink('x', self.mount.bak('new'))),
                ('link', errno.EPERM, lambda: os.link(main, self.mount.bak('new'))),
                ('chmod', errno.EPERM, lambda: os.chmod(main, 0o400)),
                ('other tree', errno.EXDEV, lambda: os.rename(main, self.mount.usr('moved')))):
            with self.subTest(name), self.assertRaises(OSError) as caught:
                change()
            self.assertEqual(caught.exception.errno, expected, name)

    def test_a_boot_restores_the_new_factory_copy(self):
        data = b'{"volume": 7}'
        lib.write(self.factory('cfg.json'), data)
        self.change_table('/usr/cfg.json', data)
        self.restart()
        self.assertEqual(lib.read(self.mount.usr('cfg.json')), data)
        self.assertIn('- restoring /usr/cfg.json', self.mount.control('boot'))

    def test_a_cut_loses_what_was_not_closed(self):
        with lib.Raw(self.factory('main.py'), os.O_WRONLY | os.O_TRUNC) as file:
            os.write(file.fd, b'half')
            self.mount.power('cut')
            self.mount.power('on')
        self.assertEqual(lib.read(self.factory('main.py')), self.files['main.py'])

    def test_a_trace_has_the_changes(self):
        trace = os.path.join(self.folder, 'run.trace')
        lib.run(lib.TWINFS, 'record', self.mount.root, trace, '--', 'sh', '-c',
                'echo new > "$0"', self.factory('cfg.json'))
        self.assertIn('/bak/usr/cfg.json', lib.run(lib.TWINFS, 'trace', trace).stdout)


class Union(lib.MountTest):
    """usr/ follows what happens to the factory copies below it."""
    options = ('--allow-backup-write',)

    def test_new_names_are_seen(self):
        usr, bak = self.mount.usr, self.mount.bak
        self.assertFalse(os.path.exists(usr('added')))
        self.assertNotIn('added', os.listdir(usr()))
        lib.write(bak('usr', 'added'), b'factory')
        self.assertEqual(lib.read(usr('added')), b'factory')
        self.assertIn('added', os.listdir(usr()))
        self.assertEqual(os.getxattr(usr('added'), 'user.twinfs.layer'), b'backup')
        self.assertFalse(os.path.exists(usr('own', 'deep')))
        os.mkdir(usr('own'))
        os.makedirs(bak('usr', 'own', 'deep'))
        lib.write(bak('usr', 'own', 'deep', 'file'), b'merged')
        self.assertEqual(lib.read(usr('own', 'deep', 'file')), b'merged')
        self.assertEqual(os.getxattr(usr('own'), 'user.twinfs.layer'), b'both')

    def test_changed_content_is_seen(self):
        usr, bak = self.mount.usr('added'), self.mount.bak('usr', 'added')
        for data in (b'one', b'two', b'three three'):
            lib.write(bak, data)
            self.assertEqual((lib.read(usr), os.stat(usr).st_size), (data, len(data)))

    def test_what_is_gone_is_gone(self):
        usr, bak = self.mount.usr, self.mount.bak
        os.makedirs(bak('usr', 'a', 'b'))
        lib.write(bak('usr', 'a', 'b', 'file'), b'1')
        self.assertEqual(lib.read(usr('a', 'b', 'file')), b'1')
        with lib.Raw(usr('a', 'b', 'file'), os.O_RDONLY) as file:
            os.rename(bak('usr', 'a'), bak('usr', 'moved'))
            self.assertFalse(os.path.exists(usr('a')))
            self.assertNotIn('a', os.listdir(usr()))
            self.assertEqual(lib.read(usr('moved', 'b', 'file')), b'1')
            os.unlink(bak('usr', 'moved', 'b', 'file'))
            self.assertEqual(os.listdir(usr('moved', 'b')), [])
            self.assertEqual(os.pread(file.fd, 9, 0), b'1')
        lib.write(bak('usr', 'moved', 'b', 'file'), b'another')
        self.assertEqual(lib.read(usr('moved', 'b', 'file')), b'another')

    def test_what_the_user_has_is_not_touched(self):
        usr, bak = self.mount.usr, self.mount.bak
        lib.write(bak('usr', 'main.py'), b'factory')
        self.assertEqual(lib.read(usr('main.py')), self.files['main.py'])
        os.unlink(usr('main.py'))
        lib.write(bak('usr', 'main.py'), b'factory again')
        self.assertFalse(os.path.exists(usr('main.py')))  # until the next boot
        self.restart()
        self.assertEqual(lib.read(usr('main.py')), b'factory again')

    def test_a_copy_goes_up_under_a_changing_layer(self):
        usr, bak = self.mount.usr, self.mount.bak
        lib.write(bak('usr', 'log'), b'factory')
        with open(usr('log'), 'ab') as file:
            file.write(b' and mine')
        os.unlink(bak('usr', 'log'))
        self.assertEqual(lib.read(usr('log')), b'factory and mine')
        self.assertEqual(os.getxattr(usr('log'), 'user.twinfs.layer'), b'user')
        lib.write(bak('usr', 'other'), b'x')
        os.rename(usr('other'), usr('renamed'))
        self.assertEqual(lib.read(usr('renamed')), b'x')
        self.assertFalse(os.path.exists(usr('other')))


class Bare(Union):
    """The same below the module's own view, which shows none of it."""
    options = ('--allow-backup-write', '-o', 'view=device')

    def test_new_names_are_seen(self):
        lib.write(self.mount.bak('usr', 'added'), b'factory')
        self.assertFalse(os.path.exists(self.mount.usr('added')))

    def test_changed_content_is_seen(self):
        lib.write(self.mount.bak('usr', 'main.py'), b'factory')
        self.assertEqual(lib.read(self.mount.bak('usr', 'main.py')), b'factory')
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])

    test_what_is_gone_is_gone = None
    test_a_copy_goes_up_under_a_changing_layer = None


class Empty(lib.MountTest):
    """A backup partition that has no usr/ yet."""
    options = ('--allow-backup-write',)
    protected = ()

    def test_its_first_factory_copy_is_seen(self):
        self.assertFalse(os.path.exists(self.mount.bak('usr')))
        os.mkdir(self.mount.bak('usr'))
        lib.write(self.mount.bak('usr', 'added'), b'factory')
        self.assertIn('added', os.listdir(self.mount.usr()))
        self.assertEqual(lib.read(self.mount.usr('added')), b'factory')


class Damaged(lib.MountTest):
    options = ('--allow-backup-write',)
    begins_mounted = False

    def test_a_stand_in_is_not_written(self):
        lib.run(lib.TWINFS, 'damage', self.image, 'fill in backup with 0x00')
        self.mount = self.new_mount()
        with self.assertRaises(OSError) as caught:
            lib.write(self.mount.bak('new'), b'x')
        self.assertEqual(caught.exception.errno, errno.EROFS)


if __name__ == '__main__':
    lib.main()
