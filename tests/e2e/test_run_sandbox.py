#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an application cannot do to this computer, though it tries past the module's own calls."""
import os
import socket
import unittest

import lib
import running

# CPython's own calls: those of the module would refuse before the sandbox is asked.
TRIES = '''
import posix, socket
def attempt(name, action):
    try:
        print(name, action())
    except OSError as error:
        print(name, 'errno', error.errno)
'''


@unittest.skipIf(running.KIND == 'micropython', 'only CPython has a sandbox')
class Sandbox(running.RunTest):
    def tries(self, script, *words):
        return self.run_it('-q', *words, script=TRIES + script)[0]

    def test_trace(self):
        """A recording would be a file of this computer, with content of the application's choice."""
        self.assertEqual(self.tries('root = "/.twinfs/root/.twinfs/"\n'
                                    'attempt("trace", lambda: posix.open(root + "trace", posix.O_RDWR))\n'
                                    'attempt("power", lambda: posix.open(root + "power", posix.O_RDWR) > 0)\n'),
                         'trace errno 1\npower True\n')

    def test_files(self):
        self.assertEqual(self.tries('attempt("names", lambda: sorted(posix.listdir("/")))\n'
                                    'for path in ("/etc/passwd", "/proc/self", "/.twinfs/bin/new"):\n'
                                    '    attempt(path, lambda: posix.open(path, posix.O_RDWR | posix.O_CREAT))\n'),
                         "names ['.twinfs', 'bak', 'usr']\n/etc/passwd errno 2\n/proc/self errno 2\n"
                         '/.twinfs/bin/new errno 30\n')

    def test_rights(self):
        """Root is nobody special in there."""
        said = self.tries('attempt("user", lambda: posix.setuid(%d))\n'
                          'attempt("node", lambda: posix.mknod("/usr/node", 0o20600, 0x103))\n'
                          'attempt("root", lambda: posix.chroot("/usr"))\n' % (os.getuid() + 1))
        # 22: of a user's sandbox, where no other user is
        self.assertRegex(said, r'^user errno (1|22)\nnode errno 1\nroot errno 1\n$')

    def test_network(self):
        """Only with --network is there one: this computer's."""
        with socket.socket() as server:
            server.bind(('127.0.0.1', 0))
            server.listen()
            script = ('def call():\n'
                      '    with socket.socket() as line:\n'
                      '        line.connect(("127.0.0.1", %d))\n'
                      'attempt("call", call)\n' % server.getsockname()[1])
            self.assertIn(self.tries(script), ('call errno 101\n', 'call errno 111\n'))
            self.assertEqual(self.tries(script, '--network'), 'call None\n')


if __name__ == '__main__':
    running.main()
