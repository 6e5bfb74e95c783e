# SPDX-License-Identifier: MIT
"""The recipe for GNU parallel: parts on this machine and over ssh, joined, are one run's result."""
import os
import shutil
import socket
import subprocess
import time
import unittest

import cli
import explored

SCRIPT = os.path.join(os.path.dirname(__file__), '..', '..', 'docs', 'examples', 'explore-parallel')
SSHD = shutil.which('sshd', path=os.environ.get('PATH', '') + ':/usr/sbin')

SSHD_CONFIG = '''\
ListenAddress 127.0.0.1
HostKey {folder}/hostkey
AuthorizedKeysFile {folder}/id.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
'''

# What parallel calls in place of ssh: with a server of our own, and without any.
REAL_SSH = '''\
#!/bin/sh
exec ssh -F none -p {port} -i {folder}/id -o UserKnownHostsFile={folder}/known \\
	-o StrictHostKeyChecking=no -o BatchMode=yes -o LogLevel=ERROR "$@"
'''
NO_SSH = '''\
#!/bin/sh
# ssh [-l USER] HOST [--] COMMAND..., on this machine. A server says which shell
# its user has; parallel's words at the other end need to know.
while getopts l: option; do :; done
shift "$OPTIND"
[ "$1" != -- ] || shift
export SHELL=/bin/sh
cd "$HOME" && exec sh -c "$*"
'''


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


@unittest.skipUnless(shutil.which('parallel'), 'GNU parallel is not installed')
class Parallel(explored.ExploreTest):
    rewrites = '250'  # more than one chunk of operations: there are parts to make

    def setUp(self):
        super().setUp()
        self.home = self.path('home')
        os.mkdir(self.home)

    def run_script(self, *words, status=cli.OK):
        env = dict(os.environ, TWINFS=cli.EXE, HOME=self.home, LC_ALL='C.UTF-8')
        done = subprocess.run(['sh', os.path.abspath(SCRIPT), *words], cwd=self.folder, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=100, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def write_program(self, name, text):
        with open(self.path(name), 'w', encoding='ascii') as file:
            file.write(text)
        os.chmod(self.path(name), 0o755)

    def check_over_ssh(self):
        with open(self.path('hosts'), 'w', encoding='ascii') as file:
            file.write(f'2/{self.path("ssh")} 127.0.0.1\n')
        self.run_script('-S', 'hosts', '4', 'app.img', 'app.trace', 'result')
        self.assertEqual(self.stored('result'), self.explore('app.img', 'app.trace'))
        left = [name for name in os.listdir(self.home) if name.startswith('.twinfs')]
        self.assertEqual(left, [], 'something was left on the other machine')

    def test_here(self):
        done = self.run_script('3', 'app.img', 'app.trace', 'result', '--seed', '3')
        self.assertIn('nothing is wrong', done.stdout)
        self.assertEqual(self.stored('result'), self.explore('--seed', '3', 'app.img', 'app.trace'))
        self.assertIn('result.3', os.listdir(self.folder))

    def test_findings(self):
        """Parts that find something are results, not failures."""
        image = self.make_first_boot('two words')
        self.run_script('2', *image, 'result', status=cli.WRONG)
        self.assertEqual(self.stored('result'), self.explore(*image, status=cli.WRONG))

    def test_again(self):
        """What is there is not done again; what is missing is."""
        self.run_script('3', 'app.img', 'app.trace', 'result')
        kept = os.stat(self.path('result.1')).st_mtime_ns
        os.remove(self.path('result.2'))
        self.run_script('3', 'app.img', 'app.trace', 'result')
        self.assertEqual(os.stat(self.path('result.1')).st_mtime_ns, kept)
        self.assertEqual(self.stored('result'), self.explore('app.img', 'app.trace'))

    def test_failure(self):
        done = self.run_script('2', 'app.img', 'nix.trace', 'result', status=cli.FAILED)
        self.assertIn('nix.trace: cannot be opened', done.stderr)

    def test_over_ssh(self):
        """By way of all that parallel does for another machine, but for the network."""
        self.write_program('ssh', NO_SSH)
        self.check_over_ssh()

    @unittest.skipUnless(SSHD and shutil.which('ssh'), 'there is no ssh server')
    def test_over_real_ssh(self):
        port = free_port()
        for name in ('hostkey', 'id'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', self.path(name)],
                           check=True)
        with open(self.path('config'), 'w', encoding='ascii') as file:
            file.write(SSHD_CONFIG.format(folder=self.folder))
        self.write_program('ssh', REAL_SSH.format(folder=self.folder, port=port))
        server = [SSHD, '-D', '-e', '-p', str(port), '-f', self.path('config')]
        if os.geteuid() == 0:
            # The superuser's server insists on a directory that is not everywhere.
            server = ['unshare', '-m', 'sh', '-c',
                      'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"', 'sh', *server]
        with open(self.path('log'), 'wb') as log:
            daemon = subprocess.Popen(server, stdout=log, stderr=log)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        self.wait_for_login(daemon)
        self.check_over_ssh()

    def wait_for_login(self, daemon):
        """A server that does not start, or lets nobody in, is no fault of the recipe's."""
        end = time.monotonic() + 10
        while True:
            done = subprocess.run([self.path('ssh'), '127.0.0.1', 'true'], stderr=subprocess.PIPE,
                                  timeout=20, check=False)
            if not done.returncode:
                return
            if daemon.poll() is not None:
                self.skipTest(cli.read(self.path('log')).decode().strip())
            if time.monotonic() > end:
                self.skipTest('no login: ' + done.stderr.decode().strip())
            time.sleep(0.05)


if __name__ == '__main__':
    cli.main()
