#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soak - a mount under load, and everything that can come in between.

Each worker does random calls in a directory of its own and compares all it sees with a model;
others share files, store SecureData, read what the mount tells. Meanwhile the module restarts,
its power is cut, its flash fails; or, with --kill, the daemon is killed. What was acknowledged
has to be there afterwards. README.md beside this has the rest.
"""
import argparse
import contextlib
import ctypes
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import arena as arenas
import disturb
import others
import worker as workers
from tree import Mismatch

PROFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'images', 'profiles',
                       'default.json')
SKIPPED = 77
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 1 << 14, 1 << 18  # of Linux
KIB, MIB = 1 << 10, 1 << 20
SIZES = (512 * KIB, 2 * MIB, 5 * MIB, 64 * MIB)  # of the user partition
FIO_LEAST = 4 * MIB
GROWTH_KIB = 32 * KIB  # of the daemon's own memory, over twice what it was when warm
FUSE_THREADS = 8  # of the daemon, each with a descriptor of its own
PROGRESS_SECONDS = 10
UNCOMMITTED = 'not all files could be committed at the end: no space left'


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('twinfs', nargs='?', default=os.environ.get('TWINFS'),
                        help='the program (else: the variable TWINFS)')
    parser.add_argument('--seconds', type=float, default=60, help='of all rounds together (60)')
    parser.add_argument('--seed', type=int, default=int(os.environ.get('TWINFS_SEED', '1')))
    parser.add_argument('--workers', type=int, default=4)
    parser.add_argument('--format', type=int, choices=(1, 2), action='append',
                        help='of littlefs; both in turns by default')
    parser.add_argument('--size', type=int, action='append', metavar='BYTES',
                        help='of the user partition; several in turns by default')
    parser.add_argument('--rounds', type=int,
                        help='modules, one behind the other (one a minute, four at least)')
    parser.add_argument('--kill', type=int, default=0, metavar='N',
                        help='kill the daemon N times in all, instead of restarts and faults')
    parser.add_argument('--pause', type=float, default=0.5, metavar='SECONDS',
                        help='between disturbances (0.5)')
    parser.add_argument('--json', action='store_true', help='the summary as JSON')
    parser.add_argument('--keep', action='store_true', help='leave the files of a failure')
    options = parser.parse_args(words)
    if not options.twinfs:
        parser.error('name the twinfs program')
    options.twinfs = os.path.abspath(options.twinfs)
    options.format = options.format or [1, 2]
    options.size = options.size or list(SIZES)
    if not options.rounds:
        options.rounds = max(len(options.format) * len(options.size), int(options.seconds / 60))
        if options.kill:
            options.rounds = min(options.rounds, options.kill)
    return options


def make_image(twinfs, folder, version, size):
    """A module with one protected file and a user partition of that size."""
    behind = MIB + (size + 0xffff & ~0xffff)
    with open(PROFILE, encoding='utf-8') as file:
        profile = json.load(file)
    profile.update(name='soak', chip_size=behind + MIB)
    profile['partitions']['customer_fs'] = {'addr': MIB, 'size': size}
    profile['partitions']['customer_backup_fs']['addr'] = behind
    profile['partitions']['securedata']['addr'] = behind + 0x40000
    profile.pop('sources')
    name, app = os.path.join(folder, 'soak.json'), os.path.join(folder, 'app')
    with open(name, 'w', encoding='utf-8') as file:
        json.dump(profile, file)
    os.mkdir(app)
    with open(os.path.join(app, 'main.py'), 'w', encoding='ascii') as file:
        file.write('PROJECT_NAME = "soak"\nPROJECT_VERSION = "1.0.0"\n')
    image = os.path.join(folder, 'module.img')
    subprocess.run([twinfs, 'mk', '-q', '--profile', name, '--format', 'lfs%d' % version,
                    '--user', app, '--backup-all', image], check=True, stdin=subprocess.DEVNULL)
    return image


class Round:
    """One module, from its making to the last comparison after the last unmount."""

    def __init__(self, options, number, folder, total):
        self.options, self.number, self.total = options, number, total
        self.version = options.format[number % len(options.format)]
        self.size = options.size[number // len(options.format) % len(options.size)]
        self.seed = options.seed * 1000 + number
        self.chance = random.Random(self.seed)
        image = make_image(options.twinfs, folder, self.version, self.size)
        self.arena = arenas.Arena(options.twinfs, folder, image,
                                  ['--auto-restart=1000000', '--seed', str(self.seed)])
        # together more than there is: a full disk is one of the things to come through
        share = min(self.size // options.workers, MIB)
        self.workers = [workers.Worker(self.arena, i, self.seed * 100 + i, self.version, share)
                        for i in range(options.workers)]
        self.helpers = [others.Sharer(self.arena, 's0', self.seed * 100 + 90),
                        others.Sharer(self.arena, 's1', self.seed * 100 + 91),
                        others.Secure(self.arena, 'secure', self.seed * 100 + 92),
                        others.Teller(self.arena, 'teller', self.seed * 100 + 93),
                        others.Listener(self.arena, 'listener', self.seed * 100 + 94)]
        registers = [others.Register() for _ in range(others.REGISTERS)]
        for helper in self.helpers[:2]:
            helper.registers = registers
        self.disturber = disturb.Disturber(self.arena, self.seed * 100 + 95, options.pause)
        self.warm = None

    def run(self, seconds, kills):
        with contextlib.ExitStack() as stack:
            self.arena.mount()
            stack.callback(self.leave)
            os.mkdir(self.arena.usr('shared'))
            for each in self.workers + self.helpers:
                each.begin()
            threads = [threading.Thread(target=each.run, daemon=True)
                       for each in self.workers + self.helpers]
            for thread in threads:
                thread.start()
            if kills:
                self.kill(seconds, kills, len(threads))
            else:
                self.disturb(seconds)
            self.finish(threads)
        if not self.arena.violations:
            self.look_again()

    def leave(self):
        """Whatever state it is in, no daemon and no mount are left."""
        if self.arena.daemon.process.poll() is None:
            self.arena.daemon.process.kill()
            self.arena.daemon.process.wait()
        arenas.unmount(self.arena.root)

    # ---- what goes on ----

    def look(self):
        """Every now and then: what the daemon uses, whether somebody hangs."""
        daemon = self.arena.daemon
        own, resident = daemon.memory()
        self.total.measure(own, resident, daemon.descriptors())
        if daemon.process.poll() is not None and self.arena.is_up.is_set():
            self.arena.violate('the daemon has ended with %d' % daemon.process.returncode)
        hangs = self.arena.find_hang()
        if hangs:
            self.arena.violate('; '.join(hangs) + '\n' + daemon.stacks())
        self.total.show(self)
        return own

    def wait(self, seconds):
        own, end = 0, time.monotonic() + seconds
        while time.monotonic() < end and not self.arena.stopped.is_set():
            self.arena.stopped.wait(min(0.2, max(0.0, end - time.monotonic())))
            own = self.look()
        return own

    def disturb(self, seconds):
        calm = self.start_fio(seconds)
        if calm:
            self.wait_for_fio(calm)
        thread = threading.Thread(target=self.disturber.run, daemon=True)
        thread.start()
        self.warm = self.wait(seconds * 0.3)
        self.wait(seconds * 0.7)
        self.disturber.is_over.set()
        thread.join(arenas.HANG_SECONDS)

    def kill(self, seconds, kills, threads):
        pause = seconds / kills
        for _ in range(kills):
            self.wait(self.chance.random() ** 2 * 2 * pause)
            if self.arena.stopped.is_set():
                return
            self.arena.kill(threads)
            self.arena.count('kills')
            self.arena.mount()
        self.wait(pause)

    def start_fio(self, seconds):
        """Needs a file that stays: it runs while nothing else comes in between."""
        if seconds < 20 or self.size < FIO_LEAST or not shutil.which('fio'):
            return None
        folder = self.arena.usr('fio')
        os.mkdir(folder)
        return subprocess.Popen(
            ['fio', '--name=soak', '--directory=' + folder, '--rw=randrw', '--bsrange=512-8k',
             '--size=512k', '--ioengine=psync', '--verify=crc32c', '--verify_fatal=1',
             '--fsync=20', '--time_based', '--runtime=%d' % max(3, seconds // 8),
             '--randseed=%d' % self.seed, '--do_verify=1', '--fallocate=none',
             '--verify_state_save=0'],
            cwd=self.arena.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_for_fio(self, fio):
        while fio.poll() is None and not self.arena.stopped.is_set():
            self.wait(0.2)
        if self.arena.stopped.is_set():
            fio.kill()
        output = fio.communicate()[0]
        is_full = 'No space left on device' in output  # the others had been faster
        if fio.returncode and not is_full and not self.arena.stopped.is_set():
            self.arena.violate('fio: exit %d\n%s' % (fio.returncode, output[:2000]))
        self.arena.count('fio runs cut short' if is_full else 'fio runs')
        shutil.rmtree(self.arena.usr('fio'))

    # ---- the end ----

    def finish(self, threads):
        self.arena.done.set()
        for thread in threads:
            while thread.is_alive() and not self.arena.stopped.is_set():
                thread.join(0.2)
                self.look()
        if self.arena.violations:
            return
        own, _ = self.arena.daemon.memory()
        if self.warm and own > 2 * self.warm + GROWTH_KIB and not self.arena.daemon.has_sanitizer():
            self.arena.violate('the memory of the daemon has grown from %d to %d KiB' % (
                self.warm, own))
        daemon = self.arena.daemon
        if daemon.descriptors() > daemon.descriptors_at_first + FUSE_THREADS:
            self.arena.violate('the daemon has %d descriptors, %d at first' % (
                daemon.descriptors(), daemon.descriptors_at_first))
        self.unmount()

    def unmount(self):
        lacks_blocks = self.arena.may_lack_blocks(self.arena.boot())
        try:
            code = self.arena.daemon.unmount(self.options.twinfs)
        except RuntimeError as error:
            self.arena.violate('cannot be unmounted: %s' % error)
            return
        words = self.arena.daemon.words()
        if code is None:
            self.arena.violate('the daemon does not end\n' + self.arena.daemon.stacks())
            return
        if code and lacks_blocks and words.rstrip().endswith(UNCOMMITTED):
            self.arena.count('full at the end')  # as the close of that file has told
            code = 0
        if code or any(word in words for word in ('Sanitizer', 'runtime error', 'Assertion')):
            self.arena.violate('the daemon ended with %d and said:\n%s' % (code, words[-5000:]))
        self.arena.check()

    def look_again(self):
        """After the unmount all is there as it was seen last."""
        self.arena.is_up.clear()
        self.arena.mount()
        try:
            for worker in self.workers:
                worker.settle((), 'unmounting')
            self.unmount()
        except (OSError, Mismatch) as error:
            self.arena.violate(str(error))
        finally:
            self.leave()


class Total:
    """What all rounds came to, and the talk about it."""

    def __init__(self, options):
        self.options = options
        self.began = self.shown = time.monotonic()
        self.tally = {'calls': 0, 'fsyncs': 0, 'restarts': 0, 'cuts': 0, 'faults': 0, 'kills': 0}
        self.violations = []
        self.own = self.resident = self.descriptors = 0

    def measure(self, own, resident, descriptors):
        self.own = max(self.own, own)
        self.resident = max(self.resident, resident)
        self.descriptors = max(self.descriptors, descriptors)

    def add(self, a_round):
        for key, number in a_round.arena.tally.items():
            self.tally[key] = self.tally.get(key, 0) + number
        self.tally['calls'] += a_round.arena.calls()
        self.violations += ['round %d, littlefs %d, %d bytes: %s' % (
            a_round.number, a_round.version, a_round.size, text)
                            for text in a_round.arena.violations]

    def show(self, a_round):
        now = time.monotonic()
        if not sys.stdout.isatty() or now - self.shown < PROGRESS_SECONDS:
            return
        self.shown = now
        tally = a_round.arena.tally
        print('%5d s  round %d of %d: littlefs %d, %d KiB; %d calls, %d restarts, %d cuts, '
              '%d faults, %d kills; memory %d KiB' % (
                  now - self.began, a_round.number + 1, self.options.rounds, a_round.version,
                  a_round.size >> 10, a_round.arena.calls(), tally.get('restarts', 0),
                  tally.get('cuts', 0), tally.get('faults', 0), tally.get('kills', 0), self.own),
              flush=True)

    def summary(self):
        return {
            'seed': self.options.seed, 'seconds': round(time.monotonic() - self.began),
            'rounds': self.options.rounds, **{key.replace(' ', '_'): number
                                              for key, number in sorted(self.tally.items())},
            'memory_max_kib': self.own, 'resident_max_kib': self.resident,
            'descriptors_max': self.descriptors, 'violations': len(self.violations),
            'first_violations': self.violations[:10],
        }

    def end(self):
        summary = self.summary()
        if self.options.json:
            print(json.dumps(summary, indent='\t'))
        else:
            for text in summary.pop('first_violations'):
                print('violation: %s' % text)
            print(', '.join('%s %s' % (key.replace('_', ' '), value)
                            for key, value in summary.items()))
        return 1 if self.violations else 0


def play(options, number, total):
    kills = options.kill // options.rounds + (number < options.kill % options.rounds)
    folder = tempfile.mkdtemp(prefix='twinfs-soak-')
    a_round = Round(options, number, folder, total)
    try:
        a_round.run(options.seconds / options.rounds, kills)
    finally:
        total.add(a_round)
        if options.keep and a_round.arena.violations:
            print('left: ' + folder, file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def can_mount():
    try:
        os.close(os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return '/dev/fuse cannot be used: %s' % error.strerror
    if os.geteuid() and not shutil.which('fusermount3'):
        return 'fusermount3 is not installed'
    return None


def stay_alone():
    """A mount lives on in each namespace of mounts that anybody makes meanwhile, and its daemon with
    it. So root has one of his own, which nobody copies; where that cannot be had, there is none."""
    libc = ctypes.CDLL(None)
    if os.geteuid() == 0 and libc.unshare(CLONE_NEWNS) == 0:
        libc.mount(None, b'/', None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)


def main():
    options = parse(sys.argv[1:])
    reason = can_mount()
    if reason:
        print('skipped: ' + reason)
        sys.exit(SKIPPED)
    if not shutil.which('fio'):
        print('fio is not installed: without it', file=sys.stderr)
    print('seed %d' % options.seed, file=sys.stderr)
    stay_alone()
    total = Total(options)
    for number in range(options.rounds):
        play(options, number, total)
        if total.violations:
            break
    sys.exit(total.end())


if __name__ == '__main__':
    main()
