#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A write that finds no space: the bare partition keeps the file as it was, as littlefs does; the
union keeps what could be written, as a file system of a PC."""
import errno
import os

import lib

OLD = b'old content\n' * 20
FILLER = bytes(4096)


class NoSpace(lib.MountTest):
    options = ('-o', 'view=device')

    def setUp(self):
        super().setUp()
        lib.write(self.mount.usr('file'), OLD)
        with open(self.mount.usr('filler'), 'wb', buffering=0) as file:
            with self.fails(errno.ENOSPC):
                while True:
                    file.write(FILLER)
        # What is dropped is all of the filler, so a second one takes nearly all there is.
        free = os.statvfs(self.mount.usr()).f_bavail
        with open(self.mount.usr('filler'), 'wb', buffering=0) as file:
            for _ in range(free - 8):
                file.write(FILLER)

    def overwrite(self, *pieces):
        """Truncates the file, writes pieces until one finds no space; the file is still open."""
        file = open(self.mount.usr('file'), 'wb', buffering=0)
        with self.fails(errno.ENOSPC):
            for piece in pieces:
                file.write(piece)
        return file

    def is_old(self):
        """At once, by name and by content, and after a restart."""
        self.assertEqual(os.stat(self.mount.usr('file')).st_size, len(OLD))
        self.assertEqual(lib.read(self.mount.usr('file')), OLD)
        self.restart()
        self.assertEqual(lib.read(self.mount.usr('file')), OLD)


class Device(NoSpace):
    def test_nothing_fits(self):
        self.overwrite(b'x' * 4096 * 12).close()
        self.is_old()

    def test_half_of_it(self):
        """Pages of what was written must not be seen later."""
        self.overwrite(*[b'x' * 4096] * 12).close()
        self.is_old()

    def test_appended(self):
        with open(self.mount.usr('file'), 'ab', buffering=0) as file:
            with self.fails(errno.ENOSPC):
                for _ in range(12):
                    file.write(b'x' * 4096)
        self.is_old()

    def test_new_file(self):
        with open(self.mount.usr('new'), 'wb', buffering=0) as file:
            with self.fails(errno.ENOSPC):
                for _ in range(12):
                    file.write(b'x' * 4096)
        self.assertEqual(lib.read(self.mount.usr('new')), b'')
        self.is_old()

    def test_fsync_says_so(self):
        file = self.overwrite(b'x' * 4096 * 12)
        with self.fails(errno.ENOSPC):
            os.fsync(file.fileno())
        file.close()
        self.is_old()

    def test_what_fits_later_counts(self):
        with self.overwrite(b'x' * 4096 * 12) as file:
            file.seek(0)
            file.write(b'small')
        self.assertEqual(lib.read(self.mount.usr('file')), b'small')
        self.restart()
        self.assertEqual(lib.read(self.mount.usr('file')), b'small')

    def test_blocks_come_back(self):
        before = os.statvfs(self.mount.usr()).f_bavail
        self.overwrite(*[b'x' * 4096] * 12).close()
        self.assertEqual(os.statvfs(self.mount.usr()).f_bavail, before)


class Union(NoSpace):
    options = ()

    def setUp(self):
        lib.MountTest.setUp(self)
        lib.write(self.mount.usr('file'), OLD)

    def test_what_fits_stays(self):
        with open(self.mount.usr('file'), 'wb', buffering=0) as file:
            with self.fails(errno.ENOSPC):
                while True:
                    file.write(FILLER)
        size = os.stat(self.mount.usr('file')).st_size
        self.assertGreater(size, 0)
        self.restart()
        self.assertEqual(os.stat(self.mount.usr('file')).st_size, size)


del NoSpace

if __name__ == '__main__':
    lib.main()
