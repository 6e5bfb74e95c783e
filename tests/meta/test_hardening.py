# SPDX-License-Identifier: MIT
"""The program and the library are linked and compiled with what makes a mistake harder to use.

arguments: ELF files; of an optimised build, without sanitizers
"""
import shutil
import sys

import project


def complaints_of(path):
    headers = project.run('readelf', '--file-header', '--program-headers', '--dynamic', '--wide', path)
    names = project.run('readelf', '--dyn-syms', '--wide', path)
    stack = [line for line in headers.splitlines() if 'GNU_STACK' in line]
    wanted = {
        'position-independent': 'DYN (' in headers,
        'has a read-only table of functions': 'GNU_RELRO' in headers,
        'filled before the start': 'BIND_NOW' in headers or 'Flags: NOW' in headers,
        'has a stack that is no code': len(stack) == 1 and 'E' not in stack[0].split()[-2],
        'checks its stack': '__stack_chk_fail' in names,
        'checks its buffers': '_chk@' in names.replace('__stack_chk_fail@', ''),
    }
    return [f'{path}: not so: {what}' for what, is_so in wanted.items() if not is_so]


def main():
    if not shutil.which('readelf'):
        project.skip('readelf is not installed')
    files = sys.argv[1:]
    if not files:
        sys.exit('no file was named')
    print(', '.join(files))
    project.end([it for path in files for it in complaints_of(path)])


if __name__ == '__main__':
    main()
