#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""work.py - file work on a mounted directory, each item timed.

The directory has to be empty. The class says how large the image behind it is.
One JSON object is printed; README.md beside this file tells what the items are.

Before a "cold" item the caches of the kernel are dropped; that needs root. All
that was written is read back and compared, outside the timed part: wrong data
ends the run with status 1.
"""
import argparse
import json
import mmap
import os
import random
import statistics
import subprocess
import sys
import time

KIB, MIB = 1024, 1024 * 1024
PAGE = 4 * KIB

# Per class: size of the file for streams and of the one for overwrites; files
# and directories that fill the image before the mounts.
CLASSES = {
    '5M': {'stream': 3 * MIB, 'overwrite': MIB, 'files': 500, 'dirs': 10},
    '256M': {'stream': 64 * MIB, 'overwrite': 64 * MIB, 'files': 20000, 'dirs': 200},
}
PATIENCE = 30  # seconds for a mount to appear


class Book:
    """The times taken so far, by item."""

    def __init__(self):
        self.rows = {}

    def enter(self, item, unit, value, ops, cut=False):
        row = self.rows.setdefault(item, {'unit': unit, 'values': [], 'ops': ops, 'cut': False})
        row['values'].append(value)
        row['ops'] = min(row['ops'], ops)
        row['cut'] = row['cut'] or cut

    def rate(self, item, seconds, size):
        self.enter(item, 'MiB/s', size / MIB / seconds, max(size // MIB, 1))

    def each(self, item, seconds, ops, cut=False):
        self.enter(item, 'us/op', seconds / ops * 1e6, ops, cut)

    def whole(self, item, seconds):
        self.enter(item, 'ms', seconds * 1e3, 1)

    def lacks(self, item):
        self.rows[item] = None

    def items(self):
        """Item -> what of its values is printed; None where it could not be done."""
        return {item: row and {
            'unit': row['unit'], 'ops': row['ops'], 'cut': row['cut'],
            'median': round(statistics.median(row['values']), 3),
            'min': round(min(row['values']), 3), 'max': round(max(row['values']), 3),
            'n': len(row['values']),
        } for item, row in self.rows.items()}


def must(condition, what):
    if not condition:
        sys.exit('work.py: wrong data: ' + what)


def drop_caches():
    try:
        with open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as file:
            file.write('3')
    except OSError as err:
        sys.exit(f'work.py: the caches cannot be dropped: {err.strerror}')


def seconds_of(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def write_new(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    written = os.write(fd, data)
    os.close(fd)
    must(written == len(data), 'short write to ' + path)


def read_whole(path):
    fd = os.open(path, os.O_RDONLY)
    data = os.read(fd, 64 * KIB)
    os.close(fd)
    return data


def write_stream(path, data):
    """Pieces of 1 MiB and one fsync at the end."""
    view = memoryview(data)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for start in range(0, len(data), MIB):
        os.write(fd, view[start:start + MIB])
    os.fsync(fd)
    os.close(fd)


def read_stream(fd, buffer, size):
    at = 0
    while at < size:
        got = os.preadv(fd, [buffer], at)
        must(got > 0, 'the file ends early')
        at += got


def must_hold(path, data):
    """What the file system gives, not what the kernel still has, is @data."""
    drop_caches()
    with open(path, 'rb') as file:
        must(file.read() == data, path)


def random_pages(rng, size, count):
    return [rng.randrange(size // PAGE) * PAGE for _ in range(count)]


def read_pages(book, item, path, data, pages, flags):
    """Single pages, without the kernel's read-ahead."""
    buffer = mmap.mmap(-1, PAGE)
    drop_caches()
    try:
        fd = os.open(path, os.O_RDONLY | flags)
        os.preadv(fd, [buffer], 0)
    except OSError:
        book.lacks(item)
        return
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)

    def read_them():
        for at in pages:
            os.preadv(fd, [buffer], at)

    book.each(item, seconds_of(read_them), len(pages))
    os.close(fd)
    must(buffer[:] == data[pages[-1]:pages[-1] + PAGE], item)


