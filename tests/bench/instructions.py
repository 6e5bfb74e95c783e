#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""instructions.py - instructions per operation of the engine alone, counted by callgrind.

Each program runs with N and with 2 N operations; the difference, divided by N,
is free of what they have in common. The same build gives the same figures on
any machine of one kind, however busy it is.
"""
import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

import figures

OPERATIONS = {'create': 'create 1 KiB, commit', 'rewrite': 'rewrite 512 B, commit',
              'read': 'open, read 4 KiB, close', 'lookup': 'look up 1 of 100'}


def total_of(text):
    """Instructions in all, of the text of a callgrind output file."""
    found = re.search(r'^(?:summary|totals): (\d+)$', text, re.M)
    if not found:
        raise ValueError('callgrind wrote no total')
    return int(found[1])


def count_instructions(command):
    with tempfile.TemporaryDirectory(prefix='twinfs-bench-') as folder:
        out = os.path.join(folder, 'out')
        words = ['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out,
                 *shlex.split(command)]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode:
            sys.exit(f'{command}: exit {done.returncode}\n{done.stdout}')
        with open(out, encoding='utf-8') as file:
            return total_of(file.read())


def per_operation(command, operation, count):
    """The command's {operation} and {count} are filled in."""
    def total(number):
        return count_instructions(command.replace('{operation}', operation)
                                  .replace('{count}', str(number)))
    return round((total(2 * count) - total(count)) / count)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('engine', help='build/tests/bench/engine')
    parser.add_argument('--format', default='lfs1,lfs2', help='comma list (%(default)s)')
    parser.add_argument('--prog', type=int, default=16, help='program size (%(default)s)')
    parser.add_argument('--count', type=int, default=200, help='N (%(default)s)')
    parser.add_argument('--peer', action='append', default=[], metavar='NAME=COMMAND',
                        help='another program, with {operation} and {count} in its command')
    parser.add_argument('--json', metavar='FILE')
    return parser.parse_args()


def main():
    args = parse()
    columns = {form: f'{shlex.quote(args.engine)} {form} {{operation}} {{count}} {args.prog}'
               for form in args.format.split(',')}
    columns.update(peer.split('=', 1) for peer in args.peer)
    found = {name: {operation: per_operation(command, operation, args.count)
                    for operation in OPERATIONS} for name, command in columns.items()}
    rows = [['instructions per operation', *columns]]
    for operation, what in OPERATIONS.items():
        rows.append([what, *(f'{found[name][operation]:,}' for name in columns)])
    print(figures.table(rows))
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump({'count': args.count, 'prog_size': args.prog, 'instructions': found}, file,
                      indent=1)


if __name__ == '__main__':
    main()
