# SPDX-License-Identifier: MIT
"""Commands that a document shows, played in a shell, and what they print beside what it shows.

In what is shown "..." stands for anything within a line, and a line of nothing else for any
lines at all. Blanks may differ in number, and empty lines do not count.
"""
import os
import re
import subprocess

MARK = '~~~end of a command~~~'


def steps(block):
    """Yields (command, lines it prints) of a block that has its commands behind "$ ".

    A command goes on behind a backslash at the end of a line, and in lines that begin with "> ".
    """
    for piece in re.split(r'^\$ ', block, flags=re.M)[1:]:
        first, *lines = piece.splitlines()
        command = [first]
        while lines and (command[-1].endswith('\\') or lines[0].startswith('> ')):
            command.append(lines.pop(0).removeprefix('> '))
        yield '\n'.join(command), [line for line in lines if line]


def _pattern(line):
    if line.strip() == '...':
        return r'(?:.*\n)*'
    return '.*'.join(re.escape(' '.join(part.split())) for part in line.split('...')) + r'\n'


def is_like(lines, shown):
    """Whether the lines are what is shown."""
    text = ''.join(' '.join(line.split()) + '\n' for line in lines)
    return re.fullmatch(''.join(map(_pattern, shown)), text) is not None


def play(commands, folder, exe):
    """What a shell prints in the folder, command by command; exe is its twinfs."""
    programs = os.path.join(folder, 'bin')
    os.mkdir(programs)
    os.symlink(os.path.abspath(exe), os.path.join(programs, 'twinfs'))
    # what was left mounted by a failure is gone afterwards
    script = 'trap "{ twinfs umount module || fusermount3 -u -z module; } 2>/dev/null" EXIT\n'
    script += ''.join(f'{command}\necho "{MARK}"\n' for command in commands)
    environment = dict(os.environ, PATH=f'{programs}:{os.environ["PATH"]}', LC_ALL='C.UTF-8')
    done = subprocess.run(['bash'], input=script, text=True, cwd=folder, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False)
    pieces = done.stdout.split(MARK + '\n')
    return [[line for line in piece.splitlines() if line] for piece in pieces[:len(commands)]]


def compare(page, shown, outputs):
    """Complaints about commands that print something else than the page shows."""
    complaints = []
    for (command, lines), printed in zip(shown, outputs):
        if not is_like(printed, lines):
            complaints.append('\n'.join(['$ ' + command, page + ' shows:', *lines,
                                         'it prints:', *printed, '']))
    if len(outputs) < len(shown):
        complaints.append(page + ': the shell ended early')
    return complaints
