# SPDX-License-Identifier: MIT
"""The public headers declare what abi.txt says, so that no change of the ABI goes unseen.

A program that was built with one libtwinfs.so.N has to run with every later one of that N.
When this test fails, CONTRIBUTING.md ("To change the library's interface") says what is to
be done; "tests/meta/test_abi.py --update" writes the list anew.
"""
import difflib
import os
import re
import sys

import project

LIST = 'tests/meta/abi.txt'
HEAD = '# What the public headers declare, one declaration a line. See test_abi.py.\n'


def without_preprocessor(text):
    """(the macros with a value, the text without lines of the preprocessor)"""
    lines = text.replace('\\\n', ' ').split('\n')
    macros = [line for line in lines if re.match(r'#\s*define\s+\w+(\([^)]*\))?\s+\S', line)]
    return macros, '\n'.join(line for line in lines if not line.startswith('#'))


def declarations(text):
    """Each declaration and each macro of a header as one line of single blanks."""
    macros, text = without_preprocessor(re.sub(r'/\*.*?\*/', ' ', text, flags=re.S))
    text = text.replace('extern "C" {', '')
    found, depth, begin = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == '{') - (char == '}')
        if char == ';' and depth == 0:
            found.append(text[begin:at + 1])
            begin = at + 1
        if depth < 0:  # the end of extern "C"
            depth, begin = 0, at + 1
    return [' '.join(each.split()) for each in macros + found]


def listing():
    lines = []
    for name in sorted(project.sources('include')):
        lines += [f'{os.path.basename(name)}: {each}\n' for each in declarations(project.read(name))]
    return HEAD + ''.join(lines)


def main():
    now = listing()
    if sys.argv[1:] == ['--update']:
        with open(project.path(LIST), 'w', encoding='utf-8') as file:
            file.write(now)
        return
    if now.count('TWINFS_API') < 100:
        sys.exit('hardly a function was found')
    change = difflib.unified_diff(project.read(LIST).splitlines(), now.splitlines(), LIST, 'headers',
                                  lineterm='', n=0)
    complaints = list(change)
    if complaints:
        complaints.append('see "To change the library\'s interface" in CONTRIBUTING.md')
    print(f'{now.count(chr(10)) - 1} declarations')
    project.end(complaints)


if __name__ == '__main__':
    main()
