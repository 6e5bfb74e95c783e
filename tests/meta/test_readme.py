# SPDX-License-Identifier: MIT
"""A page does what it shows: the tour of README.md, and the tutorial.

Each ```console block holds commands behind "$ " and what they print. All run in one shell, in a
folder of their own that holds the applications of images/; "..." in the text stands for
anything within a line.

arguments: the twinfs program, a page, and the title of its section that is meant (all of it)
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import project

sys.path.insert(0, project.path('tests', 'e2e'))
import lib

MARK = '~~~end of a command~~~'


def tour(page, title):
    """Yields (command, lines it prints) of the section."""
    text = project.read(page)
    if title:
        text = re.search(rf'^## {title}\n(.*?)^## ', text, re.M | re.S)[1]
    for block in re.findall(r'^```console\n(.*?)^```', text, re.M | re.S):
        for piece in re.split(r'^\$ ', block, flags=re.M)[1:]:
            lines = piece.splitlines()
            count = 1
            while lines[count - 1].endswith('\\'):
                count += 1
            yield '\n'.join(lines[:count]), [line for line in lines[count:] if line]


def is_like(line, shown):
    """Whether the line is what the page shows; blanks may differ in number."""
    pattern = '.*'.join(re.escape(' '.join(part.split())) for part in shown.split('...'))
    return re.fullmatch(pattern, ' '.join(line.split())) is not None


def can_mount():
    try:
        os.close(os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        project.skip(f'/dev/fuse cannot be used: {error.strerror}')
    if not shutil.which('micropython') and not any(map(lib.can_hide_files, ('namespace', 'bwrap'))):
        project.skip('neither MicroPython, nor a mount namespace, nor bubblewrap can be had')


def play(steps, folder):
    """What the shell printed, command by command."""
    script = ''.join(f'{command}\necho "{MARK}"\n' for command, _ in steps)
    # what was left mounted by a failure is gone afterwards
    script = 'trap "fusermount3 -u -z module 2>/dev/null" EXIT\n' + script
    environment = dict(os.environ, PATH=f'{folder}/bin:{os.environ["PATH"]}', LC_ALL='C.UTF-8')
    done = subprocess.run(['bash'], input=script, text=True, cwd=folder, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False)
    pieces = done.stdout.split(MARK + '\n')
    return [[line for line in piece.splitlines() if line] for piece in pieces[:len(steps)]]


def compare(page, steps, outputs):
    complaints = []
    for (command, shown), lines in zip(steps, outputs):
        same = len(shown) == len(lines) and all(map(is_like, lines, shown))
        if not same:
            complaints.append('\n'.join(['$ ' + command, page + ' shows:', *shown,
                                         'it prints:', *lines, '']))
    if len(outputs) < len(steps):
        complaints.append('the shell ended early')
    return complaints


def main():
    can_mount()
    page, title = sys.argv[2], ' '.join(sys.argv[3:])
    steps = list(tour(page, title))
    if not any('twinfs run' in command for command, _ in steps):
        sys.exit('the tour was not found')
    with tempfile.TemporaryDirectory(prefix='twinfs-meta-') as folder:
        shutil.copytree(project.path('images'), os.path.join(folder, 'images'))
        os.mkdir(os.path.join(folder, 'bin'))
        os.symlink(os.path.abspath(sys.argv[1]), os.path.join(folder, 'bin', 'twinfs'))
        complaints = compare(page, steps, play(steps, folder))
    print(f'{len(steps)} commands')
    project.end(complaints)


if __name__ == '__main__':
    main()
