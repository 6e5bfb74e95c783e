# SPDX-License-Identifier: MIT
"""The built-in open and the device's file object."""
import sys

import uio
import uos
from bak.check import equal, fails, fresh, read, run, true, write

# The error number of a file that was opened for something else is raised by the interpreter's
# own files in MicroPython, so under node by another C library.
EBADF = 8 if sys.platform == 'webassembly' else 9


def test_modes():
    fresh('/usr/t')
    fails(2, open, '/usr/t/f')
    fails(2, open, '/usr/t/f', 'r+')
    fails(2, open, '/usr/t/f', '+')
    open('/usr/t/f', 'w').close()
    equal(uos.stat('/usr/t/f')[6], 0)
    for mode, kept in (('r', b'abc'), ('', b'abc'), ('r+', b'abc'), ('rb+', b'abc'),
                       ('r+b', b'abc'), ('+', b'abc'), ('a', b'abc'), ('w', b''), ('w+', b''),
                       ('wb+', b''), ('zr', b'abc'), ('bw', b''), ('U', b'abc')):
        write('/usr/t/f', b'abc')
        open('/usr/t/f', mode).close()
        equal(read('/usr/t/f'), kept)
    for mode in ('rw', 'wr', 'rr', 'ax', '+r', '+w', 'r+w'):
        fails(ValueError, open, '/usr/t/f', mode)
    fails(17, open, '/usr/t/f', 'x')
    fails(17, open, '/usr/t/f', 'x+')
    with open('/usr/t/new', 'x') as file:
        file.write('new')
    equal(read('/usr/t/new'), b'new')
    with open('/usr/t/newer', 'xb+') as file:
        file.write(b'newer')
        file.seek(0)
        equal(file.read(), b'newer')


def test_what_cannot_be_opened():
    for mode in ('r', 'w', 'a', 'x', 'r+', 'rb'):
        fails(21, open, '/usr/lib', mode)
        fails(21, open, '/usr', mode)
        fails(1, open, '/', mode)
        fails(19, open, '/file', mode)
        fails(20, open, '/usr/main.py/file', mode)
        fails(2, open, '/usr/nothing/file', mode)


def test_arguments():
    fresh('/usr/t')
    with open('/usr/t/f', mode='wb', buffering=0, encoding='latin-1') as file:
        file.write(b'\xc3\xa9')
    with open(file='/usr/t/f', encoding='latin-1') as file:
        equal(file.read(), '\u00e9')
    with open(b'/usr/t/f', 'r', -1, None) as file:
        equal(file.read(), '\u00e9')
    fails(TypeError, open, None)
    true(uio.open is open)


def test_text():
    fresh('/usr/t')
    with open('/usr/t/f', 'w') as file:
        equal(file.write('\u00e9'), 2)
        equal(file.write('\u4e2d\u6587'), 6)
        equal(file.write(b'\r\nend'), 5)
        equal(file.tell(), 13)
    equal(read('/usr/t/f'), b'\xc3\xa9\xe4\xb8\xad\xe6\x96\x87\r\nend')
    with open('/usr/t/f') as file:
        equal(file.read(2), '\u00e9\u4e2d')
        equal(file.tell(), 5)
        equal(file.read(2), '\u6587\r')
        equal(file.read(100), '\nend')
        equal(file.read(1), '')
        equal(file.read(), '')
        equal(file.seek(2), 2)
        equal(file.read(), '\u4e2d\u6587\r\nend')
    write('/usr/t/f', '\u4e2d'.encode() * 5000)
    with open('/usr/t/f') as file:
        equal(file.read(4999), '\u4e2d' * 4999)
        equal(file.tell(), 14997)
        equal(file.read(0), '')
        equal(file.read(5), '\u4e2d')
    write('/usr/t/f', ('a' * 99 + '\u00e9' + 'b' * 50).encode())
    with open('/usr/t/f') as file:
        equal(file.read(100), 'a' * 99 + '\u00e9')
        equal(file.read(-1), 'b' * 50)


def test_bytes():
    data = bytes(range(256)) * 40
    with open('/usr/data.bin', 'rb') as file:
        equal(file.read(3), data[:3])
        equal(file.read(5000), data[3:5003])
        equal(file.tell(), 5003)
        equal(file.read(), data[5003:])
        equal(file.read(), b'')
        equal(file.seek(-2, 2), len(data) - 2)
        equal(file.read(-1), data[-2:])
        equal(file.seek(4), 4)
        equal(file.seek(2, 1), 6)
        equal(file.read(1), b'\x06')
        fails(OSError, file.seek, -1)
        equal(file.seek(100000), 100000)
        equal(file.read(), b'')


def test_readinto():
    with open('/usr/data.bin', 'rb') as file:
        buffer = bytearray(10)
        equal(file.readinto(buffer), 10)
        equal(buffer, bytearray(range(10)))
        equal(file.readinto(memoryview(buffer)[5:]), 5)
        equal(buffer, bytearray([0, 1, 2, 3, 4, 10, 11, 12, 13, 14]))
        equal(file.readinto(buffer, 2), 2)
        equal(buffer[:3], bytearray([15, 16, 2]))
        file.seek(-3, 2)
        equal(file.readinto(buffer), 3)
    with open('/usr/main.py') as file:
        equal(file.readinto(buffer), 10)
        equal(buffer, bytearray(b'PROJECT_NA'))


