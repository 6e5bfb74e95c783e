#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure what comes back from damaged images: a table in Markdown, or JSON.

  table.py [--reader FORMAT=PROGRAM]... [--seeds N] [--json FILE] TWINFS

Each kind of damage is done to healthy images of every shape, with N seeds. Of the content of their
files, in bytes, the table shows how much can be had in four ways: from a plain mount by twinfs;
from what another program reads, which is given IMAGE BLOCK_SIZE and prints the JSON of
../interop/lfs1_reader.py (FORMAT is lfs1 or lfs2); after "twinfs check --repair", under its own name,
and behind a plus under another; and by "twinfs history", under whatever name.
"""
import argparse
import json
import os
import sys

import damage
import healthy
import measure

SHAPES = [healthy.Shape(format, block_size, blocks)
          for format in ('lfs1', 'lfs2')
          for block_size, blocks in ((512, 512), (4096, 128), (16384, 160))]
ALL = {'mount': 'mount', 'reader': 'other reader', 'repair': 'repair', 'history': 'history'}


def add(sums, total, backs):
    """Adds one image's figures."""
    sums['total'] = sums.get('total', 0) + total
    sums['images'] = sums.get('images', 0) + 1
    for way, back in backs.items():
        named, moved = sums.get(way, (0, 0))
        sums[way] = named + back.named, moved + back.moved


def percent(part, whole):
    """Whole per cents; only all is 100, and only nothing is 0."""
    if part in (0, whole):
        return 100 if part else 0
    return min(99, max(1, round(100 * part / whole)))


def cell(sums, way):
    if way not in sums:
        return ''
    named, moved = sums[way]
    if way == 'history':
        return f'{percent(named + moved, sums["total"])} %'
    text = f'{percent(named, sums["total"])} %'
    return text + (f' + {percent(moved, sums["total"])} %' if moved else '')


def print_table(results, format, out):
    ways = [way for way in ALL if any(way in sums for sums in results.values())]
    print('| damage | what | ' + ' | '.join(ALL[way] for way in ways) + ' |', file=out)
    print('|---|---|' + '---:|' * len(ways), file=out)
    for kind, (text, _) in damage.KINDS.items():
        sums = results.get((format, kind))
        if sums:
            print(f'| `{kind}` | {text} | ' + ' | '.join(cell(sums, way) for way in ways) + ' |',
                  file=out)


def measure_all(bench, seeds, kinds):
    results = {}
    for shape in SHAPES:
        image = healthy.make(bench.program, os.path.join(bench.folder, shape.name), shape, 1)
        total = sum(map(len, image.files.values()))
        for kind in kinds:
            for seed in range(1, seeds + 1):
                data = measure.damaged(image, kind, seed)
                if data is not None:
                    add(results.setdefault((shape.format, kind), {}), total,
                        bench.measure(image, data))
    return results


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--reader', action='append', default=[], metavar='FORMAT=PROGRAM')
    parser.add_argument('--seeds', type=int, default=5, metavar='N')
    parser.add_argument('--kind', action='append', choices=list(damage.KINDS))
    parser.add_argument('--json', metavar='FILE')
    parser.add_argument('twinfs')
    return parser.parse_args()


def main():
    args = parse()
    readers = dict(reader.split('=', 1) for reader in args.reader)
    with measure.folder_of_test() as folder:
        bench = measure.Bench(os.path.abspath(args.twinfs), folder, readers)
        results = measure_all(bench, args.seeds, args.kind or list(damage.KINDS))
    for format, title in (('lfs1', 'littlefs 1'), ('lfs2', 'littlefs 2')):
        print(f'\n{title}:\n')
        print_table(results, format, sys.stdout)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump([{'format': format, 'damage': kind, **sums}
                       for (format, kind), sums in results.items()], file, indent=1)
            file.write('\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
