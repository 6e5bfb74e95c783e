#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""boot_time.py - how long is the boot of a full 5 MiB user partition with 500 protected files?

Every boot hashes all of them. Measured are the boot alone (its own figure, with
one CPU and with all), the mount from the command to the first listing, and as
a yardstick reading the same files through the mount with cat. With --programs,
the rates of the hashes: those of the hashing inside the boot, out of the map,
with one thread and with two, against the hash library's own on the very same
bytes and one core (bench/hash_boot), for both kinds of hashes and both
versions of the format; and of the bare functions (bench/hash).

The table of 500 files is longer than the 16,384 characters that the device
reads, so the safe policy is used, which reads it whole.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib

import figures
from module import MIB, Module, held

FILES, DIRS = 500, 10
FORMATS = ('lfs1', 'lfs2')


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(data)


def hash_of(data, kind):
    return hex(zlib.crc32(data, 0xffffffff)) if kind == 'crc32' else hashlib.sha256(data).hexdigest()


def make_module(module, form, kind='crc32'):
    """Every user file is in the table, and right; returns the bytes that a boot hashes."""
    table, total = [], 0
    for i in range(FILES):
        path = f'd{i * DIRS // FILES}/f{i:03}.bin'
        data = bytes((i + k * 7 + k // 251) % 256 for k in range(12000 if i % 5 == 0 else 8000))
        write(os.path.join(module.tree, path), data)
        table.append({'name': '/usr/' + path, kind: hash_of(data, kind)})
        total += len(data)
    module.make(5 * MIB, form)
    for image, name, text in ((module.user, 'checksum.json', json.dumps(table)),
                              (module.backup, 'backup_restore.json', '{"enable": 1}')):
        source = os.path.join(module.folder, name)
        write(source, text.encode())
        subprocess.run([module.twinfs, 'put', image, source, '/' + name], check=True,
                       stdout=subprocess.DEVNULL)
    return total


def must_be_intact(report):
    intact = sum(entry['verdict'] == 'intact' for entry in report['files'])
    if intact != FILES:
        sys.exit(f'{intact} of {FILES} files intact')
    return report['host_ns'] / 1e6


def boot(module, cpus):
    """One boot on these CPUs; its milliseconds."""
    done = subprocess.run([module.twinfs, 'boot', '--json', '--policy', 'safe', '--profile',
                           module.profile, '--user', module.user, '--backup', module.backup],
                          stdout=subprocess.PIPE, check=True,
                          preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    return must_be_intact(json.loads(done.stdout))


def mount(module, mountpoint):
    """One mount: milliseconds to the first listing, of the boot in it, and of cat twice."""
    start = time.perf_counter()
    module.mount(mountpoint)
    os.listdir(os.path.join(mountpoint, 'usr'))
    times = [(time.perf_counter() - start) * 1e3]
    with open(os.path.join(mountpoint, '.twinfs', 'boot'), encoding='utf-8') as file:
        times.append(must_be_intact(json.load(file)))
    for _ in range(2):
        start = time.perf_counter()
        subprocess.run(f'cat {mountpoint}/usr/d*/* > /dev/null', shell=True, check=True)
        times.append((time.perf_counter() - start) * 1e3)
    module.umount(mountpoint)
    return times


def measure(module, mountpoint, runs):
    """Name -> milliseconds of each run."""
    cpus = sorted(os.sched_getaffinity(0))
    times = {}
    for _ in range(runs):
        row = {'boot, one CPU': boot(module, cpus[:1]),
               f'boot, {len(cpus)} CPUs': boot(module, cpus)}
        row.update(zip(('mount, command to first listing', 'boot in the mount',
                        'cat of all files, cold', 'cat of all files, warm'),
                       mount(module, mountpoint)))
        for name, value in row.items():
            times.setdefault(name, []).append(value)
    return times


def run_json(*words):
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


def hash_rates(args, folder):
    """(hash, where, who) -> MB/s: the hashing of a boot, and the functions alone."""
    found = {}
    for kind in ('crc32', 'sha256'):
        alone = run_json(os.path.join(args.programs, 'hash'))
        for who in ('library', 'ours'):
            found[kind, 'buffers', who] = alone[f'{kind}_{who}_mb_s']
        for form in FORMATS:
            module = Module(args.twinfs, os.path.join(folder, f'{kind}-{form}'))
            os.mkdir(module.folder)
            make_module(module, form, kind)
            rate = run_json(os.path.join(args.programs, 'hash_boot'), module.user, '4096')
            for state in ('warm', 'cold'):
                for who in ('library', 'one', 'two'):
                    found[kind, f'boot, {form}, {state}', who] = rate[f'{who}_{state}_mb_s']
    return found


def print_rates(found):
    rows = [['hashing', 'MB/s', 'of the library']]
    for (kind, where, who), rate in found.items():
        share = rate / found[kind, where, 'library'] * 100
        rows.append([f'{kind}, {where}, {who}', f'{rate:.0f}', f'{share:.0f} %'])
    print('\n' + figures.table(rows))


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('twinfs')
    parser.add_argument('--programs', metavar='FOLDER',
                        help='of hash and hash_boot: build/tests/bench')
    parser.add_argument('--format', default='lfs1', help='(%(default)s)')
    parser.add_argument('--runs', type=int, default=11, help='(%(default)s)')
    parser.add_argument('--tmp', default='/dev/shm', help='where the image lies (%(default)s)')
    parser.add_argument('--lock', metavar='FILE', help='hold this file while measuring')
    parser.add_argument('--json', metavar='FILE')
    return parser.parse_args()


def main():
    args = parse()
    with tempfile.TemporaryDirectory(prefix='twinfs-bench-', dir=args.tmp) as folder:
        mountpoint = os.path.join(folder, 'mnt')
        os.mkdir(mountpoint)
        module = Module(args.twinfs, folder, ['--policy', 'safe'])
        total = make_module(module, args.format)
        with held(args.lock):
            times = measure(module, mountpoint, args.runs)
            found = hash_rates(args, folder) if args.programs else {}
    summaries = {name: figures.summary(values) for name, values in times.items()}
    rows = [[f'{FILES} files, {total} bytes, {args.format}', 'ms', 'min', 'max']]
    rows += [[name, *(f'{found[key]:.2f}' for key in ('median', 'min', 'max'))]
             for name, found in summaries.items()]
    print(figures.table(rows))
    if found:
        print_rates(found)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump({'bytes': total, 'ms': summaries,
                       'mb_s': {', '.join(key): rate for key, rate in found.items()}}, file,
                      indent=1)


if __name__ == '__main__':
    main()
