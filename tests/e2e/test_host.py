#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the host does to an image: full and failing disks, files cut short, nothing to write to.
Each time there is a clear message, and what was acknowledged is there.

Full and read-only file systems are made with mount(8): those tests are for root.
"""
import ctypes
import errno
import json
import os
import shutil
import signal
import struct
import subprocess
import unittest

import lib

PROFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'images', 'profiles',
                       'default.json')
MIB = 1 << 20
IMAGE_MIB = 8
LOST = 'the image cannot be reached any more'

IS_ROOT = unittest.skipIf(os.geteuid(), 'needs root, to mount file systems')


def iter_blocks(data):
    return (data[at:at + 4096] for at in range(0, len(data), 4096))


def can_loop():
    return not os.geteuid() and os.path.exists('/dev/loop-control') and shutil.which('mkfs.ext4')


NEEDS_LOOP = unittest.skipUnless(can_loop(), 'needs root, loop devices and mkfs.ext4')


class HostTest(lib.MountTest):
    begins_mounted = False

    def disk(self, *words, name='disk'):
        """A folder in which something else is mounted."""
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        lib.run('mount', *words, folder)
        self.addCleanup(subprocess.run, ['umount', '-l', folder], check=False)
        return folder

    def tmpfs(self, mib):
        return self.disk('-t', 'tmpfs', '-o', 'size=%dm' % mib, 'tmpfs')

    def fill(self, folder):
        """Until not one byte more fits."""
        with open(os.path.join(folder, 'fill'), 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOSPC)

    def refused(self, *words, saying):
        """twinfs ends with 2 and says so in one line; no signal kills it."""
        done = lib.run(lib.TWINFS, *words, check=False)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn(saying, done.stdout)
        self.assertEqual(done.stdout.count('\n'), 1, done.stdout)

    def mountpoint(self):
        folder = os.path.join(self.folder, 'nowhere')
        os.makedirs(folder, exist_ok=True)
        return folder

    def lost(self, mount):
        """The daemon has taken the mount away by itself, and has said why."""
        self.assertEqual(mount.daemon.wait(lib.PATIENCE), 2)
        self.assertFalse(mount.is_up())
        self.assertIn(LOST, mount.words())
        mount.clean_up()


class CutShort(HostTest):
    """Somebody else makes the file of a mounted image shorter."""

    def test_reading(self):
        """Each byte read is right, or there is an error."""
        mount = self.new_mount()
        os.truncate(self.image, MIB)
        errors = 0
        for name, data in self.files.items():
            try:
                self.assertEqual(lib.read(mount.usr(name)), data)
            except OSError:
                errors += 1
        self.assertGreater(errors, 0)
        mount.clean_up()

    def test_writing(self):
        mount = self.new_mount()
        lib.write(mount.usr('stored'), b'stored')
        before = lib.read(self.image)
        os.truncate(self.image, MIB)
        with self.assertRaises(OSError):
            lib.write(mount.usr('new'), b'x' * 10000)
        self.lost(mount)
        # what is left is as it was, and what was acknowledged had been in it
        self.assertEqual(lib.read(self.image), before[:MIB])
        lib.write(self.image, before)
        self.check_image()
        self.assertEqual(lib.run(lib.TWINFS, 'cat', self.image, 'usr/stored').stdout, 'stored')

    def test_idle(self):
        """Nobody is there who could touch it: the end of the mount does."""
        mount = self.new_mount()
        os.truncate(self.image, MIB)
        mount.daemon.send_signal(signal.SIGTERM)
        mount.daemon.wait(lib.PATIENCE)
        self.assertFalse(mount.is_up())
        mount.clean_up()


@IS_ROOT
class FullDisk(HostTest):
    def test_sparse(self):
        """An image with holes that cannot be filled is refused, by who writes and who reads."""
        disk = self.tmpfs(4)
        image = os.path.join(disk, 'module.img')
        with open(image, 'wb') as file:
            file.truncate(IMAGE_MIB * MIB)
        self.fill(disk)
        self.refused('mount', image, self.mountpoint(), saying='the disk has no room')
        for words in (('info',), ('check',), ('boot', '--dry-run')):
            self.refused(*words, image, saying='image cannot be reached any more')

    def test_no_room_left(self):
        """An image that has its blocks needs no more: all works, and nothing is lost."""
        disk = self.tmpfs(IMAGE_MIB + 1)
        image = shutil.copy(self.image, disk)
        mount = self.new_mount(image)
        self.fill(disk)
        for turn in range(20):
            lib.write(mount.usr('f%d' % turn), b'%d' % turn * 5000)
        mount.power('restart')
        for turn in range(20):
            self.assertEqual(lib.read(mount.usr('f%d' % turn)), b'%d' % turn * 5000)
        mount.close()
        lib.run(lib.TWINFS, 'check', image)

    def test_put_beside(self):
        """Verbs that make files leave none behind, and say why."""
        disk = self.tmpfs(1)
        self.fill(disk)
        for words in (('mk', '--user', os.path.join(self.folder, 'app'), disk + '/new.img'),
                      ('get', self.image, 'usr', disk + '/tree')):
            done = lib.run(lib.TWINFS, *words, check=False)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn('no space left', done.stdout)

    def test_trace(self):
        """The recording ends and says so; the mount goes on."""
        disk = self.tmpfs(1)
        mount = self.new_mount()
        self.fill(disk)
        os.truncate(os.path.join(disk, 'fill'), MIB - 8192)
        done = lib.run(lib.TWINFS, 'record', mount.root, os.path.join(disk, 'trace'), '--',
                       'cp', '-r', mount.usr('data'), mount.usr('copy'), check=False)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn('the trace is not complete: no space left', done.stdout)
        self.assertEqual(lib.tree(mount.usr('copy')), lib.tree(mount.usr('data')))

    def test_log(self):
        """What cannot be logged is not, and that is all."""
        disk = self.tmpfs(1)
        self.fill(disk)
        root = self.mountpoint()
        with open(os.path.join(disk, 'log'), 'w', encoding='ascii') as log:
            with subprocess.Popen([lib.TWINFS, 'mount', '-f', self.image, root], stdout=log,
                                  stderr=log, stdin=subprocess.DEVNULL) as daemon:
                self.addCleanup(daemon.kill)
                lib.wait_for('the mount', lambda: os.path.exists(root + '/usr'))
                for _ in range(5):
                    lib.write(root + '/.twinfs/power', b'restart')
                lib.write(root + '/usr/new', b'there')
                lib.run(lib.TWINFS, 'umount', root)
                self.assertEqual(daemon.wait(lib.PATIENCE), 0)
        self.check_image()


@IS_ROOT
class ReadOnly(HostTest):
    def test_file_system(self):
        disk = self.tmpfs(IMAGE_MIB + 1)
        image = shutil.copy(self.image, disk)
        lib.run('mount', '-o', 'remount,ro', disk)
        self.refused('mount', image, self.mountpoint(),
                     saying='it is on a read-only file system')
        self.refused('rm', image, 'usr/notes.txt', saying='it is on a read-only file system')
        mount = self.new_mount('-o', 'ro', image)
        self.assertEqual(lib.read(mount.usr('main.py')), self.files['main.py'])

class NoMaps(HostTest):
    def test_refused(self):
        """As on some network file systems: here, a file of a mount whose reads are watched."""
        mount = self.new_mount()
        with open(PROFILE, encoding='utf-8') as file:
            profile = json.load(file)
        profile['partitions'] = {'customer_fs': {'addr': 65536, 'size': 131072}}
        profile.update(chip_size=4 * 65536, name='small')
        name = os.path.join(self.folder, 'small.json')
        lib.write(name, json.dumps(profile).encode())
        small = os.path.join(self.folder, 'small.img')
        lib.run(lib.TWINFS, 'mk', '-q', '--profile', name, '--user',
                os.path.join(self.folder, 'app', 'lib'), small)
        lib.run(lib.TWINFS, 'fault', mount.root, 'add', 'note on read in secure')
        self.refused('rm', '--profile', name, shutil.copy(small, mount.usr('small.img')), 'net.py',
                     saying='cannot be mapped: its file system has no shared maps')


class Unwritable(HostTest):
    @unittest.skipUnless(os.geteuid(), 'root may write everything')
    def test_file(self):
        os.chmod(self.image, 0o444)
        self.refused('mount', self.image, self.mountpoint(),
                     saying='cannot be opened for writing: permission denied')


@NEEDS_LOOP
class LoopDisk(HostTest):
    """A disk of our own below a file system: one that fails, one that has quotas."""

    def ext4(self, folder, mib, *make_options, options='loop'):
        disk = os.path.join(folder, 'disk.ext4')
        with open(disk, 'wb') as file:
            file.truncate(mib * MIB)
        lib.run('mkfs.ext4', '-q', *make_options, disk)
        try:
            return self.disk('-o', options, disk, name='ext4')
        except AssertionError as error:
            return self.skipTest('no such mount here: ' + str(error).splitlines()[1])

    def test_failing(self):
        """The disk takes no more of what is in memory: the end of the mount is where that shows."""
        disk = self.ext4(self.tmpfs(4), 2 * IMAGE_MIB, '-O', '^has_journal')
        image = os.path.join(disk, 'module.img')
        self.copy_used(self.image, image)
        mount = lib.Mount(self.folder, image)
        self.addCleanup(mount.clean_up)
        self.fill(os.path.join(self.folder, 'disk'))
        for turn in range(50):
            lib.write(mount.usr('new%d' % turn), b'%d' % turn * 10000)
        for turn in range(50):
            self.assertEqual(lib.read(mount.usr('new%d' % turn)), b'%d' % turn * 10000)
        lib.run(lib.TWINFS, 'umount', mount.root)
        self.assertEqual(mount.daemon.wait(lib.PATIENCE), 2)
        self.assertIn('what changed in the image may not be on it', mount.words())

    def copy_used(self, source, target):
        """The blocks of the copy that are not used have their place, and nothing is in it."""
        with open(target, 'wb') as copy:
            os.posix_fallocate(copy.fileno(), 0, os.stat(source).st_size)
            for at, data in enumerate(iter_blocks(lib.read(source))):
                if data != b'\xff' * len(data):
                    os.pwrite(copy.fileno(), data, at * len(data))
            os.fsync(copy.fileno())

    def test_quota(self):
        disk = self.ext4(self.folder, 4 * IMAGE_MIB, '-O', '^has_journal,quota', '-E', 'quotatype=usrquota',
                         options='loop,usrquota')
        user = 65534
        limits = struct.pack('=8QI4x', 2048, 2048, 0, 0, 0, 0, 0, 0, 1)  # blocks of 1 KiB
        device = next(line.split()[0] for line in open('/proc/mounts', encoding='utf-8')
                      if line.split()[1] == disk)
        if ctypes.CDLL(None, use_errno=True).quotactl(
                ctypes.c_int(0x800008 << 8), device.encode(), user, limits):
            self.skipTest('no quotas: ' + os.strerror(ctypes.get_errno()))
        image = os.path.join(disk, 'module.img')
        with open(image, 'wb') as file:
            file.truncate(IMAGE_MIB * MIB)
        for path in (disk, self.folder):
            os.chmod(path, 0o755)
        os.chown(image, user, user)
        done = lib.run(lib.TWINFS, 'put', image, '/dev/null', 'usr/x', check=False, user=user)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn('the disk has no room', done.stdout)


if __name__ == '__main__':
    lib.main()
