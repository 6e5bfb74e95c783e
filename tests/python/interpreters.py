# SPDX-License-Identifier: MIT
"""The interpreters that applications can run in: where they are, how start.py is run by them.

cpython      the one that runs the tests
micropython  the variable MICROPYTHON, or micropython in the path: the unix port
node         node in the path and the npm package of MicroPython's webassembly port: the folder
             that the variable TWINFS_MICROPYTHON_NODE names, or node_modules in a build folder
"""
import glob
import os
import shutil
import subprocess
import sys

SKIPPED = 77  # exit code: it is not installed
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
START = os.path.join(TOP, 'emulator', 'python', 'start.py')
PACKAGE = os.path.join('@micropython', 'micropython-webassembly-pyscript', 'micropython.mjs')


def environment():
    """The environment without what would change an interpreter."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(('PYTHON', 'MICROPY'))}
    kept['PYTHONDONTWRITEBYTECODE'] = '1'
    return kept


class Interpreter:
    """A kind, and the words that start it."""

    def __init__(self, kind, *words):
        self.kind = kind
        self.words = list(words)

    def command(self, root, settings, *script):
        """The words that run a script of the module below root."""
        return self.words + [START, root, *settings, '--', *script]

    def version(self):
        """Its name and version."""
        if self.kind == 'node':
            return self.words[-1]
        code = 'import sys; print(sys.version)'
        return subprocess.run(self.words + ['-c', code], stdout=subprocess.PIPE, text=True,
                              check=True, env=environment()).stdout.strip()


def _node():
    program = shutil.which('node')
    if not program:
        return 'node is not installed'
    named = os.environ.get('TWINFS_MICROPYTHON_NODE')
    folders = [named] if named else sorted(glob.glob(os.path.join(TOP, 'build*', 'node_modules')))
    for folder in folders:
        library = os.path.join(folder, PACKAGE)
        if os.path.exists(library):
            return Interpreter('node', program, os.path.join(HERE, 'node.mjs'), library)
    return 'the npm package of MicroPython is not installed'


def find(kind):
    """The Interpreter of a kind, or the text of why there is none."""
    if kind == 'cpython':
        return Interpreter(kind, sys.executable, '-E', '-s')
    if kind == 'node':
        return _node()
    program = os.environ.get('MICROPYTHON') or shutil.which('micropython')
    if not program:
        return 'micropython is not installed'
    return Interpreter(kind, program)
