#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run_start.py - how long until the first line of an application?

From the start of `twinfs run` to the first line that main.py prints, and to the end of it all;
next to the interpreter alone with the same file. In between lie the mount and its boot, the
question what the interpreter is, the sandbox, and the modules of the device. All of them take
turns, so that what else the machine does hits all alike.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import figures

MAIN = b'print("first")\n'


def first_and_end(words, environment):
    """Milliseconds from the start to the first line, and to the end."""
    begin = time.perf_counter()
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          env=environment) as program:
        line = program.stdout.readline()
        first = time.perf_counter()
        program.stdout.read()
    end = time.perf_counter()
    if line != b'first\n' or program.returncode:
        sys.exit('%s: exit %d, and said %r' % (words, program.returncode, line))
    return (first - begin) * 1e3, (end - begin) * 1e3


def make_image(twinfs, folder):
    """A module with main.py that has booted once: the next boot of it writes nothing."""
    image, app = os.path.join(folder, 'app.img'), os.path.join(folder, 'app')
    os.mkdir(app)
    with open(os.path.join(app, 'main.py'), 'wb') as file:
        file.write(MAIN)
    for words in (['mk', '-q', image, '--user', app], ['boot', image]):
        subprocess.run([twinfs, *words], check=True, stdout=subprocess.DEVNULL)
    return image, os.path.join(app, 'main.py')


def contestants(options, image, main):
    """Name -> command."""
    found = {}
    for python in options.python:
        name = os.path.basename(python)
        found[name + ', alone'] = [python, main]
        found[name + ', run'] = [options.twinfs, 'run', '-q', '--python', python, image]
        if 'micropython' not in name and shutil.which('bwrap'):
            found[name + ', run, bwrap'] = [options.twinfs, 'run', '-q', '--sandbox', 'bwrap',
                                            '--python', python, image]
    return found


def measure(options):
    """Name -> ([first], [end])."""
    with tempfile.TemporaryDirectory(prefix='twinfs-bench-') as folder:
        words = contestants(options, *make_image(options.twinfs, folder))
        values = {name: ([], []) for name in words}
        for turn in range(options.rounds + 1):
            for name, command in words.items():
                first, end = first_and_end(command, os.environ)
                if turn:  # the first round fills the caches
                    values[name][0].append(first)
                    values[name][1].append(end)
    return values


def show(values):
    print('%-28s %12s %8s %8s %12s' % ('', 'first line', 'least', 'most', 'end'))
    for name, (first, end) in values.items():
        figure = figures.summary(first)
        print('%-28s %9.1f ms %8.1f %8.1f %9.1f ms' % (
            name, figure['median'], figure['min'], figure['max'], figures.summary(end)['median']))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('twinfs', type=os.path.abspath)
    parser.add_argument('--python', action='append', help='an interpreter; may be given again')
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--json', help='file for all the figures')
    options = parser.parse_args()
    if not options.python:
        options.python = [path for path in map(shutil.which, ('python3', 'micropython')) if path]
    values = measure(options)
    show(values)
    if options.json:
        with open(options.json, 'w', encoding='ascii') as file:
            json.dump({name: dict(zip(('first_ms', 'end_ms'), both))
                       for name, both in values.items()}, file, indent=1)


if __name__ == '__main__':
    main()
