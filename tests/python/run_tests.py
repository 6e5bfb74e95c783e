# SPDX-License-Identifier: MIT
"""Runs the tests of the emulated modules with one interpreter:

    run_tests.py cpython|micropython|node [NAME ...]

Each test_NAME.py is copied to /bak of a fresh module (a plain directory) and runs there as the
application would. A line "# run: KEY=VALUE ..." in it runs it with these settings, once for
each such line; "# with: FILE ..." copies more files; "# skip: KIND why" leaves an interpreter out.
A file with "# only: mount" is run on a real mount by tests/e2e/test_python.py, as are all others
but those with "# skip: mount why".
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import endings
import interpreters

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = {
    'usr/main.py': b'PROJECT_NAME = "test"\nPROJECT_VERSION = "1.0.0"\n',
    'usr/cfg.json': b'{"volume": 5}\n',
    'usr/lib/net.py': b'def connect():\n    return True\n',
    'usr/data.bin': bytes(range(256)) * 40,
    'bak/usr/main.py': b'PROJECT_NAME = "test"\n',
    'bak/note.txt': b'from the factory\n',
}


def make_root(folder, script):
    """A module as a plain directory, with a script in its /bak."""
    for name, data in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(data)
    helpers = ['check.py'] + ' '.join(headers(script, 'with')).split()
    for name in [script] + [os.path.join(HERE, helper) for helper in helpers]:
        shutil.copy(name, os.path.join(folder, 'bak'))


def headers(script, word):
    """The texts behind "# WORD:" in a script."""
    with open(script, encoding='utf-8') as file:
        return re.findall(r'^# %s: (.*)$' % word, file.read(), re.MULTILINE)


def run_script(interpreter, script, settings, root):
    """Runs a test; returns (checks, failed, output)."""
    words = interpreter.command(root, settings, '/bak/' + os.path.basename(script))
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False,
                          env=interpreters.environment())
    output = done.stdout.decode(errors='replace')
    found = re.findall(r'^checks: (\d+) failed: (\d+)$', output, re.MULTILINE)
    if not found or (done.returncode != 0) != (found[-1][1] != '0'):
        return 0, 1, '%s\nexit %d' % (output, done.returncode)
    return int(found[-1][0]), int(found[-1][1]), output


def run_file(interpreter, script):
    """All runs of a test file; returns (checks, failed)."""
    name = os.path.basename(script)[5:-3]
    if headers(script, 'only'):
        return 0, 0
    for text in headers(script, 'skip'):
        kind, _, why = text.partition(' ')
        if kind == interpreter.kind:
            print('%-24s skipped: %s' % (name, why))
            return 0, 0
    checks = failed = 0
    for settings in headers(script, 'run') or ['']:
        with tempfile.TemporaryDirectory(prefix='twinfs-python-') as root:
            make_root(root, script)
            done = run_script(interpreter, script, settings.split(), root)
        label = '%s %s' % (name, settings) if settings else name
        print('%-24s %4d checks%s' % (label, done[0], ', %d failed' % done[1] if done[1] else ''))
        if done[1] or not done[0]:
            print(done[2])
            failed += max(done[1], 1)
        checks += done[0]
    return checks, failed


def main():
    kind, *names = sys.argv[1:]
    interpreter = interpreters.find(kind)
    if isinstance(interpreter, str):
        print('skipped: ' + interpreter)
        sys.exit(interpreters.SKIPPED)
    print('%s: %s' % (kind, interpreter.version()))
    checks = failed = 0
    for script in sorted(glob.glob(os.path.join(HERE, 'test_*.py'))):
        if not names or os.path.basename(script)[5:-3] in names:
            done = run_file(interpreter, script)
            checks += done[0]
            failed += done[1]
    if not names or 'endings' in names:
        done = endings.run(interpreter)
        checks += done[0]
        failed += done[1]
    print('%s: %d checks, %d failed' % (kind, checks, failed))
    sys.exit(1 if failed or not checks else 0)


if __name__ == '__main__':
    main()
