#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Full disks, many entries, deep trees, large files and large images.

TWINFS_LONG=1: ten times as many changes of a full disk, and 900 MiB written.
"""
import os
import random
import resource

from calls import MAIN, PosixTest, lib, main, opened, outcome

LONG = os.environ.get('TWINFS_LONG') == '1'
SEED = int(os.environ.get('TWINFS_SEED', '1'))
MIB = 1 << 20


class Small(PosixTest):
    """A user partition of 64 blocks."""
    partitions = {'customer_fs': 256 << 10}

    def setUp(self):
        self.folder_of_test = self.mount.usr('full')
        os.mkdir(self.folder_of_test)
        self.free = self.free_blocks()

    def tearDown(self):
        """Whatever was there: when it is gone, all space is back."""
        lib.run('rm', '-r', self.at_full())
        os.mkdir(self.at_full())
        self.assertEqual(self.free_blocks(), self.free)
        os.rmdir(self.at_full())

    def free_blocks(self):
        return os.statvfs(self.mount.usr()).f_bfree

    def at_full(self, *names):
        return self.mount.usr('full', *names)

    def fill_with_data(self, name='big'):
        """Returns what a file took until the disk was full."""
        data = b''
        with opened(self.at_full(name), os.O_WRONLY | os.O_CREAT) as fd:
            for size in (16384, 4096, 1):
                while isinstance(done := outcome(os.write, fd, b'z' * size), int):
                    data += b'z' * done
                self.assertEqual(done, 'ENOSPC')
        return data

    def fill_with_names(self):
        """Makes empty files until there is no room for another; returns how many."""
        count = 0
        while True:
            made = outcome(os.mknod, self.at_full('name-%05d' % count))
            if made is not None:
                self.assertEqual(made, 'ENOSPC')
                return count
            count += 1


class FullOfData(Small):
    def test_data(self):
        """All that was written before is there, and is on the chip after the close."""
        data = self.fill_with_data()
        with opened(self.at_full('big')) as fd:
            self.assertEqual(outcome(os.pwrite, fd, bytes(8192), len(data)), 'ENOSPC')
        self.assertGreater(len(data), 40 * 4096)
        self.assertLess(self.free_blocks(), 4)
        self.assertEqual(lib.read(self.at_full('big')), data)
        self.mount.power('restart')
        self.assertEqual(lib.read(self.at_full('big')), data)

    def test_other_calls(self):
        """What needs no space works; what needs some fails with ENOSPC, and changes nothing."""
        lib.write(self.at_full('old'), b'o' * 5000)
        os.mkdir(self.at_full('dir'))
        data = self.fill_with_data()
        for name in ('one', 'two', 'three'):
            outcome(os.mknod, self.at_full(name))
        for call in (lambda: os.mkdir(self.at_full('new')),
                     lambda: lib.write(self.at_full('new.bin'), bytes(20000)),
                     lambda: os.truncate(self.at_full('old'), 50000)):
            self.assertEqual(outcome(call), 'ENOSPC')
        with opened(self.at_full('old')) as fd:
            self.assertEqual(outcome(os.posix_fallocate, fd, 0, 50000), 'ENOSPC')
            self.assertEqual(outcome(os.pwrite, fd, bytes(9000), 5000), 'ENOSPC')
        self.assertEqual(lib.read(self.at_full('old')), b'o' * 5000)
        os.rename(self.at_full('old'), self.at_full('dir', 'new name'))
        os.utime(self.at_full('big'), ns=(5, 5))
        self.mount.power('restart')
        self.assertEqual(lib.read(self.at_full('dir', 'new name')), b'o' * 5000)
        self.assertEqual(lib.read(self.at_full('big')), data)
        os.truncate(self.at_full('big'), 4096)
        lib.write(self.at_full('new.bin'), bytes(20000))
        self.assertEqual(lib.read(self.at_full('big')), b'z' * 4096)

    def test_unlinked_keeps_its_space(self):
        """Until the last close, as everywhere."""
        data = self.fill_with_data()
        with opened(self.at_full('big')) as fd:
            os.unlink(self.at_full('big'))
            self.assertLess(self.free_blocks(), 4)
            self.assertEqual(os.pread(fd, len(data) + 1, 0), data)
        self.assertGreater(self.free_blocks(), 40)


class FullOnTheDevice(Small):
    """With -o view=device a file is the module's: what a write could not finish, none of it is."""
    options = ('-o', 'view=device')

    def test_device(self):
        lib.write(self.at_full('big'), b'old')
        self.fill_with_data()
        self.assertEqual(lib.read(self.at_full('big')), b'old')
        data = b''
        with opened(self.at_full('big'), os.O_WRONLY | os.O_TRUNC) as fd:
            while isinstance(done := outcome(os.write, fd, b'z' * 4096), int):
                data += b'z' * done
            self.assertEqual(done, 'ENOSPC')
            os.ftruncate(fd, len(data) - 4096)
            self.assertEqual(os.pwrite(fd, b'y', 0), 1)
        self.assertEqual(lib.read(self.at_full('big')), b'y' + data[1:-4096])


