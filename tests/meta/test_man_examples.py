# SPDX-License-Identifier: MIT
"""Manual pages do what they show.

Each literal block of a page may hold commands behind "$ " and what they print. All of a page run in
one shell, in a folder of their own that holds the applications of images/, the demo again as
"my-app", and what the commands behind '.\\" given:' in the page make.

arguments: the twinfs program, "mounted" (pages that mount a module) or "offline", the pages
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

# What the pages use of roff in literal blocks.
ESCAPES = {r'\e': '\\', r'\&': '', r'\-': '-', r'\(aq': "'", r'\(dq': '"'}


def plain(text):
    return re.sub(r'\\(?:[e&-]|\((?:aq|dq))', lambda match: ESCAPES[match[0]], text)


def commands_of(page):
    """(commands that make what the page is about, its own with what they print)."""
    text = project.read(page)
    shown = []
    for block in re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed', text, re.M | re.S):
        shown.extend(tour.steps(plain(block)))
    return re.findall(r'^\.\\" given: (.*)$', text, re.M), shown


def play(page, exe):
    given, shown = commands_of(page)
    with tempfile.TemporaryDirectory(prefix='twinfs-meta-') as folder:
        shutil.copytree(project.path('images'), os.path.join(folder, 'images'))
        shutil.copytree(project.path('images', 'demo'), os.path.join(folder, 'my-app'))
        outputs = tour.play(given + [command for command, _ in shown], folder, exe)
    return tour.compare(page, [(command, []) for command in given] + shown, outputs), len(shown)


def main():
    exe, kind, pages = sys.argv[1], sys.argv[2], sys.argv[3:]
    if kind == 'mounted':
        project.need_fuse()
    can_run = shutil.which('micropython') or any(map(lib.can_hide_files, ('namespace', 'bwrap')))
    complaints, count = [], 0
    for page in pages:
        given, shown = commands_of(page)
        words = '\n'.join(given + [command for command, _ in shown])
        if bool(re.search('twinfs (mount|run)', words)) != (kind == 'mounted') or not shown:
            continue
        if 'twinfs run' in words and not can_run:
            print(f'{page}: skipped: no interpreter can be shut in')
            continue
        said, played = play(page, exe)
        complaints.extend(said)
        count += played
    print(f'{count} commands')
    if not count:
        complaints.append('no commands were found')
    project.end(complaints)


if __name__ == '__main__':
    main()
