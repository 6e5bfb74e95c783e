# SPDX-License-Identifier: MIT
"""What the benchmarks measure: a module whose user partition has a size of our choice.

The image is two loose partition files, so that the user partition lies in the
file as it would without twinfs around it.
"""
import contextlib
import fcntl
import json
import os
import shlex
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MIB = 1024 * 1024
ADDR = MIB  # of the user partition on the chip


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def profile_of(size, prog_size=None):
    """The default profile with a user partition of @size bytes and no file made by the boot."""
    with open(os.path.join(ROOT, 'images', 'profiles', 'default.json'), encoding='utf-8') as file:
        profile = json.load(file)
    backup = profile['partitions']['customer_backup_fs']
    backup['addr'] = ADDR + size
    profile['partitions'] = {'customer_fs': {'addr': ADDR, 'size': size},
                             'customer_backup_fs': backup}
    profile.update(name='bench', chip_size=backup['addr'] + backup['size'] + MIB)
    profile['boot']['writes_settings'] = False
    if prog_size:
        profile['filesystem']['prog_size'] = prog_size
        profile['filesystem']['v2']['prog_size'] = prog_size
    profile.pop('sources')
    return profile


class Module:
    """The files of one module in @folder, and the commands that work on them."""

    def __init__(self, twinfs, folder, options=()):
        self.twinfs, self.folder, self.options = os.path.abspath(twinfs), folder, list(options)
        self.profile = os.path.join(folder, 'bench.json')
        self.user = os.path.join(folder, 'customer_fs.bin')
        self.backup = os.path.join(folder, 'customer_backup_fs.bin')
        self.tree = os.path.join(folder, 'tree')

    def make(self, size, form, prog_size=None):
        """Makes the partitions; what lies in self.tree goes into the user partition."""
        with open(self.profile, 'w', encoding='utf-8') as file:
            json.dump(profile_of(size, prog_size), file)
        os.makedirs(self.tree, exist_ok=True)
        run(self.twinfs, 'mk', '--profile', self.profile, '--format', form, '--user', self.tree,
            '--pair', self.folder)

    def mount_command(self, mountpoint):
        return shlex.join([self.twinfs, 'mount', '--profile', self.profile, *self.options,
                           '--user', self.user, '--backup', self.backup, mountpoint])

    def mount(self, mountpoint):
        run(*shlex.split(self.mount_command(mountpoint)))

    def umount(self, mountpoint):
        run(self.twinfs, 'umount', mountpoint)


def daemon_of(mountpoint):
    """The process that serves a mount: the one that was started with its path."""
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{name}/cmdline', 'rb') as file:
                words = file.read().split(b'\0')
        except OSError:
            continue  # it has ended since
        if b'mount' in words[1:2] and os.fsencode(mountpoint) in words:
            return int(name)
    raise ProcessLookupError(f'nobody serves {mountpoint}')


@contextlib.contextmanager
def held(path):
    """Others who measure on this machine wait, and so do we."""
    if not path:
        yield
        return
    with open(path, 'a', encoding='ascii') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