def streams(book, top, size, rng, _budget):
    path, data, buffer = top + '/stream', rng.randbytes(size['stream']), mmap.mmap(-1, MIB)
    book.rate('seq_write', seconds_of(lambda: write_stream(path, data)), len(data))
    drop_caches()
    for items in (('seq_read_cold', 'seq_read_samefd'), ('seq_read_reopen',)):
        fd = os.open(path, os.O_RDONLY)
        for item in items:
            book.rate(item, seconds_of(lambda: read_stream(fd, buffer, len(data))), len(data))
        os.close(fd)
    once = list(dict.fromkeys(random_pages(rng, len(data), 1000)))  # a second read is not cold
    read_pages(book, 'rand_read_cold', path, data, once, 0)
    read_pages(book, 'rand_read_direct', path, data, random_pages(rng, len(data), 1000),
               os.O_DIRECT)
    must_hold(path, data)
    os.unlink(path)


def overwrite(book, item, path, data, pages, is_synced_each, budget):
    fd, done, start = os.open(path, os.O_WRONLY), 0, time.perf_counter()
    for at, page in pages:
        os.pwrite(fd, page, at)
        if is_synced_each:
            os.fsync(fd)
        done += 1
        if time.perf_counter() - start > budget:
            break
    os.fsync(fd)
    book.each(item, time.perf_counter() - start, done, done < len(pages))
    os.close(fd)
    for at, page in pages[:done]:
        data[at:at + PAGE] = page
    must_hold(path, data)


def overwrites(book, top, size, rng, budget):
    path = top + '/database'
    for item, count, is_synced_each in (('rand_write_fsync_each', 100, True),
                                        ('rand_write_fsync_end', 1000, False)):
        data = bytearray(rng.randbytes(size['overwrite']))
        write_stream(path, data)
        pages = [(at, rng.randbytes(PAGE)) for at in random_pages(rng, len(data), count)]
        overwrite(book, item, path, data, pages, is_synced_each, budget)
        os.unlink(path)


def many_files(book, top, _size, rng, _budget):
    folder, body = top + '/many', rng.randbytes(KIB)
    paths = [f'{folder}/f{i:04}.bin' for i in range(1000)]
    os.mkdir(folder)

    def measure(item, operation, things=paths, is_cold=False):
        if is_cold:
            drop_caches()
        start = time.perf_counter()
        for thing in things:
            operation(thing)
        book.each(item, time.perf_counter() - start, len(things))

    def measure_list(item, listing, expected):
        drop_caches()
        start = time.perf_counter()
        must(listing() == expected, item)
        book.each(item, time.perf_counter() - start, len(paths))

    measure('create', lambda path: write_new(path, body))
    measure('statvfs', os.statvfs, [folder])
    measure('stat_cold', os.stat, is_cold=True)
    measure('stat_warm', os.stat)
    measure_list('list_cold', lambda: len(os.listdir(folder)), len(paths))
    measure_list('list_stat_cold', lambda: sum(e.stat().st_size for e in os.scandir(folder)),
                 KIB * len(paths))
    measure('read_all_cold', read_whole, is_cold=True)
    measure('read_all_warm', read_whole)
    must(all(read_whole(path) == body for path in paths), 'create')
    measure('unlink', os.unlink)
    os.rmdir(folder)


def count_by_stat(top):
    """Walks a tree, with a stat of every file; counts those that are not empty."""
    return sum(os.stat(f'{folder}/{name}').st_size > 0
               for folder, _, names in os.walk(top) for name in names)


def make_tree(top, body):
    os.mkdir(top)
    for i in range(50):
        os.mkdir(f'{top}/dir{i:02}')
        for j in range(20):
            write_new(f'{top}/dir{i:02}/file{j:02}.cfg', body)


def remove_tree(top):
    for folder, _, names in os.walk(top, topdown=False):
        for name in names:
            os.unlink(f'{folder}/{name}')
        os.rmdir(folder)


def tree(book, top, _size, rng, _budget):
    path, body = top + '/tree', rng.randbytes(256)
    book.each('tree_create', seconds_of(lambda: make_tree(path, body)), 1050)
    drop_caches()
    book.each('tree_walk_cold', seconds_of(lambda: must(count_by_stat(path) == 1000, 'tree')), 1050)
    book.each('tree_remove', seconds_of(lambda: remove_tree(path)), 1051)


