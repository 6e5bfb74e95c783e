#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Applications in "twinfs run": what they see, how they end, restarts and power cuts."""
import glob
import os
import re
import signal
import subprocess
import unittest

import lib
import running

COUNTS = '''
try:
    with open('/usr/lives') as file:
        lives = int(file.read() or 0)
except OSError:
    lives = 0
print('life', lives)
with open('/usr/lives.new', 'w') as file:
    file.write(str(lives + 1))
import uos
uos.rename('/usr/lives.new', '/usr/lives')
'''

ASKS = COUNTS + '''
from misc import Power
print(Power.powerOnReason(), Power.powerDownReason())
if lives < 3:
    Power.powerRestart()
    print('not reached')
'''


class Script(running.RunTest):
    def test_main(self):
        out, err = self.run_it()
        self.assertEqual(out, 'hello\n')
        self.assertEqual(err, ['twinfs run: booted: 2 protected files, 0 restored'])
        self.assertEqual(self.run_it('-q'), ('hello\n', []))

    def test_status(self):
        for text, status in (('import sys; sys.exit(7)', 7), ('raise SystemExit', 0),
                             ('1 / 0', 1), ('import usys; usys.exit(0)', 0)):
            with self.subTest(text):
                self.run_it(script=text, status=status)

    def test_traceback(self):
        err = self.run_it('-q', script='def f():\n    1 / 0\nf()\n', status=1)[1]
        self.assertIn('  File "%s", line 2, in f' % os.path.join(self.folder, 'script.py'), err)
        self.assertTrue(err[-1].startswith('ZeroDivisionError'), err)
        self.assertFalse([line for line in err if '_twinfs' in line or 'start.py' in line], err)

    def test_traceback_of_a_module(self):
        """Of a file of the module, and without how it came to be imported."""
        self.run_it('-q', script='with open("/usr/part.py", "w") as file:\n'
                    '    file.write("import uos\\nuos.stat(\'/usr/nix\')\\n")\n')
        err = self.run_it('-q', script='from usr import part\n', status=1)[1]
        self.assertEqual(len([line for line in err if line.startswith('  File')]), 2, err)
        self.assertIn('usr/part.py", line 2, in <module>', '\n'.join(err))
        self.assertEqual(err[-1], 'OSError: [Errno 2] ENOENT')

    def test_standard_streams(self):
        """What is piped in is read, what is printed comes at once and untouched."""
        out, err = self.run_it('-q', stdin='one\ntwo\n',
                               script='import sys\nprint(sys.stdin.readline() + sys.stdin.readline(), end="")\n'
                               'sys.stderr.write("to stderr\\n")\n')
        self.assertEqual(out, 'one\ntwo\n')
        self.assertEqual(err, ['to stderr'])

    def test_arguments(self):
        script = 'import sys\nprint(sys.argv)\n'
        self.assertEqual(self.run_it('-q', script=script)[0], '[]\n')
        out = self.run_it('-q', '--', 'one', '--two', script=script)[0]
        self.assertTrue(out.endswith("'one', '--two']\n"), out)

    def test_loose_files(self):
        pair = os.path.join(self.folder, 'pair')
        lib.run(lib.TWINFS, 'mk', '-q', '--pair', pair, '--user', os.path.join(self.folder, 'app'),
                '--backup-all')
        done = lib.run(lib.TWINFS, 'run', '-q', *running.WORDS,
                       '--user', os.path.join(pair, 'customer_fs.bin'),
                       '--backup', os.path.join(pair, 'customer_backup_fs.bin'),
                       env=self.environment)
        self.assertEqual(done.stdout, 'hello\n')

    def test_no_backup(self):
        """An image of the user partition only has no /bak, and no protected files."""
        image = os.path.join(self.folder, 'user.bin')
        lib.write(image, b'\xff' * (1 << 20))
        script = self.put('import uos\nprint(uos.listdir("/"))\ntry:\n    uos.VfsLfs1(32, 32, 32, '
                          '"customer_backup_fs")\nexcept OSError as e:\n    print(e.args)\n')
        done = lib.run(lib.TWINFS, 'run', '-q', *running.WORDS, '--script', script,
                       '--user', image, env=self.environment)
        self.assertEqual(done.stdout, "['usr']\n(19,)\n")

    def test_changes_stay(self):
        self.run_it(script='with open("/usr/new", "w") as file:\n    file.write("kept")\n')
        self.assertEqual(self.user_files()['new'], b'kept')
        self.check_image()

    def test_restores(self):
        self.run_it(script='with open("/usr/cfg.json", "w") as file:\n    file.write("{}")\n')
        out, err = self.run_it(script='print(open("/usr/cfg.json").read())')
        self.assertEqual(out, '{"volume": 5}\n\n')
        self.assertEqual(err, ['twinfs run: booted: 2 protected files, 1 restored'])

    def test_not_written_to(self):
        """The interpreter leaves nothing of its own in the module, such as compiled modules."""
        self.run_it()
        before = self.user_files()
        self.run_it(script='from usr import main\n')
        self.assertEqual(self.user_files(), before)

    def test_device_view(self):
        """The application sees the user partition, not the factory copies behind it."""
        self.run_it(script='import uos\nuos.remove("/usr/cfg.json")\n'
                    'print(uos.listdir("/usr"), uos.listdir("/bak/usr"))\n')


