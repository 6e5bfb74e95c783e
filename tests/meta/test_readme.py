# SPDX-License-Identifier: MIT
"""A page does what it shows: the tour of README.md, and the tutorial.

Each ```console block holds commands behind "$ " and what they print. All run in one shell, in a
folder of their own that holds the applications of images/.

arguments: the twinfs program, a page, and the title of its section that is meant (all of it)
"""
import os
import re
import shutil
import sys
import tempfile

import project
import tour

sys.path.insert(0, project.path('tests', 'e2e'))
import lib


def steps_of(page, title):
    text = project.read(page)
    if title:
        text = re.search(rf'^## {title}\n(.*?)^## ', text, re.M | re.S)[1]
    for block in re.findall(r'^```console\n(.*?)^```', text, re.M | re.S):
        yield from tour.steps(block)


def can_mount():
    project.need_fuse()
    if not shutil.which('micropython') and not any(map(lib.can_hide_files, ('namespace', 'bwrap'))):
        project.skip('neither MicroPython, nor a mount namespace, nor bubblewrap can be had')


def main():
    can_mount()
    page, title = sys.argv[2], ' '.join(sys.argv[3:])
    steps = list(steps_of(page, title))
    if not any('twinfs run' in command for command, _ in steps):
        sys.exit('the tour was not found')
    with tempfile.TemporaryDirectory(prefix='twinfs-meta-') as folder:
        shutil.copytree(project.path('images'), os.path.join(folder, 'images'))
        outputs = tour.play([command for command, _ in steps], folder, sys.argv[1])
    print(f'{len(steps)} commands')
    project.end(tour.compare(page, steps, outputs))


if __name__ == '__main__':
    main()
