#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What holds without -o writeback holds with it, but for when a full disk is reported."""
import errno
import os
import random

import lib
import test_power
import test_tree

MANY = 6 << 20  # bytes, more than the user partition holds


class Files(test_tree.Files):
    options = ('-o', 'writeback')

    def test_full_disk(self):
        """Told by fsync and by close: never lost."""
        path = self.mount.usr('big')
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.write(fd, b'z' * MANY)
        with self.fails(errno.ENOSPC):
            os.fsync(fd)
        os.close(fd)
        os.unlink(path)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.write(fd, b'z' * MANY)
        with self.fails(errno.ENOSPC):
            os.close(fd)
        os.unlink(path)
        lib.write(self.mount.usr('small'), b'fits again')
        self.mount.close()
        self.check_image()

    def test_random_changes(self):
        rng = random.Random(os.environ.get('TWINFS_SEED', '1'))
        model = bytearray()
        with open(self.mount.usr('random'), 'w+b', buffering=0) as file:
            for _ in range(400):
                off, data = rng.randrange(100000), rng.randbytes(rng.randrange(1, 9000))
                choice = rng.randrange(10)
                if choice == 0:
                    del model[off:]
                    file.truncate(len(model))
                elif choice == 1:
                    os.fsync(file.fileno())
                elif choice == 2:
                    self.assertEqual(os.pread(file.fileno(), 9000, off), model[off:off + 9000])
                else:
                    model.extend(bytes(max(0, off + len(data) - len(model))))
                    model[off:off + len(data)] = data
                    os.pwrite(file.fileno(), data, off)
                self.assertEqual(os.fstat(file.fileno()).st_size, len(model))
        self.remount()
        self.assertEqual(lib.read(self.mount.usr('random')), model)


class Restart(test_power.Restart):
    options = ('-o', 'writeback')

    def test_unsynced_is_lost(self):
        path = self.mount.usr('notes.txt')
        with lib.Raw(path, os.O_RDWR) as file:
            os.write(file.fd, b'UNSYNCED')
            self.restart()
            self.assertEqual(lib.read(path), self.files['notes.txt'])
            with self.fails(errno.ESTALE, errno.EIO):
                os.write(file.fd, b'late')
                os.fsync(file.fd)
        self.assertEqual(lib.read(path), self.files['notes.txt'])


if __name__ == '__main__':
    lib.main()
