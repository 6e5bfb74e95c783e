#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A trace of what happens to a mounted module."""
import errno
import json
import os
import signal
import subprocess

import lib


class Record(lib.MountTest):
    def setUp(self):
        super().setUp()
        self.trace = os.path.join(self.folder, 'run.trace')

    def state(self):
        return self.mount.control('trace')

    def record(self, *command, check=True, **options):
        return lib.run(lib.TWINFS, 'record', self.mount.root, self.trace, '--', *command,
                       check=check, **options)

    def kinds(self):
        lines = lib.run(lib.TWINFS, 'events', '--json', self.mount.root).stdout
        return [json.loads(line)['kind'] for line in lines.splitlines()]

    def test_command(self):
        done = self.record('sh', '-c', 'echo "$2" && echo x > "$1"', 'sh', self.mount.usr('new'),
                           '--an-option')
        self.assertEqual(done.stdout, '--an-option\n')
        self.assertEqual(self.state(), 'off\n')
        self.assertIn(b'/usr/new', lib.read(self.trace))
        self.assertEqual(self.kinds(), ['boot', 'trace_started', 'trace_stopped'])

    def test_exit_status(self):
        for command, code in ((('true',), 0), (('sh', '-c', 'exit 7'), 7),
                              (('sh', '-c', 'kill -TERM $$'), 128 + 15), (('/nix/nix',), 127),
                              ((self.folder,), 126)):
            with self.subTest(command):
                self.assertEqual(self.record(*command, check=False).returncode, code)
                self.assertEqual(self.state(), 'off\n')
                # of a command that could not be run there is nothing to be kept
                self.assertEqual(os.path.exists(self.trace), code not in (126, 127))
                if code not in (126, 127):
                    os.unlink(self.trace)

    def test_relative_file(self):
        lib.run(lib.TWINFS, 'record', self.mount.root, 'run.trace', '--', 'true', cwd=self.folder)
        self.assertTrue(os.path.exists(self.trace))

    def test_refused(self):
        lib.write(self.trace, b'mine')
        done = self.record('true', check=False)
        self.assertEqual((done.returncode, done.stdout.count('\n')), (2, 1))
        self.assertIn('run.trace', done.stdout)
        self.assertEqual(lib.read(self.trace), b'mine')
        self.assertEqual(self.state(), 'off\n')
        done = lib.run(lib.TWINFS, 'record', self.folder, 'x', '--', 'true', check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('no mounted module', done.stdout)

    def test_only_one(self):
        done = self.record(lib.TWINFS, 'record', self.mount.root, self.trace + '2', '--', 'true',
                           check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('already', done.stdout)
        self.assertFalse(os.path.exists(self.trace + '2'))
        self.assertEqual(self.state(), 'off\n')

    def test_killed(self):
        """The trace is closed when the verb is killed."""
        with subprocess.Popen([lib.TWINFS, 'record', self.mount.root, self.trace, '--', 'cat'],
                              stdin=subprocess.PIPE) as verb:
            lib.wait_for('recording', lambda: self.state().startswith('on '))
            self.assertTrue(self.state().endswith(' %s\n' % self.trace))
            verb.send_signal(signal.SIGKILL)
        lib.wait_for('its end', lambda: self.state() == 'off\n')

    def test_through_a_cut(self):
        """A power cut is a mark; recording goes on through the boots after it."""
        self.record('sh', '-c', 'echo 1 > "$1/usr/one"; echo cut > "$1/.twinfs/power"; '
                    'echo on > "$1/.twinfs/power"; echo 2 > "$1/usr/two"', 'sh', self.mount.root)
        data = lib.read(self.trace)
        self.assertIn(b'/usr/one', data)
        self.assertIn(b'/usr/two', data)
        self.assertEqual(self.kinds(), ['boot', 'trace_started', 'power_cut', 'boot',
                                        'trace_stopped'])

    def test_control_file(self):
        """Without the verb: until it is stopped, whoever began it."""
        path = self.mount.path('.twinfs', 'trace')
        lib.write(path, b'start %s\n' % self.trace.encode())
        self.assertEqual(self.state(), 'on 0 %s\n' % self.trace)
        lib.write(self.mount.usr('new'), b'x')
        self.assertNotEqual(self.state(), 'on 0 %s\n' % self.trace)
        lib.write(path, b'stop')
        self.assertEqual(self.state(), 'off\n')
        for text, number, words in ((b'stop', errno.EINVAL, 'nothing'),
                                    (b'start x', errno.EINVAL, 'absolute'),
                                    (b'go', errno.EINVAL, 'expected'),
                                    (b'start /nix/x', errno.ENOENT, '/nix/x'),
                                    (b'start ' + self.trace.encode(), errno.EEXIST, 'run.trace')):
            fd = os.open(path, os.O_RDWR)
            with self.fails(number):
                os.write(fd, text)
            answer = os.read(fd, 1000).decode()
            os.close(fd)
            self.assertTrue(answer.startswith('error: '), answer)
            self.assertIn(words, answer)
        self.assertEqual(self.state(), 'off\n')

    def test_from_the_beginning(self):
        self.mount.close()
        self.mount = self.new_mount('--trace', self.trace, self.image)
        self.assertTrue(self.state().startswith('on '))
        self.assertEqual(self.kinds()[:2], ['trace_started', 'boot'])
        lib.write(self.mount.usr('new'), b'x')
        self.mount.close()
        self.assertIn(b'/usr/new', lib.read(self.trace))
        place = os.path.join(self.folder, 'place')
        os.mkdir(place)
        done = lib.run(lib.TWINFS, 'mount', '--trace', self.trace, self.image, place, check=False)
        self.assertEqual((done.returncode, done.stdout.count('\n')), (2, 1))
        self.assertIn('run.trace', done.stdout)

    def test_with_faults(self):
        """What a fault made of an operation is what is recorded."""
        self.mount.close()
        self.mount = self.new_mount('--trace', self.trace, '--fault', 'cut torn at op 6',
                                    '--auto-restart', self.image)
        for turn in range(5):
            try:
                lib.write(self.mount.usr('new'), b'%d' % turn)
            except OSError:
                pass
        self.assertIn('power_cut', self.kinds())
        self.mount.close()
        self.check_image()


class Power(lib.MountTest):
    """The verb for the power."""

    def power_verb(self, *words, code=0):
        done = lib.run(lib.TWINFS, 'power', *words, check=False)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def test_words(self):
        root = self.mount.root
        self.assertRegex(self.power_verb(root), 'power +on\nsupply +3,800 mV\n')
        self.power_verb(root, 'off')
        self.assertRegex(self.power_verb(root, 'status', code=1), 'power +off\n')
        self.power_verb(root, 'on')
        self.power_verb(root, 'cut')
        self.assertEqual(json.loads(self.power_verb('--json', root, code=1)),
                         {'power': 'off', 'cause': 'the plug was pulled', 'supply_mv': 0})
        self.power_verb(root, 'restart')
        self.assertEqual(self.mount.control('power'), 'on\n')
        self.assertIn('no mounted module', self.power_verb(self.folder, 'off', code=2))

    def test_events(self):
        self.mount.power('cut')
        self.mount.power('on')
        text = lib.run(lib.TWINFS, 'events', self.mount.root).stdout.splitlines()
        self.assertEqual(len(text), 3)
        self.assertTrue(text[1].endswith('power cut: the plug was pulled'), text)
        self.assertIn('boot 2: 4 protected files, 0 restored', text[2])
        lines = lib.run(lib.TWINFS, 'events', '--once', '--json', self.mount.root).stdout
        self.assertEqual([json.loads(line)['event'] for line in lines.splitlines()], [1, 2, 3])

    def test_follow(self):
        with subprocess.Popen([lib.TWINFS, 'events', '--follow', self.mount.root],
                              stdout=subprocess.PIPE, text=True) as verb:
            self.assertIn('boot 1', verb.stdout.readline())
            self.mount.power('cut')
            self.assertIn('power cut', verb.stdout.readline())
            self.mount.stop()
            self.assertEqual(verb.stdout.read(), '')
        self.assertEqual(verb.returncode, 0)


if __name__ == '__main__':
    lib.main()