def sync_folder(fd):
    try:
        os.fsync(fd)
    except OSError:
        pass  # a file system without it has to make a rename durable by itself


def replace(folder, folder_fd, body):
    """The new content is durable before it takes the name of the old."""
    fd = os.open(folder + '/settings.tmp', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(fd, body)
    os.fsync(fd)
    os.close(fd)
    os.rename(folder + '/settings.tmp', folder + '/settings.json')
    sync_folder(folder_fd)


def rewrite(book, top, _size, rng, _budget):
    folder, bodies = top + '/conf', [rng.randbytes(512) for _ in range(500)]
    os.mkdir(folder)
    fd = os.open(folder, os.O_RDONLY)
    write_new(folder + '/settings.json', bodies[0])
    start = time.perf_counter()
    for body in bodies:
        replace(folder, fd, body)
    book.each('rewrite', time.perf_counter() - start, len(bodies))
    os.close(fd)
    must(os.listdir(folder) == ['settings.json'], 'rewrite')
    must(read_whole(folder + '/settings.json') == bodies[-1], 'rewrite')
    os.unlink(folder + '/settings.json')
    os.rmdir(folder)


def fill(top, kind, rng):
    size, body = CLASSES[kind], rng.randbytes(12000)
    per_folder = size['files'] // size['dirs']
    for i in range(size['files']):
        folder = f'{top}/d{i // per_folder:03}'
        if i % per_folder == 0:
            os.mkdir(folder)
        write_new(f'{folder}/f{i:05}', body if kind == '5M' and i % 5 == 0 else body[:8000])


def mount_point_of(path):
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def listing_after(command, point, top):
    """From the start of the command to the first listing; how many entries it has."""
    subprocess.run(command, shell=True, check=True)
    end = time.monotonic() + PATIENCE
    while not os.path.ismount(point):
        must(time.monotonic() < end, 'nothing is mounted')
        time.sleep(0.0002)
    return len(os.listdir(top))


def mounts(book, top, args, rng):
    size, point = CLASSES[args.kind], mount_point_of(top)
    book.each('fill', seconds_of(lambda: fill(top, args.kind, rng)), size['files'])
    for _ in range(args.repeat):
        subprocess.run(args.unmount, shell=True, check=True)
        drop_caches()
        start = time.perf_counter()
        entries = listing_after(args.mount, point, top)
        book.whole('mount', time.perf_counter() - start)
        must(entries >= size['dirs'], 'mount')
        book.whole('mount_first_walk', seconds_of(
            lambda: must(count_by_stat(top) >= size['files'], 'mount_first_walk')))


GROUPS = {'streams': streams, 'overwrites': overwrites, 'many_files': many_files, 'tree': tree,
          'rewrite': rewrite}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('top', metavar='MOUNTPOINT', type=os.path.abspath)
    parser.add_argument('kind', metavar='CLASS', choices=CLASSES, help=', '.join(CLASSES))
    parser.add_argument('--repeat', type=int, default=5, help='runs of each group (%(default)s)')
    parser.add_argument('--budget', type=float, default=20.0,
                        help='seconds after which overwriting stops (%(default)s)')
    parser.add_argument('--only', default=','.join([*GROUPS, 'mounts']), metavar='GROUPS',
                        help='of %(default)s')
    parser.add_argument('--mount', metavar='COMMAND', help='mounts what --unmount has unmounted')
    parser.add_argument('--unmount', metavar='COMMAND')
    return parser.parse_args()


def main():
    args = parse()
    book, rng, only = Book(), random.Random(1), args.only.split(',')
    for name, group in GROUPS.items():
        for _ in range(args.repeat if name in only else 0):
            group(book, args.top, CLASSES[args.kind], rng, args.budget)
    if args.mount and 'mounts' in only:
        mounts(book, args.top, args, rng)
    json.dump({'class': args.kind, 'repeat': args.repeat, 'items': book.items()}, sys.stdout,
              indent=1)
    print()


if __name__ == '__main__':
    main()
