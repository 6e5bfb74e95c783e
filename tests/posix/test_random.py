#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same random calls in a tmpfs and in a mount: every outcome is compared, and what is there."""
import os
import random

from calls import AT_FDCWD, VIEW, PosixTest, call, lib, main, outcome

LONG = os.environ.get('TWINFS_LONG') == '1'
SEED = int(os.environ.get('TWINFS_SEED', '1'))
NAMES = ('a', 'b', 'file', 'dir', 'inner', 'x' * 200)


class Pair:
    """A folder in each file system, and what is open in both."""

    def __init__(self, chance, places):
        self.chance = chance
        self.places = places
        self.open = []      # pairs of descriptors
        self.log = []

    def name(self):
        """A path that may be there: one to three names."""
        count = self.chance.choice((1, 1, 2, 2, 3))
        return os.path.join(*(self.chance.choice(NAMES) for _ in range(count)))

    def both(self, text, function):
        """Calls it in the mount, then in the tmpfs; returns the outcomes."""
        done = outcome(function, self.places[1])
        # a directory with a part in the backup partition cannot move: then nothing does
        want = done if done == 'EXDEV' and VIEW == 'lower' else outcome(function, self.places[0])
        self.log.append('%s: %.40r, %.40r' % (text.replace(NAMES[-1], 'X'), want, done))
        return want, done

    def path_call(self):
        """A call by name."""
        one, two, flags = self.name(), self.name(), self.chance.choice((0, 0, 1))
        data = self.chance.randbytes(self.chance.choice((0, 1, 100, 5000, 20000)))
        size = self.chance.choice((0, 3, 5000, 9000))
        calls = {
            'write ' + one: lambda at: lib.write(at(one), data),
            'mkdir ' + one: lambda at: os.mkdir(at(one)),
            'mknod ' + one: lambda at: os.mknod(at(one)),
            'unlink ' + one: lambda at: os.unlink(at(one)),
            'rmdir ' + one: lambda at: os.rmdir(at(one)),
            'truncate ' + one: lambda at: os.truncate(at(one), size),
            'list ' + one: lambda at: sorted(os.listdir(at(one))),
            'read ' + one: lambda at: lib.read(at(one)),
            'size ' + one: lambda at: os.path.isdir(at(one)) or os.stat(at(one)).st_size,
            'rename %s %s %d' % (one, two, flags): lambda at: call(
                'renameat2', AT_FDCWD, at(one), AT_FDCWD, at(two), flags),
        }
        text = self.chance.choice(sorted(calls) + [text for text in calls if 'rename' in text] * 3)
        return self.both(text, calls[text])

    def open_one(self):
        name = self.name()
        flags = os.O_RDWR | self.chance.choice((0, os.O_CREAT, os.O_CREAT | os.O_EXCL, os.O_TRUNC))
        fds = self.both('open ' + name, lambda at: os.open(at(name), flags))
        if isinstance(fds[0], int) and isinstance(fds[1], int):
            self.open.append(fds)
            return 0, 0
        return fds

    def close_one(self):
        fds = self.open.pop(self.chance.randrange(len(self.open)))
        return tuple(outcome(os.close, fd) for fd in fds)

    def open_call(self):
        """A call on something that is open, with or without a name."""
        fds = self.chance.choice(self.open)
        off, size = self.chance.choice((0, 5, 4090, 9000)), self.chance.choice((0, 1, 8000))
        data = self.chance.randbytes(size)
        what = self.chance.choice((
            lambda fd: os.pwrite(fd, data, off), lambda fd: os.pread(fd, size, off),
            lambda fd: os.ftruncate(fd, off + size), os.fsync,
            lambda fd: (os.fstat(fd).st_size, os.fstat(fd).st_nlink)))
        self.log.append('on an open file')
        return tuple(outcome(what, fd) for fd in fds)

    def step(self):
        choice = self.chance.randrange(10)
        if choice == 0 and len(self.open) < 8:
            return self.open_one()
        if choice == 1 and self.open:
            return self.close_one()
        if choice < 4 and self.open:
            return self.open_call()
        return self.path_call()

    def close(self):
        while self.open:
            self.close_one()


class Random(PosixTest):
    def run_once(self, seed):
        chance = random.Random(seed)
        before = os.statvfs(self.mount.usr())
        pair = Pair(chance, (self.prepare(self.tmpfs), self.at()))
        try:
            for number in range(400):
                tmpfs, ours = pair.step()
                self.assertEqual(ours, tmpfs, 'seed %d, call %d:\n%s'
                                 % (seed, number, '\n'.join(pair.log[-20:])))
        finally:
            pair.close()
        want = lib.tree(pair.places[0]('.'))
        self.assertEqual(lib.tree(pair.places[1]('.')), want, 'seed %d' % seed)
        if VIEW != 'lower':  # where what was removed comes back
            self.mount.power('restart')
            self.assertEqual(lib.tree(pair.places[1]('.')), want, 'seed %d' % seed)
        lib.run('rm', '-r', pair.places[1]('.')[:-2])
        self.assertEqual(os.statvfs(self.mount.usr()).f_bfree, before.f_bfree, 'seed %d' % seed)

    def test_random(self):
        if VIEW == 'lower':  # the directory that all are in gets its upper part
            lib.write(self.mount.usr('lower', 'new'), b'')
        for seed in range(SEED, SEED + (80 if LONG else 3)):
            self.run_once(seed)


if __name__ == '__main__':
    main()
