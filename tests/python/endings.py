# SPDX-License-Identifier: MIT
"""How an application ends: exit code, traceback, what is printed; for each interpreter."""
import os
import re
import signal
import subprocess
import tempfile

import interpreters

# name: (files, exit code, stdout, a pattern in stderr)
CASES = {
    'returns': ({'usr/main.py': 'print("hello")'}, 0, 'hello\n', r'^$'),
    'raises': ({'usr/main.py': 'def f():\n    return [][0]\nf()\n'}, 1, '',
               r'^Traceback \(most recent call last\):\n'
               r'  File "/usr/main.py", line 3, in <module>\n(    .*\n)*'
               r'  File "/usr/main.py", line 2, in f\n(    .*\n)*'
               r'IndexError: \S.*\n$'),
    'raises in a module': ({'usr/main.py': 'from usr.lib import m\nm.f()\n',
                            'usr/lib/m.py': 'def f():\n    open("/usr/nothing")\n'}, 1, '',
                           r'line 2, in <module>\n(    .*\n)*  File "usr/lib/m.py", line 2, in f\n'
                           r'(    .*\n)*OSError: \[Errno 2\] ENOENT\n$'),
    'does not compile': ({'usr/main.py': 'x = 1\nif\n'}, 1, '',
                         r'File "/usr/main.py", line [23](.*\n)+SyntaxError: .*\n$'),
    'exits with a number': ({'usr/main.py': 'import sys\nsys.exit(7)\n'}, 7, '', r'^$'),
    'exits without one': ({'usr/main.py': 'raise SystemExit\n'}, 0, '', r'^$'),
    'is not there': ({}, 1, '', r'^/usr/main.py: cannot be read: \[Errno 2\] ENOENT\n$'),
    'its surroundings': ({'usr/main.py': 'import sys\n'
                                         'print(__name__, getattr(sys, "argv", []), '
                                         'sys.path[0] == "")\n'
                                         'print(sorted(n for n in dir() if n[0] != "_"))\n'},
                         0, "__main__ [] True\n['sys']\n", r'^$'),
}


REPL = {'usr/main.py': 'import sys\nx = 41\nprint("main")\nsys.exit(3)\n'}
ASKED = 'print(x + 1, open("/usr/main.py").read(6))\nopen("/usr/nothing")\n'
ANSWERED = r'main\n(.*\n)*(>>> )?42 import\n(.*\n)*OSError: \[Errno 2\] ENOENT\n'
ENDLESS = {'usr/main.py': 'print("ready")\nwhile True:\n    pass\n'}


def make(files, root):
    """A module of these files."""
    for name in ('usr', 'bak'):
        os.mkdir(os.path.join(root, name))
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)


def run_case(interpreter, files, root):
    """Runs /usr/main.py of these files; returns what subprocess says."""
    make(files, root)
    return subprocess.run(interpreter.command(root, [], '/usr/main.py'), timeout=60, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=interpreters.environment())


def repl_goes_on(interpreter, root):
    """With -i, the REPL has what the application left; returns what is wrong, or nothing."""
    make(REPL, root)
    words = interpreter.command(root, [], '/usr/main.py')
    words.insert(len(interpreter.words), '-i')
    done = subprocess.run(words, input=ASKED, timeout=60,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=interpreters.environment())
    shows_ours = interpreter.kind == 'cpython' and '_twinfs' in done.stdout
    if done.returncode or shows_ours or not re.search(ANSWERED, done.stdout):
        return 'exit %d\n%s' % (done.returncode, done.stdout)
    return ''


def interrupt_ends_it(interpreter, root):
    """Ctrl-C ends an endless loop with a traceback; returns what is wrong, or nothing."""
    make(ENDLESS, root)
    with subprocess.Popen(interpreter.command(root, [], '/usr/main.py'), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=interpreters.environment()) as child:
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=60)[1]
    if child.returncode != 130 or 'File "/usr/main.py", line' not in said \
            or 'KeyboardInterrupt' not in said:
        return 'exit %d\n%s' % (child.returncode, said)
    return ''


def run_at_a_terminal(interpreter):
    """What a person does: returns (checks, failed)."""
    failed = 0
    for case in (repl_goes_on, interrupt_ends_it):
        with tempfile.TemporaryDirectory(prefix='twinfs-python-') as root:
            wrong = case(interpreter, root)
        if wrong:
            failed += 1
            print('FAILED %s: %s' % (case.__name__, wrong))
    return 2, failed


def run(interpreter):
    """All cases; returns (checks, failed)."""
    # Under node there is no terminal: node.mjs runs a script and ends.
    checks, failed = (0, 0) if interpreter.kind == 'node' else run_at_a_terminal(interpreter)
    for name, (files, code, stdout, pattern) in CASES.items():
        with tempfile.TemporaryDirectory(prefix='twinfs-python-') as root:
            done = run_case(interpreter, files, root)
        checks += 3
        wrong = (done.returncode != code) + (done.stdout != stdout)
        wrong += not re.search(pattern, done.stderr)
        if wrong:
            failed += wrong
            print('FAILED ending "%s": exit %d\n%s--\n%s' % (name, done.returncode, done.stdout,
                                                           done.stderr))
    print('%-24s %4d checks%s' % ('endings', checks, ', %d failed' % failed if failed else ''))
    return checks, failed