class Hidden(running.RunTest):
    script = '''
import uos
for path in (%r, '/etc/passwd', '/home', '/proc', '/tmp', '/dev/null'):
    for call in (open, uos.stat, uos.listdir):
        try:
            call(path)
            print(path, call)
        except OSError as error:
            pass
print(uos.listdir('/'), uos.listdir())
'''

    def test_files_of_this_computer(self):
        here = os.path.abspath(__file__)
        self.assertEqual(self.run_it('-q', script=self.script % here)[0],
                         "['usr', 'bak'] ['usr', 'bak']\n")

    def test_imports(self):
        """Modules of this computer are none of the application's."""
        lib.write(os.path.join(self.folder, 'neighbour.py'), b'')
        for name in ('neighbour', 'lib', 'pip'):
            out = self.run_it('-q', script='try:\n    import %s\n    print("found")\n'
                              'except ImportError:\n    print("none")\n' % name,
                              cwd=self.folder)[0]
            self.assertEqual(out, 'none\n')

    def test_modules_of_ours(self):
        """Each can be the first that is imported: the interpreter's library may need it, too."""
        folder = os.path.join(os.path.dirname(__file__), '..', '..', 'emulator', 'python')
        names = [name[:-3] for name in sorted(os.listdir(folder)) if name.endswith('.py')]
        names.remove('start')
        for name in names:
            self.run_it('-q', script='import %s\nprint("ok")\n' % name)
        if running.KIND != 'micropython':
            for name in ('collections', 'threading', 'random', 'datetime'):
                self.run_it('-q', script='import %s\n' % name)

    @unittest.skipIf(running.KIND == 'micropython', 'MicroPython needs no sandbox')
    def test_native(self):
        """What CPython itself finds when it is asked past our modules."""
        out = self.run_it('-q', script='import posix\nprint(sorted(posix.listdir("/")))\n'
                          'for path in ("/etc", "/home", "/tmp", "/proc", "/dev", "/lib"):\n'
                          '    try:\n        print(posix.stat(path))\n'
                          '    except OSError as error:\n        print(error.args[0])\n')[0]
        self.assertEqual(out, "['.twinfs', 'bak', 'usr']\n" + '2\n' * 6)

    @unittest.skipIf(running.KIND == 'micropython', 'MicroPython needs no sandbox')
    def test_native_is_read_only(self):
        out = self.run_it('-q', script='import posix\n'
                          'for path in ("/x", "/.twinfs/x", "/.twinfs/python/x"):\n'
                          '    try:\n        posix.mkdir(path)\n        print(path)\n'
                          '    except OSError as error:\n        print(error.args[0])\n')[0]
        self.assertEqual(out, '30\n' * 3)

    @unittest.skipIf(running.KIND == 'micropython', 'MicroPython cannot fork')
    def test_forked(self):
        """What it has forked ends with it; else our stdout would stay open."""
        out = self.run_it('-q', script='import posix\nimport utime\n'
                          'if posix.fork() == 0:\n    utime.sleep(1000)\nprint("over")\n')[0]
        self.assertEqual(out, 'over\n')


