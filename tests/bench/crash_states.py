#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""crash_states.py - how many crash states a second does the explorer judge?

A recorded run of 1,000 rewrites of small files is explored: by format, size of
the user partition and number of workers. Beside it the plain way on the same
states, which is what one writes first: copy the image, apply the operations,
boot, check, read everything.
"""
import argparse
import re
import statistics
import subprocess
import tempfile

import figures
from module import held

SIZES = {384: '384 KiB', 5120: '5 MiB', 65536: '64 MiB', 1048576: '1 GiB'}
PLAIN = {384: 2000, 5120: 2000, 65536: 100, 1048576: 5}  # states that take about a second
FACTS = re.compile(r'([0-9]+) states \([0-9]+ after a second cut\), ([0-9]+) boots.*?'
                   r': ([0-9]+) states/s')


def run(program, *words):
    with tempfile.TemporaryDirectory(prefix='twinfs-bench-') as folder:
        return subprocess.run([program, *words], cwd=folder, check=True, text=True,
                              stdout=subprocess.PIPE).stdout


def thousands(value):
    return f'{int(value):,}'


def measure(program, form, size, rounds):
    """The line of one format and size."""
    rates = {1: [], 2: []}
    for _ in range(rounds):
        for workers, values in rates.items():
            states, boots, rate = FACTS.search(
                run(program, '-f', form, '-s', str(size), '-w', str(workers))).groups()
            values.append(int(rate))
    plain = re.search(r'plain way.*?: ([0-9]+) states/s',
                      run(program, '-f', form, '-s', str(size), '-w', '1',
                          '-x', str(PLAIN[size])))
    one, two = (statistics.median(values) for values in rates.values())
    least = max(int(plain[1]), 1)
    return ['lfs' + form, SIZES[size], thousands(states), thousands(boots), thousands(one),
            thousands(two), thousands(least), f'{two / least:,.0f}']


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program', help='bench/bench_explore, of --buildtype=release')
    parser.add_argument('--rounds', type=int, default=3, help='(%(default)s)')
    parser.add_argument('--lock', metavar='FILE', help='held while measuring')
    args = parser.parse_args()
    rows = [['format', 'partition', 'states', 'boots', '1 worker', '2 workers', 'plain way',
             'ratio']]
    with held(args.lock):
        for form in ('1', '2'):
            rows += [measure(args.program, form, size, args.rounds) for size in SIZES]
    print(figures.table(rows))


if __name__ == '__main__':
    main()
