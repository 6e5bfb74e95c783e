# SPDX-License-Identifier: MIT
"""What the tests of system calls share: each call is made in a tmpfs and in a mount.

A call is a function of one argument: at('a', 'b') is the path of a/b in a folder of
its own, which begins with file (TEN), dir/ and dir/inner. same() wants one and the same
outcome in both file systems, differs() two that are named. An outcome is what the
function returns, or the name of the error that ended it. docs/posix.md lists every
test of this folder; meta-posix_calls compares.

TWINFS_FORMAT and TWINFS_VIEW say what is mounted: lfs1 or lfs2; overlay, device, or
lower: the union again, and all that a call begins with lies in the backup partition.
"""
import contextlib
import ctypes
import errno
import itertools
import json
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
import lib  # noqa: E402 (found by the line above)

TEN = b'0123456789'
VIEW = os.environ.get('TWINFS_VIEW', 'overlay')
ANYTHING = object()  # an outcome that is the kernel's affair, and changes with it
MAIN = b'PROJECT_NAME = "posix"\nPROJECT_VERSION = "1"\n'
AT_FDCWD = -100
LOWER_FOLDERS = 90

_libc = ctypes.CDLL(None, use_errno=True)


def call(name, *words):
    """A function of the C library that Python has no name for; OSError where it returns -1."""
    function = getattr(_libc, name)
    function.restype = ctypes.c_long if name == 'syscall' else ctypes.c_int
    result = function(*(ctypes.c_char_p(os.fsencode(word)) if isinstance(word, str) else word
                        for word in words))
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


@contextlib.contextmanager
def opened(path, flags=os.O_RDWR, mode=0o666, **options):
    """A file descriptor while the block lasts."""
    fd = os.open(path, flags, mode, **options)
    try:
        yield fd
    finally:
        os.close(fd)


def outcome(function, *words):
    try:
        return function(*words)
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return 'EOPNOTSUPP'  # Python prefers another name of that number
        return errno.errorcode[error.errno]


def fill(folder):
    """What every call begins with."""
    os.makedirs(os.path.join(folder, 'dir'))
    for name in ('file', 'dir/inner'):
        lib.write(os.path.join(folder, name), TEN)


def tmpfs_folder():
    """A folder of a tmpfs that can be written, or None."""
    with open('/proc/self/mounts', encoding='utf-8') as file:
        places = [line.split()[1] for line in file if line.split()[2] == 'tmpfs']
    for place in sorted(places, key=lambda place: place != '/dev/shm'):
        if os.access(place, os.W_OK | os.X_OK):
            return place
    return None


class PosixTest(unittest.TestCase):
    """One mount for all tests of a class: self.mount, and a tmpfs beside it."""

    options = ()        # of the mount
    partitions = {'customer_backup_fs': 8 << 20} if VIEW == 'lower' else {}
    numbers = itertools.count()

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='twinfs-posix-')
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.tmpfs = tempfile.mkdtemp(prefix='twinfs-posix-', dir=tmpfs_folder())
        cls.addClassCleanup(shutil.rmtree, cls.tmpfs, ignore_errors=True)
        cls.image = os.path.join(cls.folder, 'module.img')
        cls.make_image()
        cls.mount = cls.new_mount()

    @classmethod
    def make_image(cls):
        source = os.path.join(cls.folder, 'app')
        os.makedirs(os.path.join(source, 'factory'))
        lib.write(os.path.join(source, 'main.py'), MAIN)
        lib.write(os.path.join(source, 'factory', 'file'), TEN)
        lib.run(lib.TWINFS, 'mk', '-q', '--format', lib.FORMAT, *cls.profile(), '--user', source,
                '--backup-all', cls.image)
        if VIEW == 'lower':
            cls.fill_lower()

    @classmethod
    def profile(cls):
        """The words that name a profile with partitions of these sizes."""
        if not cls.partitions:
            return ()
        path = os.path.join(cls.folder, 'profile.json')
        profiles = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../images/profiles')
        profile = json.loads(lib.read(os.path.join(profiles, 'default.json')))
        addr = 1 << 20
        for name, place in profile['partitions'].items():
            place['size'] = cls.partitions.get(name, place['size'])
            place['addr'] = addr
            addr += 64 << 10 if place['size'] == '64K' else place['size']
        profile['chip_size'] = (addr >> 20) + 1 << 20
        lib.write(path, json.dumps(profile).encode())
        return '--profile', path

    @classmethod
    def fill_lower(cls):
        """Makes what calls begin with in the backup partition, which no boot looks at."""
        with lib.Mount(cls.folder, '--allow-backup-write', *cls.profile(), cls.image) as mount:
            for i in range(LOWER_FOLDERS):
                fill(mount.bak('usr', 'lower', str(i)))
        cls.lower = iter(range(LOWER_FOLDERS))

    @classmethod
    def new_mount(cls):
        view = 'device' if VIEW == 'device' else 'overlay'
        return lib.Mount(cls.folder, '-o', 'view=' + view, *cls.options, *cls.profile(), cls.image)

    @classmethod
    def tearDownClass(cls):
        cls.mount.close()
        lib.run(lib.TWINFS, 'check', cls.image)

    def remount(self):
        self.mount.close()
        type(self).mount = self.new_mount()

    def prepare(self, root):
        """A folder of its own below root; returns the function that names paths in it."""
        if VIEW == 'lower' and root == self.mount.usr():
            folder = os.path.join(root, 'lower', str(next(self.lower)))
        else:
            folder = os.path.join(root, 'call-%d' % next(self.numbers))
            fill(folder)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return lambda *names: os.path.join(folder, *names)

    def at(self):
        """The same in usr/, for what has nothing to be compared with."""
        return self.prepare(self.mount.usr())

    def differs(self, function, ours, tmpfs):
        """Two outcomes, not the same one."""
        self.assertNotEqual(ours, tmpfs)
        if tmpfs is not ANYTHING:
            self.assertEqual(outcome(function, self.prepare(self.tmpfs)), tmpfs, 'in a tmpfs')
        self.assertEqual(outcome(function, self.at()), ours, 'in the mount')

    def same(self, function, want, lower=ANYTHING):
        """One outcome; only what lies in the backup partition may have another."""
        if VIEW == 'lower' and lower is not ANYTHING:
            self.differs(function, lower, want)
            return
        self.assertEqual(outcome(function, self.prepare(self.tmpfs)), want, 'in a tmpfs')
        self.assertEqual(outcome(function, self.at()), want, 'in the mount')


def main():
    if not tmpfs_folder():
        print('skipped: there is no tmpfs to compare with')
        sys.exit(lib.SKIPPED)
    lib.main()
