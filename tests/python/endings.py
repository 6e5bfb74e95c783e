# SPDX-License-Identifier: MIT
"""How an application ends: exit code, traceback, what is printed; for each interpreter."""
import os
import re
import subprocess
import tempfile

import interpreters

# name: (files, exit code, stdout, a pattern in stderr)
CASES = {
    'returns': ({'usr/main.py': 'print("hello")'}, 0, 'hello\n', r'^$'),
    'raises': ({'usr/main.py': 'def f():\n    return [][0]\nf()\n'}, 1, '',
               r'^Traceback \(most recent call last\):\n'
               r'  File "/usr/main.py", line 3, in <module>\n(    f\(\)\n)?'
               r'  File "/usr/main.py", line 2, in f\n(    return .*\n(.*\^.*\n)?)?'
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
    'its surroundings': ({'usr/main.py': 'import sys\nprint(__name__, getattr(sys, "argv", []), sys.path[0] == "")\n'
                                         'print(sorted(n for n in dir() if n[0] != "_"))\n'},
                         0, "__main__ [] True\n['sys']\n", r'^$'),
}


def run_case(interpreter, files, root):
    """Runs /usr/main.py of these files; returns what subprocess says."""
    for name in ('usr', 'bak'):
        os.mkdir(os.path.join(root, name))
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
    return subprocess.run(interpreter.command(root, [], '/usr/main.py'), timeout=60, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=interpreters.environment())


def run(interpreter):
    """All cases; returns (checks, failed)."""
    checks = failed = 0
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
