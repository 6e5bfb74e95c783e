#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mount(8), umount(8) and fstab with twinfs. Needs root: for a /sbin and an fstab of its own."""
import os
import subprocess
import unittest

import lib

NOBODY = 65534

# In a mount namespace, where nobody else sees what is mounted: $1 is the folder of the test.
# What is in /sbin is hidden by a folder with nothing but the helper.
INSIDE = '''
cd "$1" && mount --bind sbin /sbin && mount --bind fstab /etc/fstab || exit 77
'''

# /dev/fuse as distributions have it, for an ordinary user
FUSE = '''
mknod fuse c 10 229 && chmod 666 fuse && mount --bind fuse /dev/fuse || exit 77
as_user() { setpriv --reuid=%d --regid=%d --clear-groups "$@"; }
''' % (NOBODY, NOBODY)


@unittest.skipIf(os.geteuid(), 'needs root')
@lib.needs('unshare', 'mount', 'flock', 'setpriv')
class Helper(lib.MountTest):
    begins_mounted = False

    def setUp(self):
        super().setUp()
        os.mkdir(os.path.join(self.folder, 'dir'))
        os.mkdir(os.path.join(self.folder, 'sbin'))
        os.symlink(lib.TWINFS, os.path.join(self.folder, 'sbin/mount.fuse.twinfs'))
        self.fstab('noauto')

    def fstab(self, options):
        line = f'{self.image} {self.folder}/dir fuse.twinfs {options} 0 0\n'
        lib.write(os.path.join(self.folder, 'fstab'), line.encode())

    def inside(self, script, status=0):
        """Runs a script where twinfs is installed; returns what it wrote, errors included."""
        # what it mounts ends with it; the image is free then, or the script fails
        script = INSIDE + script + '\nexec flock -w 30 module.img true'
        done = subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', self.folder], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=100, check=False)
        if done.returncode == lib.SKIPPED:
            self.skipTest('not possible here: ' + done.stdout)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def test_type(self):
        said = self.inside('''
            mount -t fuse.twinfs module.img dir -o noatime,nofail,x-a.b=c,policy=safe,umask=027 || exit
            grep " $PWD/dir " /proc/self/mounts
            stat -c '%a %n' dir/usr/cfg.json
            grep policy dir/.twinfs/status
            echo '{}' >dir/usr/cfg.json
            umount dir
        ''')
        self.assertIn('/module.img ' + self.folder + '/dir fuse.twinfs rw,nosuid,nodev,noatime', said)
        self.assertIn('640 dir/usr/cfg.json\n', said)
        self.assertIn('"policy": "safe"', said)
        self.assertEqual(lib.run(lib.TWINFS, 'cat', self.image, 'usr/cfg.json').stdout, '{}\n')

    def test_fstab(self):
        self.fstab('noauto,user,exec,_netdev,ro,allow_other,comment=x')
        before = lib.read(self.image)
        said = self.inside('''
            mount -a || exit
            grep "$PWD/dir fuse.twinfs" /proc/self/mounts
            mount dir || exit
            grep "$PWD/dir fuse.twinfs" /proc/self/mounts
            cat dir/usr/cfg.json
            touch dir/usr/new && exit 1
            umount dir
        ''')
        self.assertEqual(said.count(' fuse.twinfs ro,'), 1, said)
        self.assertIn('{"volume": 5}\n', said)
        self.assertIn('Read-only file system', said)
        self.assertEqual(lib.read(self.image), before)

    def test_ordinary_user(self):
        """A line with "user" lets everybody mount, and unmount what he has mounted."""
        self.fstab('noauto,user')
        os.chmod(self.folder, 0o755)
        for name in ('module.img', 'dir'):
            os.chown(os.path.join(self.folder, name), NOBODY, NOBODY)
        said = self.inside(FUSE + '''
            as_user test -x sbin/mount.fuse.twinfs || { echo "others cannot run it"; exit 77; }
            as_user mount dir || exit
            grep "$PWD/dir fuse.twinfs" /proc/self/mounts
            as_user cat dir/usr/cfg.json
            as_user umount dir
        ''')
        self.assertIn(f'user_id={NOBODY},', said)
        self.assertIn('{"volume": 5}\n', said)

    def test_loose(self):
        """The options of files: what is mounted is then the user partition."""
        said = self.inside(f'''
            {lib.TWINFS} mk -q --pair pair --user app --backup main.py || exit
            cd pair
            mount -t fuse.twinfs customer_fs.bin ../dir -o backup=customer_backup_fs.bin || exit
            ls ../dir/bak/usr
            umount ../dir && flock -w 30 customer_fs.bin true
            mount -t fuse.twinfs customer_fs.bin ../dir -o loose || exit
            ls ../dir
            umount ../dir && flock -w 30 customer_fs.bin true
            cd ..
        ''')
        self.assertIn('main.py\n', said)
        self.assertTrue(said.endswith('usr\n'), said)

    def test_fake(self):
        self.assertEqual(self.inside('mount -f dir || exit; grep "$PWD/dir fuse.twinfs" /proc/self/mounts'), '')

    def test_wrong(self):
        """Exit statuses are those of mount(8): 1 wrong usage, 32 not mounted."""
        for command, status, saying in (
                ('mount -t fuse.twinfs nix dir', 32, 'no such file'),
                ('mount -t fuse.twinfs module.img dir -o umask=9', 32, "'umask=9' has a wrong value"),
                ('mount -t fuse.twinfs module.img dir -o policy=x', 32, "'x' is not device or safe"),
                ('mount -t fuse.twinfs module.img dir -o remount', 32, 'cannot be mounted otherwise'),
                ('/sbin/mount.fuse.twinfs module.img', 1, 'Usage: '),
                ('/sbin/mount.fuse.twinfs module.img dir -X', 1, '-X of mount(8) is not understood'),
                ('/sbin/mount.fuse.twinfs module.img dir more', 1, "'more' is one operand too many"),
                ('/sbin/mount.fuse.twinfs module.img dir -N 1', 1, '-N is not supported')):
            with self.subTest(command=command):
                self.assertIn(saying, self.inside(command + '; exit', status))


if __name__ == '__main__':
    lib.main()