def test_lines():
    fresh('/usr/t')
    write('/usr/t/f', b'one\r\ntwo\n\nlast')
    with open('/usr/t/f') as file:
        equal(file.readline(), 'one\r\n')
        equal(file.tell(), 5)
        equal(file.readline(2), 'tw')
        equal(file.readline(), 'o\n')
        equal(file.readlines(), ['\n', 'last'])
        equal(file.readline(), '')
    with open('/usr/t/f', 'rb') as file:
        equal(list(file), [b'one\r\n', b'two\n', b'\n', b'last'])
        file.seek(0)
        equal([line for line in file][1], b'two\n')
        file.seek(0)
        equal(next(file), b'one\r\n')
        equal(file.readlines(), [b'two\n', b'\n', b'last'])
        fails(StopIteration, next, file)
    with open('/usr/t/f', 'r+') as file:
        equal([line for line in file], ['one\r\n', 'two\n', '\n', 'last'])


def test_update():
    fresh('/usr/t')
    write('/usr/t/f', b'0123456789')
    with open('/usr/t/f', 'r+') as file:
        equal(file.read(3), '012')
        equal(file.write('ABC'), 3)
        equal(file.tell(), 6)
        equal(file.read(), '6789')
        file.write('end')
        file.seek(1)
        equal(file.read(4), '12AB')
    equal(read('/usr/t/f'), b'012ABC6789end')
    with open('/usr/t/f', 'rb+') as file:
        file.seek(20)
        file.write(b'far')
        equal(file.seek(0, 1), 23)
    equal(read('/usr/t/f'), b'012ABC6789end' + bytes(7) + b'far')
    with open('/usr/t/f', 'w+') as file:
        file.write('anew')
        equal(file.seek(0), 0)
        equal(file.readline(), 'anew')


def test_append():
    fresh('/usr/t')
    with open('/usr/t/f', 'a') as file:
        equal(file.tell(), 0)
        file.write('one')
        equal(file.tell(), 3)
    with open('/usr/t/f', 'ab+') as file:
        equal(file.tell(), 0)
        equal(file.read(2), b'on')
        file.write(b'two')
        equal(file.tell(), 6)
        equal(file.read(), b'')
        file.seek(1)
        equal(file.read(2), b'ne')
        file.write(b'three')
        file.seek(0)
        equal(file.readline(), b'onetwothree')
    equal(read('/usr/t/f'), b'onetwothree')
    with open('/usr/t/f', 'a') as file:
        file.write('4')
        file.seek(0)
        file.write('5')
        file.write('6')
        equal(file.tell(), 14)
    equal(read('/usr/t/f'), b'onetwothree456')


def test_write_takes_a_part():
    fresh('/usr/t')
    with open('/usr/t/f', 'wb') as file:
        equal(file.write(b'abcdef', 2), 2)
        equal(file.write(b'abcdef', 3, 2), 2)
        equal(file.write(bytearray(b'gh')), 2)
        equal(file.write(memoryview(b'ijk')[1:]), 2)
        equal(file.write('\u00e9'), 2)
        equal(file.write(b''), 0)
        fails(TypeError, file.write, 1)
    equal(read('/usr/t/f'), b'abdeghjk\xc3\xa9')


def test_opened_for_something_else():
    fresh('/usr/t')
    write('/usr/t/f', b'abc')
    with open('/usr/t/f', 'rb') as file:
        fails(EBADF, file.write, b'x')
    with open('/usr/t/f', 'rb') as file:
        equal(file.flush(), None)
        equal(file.read(), b'abc')
    for mode in ('w', 'a'):
        with open('/usr/t/f', mode) as file:
            fails(EBADF, file.read)
            fails(EBADF, file.read, 1)
            fails(EBADF, file.readline)
            fails(EBADF, file.readinto, bytearray(1))


def test_closed():
    fresh('/usr/t')
    for mode in ('w', 'r', 'rb', 'r+', 'a', 'wb+'):
        file = open('/usr/t/f', mode)
        equal(file.close(), None)
        equal(file.close(), None)
        fails(ValueError, file.read)
        fails(ValueError, file.read, 1)
        fails(ValueError, file.readline)
        fails(ValueError, file.readinto, bytearray(1))
        fails(ValueError, file.write, 'x')
        fails(ValueError, file.flush)
        fails(ValueError, file.seek, 0)
        fails(ValueError, file.tell)
    with open('/usr/t/f', 'w') as file:
        file.write('x')
        true(file is not None)
    fails(ValueError, file.write, 'y')
    fails(ValueError, list, file)


def test_flush_and_other_readers():
    fresh('/usr/t')
    file = open('/usr/t/f', 'w')
    file.write('first')
    equal(file.flush(), None)
    equal(read('/usr/t/f'), b'first')
    file.write('second')
    file.close()
    equal(read('/usr/t/f'), b'firstsecond')


def test_many_files():
    fresh('/usr/t')
    files = [open('/usr/t/%d' % number, 'w+') for number in range(20)]
    for number, file in enumerate(files):
        file.write(str(number))
    for number, file in enumerate(files):
        file.seek(0)
        equal(file.read(), str(number))
        file.close()


def test_print_to_a_file():
    fresh('/usr/t')
    with open('/usr/t/f', 'w') as file:
        print('value', 5, file=file)
    equal(read('/usr/t/f'), b'value 5\n')


def test_streams_in_memory():
    stream = uio.StringIO()
    stream.write('text')
    equal(stream.getvalue(), 'text')
    stream = uio.BytesIO(b'bytes')
    equal(stream.read(2), b'by')


run(globals())