class Power(running.RunTest):
    def test_restart(self):
        out, err = self.run_it(script=ASKS)
        self.assertEqual(out, 'life 0\n3 0\nlife 1\n2 1\nlife 2\n2 1\nlife 3\n2 1\n')
        self.assertEqual(err, ['twinfs run: booted: 2 protected files, 0 restored'] +
                         ['twinfs run: restart; booted: 2 protected files, 0 restored'] * 3)

    def test_script_of_a_pipe(self):
        """It can be read once only, and is run in each life."""
        out = self.run_it('-q', '--script', '/dev/stdin', stdin='from misc import Power\n'
                          'print(Power.powerOnReason())\n'
                          'if Power.powerOnReason() == 3:\n    Power.powerRestart()\n')[0]
        self.assertEqual(out, '3\n2\n')

    def test_restarts_without_end(self):
        script = 'from misc import Power\nprint("again")\nPower.powerRestart()\n'
        out, err = self.run_it('-q', '--max-restarts', '4', script=script, status=123)
        self.assertEqual(out, 'again\n' * 5)
        self.assertEqual(len(err), 1)
        self.assertIn('--max-restarts', err[0])

    def test_off(self):
        script = 'from misc import Power\nprint("bye")\nPower.powerDown()\nprint("no")\n'
        self.assertEqual(self.run_it('-q', script=script), ('bye\n', []))

    def test_nothing_is_closed(self):
        """A restart loses what was not committed, as on a module."""
        self.run_it('-q', script='from misc import Power\nfile = open("/usr/lost", "w")\n'
                    'file.write("x" * 100)\nPower.powerDown()\n')
        self.assertNotEqual(self.user_files().get('lost'), b'x' * 100)

    def test_other_threads(self):
        """No thread sees the time after it has asked for a restart."""
        out = self.run_it('-q', script=COUNTS + '''
import _thread
from misc import Power
def write():
    while True:
        try:
            with open('/usr/busy', 'w') as file:
                file.write('x')
        except OSError as error:
            print('saw', error)
if not lives:
    _thread.start_new_thread(write, ())
    Power.powerRestart()
''')[0]
        self.assertEqual(out, 'life 0\nlife 1\n')

    def test_switched_from_outside(self):
        """The module's power is everybody's who knows the mount."""
        program = self.begin(script=COUNTS.replace("print('life', lives)\n", '') + """
print('life', lives)
import utime
while lives < 2:
    utime.sleep_ms(20)
""", until='life 0')
        root = os.path.join(self.temp, os.listdir(self.temp)[0], 'module')
        lib.run(lib.TWINFS, 'power', root, 'restart')
        self.assertEqual(program.stdout.readline(), 'life 1\n')
        lib.run(lib.TWINFS, 'power', root, 'restart')
        self.assertEqual(program.stdout.readline(), 'life 2\n')
        self.assertEqual(program.wait(lib.PATIENCE), 0)

    @unittest.skipIf(running.KIND == 'bwrap', 'a part of bubblewrap that is not ready outlives it')
    def test_off_before_it_begins(self):
        """The power goes while the interpreter is made ready: nothing waits for it to come back."""
        gate = os.path.join(self.folder, 'zone')
        os.mkfifo(gate)
        python = self.put('#!/bin/sh\nunset TZ\nexec %s "$@"\n' % running.WORDS[1], 'python')
        os.chmod(python, 0o755)
        program = subprocess.Popen(self.words('-q', '--python', python), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT,
                                   env=dict(self.environment, TZ=':' + gate))
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        with open(gate, 'w'):  # here it waits, between the boot and the application
            power, = glob.glob(os.path.join(self.temp, '*', 'module', '.twinfs', 'power'))
            lib.write(power, b'off')
        self.assertEqual(program.communicate(timeout=lib.PATIENCE)[0], '')
        self.assertEqual(program.returncode, 0)


