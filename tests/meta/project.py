# SPDX-License-Identifier: MIT
"""What the tests of the project itself share: where its files are, and how a test ends."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77


def path(*names):
    return os.path.join(ROOT, *names)


def read(*names):
    with open(path(*names), encoding='utf-8') as file:
        return file.read()


def sources(*folders, ends=('.c', '.h')):
    """The names, from the root of the project, of all files below these folders."""
    for folder in folders:
        for top, dirs, files in os.walk(path(folder)):
            dirs[:] = sorted(name for name in dirs if name != '__pycache__')
            for name in sorted(files):
                if name.endswith(tuple(ends)):
                    yield os.path.relpath(os.path.join(top, name), ROOT)


def run(*words, **options):
    """Runs a program and returns its stdout; ends the test when it fails."""
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=300, **options)
    if done.returncode:
        sys.exit(f'{" ".join(words)}: exit {done.returncode}\n{done.stdout}')
    return done.stdout


def skip(reason):
    print('skipped: ' + reason)
    sys.exit(SKIPPED)


def need_fuse():
    """Ends the test as skipped where nothing can be mounted."""
    try:
        os.close(os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        skip(f'/dev/fuse cannot be used: {error.strerror}')


def end(complaints):
    """The test is over: every complaint on a line, and whether there was one."""
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
