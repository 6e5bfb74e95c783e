#!/usr/bin/env python3
"""boot_time.py TWINFS [--runs N]

How long is a mount of a 5 MiB user partition with 500 protected files, all of
them hashed by the boot, next to reading the same bytes with cat from the
mount?  Prints medians in milliseconds, and the ratio of the two.

The table of 500 files is longer than the 16,384 characters that the device
reads, so the safe policy is used, which reads it whole.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

FILES, DIRS = 500, 10


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def make_module(twinfs, folder):
    """A user and a backup partition file; every user file is in the table."""
    user, table = os.path.join(folder, 'app'), []
    for i in range(FILES):
        path = f'd{i * DIRS // FILES}/f{i:03}.bin'
        data = bytes((i + k * 7 + k // 251) % 256 for k in range(12000 if i % 5 == 0 else 8000))
        os.makedirs(os.path.dirname(os.path.join(user, path)), exist_ok=True)
        with open(os.path.join(user, path), 'wb') as file:
            file.write(data)
        table.append({'name': '/usr/' + path, 'crc32': hex(zlib.crc32(data, 0xffffffff))})
    run(twinfs, 'mk', '--pair', folder, '--profile', 'default', '--user', user)
    files = {'checksum.json': json.dumps(table), 'backup_restore.json': '{"enable": 1}',
             'system_config.json': '{"replFlag": 0}'}
    for name, text in files.items():
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(text)
    images = [os.path.join(folder, name) for name in ('customer_fs.bin', 'customer_backup_fs.bin')]
    for name in ('checksum.json', 'system_config.json'):
        run(twinfs, 'put', images[0], os.path.join(folder, name), '/' + name)
    run(twinfs, 'put', images[1], os.path.join(folder, 'backup_restore.json'),
        '/backup_restore.json')
    return images


def once(twinfs, images, mountpoint):
    """One mount: milliseconds to the first listing, of the boot alone, and of cat."""
    start = time.perf_counter()
    run(twinfs, 'mount', '--policy', 'safe', '--user', images[0], '--backup', images[1], mountpoint)
    os.listdir(os.path.join(mountpoint, 'usr'))
    mounted = time.perf_counter() - start
    with open(os.path.join(mountpoint, '.twinfs', 'boot'), encoding='utf-8') as file:
        report = json.load(file)
    intact = sum(entry['verdict'] == 'intact' for entry in report['files'])
    if intact != FILES:
        sys.exit(f'{intact} of {FILES} files intact')
    command = f'cat {mountpoint}/usr/d*/* > /dev/null'
    times = []
    for _ in range(2):
        start = time.perf_counter()
        subprocess.run(command, shell=True, check=True)
        times.append(time.perf_counter() - start)
    run(twinfs, 'umount', mountpoint)
    return [mounted * 1e3, report['host_ns'] / 1e6, times[0] * 1e3, times[1] * 1e3]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('twinfs')
    parser.add_argument('--runs', type=int, default=11)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='twinfs-bench-') as folder:
        mountpoint = os.path.join(folder, 'mnt')
        os.mkdir(mountpoint)
        images = make_module(args.twinfs, folder)
        rows = [once(args.twinfs, images, mountpoint) for _ in range(args.runs)]
    for name, values in zip(('mount, command to first listing', 'the boot in it',
                             'cat of all files, cold', 'cat of all files, warm'), zip(*rows)):
        print(f'{name:32} {statistics.median(values):8.2f} ms   '
              f'({min(values):.2f} to {max(values):.2f}, {args.runs} runs)')
    print(f'mount / cold cat: {statistics.median([row[0] / row[2] for row in rows]):.2f}')


if __name__ == '__main__':
    main()
