#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""twinfs run as an ordinary user, and where that user may do little. Needs root to become one."""
import os
import shutil
import subprocess
import unittest

import lib
import running

NOBODY = 65534
PYTHON = '/usr/bin/python3'  # that others than root may run

# /dev/fuse as distributions have it, in a mount namespace: $1 is where it can be made.
FUSE = '''
fuse=$1/fuse
shift
{ [ -e "$fuse" ] || mknod "$fuse" c 10 229; } && chmod 666 "$fuse" && mount --bind "$fuse" /dev/fuse || exit 77
exec setpriv --reuid=%d --regid=%d --clear-groups "$@"
''' % (NOBODY, NOBODY)

# A place where no namespace can be made.
NOWHERE = '''
echo 1 > /proc/sys/user/max_mnt_namespaces && echo 1 > /proc/sys/user/max_user_namespaces || exit 77
exec "$@"
'''


@unittest.skipIf(os.geteuid(), 'needs root')
@unittest.skipIf(not os.access(PYTHON, os.X_OK), 'needs ' + PYTHON)
@lib.needs('setpriv', 'unshare')
class Users(running.RunTest):
    def run_as(self, words, *options, **more):
        done = subprocess.run([*words, lib.TWINFS, 'run', *options, self.image], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False, cwd=self.folder,
                              **{'env': self.environment, **more})
        if done.returncode == lib.SKIPPED:
            self.skipTest('not possible here: ' + done.stderr)
        return done.returncode, done.stdout, done.stderr

    def test_ordinary(self):
        """Who owns the image and nothing else."""
        os.chmod(self.folder, 0o755)
        for path in (self.temp, self.image):
            os.chown(path, NOBODY, NOBODY)
        words = ['unshare', '-m', 'sh', '-c', FUSE, 'sh', self.folder]
        if subprocess.run([*words, 'test', '-x', lib.TWINFS], check=False).returncode:
            self.skipTest('others than root cannot read the build')
        kind = running.WORDS[-2:] if running.KIND != 'micropython' else ()
        script = self.put('import uos\nprint(uos.listdir("/"))\nopen("/usr/new", "w").close()\n')
        python = running.MICROPYTHON if running.KIND == 'micropython' else PYTHON
        self.assertEqual(self.run_as(words, '-q', '--python', python, *kind, '--script', script),
                         (0, "['usr', 'bak']\n", ''))
        self.assertEqual(self.user_files()['new'], b'')

    @unittest.skipIf(running.KIND != 'cpython', 'only CPython needs namespaces')
    def test_without_namespaces(self):
        words = ['unshare', '-Urm', 'sh', '-c', NOWHERE, 'sh']
        code, out, err = self.run_as(words, '-q', '--python', PYTHON, '--sandbox', 'namespace')
        self.assertEqual((code, out), (126, ''))
        self.assertRegex(err, r'^twinfs run: CPython has no sandbox here: .*install bubblewrap.*\n$')
        # and without bubblewrap
        folder = os.path.join(self.folder, 'bin')
        os.mkdir(folder)
        for name in ('sh', 'unshare'):
            os.symlink(shutil.which(name), os.path.join(folder, name))
        code, out, err = self.run_as(words, '-q', '--python', PYTHON,
                                     env=dict(self.environment, PATH=folder))
        self.assertEqual((code, out), (126, ''))
        self.assertEqual(err.count('\n'), 1, err)


if __name__ == '__main__':
    running.main()