class FullOfNames(Small):
    def test_names(self):
        count = self.fill_with_names()
        self.assertGreater(count, 500)
        want = ['name-%05d' % i for i in range(count)]
        self.assertEqual(sorted(os.listdir(self.at_full())), want)
        self.assertEqual(outcome(os.mkdir, self.at_full('dir')), 'ENOSPC')
        changed = outcome(os.rename, self.at_full(want[5]), self.at_full('x'))
        self.assertIn(changed, (None, 'ENOSPC'))
        want[5] = want[5] if changed else 'x'
        os.rename(self.at_full(want[7]), self.at_full(want[8]))
        del want[7]
        self.mount.power('restart')
        self.assertEqual(sorted(os.listdir(self.at_full())), sorted(want))
        for name in want[10:]:
            os.unlink(self.at_full(name))
        os.mkdir(self.at_full('dir'))
        lib.write(self.at_full('dir', 'file'), bytes(20000))

    def test_random_changes(self):
        """Near the end of space every call is done wholly or not at all."""
        chance = random.Random(SEED)
        model = {}
        full = 0

        def change():
            name = 'file-%d' % chance.randrange(40)
            path, what = self.at_full(name), chance.randrange(6)
            if what < 3:
                data = chance.randbytes(chance.choice((0, 10, 200, 3000, 9000, 40000)))
                with opened(path, os.O_WRONLY | os.O_CREAT) as fd:
                    model.setdefault(name, b'')
                    os.write(fd, data)
                model[name] = data + model[name][len(data):]
            elif what == 3 and name in model:
                self.assertIsNone(outcome(os.unlink, path))  # never for lack of space
                del model[name]
            elif what == 4 and name in model:
                new = 'file-%d' % chance.randrange(40) + 'n' * chance.choice((0, 100, 200))
                os.rename(path, self.at_full(new))
                model[new] = model.pop(name)
            elif what == 5 and name in model:
                size = chance.randrange(50000)
                os.truncate(path, size)
                model[name] = model[name][:size] + bytes(max(0, size - len(model[name])))

        for number in range(2000 if LONG else 200):
            done = outcome(change)
            self.assertIn(done, (None, 'ENOSPC'), 'seed %d, change %d' % (SEED, number))
            full += done is not None
            if number % 50 == 49:
                self.mount.power('restart')
                self.assertEqual(lib.tree(self.at_full()), model, 'seed %d' % SEED)
        self.assertGreater(full, 10)


