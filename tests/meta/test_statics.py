# SPDX-License-Identifier: MIT
"""No variable in the library outlives a call, but in objects that are passed: there is no writable
static, of a file or of a function.

arguments: the static libraries of the layers
"""
import re
import sys

import project

# Sections of variables. Constants that hold addresses lie in .data.rel.ro.
WRITABLE = re.compile(r'\.(data|bss|tdata|tbss)(?!\.rel\.ro)([.]|$)')
ROW = re.compile(r'^[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ +(?:\.\w+ )?(\S+)$')


def find(table):
    """The symbols with a size of a writable section in the output of objdump -t."""
    found, file = [], ''
    for line in table.splitlines():
        if 'file format' in line:
            file = line.split(':')[0]
        row = ROW.match(line)
        if row and WRITABLE.match(row[1]) and row[2] != row[1]:
            found.append(f'{file}: {row[2]} is a variable in {row[1]}')
        elif row and row[1] == '*COM*':
            found.append(f'{file}: {row[2]} is a common variable')
    return found


def self_test():
    table = ('a.o:     file format elf64-x86-64\n'
             '0000000000000000 l    d  .data\t0000000000000000 .data\n'
             '0000000000000010 l     O .bss\t0000000000000004 count.0\n'
             '0000000000000000 g     O .data.rel.ro.local\t0000000000000020 .hidden table\n'
             '0000000000000000 g     O .data.rel\t0000000000000020 .hidden list\n'
             '0000000000000000 l     O .rodata\t0000000000000008 magic\n'
             '0000000000000000 g     F .text\t0000000000000020 function\n')
    assert [line.split()[1] for line in find(table)] == ['count.0', 'list'], find(table)


def main():
    self_test()
    complaints = []
    for library in sys.argv[1:]:
        table = project.run('objdump', '--syms', library)
        if '.text' not in table:
            sys.exit(f'{library}: nothing in it')
        complaints += find(table)
    print(f'{len(sys.argv) - 1} libraries')
    project.end(complaints)


if __name__ == '__main__':
    main()
