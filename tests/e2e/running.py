# SPDX-License-Identifier: MIT
"""What the tests of "twinfs run" share: applications, and the interpreter they run in.

The variable TWINFS_RUN says which: cpython (the one that runs the tests), bwrap (the same, hidden
from this computer by bubblewrap), or micropython (the variable MICROPYTHON, or that of PATH).
"""
import os
import pty
import select
import shutil
import subprocess
import sys
import termios

import lib

KIND = os.environ.get('TWINFS_RUN', 'cpython')
MICROPYTHON = os.environ.get('MICROPYTHON') or shutil.which('micropython')

# Words of run for each kind.
WORDS = {
    'cpython': ('--python', sys.executable, '--sandbox', 'namespace'),
    'bwrap': ('--python', sys.executable, '--sandbox', 'bwrap'),
    'micropython': ('--python', MICROPYTHON or 'micropython'),
}[KIND]

# A script that says so, and then waits for a signal.
WAITS = 'import utime\nprint("waiting")\nwhile True:\n    utime.sleep_ms(20)\n'


def reason_to_skip():
    if KIND == 'micropython' and not MICROPYTHON:
        return 'micropython is not installed'
    if KIND == 'bwrap' and not shutil.which('bwrap'):
        return 'bubblewrap is not installed'
    if KIND != 'micropython' and not lib.can_hide_files(WORDS[-1]):
        return 'no mount namespace can be had'
    return None


def main():
    reason = reason_to_skip()
    if reason:
        print('skipped: ' + reason)
        sys.exit(lib.SKIPPED)
    lib.main()


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *words, **options):
        self.fd, end = pty.openpty()
        self.modes = termios.tcgetattr(end)
        self.program = subprocess.Popen(words, stdin=end, stdout=end, stderr=end,
                                        start_new_session=True, preexec_fn=self.take, **options)
        os.close(end)
        self.heard = ''
        self.left = None  # its modes at the end

    @staticmethod
    def take():
        os.close(os.open(os.ttyname(0), os.O_RDWR))  # which makes it the controlling terminal

    def hear(self):
        """More of what it says; False at its end."""
        if not select.select([self.fd], [], [], lib.PATIENCE)[0]:
            raise AssertionError('it says no more than %r' % self.heard)
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # nobody has the other end any more
            data = b''
        self.heard += data.decode(errors='replace')
        return bool(data)

    def until(self, text):
        """Waits until it has said this, and forgets it."""
        while text not in self.heard:
            if not self.hear():
                raise AssertionError('it ended, and said %r' % self.heard)
        said, _, self.heard = self.heard.partition(text)
        return said

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Waits for the end. (exit status, what it said since)."""
        while self.hear():
            pass
        self.left = termios.tcgetattr(self.fd)
        os.close(self.fd)
        return self.program.wait(lib.PATIENCE), self.heard


class RunTest(lib.MountTest):
    """An image in self.image; nothing may be left of a run when it has ended."""

    begins_mounted = False
    files = {'main.py': b'PROJECT_NAME = "e2e"\nPROJECT_VERSION = "1"\nprint("hello")\n',
             'cfg.json': b'{"volume": 5}\n'}
    protected = ['main.py', 'cfg.json']

    def setUp(self):
        super().setUp()
        self.temp = os.path.join(self.folder, 'temp')
        os.mkdir(self.temp)
        self.environment = dict(os.environ, TMPDIR=self.temp)

    def tearDown(self):
        self.assertEqual(os.listdir(self.temp), [], 'left behind')
        super().tearDown()

    def renew_image(self):
        os.unlink(self.image)
        self.make_image(self.image)

    def put(self, text, name='script.py'):
        """A file of this computer with the script."""
        path = os.path.join(self.folder, name)
        lib.write(path, text.encode())
        return path

    def words(self, *words, script=None):
        """The command line: words, and a script's text in place of main.py."""
        mine = [] if script is None else ['--script', self.put(script)]
        options, operands = words, [self.image]
        if '--' in words:
            options = words[:words.index('--')]
            operands += words[words.index('--'):]
        return [lib.TWINFS, 'run', *WORDS, *mine, *options, *operands]

    def run_it(self, *words, script=None, status=0, stdin='', **options):
        """Runs to the end. (what it printed, the lines on stderr)."""
        done = subprocess.run(self.words(*words, script=script), input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              env=self.environment, check=False, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout, done.stderr.splitlines()

    def begin(self, *words, script=WAITS, until='waiting', **options):
        """Starts it, and waits until it has printed a line."""
        program = subprocess.Popen(self.words('-q', *words, script=script), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment, **options)
        self.addCleanup(program.stderr.close)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        self.assertEqual(program.stdout.readline(), until + '\n')
        return program

    def terminal(self, *words, script=None):
        return Terminal(*self.words('-q', *words, script=script),
                        env=dict(self.environment, TERM='dumb'))

    def user_files(self):
        """Path -> content of the user partition, after the run."""
        place = os.path.join(self.folder, 'user')
        shutil.rmtree(place, ignore_errors=True)
        lib.run(lib.TWINFS, 'get', self.image, 'usr', place)
        return lib.tree(place)