class Cuts(running.RunTest):
    def make_image(self, image):
        """Of a module that has booted once: the next boot of it writes nothing."""
        super().make_image(image)
        lib.run(lib.TWINFS, 'boot', image)

    def test_cut(self):
        """The script ends in the call that meets the cut: not even its traceback is seen."""
        out, err = self.run_it('--fault', 'cut at op 3', status=124,
                               script='try:\n    print("before")\n    open("/usr/x", "w").close()\n'
                               '    open("/usr/y", "w").close()\n    print("after")\n'
                               'except OSError:\n    print("seen")\nfinally:\n    print("end")\n')
        self.assertEqual(out, 'before\n')
        self.assertEqual(len(err), 2)
        self.assertTrue(err[1].startswith('twinfs run: power cut: rule 1: cut at op 3 ('), err)
        self.check_image()

    def test_auto_restart(self):
        out, err = self.run_it('--fault', 'cut every 23 ops', '--auto-restart=3', script=COUNTS +
                               'from misc import Power\n'
                               'print(Power.powerOnReason(), Power.powerDownReason())\n'
                               'for turn in range(100):\n'
                               '    with open("/usr/log", "a") as file:\n'
                               '        file.write("x" * 100)\n', status=124)
        self.assertEqual(len(err), 5)
        for line in err[1:4]:
            self.assertRegex(line, r'^twinfs run: power cut: rule 1: .*\); booted: 2 protected '
                             r'files, 0 restored$')
        self.assertNotIn('booted', err[4])
        self.assertTrue(err[4].endswith('; all 3 of --auto-restart are used up'), err)
        self.assertTrue(out.startswith('life 0\n3 0\nlife '), out)
        self.assertRegex(out, r'\n3 3\n')
        self.check_image()

    def test_cut_in_the_last_close(self):
        """The end of a script that closes its files for it is a part of its life."""
        found = set()
        for operation in range(1, 9):
            self.renew_image()
            text = self.run_it('--fault', 'cut at op %d' % operation, '--auto-restart',
                               script='file = open("/usr/last", "w")\nfile.write("x" * 9000)\n'
                               'print("end")\n')
            found.add((text[0], len(text[1])))
        self.assertIn(('end\nend\n', 2), found)  # cut when everything was printed

    def test_cut_in_a_restart(self):
        """Wherever the cut comes, before the restart, in its boot, or after it."""
        script = '''
import uos
from misc import Power
if 'once' not in uos.listdir('/usr'):
    open('/usr/once', 'w').close()
    with open('/usr/cfg.json', 'w') as file:
        file.write('{}')
    Power.powerRestart()
with open('/usr/cfg.json') as file:
    print(file.read())
'''
        seen = set()
        for operation in range(1, 30):
            self.renew_image()
            out, err = self.run_it('--fault', 'cut at op %d' % operation, '--auto-restart',
                                   script=script)
            self.assertEqual(out, '{"volume": 5}\n\n')
            seen.add(tuple(re.sub(r'(power cut): .*;|\d+', r'\1', line[12:]) for line in err))
        booted = 'booted:  protected files,  restored'
        self.assertIn((booted, 'restart', 'power cut ' + booted), seen)  # cut in its boot

    def test_cut_in_the_first_boot(self):
        self.run_it(script='with open("/usr/cfg.json", "w") as file:\n    file.write("{}")\n')
        out, err = self.run_it('--fault', 'cut at op 1', status=124)
        self.assertEqual((out, len(err)), ('', 1))
        out, err = self.run_it('--fault', 'cut at op 1', '--auto-restart')
        self.assertEqual((out, len(err)), ('hello\n', 1))
        self.assertRegex(err[0], 'power cut: .*; booted: 2 protected files, 1 restored')

    def test_cut_against_exit(self):
        """Whichever comes first, nothing hangs and nothing is lost track of."""
        script = COUNTS + 'open("/usr/a", "w").close()\nraise SystemExit(5)\n'
        for operation in range(1, 12):
            self.renew_image()
            out = self.run_it('-q', '--fault', 'cut at op %d' % operation, '--auto-restart',
                              script=script, status=5)[0]
            self.assertRegex(out, r'^life 0\n(life [01]\n)?$')

    def test_reproducible(self):
        """The same rules, seed and script: the same image."""
        script = COUNTS + 'for turn in range(20):\n    with open("/usr/f%d" % (turn % 3), "w") as file:\n' \
            '        file.write("%d" % turn * 700)\n'
        images = set()
        for _ in range(3):
            self.renew_image()
            self.run_it('-q', '--fault', 'cut torn every 29 ops', '--seed', '7',
                        '--auto-restart=9', script=script, status=124)
            images.add(lib.read(self.image))
        self.assertEqual(len(images), 1)

    def test_trace(self):
        trace = os.path.join(self.folder, 'run.trace')
        before = os.path.join(self.folder, 'before.img')
        lib.write(before, lib.read(self.image))
        self.run_it('-q', '--trace', trace, script=COUNTS)
        done = lib.run(lib.TWINFS, 'explore', before, trace)
        self.assertIn('nothing is wrong', done.stdout)


