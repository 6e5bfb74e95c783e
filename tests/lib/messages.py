# SPDX-License-Identifier: MIT
"""Transcripts of what is said to users: a command, what it has to write to stderr, its status.

    $ twinfs ls nix.img
    twinfs ls: nix.img: cannot be opened: no such file or directory
    => 2

Lines that begin with # are for readers. "$ not as root: twinfs ..." is left out when root runs
it. The folder that commands run in stands as DIR.
"""
import os
import shlex
import subprocess


class Case:
    def __init__(self, line, number):
        self.number = number
        self.is_for_users = line.startswith('not as root: ')
        self.command = line.removeprefix('not as root: ')
        self.err = ''
        self.status = None

    def __str__(self):
        return f'line {self.number}: {self.command}'


def read(path):
    """The cases of a transcript, in order."""
    cases = []
    with open(path, encoding='ascii') as file:
        for number, line in enumerate(file, 1):
            if line.startswith('$ '):
                cases.append(Case(line[2:].rstrip('\n'), number))
            elif line.startswith('=> '):
                cases[-1].status = int(line[3:])
            elif line.strip() and not line.startswith('#'):
                cases[-1].err += line
    return cases


def run(exe, case, folder):
    """What it says, and its status; other commands than twinfs get things ready."""
    words = shlex.split(case.command)
    words = [exe if word == 'twinfs' else word for word in words]
    env = {**os.environ, 'NO_COLOR': '1', 'LC_ALL': 'C'}
    env.pop('SOURCE_DATE_EPOCH', None)
    done = subprocess.run(words, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=100,
                          check=False)
    said = done.stderr.decode('utf-8', 'backslashreplace').replace(os.path.realpath(folder), 'DIR')
    return said.replace(folder, 'DIR'), done.returncode


def judge(test, exe, path, folder):
    """All cases of a transcript; the test fails with each that says something else."""
    cases = read(path)
    for case in cases:
        if case.is_for_users and not os.geteuid():
            continue
        with test.subTest(case=str(case)):
            said, status = run(exe, case, folder)
            test.assertEqual((said, status), (case.err, case.status or 0))
            if said and case.command.startswith('twinfs ') and status:
                test.assertEqual(said.count('\n'), 1, 'one line says it')
    return cases
