#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints docs/errors.md: the problem table and the codes of include/twinfs/error.h, as a page.

usage: make-errors-doc.py > docs/errors.md
"""
import os
import re
import sys

HEADER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                      'include', 'twinfs', 'error.h')

# What the part of a name in front of the dot stands for, in the order of the page.
AREAS = {
    'image': 'Image files',
    'flash': 'The chip',
    'lfs': 'littlefs',
    'secure': 'SecureData',
    '': 'The module',
}

HEAD = """\
<!-- Made by tools/make-errors-doc.py from include/twinfs/error.h; do not edit. -->
# Problems and codes

What twinfs finds wrong has a name, which `twinfs check --json` prints as `problem` and which never
changes its meaning, and a severity:

| severity | meaning |
|---|---|
"""

CODES = """
## Codes

Every function of the library that can fail returns 0 or a count, else one of these, negative:

| code | meaning |
|---|---|
"""


def rows(text):
    """(name, severity, text) of every problem, without "none"."""
    text = re.sub(r'\\\n\s*', '', text)  # lines of a macro
    found = re.findall(r'\bX\(\w+,\s*"([^"]+)",\s*(\w+),\s*"([^"]+)"\)', text)
    return [(name, severity.lower(), words) for name, severity, words in found if name != 'none']


def severities(text):
    body = re.search(r'enum twinfs_severity \{(.*?)\}', text, re.S)[1]
    return [(name.lower(), words)
            for name, words in re.findall(r'TWINFS_(\w+),\s*/\* (.*?) \*/', body)]


def codes(text):
    body = re.search(r'Meaning of the codes.*?:\n(.*?)\n \*\n', text, re.S)[1]
    return re.findall(r'^ \*   (\S+) +(.*)$', body, re.M)


def page(text):
    lines = [HEAD.rstrip('\n')]
    lines += [f'| {name} | {words} |' for name, words in severities(text)]
    problems = rows(text)
    for area, title in AREAS.items():
        lines += ['', f'## {title}', '', '| problem | severity | meaning |', '|---|---|---|']
        lines += [f'| `{name}` | {severity} | {words} |' for name, severity, words in problems
                  if (name.split('.')[0] if '.' in name else '') == area]
    lines += [CODES.rstrip('\n')]
    lines += [f'| {"others" if code == "others" else f"`{code}`"} | {words} |'
              for code, words in codes(text)]
    return '\n'.join(lines) + '\n'


def main():
    with open(HEADER, encoding='utf-8') as file:
        text = file.read()
    made = page(text)
    for name, _, _ in rows(text):
        if f'`{name}`' not in made:
            sys.exit(f'make-errors-doc.py: {name}: its area is not in the table of areas')
    sys.stdout.write(made)


if __name__ == '__main__':
    main()
