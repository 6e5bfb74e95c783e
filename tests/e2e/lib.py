# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: a module image, its mount, and cleaning up.

Every test is a method of a class derived from MountTest and begins with a
module that is mounted; a test program ends with lib.main(). The program under
test is named by the environment variable TWINFS or the first argument.
"""
import atexit
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import schema  # noqa: E402

SKIPPED = 77
PATIENCE = 30  # seconds; only a failing test waits that long
TWINFS = os.environ.get('TWINFS', '')
FORMAT = os.environ.get('TWINFS_FORMAT', 'lfs1')  # file system of the images made, as mk names it

# What the module of a test is made of; the names in PROTECTED get a factory copy.
FILES = {
    'main.py': b'PROJECT_NAME = "e2e"\nPROJECT_VERSION = "1.0.0"\nprint("hello")\n',
    'cfg.json': b'{"volume": 5}\n',
    'lib/net.py': b'def connect():\n    return True\n' * 40,
    'data/table.bin': bytes(range(256)) * 64,
    'notes.txt': b'not protected\n',
    'own.bin': bytes(range(256)) * 64,
}
PROTECTED = ['main.py', 'cfg.json', 'lib/net.py', 'data/table.bin']

# Control files that are JSON documents -> their schemas.
CONTROL_SCHEMAS = {'boot': 'boot-report', 'status': 'status', 'wear': 'wear'}

_mounts = []  # every mount that is not cleaned up yet


def wait_for(what, condition):
    """Polls until condition() is true; waits for an event, never for a time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError('%s did not happen within %d s' % (what, PATIENCE))
        time.sleep(0.002)


def needs(*programs):
    """Skips a test where a program it uses is not installed."""
    missing = [program for program in programs if not shutil.which(program)]
    return unittest.skipIf(missing, 'needs ' + ', '.join(missing))


def can_hide_files(way):
    """Whether "twinfs run" can hide the files of this computer from CPython: namespace or bwrap."""
    words = {'namespace': (('unshare', '-m'), ('unshare', '-Urm')),
             'bwrap': (('bwrap', '--ro-bind', '/', '/'),)}[way]
    return any(shutil.which(each[0]) and not run(*each, 'true', check=False).returncode
               for each in words)


def run(*words, check=True, **options):
    """Runs a program; its output is in the failure when it fails."""
    options.setdefault('stdout', subprocess.PIPE)
    options.setdefault('stderr', subprocess.STDOUT)
    done = subprocess.run(words, text=True, timeout=120, **options)
    if check and done.returncode:
        raise AssertionError('%s: exit %d\n%s' % (' '.join(words), done.returncode, done.stdout))
    if words[0] == TWINFS and done.returncode in (0, 1) and done.stdout:
        schema.judge_output(words[1:], done.stdout)
    return done


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)


def tree(root):
    """Path -> content of every file below root; directories map to None."""
    found = {}
    for folder, names, files in os.walk(root):
        for name in names:
            found[os.path.relpath(os.path.join(folder, name), root)] = None
        for name in files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = read(path)
    return found


class Raw:
    """A file whose close may fail, because what it belongs to is gone."""

    def __init__(self, path, flags):
        self.fd = os.open(path, flags, 0o666)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            os.close(self.fd)


