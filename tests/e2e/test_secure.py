#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SecureData: every rule of docs/formats/securedata-protocol.md."""
import errno
import os

import lib


class Secure(lib.MountTest):
    def open(self, flags=os.O_RDWR):
        fd = os.open(self.mount.path('SecureData'), flags)
        self.addCleanup(os.close, fd)
        return fd

    def answer(self, fd):
        return b''.join(iter(lambda: os.read(fd, 100000), b''))

    def ask(self, request, fd=None):
        fd = self.open() if fd is None else fd
        self.assertEqual(os.write(fd, request), len(request))
        return self.answer(fd)

    def slots(self):
        text = lib.read(self.mount.path('SecureData')).decode()
        lines = [line.split() for line in text.splitlines() if not line.startswith('#')]
        return {int(line[0]): line[1:] for line in lines}

    def test_codes(self):
        cases = (
            (b'READ 1 52\n', b'-2\n'),
            (b'STORE 1 5\nhello', b'0\n'),
            (b'READ 1 52\n', b'5\nhello'),
            (b'READ 1 3\n', b'3\nhel'),
            (b'READ 1 0\n', b'0\n'),
            (b'READ 1 4096\n', b'5\nhello'),
            (b'STORE 1 3\n\x00\n\xff', b'0\n'),
            (b'READ 1 52\n', b'3\n\x00\n\xff'),
            (b'STORE 1 0\n', b'0\n'),
            (b'READ 1 52\n', b'0\n'),
            (b'STORE 16 1000\n' + b'z' * 1000, b'0\n'),
            (b'READ 16 1000\n', b'1000\n' + b'z' * 1000),
            (b'STORE 8 53\n' + b'y' * 53, b'-1\n'),
            (b'READ 8 52\n', b'-2\n'),
            (b'STORE 0 1\nx', b'-1\n'),
            (b'STORE 17 1\nx', b'-1\n'),
            (b'STORE -1 1\nx', b'-1\n'),
            (b'READ 0 1\n', b'-1\n'),
            (b'READ 17 1\n', b'-1\n'),
        )
        fd = self.open()
        for request, expected in cases:
            with self.subTest(request[:20]):
                self.assertEqual(self.ask(request), expected)
                self.assertEqual(self.ask(request, fd), expected)

    def test_malformed(self):
        self.assertEqual(self.ask(b'STORE 2 4\nkeep'), b'0\n')
        before = self.slots()
        for request in (b'\n', b'x', b'STORE', b'STORE 2\n', b'STORE 2 \n', b'STORE 2 x\n',
                        b'STORE  2 1\nx', b' STORE 2 1\nx', b'store 2 1\nx', b'STORE 2 1 \nx',
                        b'STORE 2 1\r\nx', b'STORE +2 1\nx', b'STORE 2 -1\n', b'STORE 2 4097\n',
                        b'STORE 2 9999999999\n', b'STORE 2 1\nxy', b'STORE 2 2\nx',
                        b'READ 2 52\nx', b'READ 2 52', b'READ 2 -1\n', b'READ 2 4097\n',
                        b'READ 2 52\nREAD 2 52\n', b'a' * 64, b'READ 2 ' + b'0' * 70 + b'1\n',
                        b'STORE 2 1000\n' + b'x' * 100000, b'\0' * 10):
            with self.subTest(request[:20]):
                self.assertEqual(self.ask(request), b'-1\n')
        self.assertEqual(self.slots(), before)
        self.assertEqual(self.ask(b'READ 2 52\n'), b'4\nkeep')

    def test_pieces(self):
        fd = self.open()
        for byte in b'STORE 3 5\nhello':
            self.assertEqual(os.write(fd, bytes([byte])), 1)
        self.assertEqual(os.read(fd, 1), b'0')
        self.assertEqual(os.read(fd, 1), b'\n')
        self.assertEqual(os.read(fd, 1), b'')
        for piece in (b'RE', b'AD 3', b' 52\n'):
            os.write(fd, piece)
        self.assertEqual([os.read(fd, 3) for _ in range(4)], [b'5\nh', b'ell', b'o', b''])

    def test_order(self):
        fd = self.open()
        os.write(fd, b'STORE 4 3\nold')
        with self.fails(errno.EBUSY):
            os.write(fd, b'STORE 4 3\nnew')
        self.assertEqual(self.answer(fd), b'0\n')
        self.assertEqual(self.ask(b'READ 4 52\n', fd), b'3\nold')
        # what is left of an answer is dropped
        os.write(fd, b'READ 4 52\n')
        self.assertEqual(os.read(fd, 1), b'3')
        self.assertEqual(self.ask(b'READ 5 52\n', fd), b'-2\n')
        # offset 0 starts over, in the middle of a request or before its answer is read
        os.write(fd, b'STORE 4 10\nhalf')
        os.pwrite(fd, b'READ 4 52\n', 0)
        os.pwrite(fd, b'READ 5 52\n', 0)
        self.assertEqual(self.answer(fd), b'-2\n')
        # a reader does not wait for the rest
        os.write(fd, b'STORE 4 10\nhalf')
        self.assertEqual(self.answer(fd), b'-1\n')
        self.assertEqual(self.ask(b'READ 4 52\n', fd), b'3\nold')

    def test_two_openers(self):
        one, two = self.open(), self.open()
        os.write(one, b'STORE 6 6\nfir')
        os.write(two, b'STORE 6 6\nsecond')
        os.write(one, b'st1')
        self.assertEqual(self.answer(two), b'0\n')
        self.assertEqual(self.answer(one), b'0\n')
        os.write(one, b'READ 6 52\n')
        self.assertIn(b'capacity', self.answer(self.open()))
        self.assertEqual(self.answer(one), b'6\nfirst1')

    def test_list(self):
        self.assertEqual(self.ask(b'STORE 9 6\nsecret'), b'0\n')
        self.assertEqual(self.ask(b'STORE 10 3\nabc'), b'0\n')
        slots = self.slots()
        self.assertEqual(sorted(slots), list(range(1, 17)))
        self.assertEqual([slots[i][0] for i in range(1, 17)],
                         ['52'] * 8 + ['100'] * 4 + ['500'] * 2 + ['1000'] * 2)
        self.assertEqual(slots[9][1], '6')
        self.assertEqual(slots[1][1:], ['-', '-'])
        self.assertGreater(int(slots[10][2]), int(slots[9][2]))
        self.assertNotIn(b'secret', lib.read(self.mount.path('SecureData')))

    def test_survives(self):
        self.assertEqual(self.ask(b'STORE 12 4\nkept'), b'0\n')
        self.restart()
        self.assertEqual(self.ask(b'READ 12 100\n'), b'4\nkept')
        fd = self.open()
        os.write(fd, b'READ 12')
        self.mount.power('off')
        with self.fails(errno.EIO):
            os.write(fd, b' 100\n')
        with self.fails(errno.EIO):
            os.read(fd, 10)
        self.mount.power('on')
        os.write(fd, b' 100\n')
        self.assertEqual(self.answer(fd), b'4\nkept')

    def test_write_only(self):
        lib.run('sh', '-c', 'printf "STORE 7 2\\nok" > "$1"', 'sh', self.mount.path('SecureData'))
        self.assertEqual(self.ask(b'READ 7 52\n'), b'2\nok')

    @lib.needs('bash')
    def test_shell(self):
        done = lib.run('bash', '-ec', '''
            exec 3<>"$1"
            printf 'STORE 1 5\\nhello' >&3; cat <&3
            printf 'READ 1 52\\n' >&3; cat <&3; echo
            ''', 'bash', self.mount.path('SecureData'))
        self.assertEqual(done.stdout, '0\n5\nhello\n')

    def test_nothing_is_logged(self):
        with open(self.mount.path('SecureData'), 'r+b', buffering=0) as file:
            self.assertEqual(self.ask(b'STORE 1 9\ntopsecret', file.fileno()), b'0\n')
            self.assertEqual(self.ask(b'topsecret READ\n', file.fileno()), b'-1\n')
        self.mount.close()
        self.assertNotIn('topsecret', self.mount.words())


if __name__ == '__main__':
    lib.main()