def group_lives(leader):
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


class Failures(running.RunTest):
    """What cannot be done is said in one line, with a status of its own."""

    def fails(self, status, saying, *words, **options):
        err = self.run_it(*words, status=status, **options)[1]
        self.assertEqual(len(err), 1, err)
        self.assertTrue(err[0].startswith('twinfs run: '), err)
        self.assertIn(saying, err[0])

    def test_interpreters(self):
        self.fails(127, '--python: /nix/python (not found); MicroPython 1.19, CPython 3.9, or '
                        'newer is needed', '--python', '/nix/python')
        self.fails(126, '(permission denied)', '--python', self.image)
        self.fails(126, '(runs no Python 3)', '--python', 'false')
        self.fails(126, '(is neither MicroPython nor CPython)', '--python', 'true')
        self.fails(126, '(is MicroPython 1.18); MicroPython 1.19', '--python',
                   self.fake('print "micropython\\n1\\n18"'))
        self.fails(126, '(is CPython 3.8); MicroPython 1.19', '--python',
                   self.fake('print "cpython\\n3\\n8"'))

    def fake(self, text):
        """A program that answers any question so."""
        path = self.put('#!/bin/sh\nprintf "%s"\n' % text.replace('print "', '').replace('"', ''),
                        'fake')
        os.chmod(path, 0o755)
        return path

    def test_ended_while_it_is_asked(self):
        """An interpreter that does not answer, and has a child, ends with us."""
        mark = os.path.join(self.folder, 'asked')
        path = self.put('#!/bin/sh\necho $$ >> %s\nsleep 600\n' % mark, 'silent')
        os.chmod(path, 0o755)
        for number in (signal.SIGTERM, signal.SIGINT):
            program = subprocess.Popen(self.words('--python', path), env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
            self.addCleanup(program.stdout.close)
            self.addCleanup(program.wait)
            self.addCleanup(program.kill)
            lib.wait_for('the question', lambda: os.path.exists(mark) and lib.read(mark))
            program.send_signal(number)
            self.assertEqual(program.stdout.read(), '')
            self.assertEqual(program.wait(lib.PATIENCE), 128 + number)
            asked = lib.read(mark).split()
            self.assertEqual(len(asked), 1, 'asked again')
            lib.wait_for('the end of its child', lambda: not group_lives(int(asked[0])))
            os.unlink(mark)
        self.check_image()

    def test_files(self):
        before = lib.read(self.image)
        self.fails(125, 'nix.py: no such file', '--script', '/nix.py')
        self.fails(125, self.folder + ': is a directory', '--script', self.folder)
        self.assertEqual(lib.read(self.image), before, 'booted all the same')
        lib.write(self.image, b'no image')
        self.fails(125, self.image)

    def test_options(self):
        self.fails(125, "--compat: 'new' is not port", '--compat', 'new')
        self.fails(125, "--sandbox: 'none' is not namespace, bwrap or any", '--sandbox', 'none')
        self.fails(125, "--max-restarts: 'x' is not a number", '--max-restarts', 'x')

    def test_no_interpreter(self):
        done = lib.run(lib.TWINFS, 'run', '-q', self.image, check=False,
                       env=dict(self.environment, PATH='/nix'))
        self.assertEqual(done.returncode, 127)
        self.assertTrue(re.fullmatch(r'twinfs run: no interpreter: micropython \(not found\), '
                                     r'python3 \(not found\); .*\n', done.stdout), done.stdout)


if __name__ == '__main__':
    running.main()
