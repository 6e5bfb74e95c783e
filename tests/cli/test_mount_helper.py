# SPDX-License-Identifier: MIT
"""The program as mount(8) calls it, without a mount; and its man page.

arguments: the program, the man page
"""
import os
import re
import shutil
import subprocess
import sys

import cli

PAGE = sys.argv.pop(2)


class Helper(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.program = self.path('mount.fuse.twinfs')
        os.symlink(cli.EXE, self.program)
        self.make_image()
        os.mkdir(self.path('dir'))

    def call(self, *words):
        done = subprocess.run([self.program, *words], cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=50, check=False)
        return done.returncode, done.stdout

    def option_names(self):
        """Names of the items of the page -> whether they have a value."""
        items = re.findall(r'^\.It Cm ([a-z-]+)(.*)$', cli.read(PAGE).decode(), flags=re.M)
        return {name: '= Ns' in rest for name, rest in items}

    def test_faked(self):
        """With -f all is understood, and nothing done."""
        for options in ('rw', 'ro,noauto,user=me,x-a=1,comment=b', 'backup=b.bin,secure=c', 'remounted'):
            self.assertEqual(self.call('app.img', 'dir', '-fnsv', '-t', 'fuse.twinfs', '-o', options),
                             (0, ''))
        self.assertEqual(os.listdir(self.path('dir')), [])

    def test_wrong(self):
        for words, status, saying in (((), 1, 'Usage: '), (('app.img',), 1, 'Usage: '),
                                      (('app.img', 'dir', '-o'), 1, '-o of mount(8)'),
                                      (('app.img', 'dir', '-N', '1'), 1, '-N is not supported'),
                                      (('app.img', 'dir', '-o', 'ro,remount'), 32, 'unmount it first'),
                                      (('nix', 'dir', '-o', 'user,ro'), 32, 'nix: cannot be opened')):
            with self.subTest(words=words):
                code, said = self.call(*words)
                self.assertEqual(code, status, said)
                self.assertIn(saying, said)

    def test_page_names_options_of_the_verb(self):
        """Each is understood: what is complained of is its value, or the image that is missing."""
        names = self.option_names()
        self.assertGreater(len(names), 10)
        known = self.twinfs('mount', '--help')[0].decode()
        for name, has_value in names.items():
            with self.subTest(option=name):
                self.assertTrue(name == 'loose' or f'--{name}' in known)
                code, said = self.call('nix', 'dir', '-o', name + ('=nix' if has_value else ''))
                self.assertEqual(code, 32)
                self.assertRegex(said, rf"^twinfs mount: (--{name}: |\S*nix: (cannot be opened|no ))")

    def test_page_lint(self):
        mandoc = shutil.which('mandoc')
        if not mandoc:
            self.skipTest('mandoc is not installed')
        done = subprocess.run([mandoc, '-Tlint', '-Wwarning', PAGE], stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.stdout, b'')


if __name__ == '__main__':
    cli.main()
