# SPDX-License-Identifier: MIT
"""Every document that a comment or another document refers to exists."""
import os
import re
import sys

import project


def main():
    complaints, count = [], 0
    for name in project.sources('src', 'include', 'emulator', 'tools', 'tests',
                                ends=('.c', '.h', '.py', '.build')):
        for reference in re.findall(r'\bdocs/[\w./-]+\.(?:md|1)\b', project.read(name)):
            count += 1
            if not os.path.exists(project.path(reference)):
                complaints.append(f'{name}: {reference} does not exist')
    pages = ['README.md', 'CONTRIBUTING.md', *project.sources('docs', ends=('.md',))]
    for name in pages:
        for reference in re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)', project.read(name)):
            count += 1
            if not os.path.exists(project.path(os.path.dirname(name), reference)):
                complaints.append(f'{name}: {reference} does not exist')
    if not count:
        sys.exit('no reference was found')
    print(f'{count} references')
    project.end(complaints)


if __name__ == '__main__':
    main()
