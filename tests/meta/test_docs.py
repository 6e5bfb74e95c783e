# SPDX-License-Identifier: MIT
"""What comments and documents refer to exists, and the scripts that they call can be run."""
import os
import re
import sys

import project


def scripts_of(text):
    """Of the indented lines, which are commands, those that begin with a file of ours."""
    return re.findall(r'^ {4,}((?:tests|tools)/[\w./-]+)', text, re.M)


def main():
    complaints, count = [], 0
    for name in project.sources('src', 'include', 'emulator', 'tools', 'tests',
                                ends=('.c', '.h', '.py', '.build')):
        for reference in re.findall(r'\bdocs/[\w./-]+\.(?:md|1)\b', project.read(name)):
            count += 1
            if not os.path.exists(project.path(reference)):
                complaints.append(f'{name}: {reference} does not exist')
    pages = [*filter(lambda name: name.endswith('.md'), sorted(os.listdir(project.path('')))),
             *project.sources('docs', 'tests', 'images', ends=('.md',))]
    for name in pages:
        for script in scripts_of(project.read(name)):
            count += 1
            if not os.access(project.path(script), os.X_OK):
                complaints.append(f'{name}: {script} cannot be run')
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
