# SPDX-License-Identifier: MIT
"""What turns data into other data: ubinascii, uhashlib, hashlib, ustruct, ure, uzlib."""
import io

from bak import check
import hashlib
import ubinascii
import uhashlib
import ure
import ustruct
import uzlib

HASHES = (
    ('md5', 'd41d8cd98f00b204e9800998ecf8427e', '900150983cd24fb0d6963f7d28e17f72'),
    ('sha1', 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
     'a9993e364706816aba3e25717850c26c9cd0d89d'),
    ('sha256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
     'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
)


def hexadecimal(data):
    return ubinascii.hexlify(data).decode()


def test_hexadecimal():
    check.equal(ubinascii.hexlify(b'\x00\xab'), b'00ab')
    check.equal(ubinascii.hexlify(b'abc', ':'), b'61:62:63')
    check.equal(ubinascii.hexlify('ab'), b'6162')
    check.equal(ubinascii.unhexlify('00aB'), b'\x00\xab')
    check.fails(ValueError, ubinascii.unhexlify, '0')
    check.fails(ValueError, ubinascii.unhexlify, '0x')


def test_base64():
    check.equal(ubinascii.b2a_base64(b'ab'), b'YWI=\n')
    check.equal(ubinascii.b2a_base64('ab'), b'YWI=\n')
    check.equal(ubinascii.a2b_base64('YW!I=\n'), b'ab')
    check.equal(ubinascii.a2b_base64(b'AP8Q'), b'\x00\xff\x10')
    check.fails(ValueError, ubinascii.a2b_base64, 'YWI')


def test_hashes():
    for name, empty, abc in HASHES:
        kind = getattr(uhashlib, name)
        check.equal(hexadecimal(kind().digest()), empty)
        check.equal(hexadecimal(kind('abc').digest()), abc)
        hash = kind(b'a')
        hash.update(b'')
        hash.update('bc')
        check.equal(hexadecimal(hash.digest()), abc)
        check.equal(hexadecimal(hash.digest()), abc)
        check.fails(ValueError, hash.update, b'd')
        check.true(not hasattr(hash, 'hexdigest'))


def test_hashes_of_more_than_a_block():
    data = bytes(range(200))
    for pieces in (1, 55, 56, 63, 64, 65, 200):
        hash = uhashlib.md5()
        for at in range(0, 200, pieces):
            hash.update(data[at:at + pieces])
        check.equal(hash.digest(), uhashlib.md5(data).digest())
    check.equal(hexadecimal(uhashlib.sha1(data).digest()),
                '54d11e99127d159799dbce10f51a75e697780478')
    check.equal(hexadecimal(uhashlib.md5(data).digest()), 'fb7001d34b8e82c9b579be5005d5b0a5')


def test_hashlib():
    check.equal(hashlib.sha256(b'abc').hexdigest(), HASHES[2][2])
    check.equal(hashlib.sha256('abc').digest(), uhashlib.sha256(b'abc').digest())
    check.equal(hashlib.sha224().hexdigest(),
                'd14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f')
    hash = hashlib.sha224(b'a')
    other = hash.copy()
    other.update('bc')
    check.equal(other.hexdigest(), '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7')
    check.equal(hash.digest(), hashlib.sha224(b'a').digest())
    check.equal(len(hash.digest()), hash.digest_size)
    hash.update(b'bc')
    check.equal(hash.digest(), other.digest())


def test_ustruct():
    check.equal(ustruct.pack('<HBi', 0x1234, 5, -1), b'\x34\x12\x05\xff\xff\xff\xff')
    check.equal(ustruct.unpack('>HB', b'\x12\x34\x05'), (0x1234, 5))
    check.equal(ustruct.calcsize('<IH'), 6)
    data = bytearray(4)
    ustruct.pack_into('<H', data, 1, 0x0201)
    check.equal(data, bytearray(b'\x00\x01\x02\x00'))
    check.equal(ustruct.unpack_from('<H', data, 1), (0x0201,))


def test_ure():
    check.equal(ure.match('a(b*)c', 'abbc').group(1), 'bb')
    check.equal(ure.match('b', 'abc'), None)
    check.equal(ure.search('[0-9]+', 'ab12c').group(0), '12')
    check.equal(ure.compile('x').search('axb').group(0), 'x')
    check.equal(ure.sub('[0-9]', '#', 'a1b22'), 'a#b##')
    check.equal(ure.sub('[0-9]', lambda found: '<' + found.group(0) + '>', 'a1b2', 1), 'a<1>b2')


def test_uzlib():
    packed = ubinascii.unhexlify('789c4b4c4a4e4c4a0600080c024d')
    gzipped = ubinascii.unhexlify('1f8b08000000000002034b4c4a4e4c4a06004c996e7206000000')
    check.equal(uzlib.decompress(packed), bytearray(b'abcabc'))
    check.equal(uzlib.decompress(packed[2:-4], -15), bytearray(b'abcabc'))
    check.fails(ValueError, uzlib.decompress, b'\x78\x9c\xff\xff\xff')
    check.equal(uzlib.DecompIO(io.BytesIO(packed)).read(3), b'abc')
    check.equal(uzlib.DecompIO(io.BytesIO(gzipped), 31).read(), b'abcabc')


check.run(globals())
