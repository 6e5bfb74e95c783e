#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py - runs every benchmark and puts the figures into docs/benchmarks.md.

The page has a pair of comments, <!-- begin NAME --> and <!-- end NAME -->, for
each benchmark; what is between them is replaced. The figures themselves are
kept in --keep, so that the page can be made again (--render) without measuring.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys

import figures
from module import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(ROOT, 'docs', 'benchmarks.md')
PLOTS = os.path.join(ROOT, 'docs', 'benchmarks')


def commands(args):
    """Benchmark -> its command line; files in args.keep are named after it."""
    def keep(name):
        return os.path.join(args.keep, name)

    twinfs = os.path.join(args.build, 'tools', 'twinfs')
    programs = os.path.join(args.build, 'tests', 'bench')
    peers = ['--peers', args.peers] if args.peers else []
    engines = [word for peer in args.engine_peer for word in ('--peer', peer)]
    forms = ['--format', args.format]
    turns = ['--lock', args.lock] if args.lock else []
    return {
        'file-work': ['bench.py', twinfs, *forms, *peers, *turns, '--rounds', str(args.rounds),
                      '--image-size', args.image_size, '--json', keep('file-work.json')],
        'instructions': ['instructions.py', os.path.join(programs, 'engine'), *forms, *engines],
        'boot': ['boot_time.py', twinfs, '--programs', programs,
                 '--format', args.format.split(',')[0], *turns],
        'crash-states': ['crash_states.py',
                         os.path.abspath(os.path.join(programs, 'bench_explore')), *turns],
        'scaling': ['scaling.py', twinfs, *forms, *turns, '--tsv', keep('scaling.tsv'),
                    '--plot', PLOTS],
    }


def measure(args):
    os.makedirs(args.keep, exist_ok=True)
    with open(os.path.join(args.keep, 'machine.txt'), 'w', encoding='utf-8') as file:
        file.write(machine() + '\n')
    for name, words in commands(args).items():
        if name not in args.only.split(','):
            continue
        print(f'report.py: {name}', file=sys.stderr)
        with open(os.path.join(args.keep, name + '.txt'), 'w', encoding='utf-8') as file:
            subprocess.run([sys.executable, '-B', os.path.join(HERE, words[0]), *words[1:]],
                           stdout=file, check=True)


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        model = re.search(r'^model name\s*:\s*(.*)$', file.read(), re.M)
    return (f'{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} CPUs, '
            f'Linux {platform.release()}, images in tmpfs')


def fenced(text):
    return f'```\n{text.rstrip()}\n```'


def render_file_work(document):
    parts = []
    for kind, image in document['images'].items():
        for subject, rows in image['rows'].items():
            labels = list(dict.fromkeys(label for row in rows.values() for label in row['against']))
            parts.append(f"### {subject}, image of {kind}, {document['rounds']} rounds\n\n"
                         + figures.markdown_table(rows, labels))
    for entry in document['against']:
        form = f" ({entry['form']})" if entry['form'] else ''
        parts.append(f"{entry['label']}{form}: at each item the fastest of "
                     f"{', '.join(entry['rivals'])}.")
    return '\n\n'.join(parts)


def render_memory(text):
    """Head and points of the sweep "memory"."""
    return fenced('\n'.join(line for line in text.splitlines()
                            if line.startswith(('sweep', 'memory'))))


def rendered(keep):
    """Section -> its text, of all figures that are there."""
    def read(name):
        with open(os.path.join(keep, name), encoding='utf-8') as file:
            return file.read()

    there = set(os.listdir(keep))
    found = {name: fenced(read(name + '.txt')) for name in ('machine', 'instructions', 'boot',
                                                               'crash-states')
             if name + '.txt' in there}
    if 'file-work.json' in there:
        found['file-work'] = render_file_work(json.loads(read('file-work.json')))
    if 'scaling.txt' in there:
        found['memory'] = render_memory(read('scaling.txt'))
    return found


def replace_sections(page, sections):
    """The page with these sections between their comments."""
    for name, text in sections.items():
        begin, end = f'<!-- begin {name} -->', f'<!-- end {name} -->'
        head, found, rest = page.partition(begin)
        _, found_end, tail = rest.partition(end)
        if not found or not found_end:
            raise ValueError(f'the page has no section {name}')
        page = f'{head}{begin}\n\n{text}\n\n{end}{tail}'
    return page


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', help='build folder, of --buildtype=release')
    parser.add_argument('--keep', metavar='DIR', required=True, help='where the figures go')
    parser.add_argument('--peers', metavar='FILE', help='of bench.py')
    parser.add_argument('--engine-peer', action='append', default=[], metavar='NAME=COMMAND',
                        help='--peer of instructions.py')
    parser.add_argument('--format', default='lfs1,lfs2', help='comma list (%(default)s)')
    parser.add_argument('--rounds', type=int, default=5, help='of bench.py (%(default)s)')
    parser.add_argument('--image-size', default='5M,256M', help='of bench.py (%(default)s)')
    parser.add_argument('--lock', metavar='FILE', help='of all of them but instructions.py')
    parser.add_argument('--only', default='file-work,instructions,boot,crash-states,scaling',
                        help='comma list (%(default)s)')
    parser.add_argument('--render', action='store_true', help='measure nothing')
    return parser.parse_args()


def main():
    args = parse()
    if not args.render:
        measure(args)
    with open(PAGE, encoding='utf-8') as file:
        page = replace_sections(file.read(), rendered(args.keep))
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(page)


if __name__ == '__main__':
    main()
