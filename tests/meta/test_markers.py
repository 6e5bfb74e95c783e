# SPDX-License-Identifier: MIT
"""No file has the marks that an unfinished merge leaves, not even within a comment."""
import re
import sys

import project

ENDS = ('.c', '.h', '.py', '.build', '.md', '.1', '.js', '.css', '.html', '.json', '.txt', '.rules')
MARK = re.compile(r'^(?:<{7}|>{7}|\|{7}) .*|^={7}$', re.MULTILINE)


def main():
    complaints, count = [], 0
    names = project.sources('docs', 'emulator', 'images', 'include', 'src', 'tests', 'tools', ends=ENDS)
    for name in ['README.md', 'CONTRIBUTING.md', 'meson.build', *names]:
        count += 1
        text = project.read(name)
        complaints += [f'{name}:{text.count(chr(10), 0, mark.start()) + 1}: {mark.group()}'
                       for mark in MARK.finditer(text)]
    if count < 100:
        sys.exit(f'{count} files only')
    print(f'{count} files')
    project.end(complaints)


if __name__ == '__main__':
    main()