class Many(PosixTest):
    partitions = {'customer_fs': 16 * MIB}
    COUNT = 10000

    def test_directory(self):
        """Ten thousand entries, each listed once; then none, and their space is back."""
        free = os.statvfs(self.mount.usr()).f_bfree
        folder = self.mount.usr('many')
        os.mkdir(folder)
        names = ['entry-%05d' % i for i in range(self.COUNT)]
        with opened(folder, os.O_RDONLY | os.O_DIRECTORY) as fd:
            for name in names:
                os.mknod(name, dir_fd=fd)
            self.assertEqual(sorted(os.listdir(fd)), names)
        self.mount.power('restart')  # nothing of the next listing comes from memory
        with os.scandir(folder) as found:
            seen = sorted((entry.name, entry.stat().st_size) for entry in found)
        self.assertEqual(seen, [(name, 0) for name in names])
        for name in names:
            os.unlink(os.path.join(folder, name))
        self.assertEqual(os.listdir(folder), [])
        os.rmdir(folder)
        self.assertEqual(os.statvfs(self.mount.usr()).f_bfree, free)

    def test_deep(self):
        """Five hundred directories in each other."""
        depth = 500
        here = os.open(self.mount.usr(), os.O_PATH)
        for _ in range(depth):
            os.mkdir('deep', dir_fd=here)
            below = os.open('deep', os.O_PATH, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        self.remount()
        found = sum(len(names) for _, names, _, _ in os.fwalk(self.mount.usr('deep')))
        self.assertEqual(found, depth - 1)
        lib.run('rm', '-r', self.mount.usr('deep'))
        self.assertNotIn('deep', os.listdir(self.mount.usr()))

    def test_open_files(self):
        """Thousands at once, each with something that is not committed."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(4000, most[1] - 100)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))
        os.mkdir(self.mount.usr('open'))
        fds = [os.open(self.mount.usr('open', str(i)), os.O_RDWR | os.O_CREAT)
               for i in range(count)]
        for i, fd in enumerate(fds):
            os.write(fd, b'%d' % i)
        for i in range(0, count, 2):
            os.unlink(self.mount.usr('open', str(i)))
        self.assertEqual([os.pread(fd, 9, 0) for fd in fds], [b'%d' % i for i in range(count)])
        for fd in fds:
            os.close(fd)
        self.mount.power('restart')
        self.assertEqual(lib.tree(self.mount.usr('open')),
                         {str(i): b'%d' % i for i in range(1, count, 2)})
        lib.run('rm', '-r', self.mount.usr('open'))

    def test_forgotten(self):
        """What the kernel forgets takes no memory: each round needs no more than those before."""
        if b'__asan_init' in lib.read(lib.TWINFS):
            self.skipTest('the address sanitizer keeps what is freed')
        folder = self.mount.usr('round')
        rounds = []
        for number in range(30 if LONG else 6):
            os.mkdir(folder)
            for i in range(1000):
                lib.write(os.path.join(folder, '%d-%d' % (number, i)), b'x')
            lib.run('rm', '-r', folder)
            words = lib.read('/proc/%d/status' % self.mount.daemon.pid).split()
            rounds.append(int(words[words.index(b'RssAnon:') + 1]))  # KiB, without the image
        self.assertLess(rounds[-1], rounds[2] + 128)


class Large(PosixTest):
    """A user partition of 1 GiB in a file of its own."""
    SIZE = 1 << 30
    FILE = 900 * MIB if LONG else 128 * MIB

    @classmethod
    def make_image(cls):
        source, pair = os.path.join(cls.folder, 'app'), os.path.join(cls.folder, 'pair')
        os.mkdir(source)
        lib.write(os.path.join(source, 'main.py'), MAIN)
        lib.run(lib.TWINFS, 'mk', '-q', '--format', lib.FORMAT, '--user', source, '--pair', pair)
        cls.image = os.path.join(pair, 'customer_fs.bin')
        os.truncate(cls.image, cls.SIZE)
        if lib.FORMAT == 'lfs2':
            lib.run(lib.TWINFS, 'resize', '--user', cls.image, 'max')

    def test_large_file(self):
        piece = random.Random(SEED).randbytes(MIB)
        path = self.mount.usr('large')
        before = os.statvfs(self.mount.usr())
        self.assertGreater(before.f_blocks, self.SIZE // 4096 - 2)
        with opened(path, os.O_WRONLY | os.O_CREAT) as fd:
            for _ in range(self.FILE // MIB):
                self.assertEqual(os.write(fd, piece), MIB)
        self.assertGreaterEqual(before.f_bfree - os.statvfs(path).f_bfree, self.FILE // 4096)
        self.remount()
        path = self.mount.usr('large')
        self.assertEqual(os.stat(path).st_size, self.FILE)
        with opened(path) as fd:
            for i in range(self.FILE // MIB):
                self.assertEqual(os.pread(fd, MIB, i * MIB), piece)
        self.assertEqual(outcome(os.truncate, path, self.SIZE), 'ENOSPC')
        os.truncate(path, 5000)
        self.assertEqual(lib.read(path), piece[:5000])
        os.unlink(path)
        self.assertEqual(os.statvfs(self.mount.usr()), before)


if __name__ == '__main__':
    main()
