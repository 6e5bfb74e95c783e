#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
""""twinfs run" at a terminal: the prompt, Ctrl-C and other signals."""
import os
import signal
import subprocess
import unittest

import lib
import running


class Terminals(running.RunTest):
    files = {'a.txt': b'x'}
    protected = []

    def test_prompt(self):
        """Without main.py and a script there is the interpreter's prompt."""
        here = self.terminal()
        here.until('>>> ')
        here.type('import uos\r')
        here.until('>>> ')
        here.type('uos.listdir("/usr")\r')
        self.assertIn("'a.txt'", here.until('>>> '))
        here.type('\x04')
        self.assertEqual(here.end()[0], 0)

    def test_prompt_behind_script(self):
        here = self.terminal('-i', script='value = 6 * 7\nprint("ran")\n')
        here.until('ran')
        here.until('>>> ')
        here.type('value + 1\r')
        self.assertIn('43', here.until('>>> '))
        here.type('\x04')
        self.assertEqual(here.end()[0], 0)

    def test_is_a_terminal(self):
        if running.KIND == 'micropython':
            self.skipTest('MicroPython cannot tell')
        here = self.terminal(script='import sys\nprint(sys.stdin.isatty(), sys.stdout.isatty())\n')
        self.assertEqual(here.end(), (0, 'True True\r\n'))

    def test_interrupt(self):
        """Ctrl-C is for the application, which may go on."""
        here = self.terminal(script='import utime\ntry:\n    print("waiting")\n    while True:\n'
                             '        utime.sleep_ms(20)\nexcept KeyboardInterrupt:\n'
                             '    with open("/usr/caught", "w") as file:\n'
                             '        print(file.write("x"), "bytes")\n')
        here.until('waiting')
        here.type('\x03')
        here.until('1 bytes')
        self.assertEqual(here.end()[0], 0)
        self.assertEqual(self.user_files()['caught'], b'x')

    def test_interrupt_ends(self):
        here = self.terminal(script=running.WAITS)
        here.until('waiting')
        here.type('\x03')
        here.until('KeyboardInterrupt')
        self.assertEqual(here.end()[0], 128 + signal.SIGINT)

    def test_killed_prompt(self):
        """A terminal that was in the middle of a line is as it was before."""
        here = self.terminal()
        here.until('>>> ')
        here.type('x = 1')
        here.until('1')
        root = os.path.join(self.temp, os.listdir(self.temp)[0], 'module')
        lib.run(lib.TWINFS, 'power', root, 'cut')
        self.assertEqual(here.end()[0], 124)
        self.assertEqual(here.left, here.modes)


class Signals(running.RunTest):
    def children(self, program):
        with open('/proc/%d/task/%d/children' % (program.pid, program.pid), encoding='ascii') as file:
            return [int(word) for word in file.read().split()]

    def wait_for_end(self, *pids):
        def is_gone(pid):
            try:
                return ') Z ' in lib.read('/proc/%d/stat' % pid).decode(errors='replace')
            except OSError:
                return True
        lib.wait_for('the end of its processes', lambda: all(map(is_gone, pids)))
        lib.wait_for('clearing up', lambda: not os.listdir(self.temp))

    def test_ended(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            program = self.begin()
            program.send_signal(number)
            self.assertEqual(program.wait(lib.PATIENCE), 128 + number)
            self.assertEqual(program.stderr.read(), '')
            self.assertEqual(os.listdir(self.temp), [])
        self.check_image()

    @unittest.skipIf(running.KIND == 'bwrap', 'bubblewrap hands nothing on')
    def test_interrupted_alone(self):
        """An interrupt that is sent to run only is handed on."""
        program = self.begin()
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait(lib.PATIENCE), 128 + signal.SIGINT)

    def test_ended_between_lives(self):
        """A power cut in each boot: there is never an interpreter that a signal could end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            program = subprocess.Popen(self.words('--fault', 'cut read every 5 reads',
                                                  '--auto-restart=2000000000'), text=True,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       env=self.environment)
            self.addCleanup(program.stderr.close)
            self.addCleanup(program.wait)
            self.addCleanup(program.kill)
            program.stderr.readline()
            program.send_signal(number)
            program.stderr.read()
            self.assertEqual(program.wait(lib.PATIENCE), 128 + number)

    def test_what_the_caller_has_open(self):
        """An application gets the standard streams and its own pipes only."""
        ends = os.pipe()
        self.addCleanup(os.close, ends[0])
        self.addCleanup(os.close, ends[1])
        program = self.begin(pass_fds=ends)
        found = []
        for pid in self.children(program)[1:]:
            folder = '/proc/%d/fd' % pid
            found += [os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)]
        self.assertIn('/dev/null', found)
        self.assertNotIn(os.readlink('/proc/self/fd/%d' % ends[0]), found)
        program.terminate()
        program.wait(lib.PATIENCE)

    def test_killed(self):
        """A killed run takes everything with it, and the mount is gone."""
        program = self.begin()
        children = self.children(program)
        self.assertEqual(len(children), 2)
        program.kill()
        self.wait_for_end(*children)
        self.check_image()

    def test_interpreter_killed(self):
        program = self.begin()
        os.kill(self.children(program)[1], signal.SIGKILL)
        self.assertEqual(program.wait(lib.PATIENCE), 128 + signal.SIGKILL)

    def test_mount_killed(self):
        program = self.begin()
        os.kill(self.children(program)[0], signal.SIGKILL)
        self.assertEqual(program.wait(lib.PATIENCE), 125)
        self.assertEqual(program.stderr.read(), 'twinfs run: the mount was ended by signal 9\n')

    def test_mount_ended(self):
        program = self.begin()
        os.kill(self.children(program)[0], signal.SIGTERM)
        self.assertEqual(program.wait(lib.PATIENCE), 125)
        self.assertEqual(program.stderr.read(), 'twinfs run: the mount has ended by itself\n')


if __name__ == '__main__':
    running.main()
