#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a mount must not give away: rights, and the key of SecureData."""
import contextlib
import ctypes
import os
import subprocess
import sys
import unittest

import lib

PR_CAPBSET_DROP, CAP_SYS_PTRACE = 24, 19
OTHER, STRANGER = 65533, 65532  # users that nobody is


def mount_flags(path):
    """Options of the mount there, as the kernel knows them."""
    with open('/proc/self/mountinfo') as table:
        for line in table:
            words = line.split()
            if words[4] == path:
                return words[5].split(',')
    raise AssertionError('%s is not mounted' % path)


def as_user(uid, action):
    """Does it as that user, in a process of its own: None, or the errno that it failed with."""
    pid = os.fork()
    if not pid:
        code = 255
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            try:
                action()
                code = 0
            except OSError as error:
                code = error.errno
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or None


def let_nobody_look():
    """From the next exec on: root is no more than other users in looking into processes."""
    if not os.geteuid():
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0)


class Mounts(lib.MountTest):
    begins_mounted = False

    def test_nosuid_nodev(self):
        """A stranger's image brings no rights, whatever the options are."""
        for options in ('suid,dev', 'ro', 'dev,suid,nosuid,suid'):
            with self.subTest(options=options):
                mount = self.new_mount('-o', options, self.image)
                flags = mount_flags(mount.root)
                mount.close()
                self.assertIn('nosuid', flags)
                self.assertIn('nodev', flags)

    @unittest.skipIf(os.geteuid(), 'needs root')
    def test_let_in_by_root(self):
        """Others may do what modes say; what is done with the daemon's rights is not among it."""
        os.chmod(self.folder, 0o755)
        mount = self.new_mount('-o', 'allow_other,uid=%d,gid=%d' % (OTHER, OTHER), self.image)
        os.chmod(self.folder, 0o755)

        def opens(name, flags):
            return lambda: os.close(os.open(mount.path(name), flags))

        for name, flags, owner, stranger in (
                ('usr/main.py', os.O_RDONLY, None, None),
                ('usr/main.py', os.O_WRONLY, None, 13),
                ('.twinfs/power', os.O_WRONLY, None, 13),
                ('.twinfs/faults', os.O_WRONLY, None, 13),
                ('SecureData', os.O_RDWR, None, 13),
                ('.twinfs/trace', os.O_RDONLY, None, 13),
                ('.twinfs/trace', os.O_WRONLY, 1, 13),
                ('.twinfs/trace', os.O_RDWR, 1, 13)):
            with self.subTest(name=name, flags=flags):
                self.assertEqual(as_user(OTHER, opens(name, flags)), owner)
                self.assertEqual(as_user(STRANGER, opens(name, flags)), stranger)
        trace = os.path.join(self.folder, 'new.trace')
        lib.write(mount.path('.twinfs', 'trace'), b'start %s\n' % trace.encode())
        lib.write(mount.path('.twinfs', 'trace'), b'stop\n')
        self.assertEqual(os.stat(trace).st_mode & 0o7777, 0o600)

    def test_trace_follows_nothing(self):
        """A recording begins a new file, also where a link to none is."""
        mount = self.new_mount()
        gone, link = os.path.join(self.folder, 'gone'), os.path.join(self.folder, 'link')
        os.symlink(gone, link)
        with self.fails(17):
            lib.write(mount.path('.twinfs', 'trace'), b'start %s\n' % link.encode())
        self.assertFalse(os.path.exists(gone))


class Wear(lib.MountTest):
    begins_mounted = False

    def test_what_lies_beside(self):
        """Whoever may write beside an image neither stops a mount nor leads it elsewhere."""
        wear, victim = self.image + '.wear', os.path.join(self.folder, 'victim')
        lib.write(victim, b'precious')
        for make in (os.mkfifo, lambda path: os.symlink(victim, path)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(wear)
            make(wear)
            mount = self.new_mount()
            lib.write(mount.usr('new'), b'x')
            mount.close()
            self.assertEqual(lib.read(victim), b'precious')
            self.assertTrue(os.path.isfile(wear) and not os.path.islink(wear))


class Key(lib.MountTest):
    begins_mounted = False

    def setUp(self):
        super().setUp()
        self.key = os.path.join(self.folder, 'key')
        secret = b'0123456789abcdef' * 2
        with open(os.open(self.key, os.O_WRONLY | os.O_CREAT, 0o600), 'wb') as file:
            file.write(secret)
        self.secret = secret.decode()

    def mounted(self, *words):
        """A mount whose memory root may look into no more than its user."""
        usual = subprocess.Popen
        try:
            subprocess.Popen = lambda *a, **o: usual(*a, preexec_fn=let_nobody_look, **o)
            return self.new_mount(*words, self.image)
        finally:
            subprocess.Popen = usual

    def can_look(self, mount):
        """Whether another process of the same user can read its memory."""
        return subprocess.run(
            [sys.executable, '-c', 'import sys; open(sys.argv[1], "rb").close()',
             '/proc/%d/mem' % mount.daemon.pid],
            stderr=subprocess.DEVNULL, preexec_fn=let_nobody_look, check=False).returncode == 0

    def test_memory(self):
        plain = self.mounted()
        if not self.can_look(plain):
            self.skipTest('no process can be looked into here')
        plain.close()
        sealed = self.mounted('--key', self.key)
        self.assertFalse(self.can_look(sealed))

    def test_words(self):
        """Neither the key nor a slot is in what everybody can read, nor in the log."""
        mount = self.new_mount('-d', '--key', self.key, self.image)
        with lib.Raw(mount.path('SecureData'), os.O_RDWR) as slots:
            for request, answer in ((b'STORE 1 8\nsilent!!', b'0\n'), (b'READ 1 8\n', b'8\nsilent!!')):
                os.write(slots.fd, request)
                self.assertEqual(b''.join(iter(lambda: os.read(slots.fd, 100), b'')), answer)
        seen = lib.read('/proc/%d/cmdline' % mount.daemon.pid).decode(errors='replace')
        with contextlib.suppress(PermissionError):  # which users get
            seen += lib.read('/proc/%d/environ' % mount.daemon.pid).decode(errors='replace')
        seen += mount.control('status') + mount.control('boot')
        events = os.open(mount.path('.twinfs', 'events'), os.O_RDONLY | os.O_NONBLOCK)
        seen += os.read(events, 100000).decode()
        os.close(events)
        self.assertEqual(mount.stop(), 0)
        seen += mount.words()  # every request, with -d
        mount.clean_up()
        self.assertIn('opcode: WRITE', seen)
        self.assertIn('--key', seen)
        for word in (self.secret, 'silent!!'):
            self.assertNotIn(word, seen)


if __name__ == '__main__':
    lib.main()
