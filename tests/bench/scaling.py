#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scaling.py - how do rates, mount time and memory grow with files, image and clients?

Each point is a fresh image in tmpfs: its files (1 KiB each, 100 in a directory)
are created, looked at with stat and read, the two latter with cold caches; then
it is mounted again for the time until the first listing, and for the memory of
the daemon after the mount and after all files were read.

Clients are processes, each with directories of its own.
"""
import argparse
import csv
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time

import figures
import plot
import work
from module import MIB, Module, daemon_of, held

PER_DIR = 100
BODY = bytes(range(256)) * 4
# Sweep -> points (files, image in MiB, clients).
SWEEPS = {
    'files': [(count, 1024, 1) for count in (100, 1000, 10000, 100000)],
    'image': [(500, mib, 1) for mib in (5, 64, 256, 1024)],
    'clients': [(10000, 256, clients) for clients in (1, 2, 3, 4)],
    'memory': [(500, 5, 1), (100000, 1024, 1)],
}
RATES = {'create_per_s': lambda path: work.write_new(path, BODY), 'stat_per_s': os.stat,
         'read_per_s': work.read_whole}
COLUMNS = ['sweep', 'format', 'files', 'image_mib', 'clients', *RATES, 'mount_ms',
           'mount_rss_kib', 'mount_anon_kib', 'read_rss_kib', 'read_anon_kib']

_barrier = None  # of the clients of one pool


def set_barrier(barrier):
    global _barrier
    _barrier = barrier


def client(task):
    """One client's part: when it began and when it ended."""
    name, paths = task
    _barrier.wait()
    start = time.perf_counter()
    for path in paths:
        RATES[name](path)
    return start, time.perf_counter()


def split(paths, clients):
    """Equal runs of neighbours, so that few directories are shared."""
    edges = [len(paths) * i // clients for i in range(clients + 1)]
    return [paths[a:b] for a, b in zip(edges, edges[1:])]


def rates(paths, clients):
    """Operations per second over all clients."""
    context = multiprocessing.get_context('fork')
    found = {}
    with context.Pool(clients, set_barrier, (context.Barrier(clients),)) as pool:
        for name in RATES:
            if name != 'create_per_s':
                work.drop_caches()
            tasks = [(name, part) for part in split(paths, clients)]
            times = pool.map(client, tasks, chunksize=1)
            seconds = max(end for _, end in times) - min(start for start, _ in times)
            found[name] = len(paths) / seconds
    return found


def memory(pid):
    """(resident, anonymous) memory of a process, in KiB."""
    with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as file:
        return parse_memory(file.read())


def parse_memory(text):
    words = dict(line.split(':', 1) for line in text.splitlines() if ':' in line)
    return tuple(int(words[key].split()[0]) for key in ('VmRSS', 'RssAnon'))


def mount_again(module, mountpoint, paths):
    work.drop_caches()
    start = time.perf_counter()
    module.mount(mountpoint)
    os.listdir(mountpoint + '/usr')
    found = {'mount_ms': (time.perf_counter() - start) * 1e3}
    pid = daemon_of(mountpoint)
    found['mount_rss_kib'], found['mount_anon_kib'] = memory(pid)
    for path in paths:
        if work.read_whole(path) != BODY:
            sys.exit(f'scaling.py: wrong data: {path}')
    found['read_rss_kib'], found['read_anon_kib'] = memory(pid)
    module.umount(mountpoint)
    return found


def once(args, form, point):
    files, mib, clients = point
    with tempfile.TemporaryDirectory(prefix='twinfs-bench-', dir=args.tmp) as folder:
        mountpoint = os.path.join(folder, 'mnt')
        os.mkdir(mountpoint)
        module = Module(args.twinfs, folder)
        module.make(mib * MIB, form, args.prog)
        module.mount(mountpoint)
        try:
            paths = [f'{mountpoint}/usr/d{i // PER_DIR:04}/f{i:06}' for i in range(files)]
            for i in range(0, files, PER_DIR):
                os.mkdir(os.path.dirname(paths[i]))
            found = rates(paths, clients)
        finally:
            module.umount(mountpoint)
        return {**found, **mount_again(module, mountpoint, paths)}


def measure(args):
    """All points once, then again: a slow minute of the machine hits none of them alone."""
    points = [(sweep, form, point) for sweep in args.sweep.split(',')
              for form in args.format.split(',') for point in SWEEPS[sweep]]
    runs = {key: [] for key in points}
    for number in range(args.runs):
        for key in points:
            with held(args.lock):
                runs[key].append(once(args, *key[1:]))
            print(f'run {number + 1} of {args.runs}: {key}', file=sys.stderr)
    return [median_row(key, found) for key, found in runs.items()]


def median_row(key, runs):
    sweep, form, point = key
    return {'sweep': sweep, 'format': form, **dict(zip(('files', 'image_mib', 'clients'), point)),
            **{name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}}


def load(path):
    """The rows of a file that an earlier run has written."""
    with open(path, encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file, delimiter='\t'))
    for row in rows:
        for name in COLUMNS[2:]:
            row[name] = float(row[name])
    return rows


def save(path, rows):
    with open(path, 'w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter='\t', lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('twinfs', nargs='?')
    parser.add_argument('--sweep', default=','.join(SWEEPS), help='comma list (%(default)s)')
    parser.add_argument('--format', default='lfs1,lfs2', help='comma list (%(default)s)')
    parser.add_argument('--prog', type=int, help="bytes programmed at once (the profile's)")
    parser.add_argument('--runs', type=int, default=3, help='of which the medians are (3)')
    parser.add_argument('--tmp', default='/dev/shm', help='where images lie (%(default)s)')
    parser.add_argument('--lock', metavar='FILE', help='hold this file while a point is measured')
    parser.add_argument('--tsv', metavar='FILE', help='write the points')
    parser.add_argument('--json', metavar='FILE', help='the same as JSON')
    parser.add_argument('--from', dest='source', metavar='TSV', help='measure nothing, draw these')
    parser.add_argument('--plot', metavar='DIR', help='draw scaling-*.svg there with gnuplot')
    args = parser.parse_args()
    if bool(args.twinfs) == bool(args.source):
        parser.error('give TWINFS or --from')
    if set(args.sweep.split(',')) - set(SWEEPS):
        parser.error(f'--sweep is of {", ".join(SWEEPS)}')
    return args


def main():
    args = parse()
    rows = load(args.source) if args.source else measure(args)
    print(figures.table([COLUMNS] + [[f'{row[name]:.0f}' if name in COLUMNS[2:] else row[name]
                                      for name in COLUMNS] for row in rows]))
    if args.tsv:
        save(args.tsv, rows)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(rows, file, indent=1)
    if args.plot:
        plot.draw(rows, args.plot)


if __name__ == '__main__':
    main()
