# SPDX-License-Identifier: MIT
"""SecureData with the codes of the documents: section by section."""
# with: states.py fake_secure.py
from array import array

from bak.check import run
from bak.states import check, raised
from bak import fake_secure
import SecureData
from SecureData import Read, Store


def test_example():
    """The founding document's."""
    databuf = '\x31\x32\x33\x34\x35\x36\x37\x38'
    check('store', SecureData.Store(1, databuf, 8), 0)
    buf = bytearray(20)
    lenth = SecureData.Read(1, buf, 20)
    check('read', lenth, 8)
    check('content', buf[:lenth], bytearray(b'12345678'))
    check('the rest of the buffer', buf[8:], bytearray(12))


def test_length():
    """The effective length is the smaller one; a slot is replaced as a whole."""
    buf = bytearray(20)
    check('len beyond the buffer', Store(2, b'abcdef', 100), 0)
    check('read all', (Read(2, buf, 100), buf[:7]), (6, bytearray(b'abcdef\0')))
    check('len short of the buffer', Store(2, b'xyz123', 3), 0)
    check('read 3', (Read(2, buf, 20), buf[:5]), (3, bytearray(b'xyzde')))
    check('read less than stored', (Read(2, buf, 2), Store(2, b'QRS', 3), Read(2, buf, 2), buf[:4]),
          (2, 0, 2, bytearray(b'QRzd')))
    small = bytearray(2)
    check('read into a small buffer', (Read(2, small, 100), small), (2, bytearray(b'QR')))


def test_text():
    """What a text is counts in bytes."""
    buf = bytearray(20)
    check('text of two-byte characters', Store(3, 'éé', 4), 0)
    check('its bytes', (Read(3, buf, 20), buf[:4]), (4, bytearray(b'\xc3\xa9\xc3\xa9')))
    check('half of it', (Store(3, 'éé', 2), Read(3, buf, 20)), (0, 2))
    check('zeros are content', (Store(4, b'a\0b\0', 4), Read(4, buf, 20), buf[:4]),
          (0, 4, bytearray(b'a\0b\0')))


def test_buffers():
    buf = bytearray(20)
    numbers = array('H', [0x3231, 0x3433])
    check('bytearray', Store(5, bytearray(b'12'), 2), 0)
    check('memoryview', Store(5, memoryview(b'1234')[1:3], 2), 0)
    check('content of the view', (Read(5, buf, 2), buf[:2]), (2, bytearray(b'23')))
    check('array', Store(5, numbers, 3), 0)
    check('bytes of the array', (Read(5, buf, 20), buf[:3]), (3, bytearray(b'123')))
    other = array('H', [0, 0, 0])
    check('read into an array', (Store(5, b'1234', 4), Read(5, other, 100), list(other)),
          (0, 4, [0x3231, 0x3433, 0]))
    target = bytearray(6)
    check('read into a view', (Read(5, memoryview(target)[2:4], 100), target),
          (2, bytearray(b'\0\x0012\0\0')))


def test_keywords():
    buf = bytearray(20)
    check('keywords', Store(index=6, databuf=b'kw', len=2), 0)
    check('keywords of the port', Read(index=6, databuf=buf, datalen=2), 2)
    check('datalen', Store(6, b'kx', datalen=1), 0)


def test_wrong_numbers():
    buf = bytearray(20)
    check('right', Store(6, b'k', 1), 0)
    check('never stored', Read(7, buf, 20), -2)
    check('index 0', (Store(0, b'x', 1), Read(0, buf, 1)), (-1, -1))
    check('index 17', (Store(17, b'x', 1), Read(17, buf, 1)), (-1, -1))
    check('index -1', (Store(-1, b'x', 1), Read(-1, buf, 1)), (-1, -1))
    check('negative len', (Store(6, b'x', -1), Read(6, buf, -1)), (-1, -1))
    check('unchanged', (Read(6, buf, 20), buf[:1]), (1, bytearray(b'k')))
    check('len 0', (Store(8, b'x', 0), Read(8, buf, 20), Read(8, buf, 0)), (0, 0, 0))


def test_capacities():
    for index, capacity in ((1, 52), (8, 52), (9, 100), (12, 100), (13, 500), (14, 500),
                            (15, 1000), (16, 1000)):
        full = bytearray(capacity)
        full[0], full[-1] = index, 255
        check('full %d' % index, Store(index, full, capacity), 0)
        check('too much for %d' % index, Store(index, bytearray(capacity + 1), capacity + 1), -1)
        back = bytearray(capacity + 1)
        check('content of %d' % index, (Read(index, back, capacity + 1), back[:-1]),
              (capacity, full))
    check('far too much', Store(16, bytearray(5000), 5000), -1)
    check('a large buffer', Read(1, bytearray(9000), 9000), 52)


def test_types():
    buf = bytearray(20)
    check('index is text', raised(Store, '1', b'x', 1)[0], 'TypeError')
    check('index is a float', raised(Read, 1.0, buf, 1)[0], 'TypeError')
    check('len is text', raised(Store, 1, b'x', '1')[0], 'TypeError')
    check('no buffer', raised(Store, 1, [1, 2], 2)[0], 'TypeError')
    check('a number as buffer', raised(Store, 1, 5, 2)[0], 'TypeError')
    check('None as buffer', raised(Read, 1, None, 2)[0], 'TypeError')
    check('read into bytes', raised(Read, 1, b'12345678', 8)[0], 'TypeError')
    check('read into text', raised(Read, 1, '12345678', 8)[0], 'TypeError')
    check('read into a view of bytes', raised(Read, 1, memoryview(b'12345678'), 8)[0], 'TypeError')
    check('two arguments', raised(Store, 1, b'x')[0], 'TypeError')
    check('one argument', raised(Read, 1)[0], 'TypeError')
    check('four arguments', raised(Read, 1, buf, 1, 1)[0], 'TypeError')


def test_power_off():
    if not fake_secure.is_used:
        return
    fake_secure.failure = 5
    check('store fails', Store(1, b'x', 1), -1)
    check('read fails', Read(1, bytearray(1), 1), -1)
    fake_secure.failure = None


run(globals())