class Mount:
    """One running "twinfs mount"; usable as a context."""

    def __init__(self, folder, *words):
        self.root = tempfile.mkdtemp(prefix='mnt', dir=folder)
        self.log = tempfile.NamedTemporaryFile(prefix='log', dir=folder, delete=False)
        self.device = os.stat(self.root).st_dev
        self.daemon = subprocess.Popen(
            [TWINFS, 'mount', '-f', *words, self.root],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=folder)
        _mounts.append(self)
        wait_for('the mount', lambda: self.is_up() or self.daemon.poll() is not None)
        if self.daemon.poll() is not None:
            self.clean_up()
            raise AssertionError('mount: exit %d\n%s' % (self.daemon.returncode, self.words()))

    def is_up(self):
        return os.stat(self.root).st_dev != self.device

    def words(self):
        return read(self.log.name).decode(errors='replace')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, *names):
        return os.path.join(self.root, *names)

    def usr(self, *names):
        return self.path('usr', *names)

    def bak(self, *names):
        return self.path('bak', *names)

    def control(self, name):
        text = read(self.path('.twinfs', name)).decode()
        if name in CONTROL_SCHEMAS:
            schema.judge(CONTROL_SCHEMAS[name], json.loads(text))
        return text

    def power(self, word):
        with open(self.path('.twinfs', 'power'), 'w') as file:
            file.write(word + '\n')

    def stop(self, number=signal.SIGTERM):
        """Sends a signal and waits for the end; returns the exit code."""
        self.daemon.send_signal(number)
        return self.daemon.wait(PATIENCE)

    def close(self):
        """Unmounts as a user does; checks that the daemon ended well and logged no error."""
        if self in _mounts:
            if self.daemon.poll() is None:
                wait_for('umount', lambda: subprocess.run(
                    [TWINFS, 'umount', self.root], stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, check=False).returncode == 0)
            self.ended(self.daemon.wait(PATIENCE))

    def ended(self, code):
        """The daemon has ended by itself with this code: it must have ended well."""
        self.clean_up()
        words = self.words()
        if code or 'error:' in words or 'Sanitizer' in words or 'runtime error' in words:
            raise AssertionError('the daemon ended with %d and said:\n%s' % (code, words))

    def clean_up(self):
        """Whatever state it is in: gone afterwards."""
        if self not in _mounts:
            return
        _mounts.remove(self)
        if self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        with contextlib.suppress(OSError):
            if self.is_up():
                subprocess.run(['fusermount3', '-u', '-z', self.root], check=False)
            return
        # stat fails where the daemon was killed
        subprocess.run(['fusermount3', '-u', '-z', self.root], check=False)


def _clean_up_all(*_):
    for mount in list(_mounts):
        mount.clean_up()


def _on_signal(number, _):
    sys.exit(128 + number)  # by way of atexit


class MountTest(unittest.TestCase):
    """Gives each test self.folder, self.image and self.mount, mounted."""

    files = FILES
    protected = PROTECTED
    make_options = ()   # of mk
    options = ()        # of the mount
    begins_mounted = True

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='twinfs-e2e-')
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.image = os.path.join(self.folder, 'module.img')
        self.make_image(self.image)
        self.mount = None
        if self.begins_mounted:
            self.mount = self.new_mount()

    def make_image(self, image):
        source = os.path.join(self.folder, 'app')
        os.makedirs(source, exist_ok=True)
        for name, data in self.files.items():
            path = os.path.join(source, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write(path, data)
        backups = [word for name in self.protected for word in ('--backup', name)]
        run(TWINFS, 'mk', '-q', '--format', FORMAT, *self.make_options, '--user', source, *backups, image)

    def new_mount(self, *words):
        """Mounts self.image, or what the words name."""
        mount = Mount(self.folder, *self.options, *(words or [self.image]))
        self.addCleanup(mount.clean_up)
        self.addCleanup(mount.close)
        return mount

    def remount(self):
        self.mount.close()
        self.mount = self.new_mount()

    def restart(self):
        self.mount.power('restart')

    def check_image(self):
        """The image, not mounted, is right by every rule of the format."""
        run(TWINFS, 'check', self.image)

    @contextlib.contextmanager
    def fails(self, *numbers):
        """The block must fail with one of these errnos."""
        names = '/'.join(errno.errorcode[number] for number in numbers)
        try:
            yield
        except OSError as error:
            self.assertIn(error.errno, numbers, '%s, not %s' % (error, names))
        else:
            self.fail('did not fail with ' + names)


def _reason_to_skip():
    try:
        os.close(os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return '/dev/fuse cannot be used: %s' % error.strerror
    if os.geteuid() and not shutil.which('fusermount3'):
        return 'fusermount3 is not installed'
    return None


def main():
    global TWINFS
    if len(sys.argv) > 1 and os.access(sys.argv[1], os.X_OK) and os.path.isfile(sys.argv[1]):
        TWINFS = sys.argv.pop(1)
    if not TWINFS:
        sys.exit('name the twinfs program: %s PROGRAM, or the variable TWINFS' % sys.argv[0])
    TWINFS = os.path.abspath(TWINFS)
    reason = _reason_to_skip()
    if reason:
        print('skipped: ' + reason)
        sys.exit(SKIPPED)

    atexit.register(_clean_up_all)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_signal)
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0)
