# SPDX-License-Identifier: MIT
"""uos: the calls on files and directories, their results and the numbers of their errors."""
import uos
from bak.check import equal, fails, fresh, read, run, true, write


def test_root():
    equal(uos.listdir(), ['usr', 'bak'])
    equal(list(uos.ilistdir('/')), [('usr', 0x4000, 0), ('bak', 0x4000, 0)])
    equal(uos.listdir(b'/'), [b'usr', b'bak'])
    equal(uos.stat('/'), (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    equal(uos.stat(''), uos.stat('/'))
    equal(uos.statvfs('/')[:9], (0,) * 9)
    fails(19, uos.stat, '/nothing')
    fails(19, uos.statvfs, '/nothing')
    fails(19, uos.stat, '/us')
    fails(19, uos.stat, '/usrx')
    fails(19, uos.stat, '//usr')
    fails(19, uos.listdir, '.')
    fails(19, uos.chdir, '/nothing')
    fails(19, uos.rename, '/x', '/y')
    fails(19, uos.remove, '/x')
    fails(19, uos.mkdir, '/new')
    fails(17, uos.mkdir, '/')
    fails(17, uos.mkdir, '/usr')
    fails(17, uos.mkdir, '/bak')
    fails(1, uos.remove, '/')
    fails(1, uos.rmdir, '')
    fails(1, uos.rename, '/', '/usr/x')
    fails(1, uos.rename, '/', '/')
    fails(TypeError, uos.stat, 1)
    fails(TypeError, uos.listdir, None)


def test_listing():
    fresh('/usr/t')
    uos.mkdir('/usr/t/sub')
    write('/usr/t/file', b'12345')
    equal(sorted(uos.listdir('/usr/t')), ['file', 'sub'])
    equal(sorted(uos.listdir(b'/usr/t')), [b'file', b'sub'])
    equal(sorted(uos.ilistdir('/usr/t')), [('file', 0x8000, 0, 5), ('sub', 0x4000, 0, 0)])
    equal(sorted(uos.ilistdir(b'usr/t')), [(b'file', 0x8000, 0, 5), (b'sub', 0x4000, 0, 0)])
    names = uos.ilistdir('/usr/t')
    true(iter(names) is names)
    fails(2, uos.listdir, '/usr/t/nothing')
    fails(20, uos.listdir, '/usr/t/file')
    fails(20, uos.ilistdir, '/usr/t/file')
    fails(2, uos.ilistdir, '/usr/t/nothing')
    true(isinstance(uos.listdir('/usr'), list))
    # An entry that goes while the listing is read is no error.
    for entry in uos.ilistdir('/usr/t'):
        if entry[1] == 0x8000:
            uos.remove('/usr/t/' + entry[0])
    equal(uos.listdir('/usr/t'), ['sub'])


def test_stat():
    fresh('/usr/t')
    write('/usr/t/file', b'12345')
    equal(uos.stat('/usr/t/file')[:7], (0x8000, 0, 0, 0, 0, 0, 5))
    equal(uos.stat(b'/usr/t/file')[6], 5)
    equal(uos.stat('/usr/t')[:7], (0x4000, 0, 0, 0, 0, 0, 0))
    equal(uos.stat('/usr')[:7], (0x4000, 0, 0, 0, 0, 0, 0))
    equal(len(uos.stat('/usr/t/file')), 10)
    equal(uos.stat('/usr/'), uos.stat('/usr'))
    equal(uos.stat('/bak/note.txt')[6], 17)
    fails(2, uos.stat, '/usr/t/nothing')
    fails(2, uos.stat, '/usr/nothing/at/all')
    fails(20, uos.stat, '/usr/t/file/below')


def test_statvfs():
    found = uos.statvfs('/usr')
    equal(len(found), 10)
    equal(found[:2], (4096, 4096))
    true(0 < found[3] < found[2])
    equal(found[3], found[4])
    equal(found[5:], (0, 0, 0, 0, 255))
    equal(uos.statvfs('/usr/nothing/there')[:3], found[:3])


def test_mkdir():
    fresh('/usr/t')
    equal(uos.mkdir('/usr/t/a'), None)
    fails(17, uos.mkdir, '/usr/t/a')
    fails(17, uos.mkdir, '/usr/t/a/')
    fails(17, uos.mkdir, '/usr/.')
    fails(2, uos.mkdir, '/usr/t/b/c')
    fails(2, uos.mkdir, '/usr/t/b/')
    write('/usr/t/f', b'')
    fails(17, uos.mkdir, '/usr/t/f')
    fails(20, uos.mkdir, '/usr/t/f/g')


def test_remove():
    for remove in (uos.remove, uos.rmdir):
        fresh('/usr/t')
        uos.mkdir('/usr/t/a')
        write('/usr/t/a/f', b'x')
        fails(39, remove, '/usr/t/a')
        equal(remove('/usr/t/a/f'), None)
        equal(remove('/usr/t/a'), None)
        equal(uos.listdir('/usr/t'), [])
        fails(2, remove, '/usr/t/a')
        fails(2, remove, '/usr/nothing/a')
        fails(22, remove, '/usr')
        fails(22, remove, '/usr/')
        fails(22, remove, '/usr/lib/..')
        true('main.py' in uos.listdir('/usr'))


def test_rename():
    fresh('/usr/t')
    write('/usr/t/a', b'a')
    write('/usr/t/b', b'b')
    equal(uos.rename('/usr/t/a', '/usr/t/b'), None)
    equal(uos.listdir('/usr/t'), ['b'])
    equal(read('/usr/t/b'), b'a')
    fails(2, uos.rename, '/usr/t/a', '/usr/t/c')
    fails(2, uos.rename, '/usr/t/b', '/usr/t/nothing/c')
    fails(2, uos.rename, '/usr/t/b', '/usr/t/c/')
    uos.mkdir('/usr/t/d')
    fails(21, uos.rename, '/usr/t/b', '/usr/t/d')
    fails(21, uos.rename, '/usr/t/d', '/usr/t/b')
    fails(20, uos.rename, '/usr/t/d', '/usr/t/b/c')
    uos.mkdir('/usr/t/e')
    write('/usr/t/e/f', b'')
    fails(39, uos.rename, '/usr/t/d', '/usr/t/e')
    uos.rename('/usr/t/e', '/usr/t/d')
    equal(uos.listdir('/usr/t/d'), ['f'])
    fails(1, uos.rename, '/usr/t/b', '/bak/b')
    fails(1, uos.rename, '/bak/note.txt', '/usr/t/note')
    fails(1, uos.rename, '/usr/t/b', '/b')
    fails(22, uos.rename, '/usr', '/usr/t/x')
    fails(22, uos.rename, '/usr/t/d', '/usr')


def test_paths():
    fresh('/usr/t')
    uos.mkdir('/usr/t/d')
    write('/usr//t/./d/../f', b'1')
    equal(uos.listdir('/usr/t/d/..'), uos.listdir('usr/t/'))
    equal(read('usr/t/f'), b'1')
    equal(read('/usr/../../t/f'), b'1')
    equal(read('/usr/nothing/../t/f'), b'1')
    equal(read('/usr/t/f/'), b'1')
    fails(2, open, '/usr/t/new/', 'w')
    fails(2, uos.stat, '/usr/T/f')
    fails(2, uos.stat, '/usr/t/...')


def test_names():
    fresh('/usr/t')
    longest = 'n' * 255
    write('/usr/t/' + longest, b'1')
    equal(uos.listdir('/usr/t'), [longest])
    fails(36, open, '/usr/t/' + longest + 'n', 'w')
    fails(36, uos.mkdir, '/usr/t/' + longest + 'n')
    fails(36, open, '/usr/t/' + '\u4e2d' * 86, 'w')
    uos.remove('/usr/t/' + longest)
    write('/usr/t/\u4e2d\u6587', b'1')
    equal(uos.listdir('/usr/t'), ['\u4e2d\u6587'])
    equal(uos.listdir(b'/usr/t'), ['\u4e2d\u6587'.encode()])
    equal(uos.stat('/usr/t/\u4e2d\u6587'.encode())[6], 1)
    equal(read('/usr/t/\u4e2d\u6587'), b'1')


def test_current_directory():
    fresh('/usr/t')
    uos.mkdir('/usr/t/d')
    write('/usr/t/d/f', b'1')
    equal(uos.getcwd(), '/')
    equal(uos.chdir('/usr/t'), None)
    equal(uos.getcwd(), '/usr/t')
    equal(uos.listdir(), ['d'])
    uos.chdir('d')
    equal(uos.getcwd(), '/usr/t/d')
    equal(read('f'), b'1')
    equal(read('../d/./f'), b'1')
    fails(-2, uos.chdir, 'nothing')
    fails(-2, uos.chdir, 'f')
    fails(-2, uos.chdir, '/usr/nothing')
    equal(uos.getcwd(), '/usr/t/d')
    uos.chdir('..')
    equal(uos.getcwd(), '/usr/t')
    # Relative paths do not leave a volume.
    uos.chdir('../../../..')
    equal(uos.getcwd(), '/usr')
    equal(uos.listdir('bak') if 'bak' in uos.listdir() else [], [])
    uos.chdir('/bak/usr')
    equal(uos.getcwd(), '/bak/usr')
    equal(uos.listdir(), ['main.py'])
    uos.chdir('/')
    equal(uos.getcwd(), '/')
    uos.chdir('usr')
    equal(uos.getcwd(), '/usr')
    uos.chdir('/')


def test_read_only_by_name():
    equal(uos.mkdir('/bak/new'), -1)
    equal(uos.remove('/bak/note.txt'), -1)
    equal(uos.remove('/bak/nothing'), -1)
    equal(uos.rmdir('/bak/usr'), -1)
    equal(uos.rmdir('/bak'), -1)
    equal(uos.rename('/bak/note.txt', '/bak/other'), -1)
    equal(uos.umount('/bak'), -1)
    for mode in ('w', 'a', 'x', 'r+', 'rb+', 'w+', 'br', 'tr', '', 'U', 'rw'):
        equal(open('/bak/note.txt', mode), -1)
    for mode in ('r', 'rt', 'rb'):
        with open('/bak/note.txt', mode) as file:
            equal(len(file.read()), 17)
    equal(open('/bak/nothing', 'w'), -1)
    fails(2, open, '/bak/nothing')
    uos.chdir('/bak')
    equal(uos.mkdir('new'), -1)
    equal(open('note.txt', 'w'), -1)
    uos.chdir('/')
    equal(read('/bak/note.txt'), b'from the factory\n')


def test_with_a_refused_file():
    def use():
        with open('/bak/note.txt', 'w'):
            pass
    fails(AttributeError, use)
    fails(AttributeError, lambda: open('/bak/note.txt', 'w').write('x'))


def test_texts_of_errors():
    for number, path, text in ((2, '/usr/nothing', '[Errno 2] ENOENT'),
                               (20, '/usr/main.py/x', '20')):
        failure = fails(number, open, path)
        equal(failure.args, (number,))
        if number == 2:
            equal(str(failure), text)
        true(isinstance(failure, OSError))


def test_names_of_the_system():
    names = uos.uname()
    equal(len(names), 6)
    equal([name.split('=')[0] for name in names],
          ['sysname', 'nodename', 'release', 'version', 'machine', 'qpyver'])
    equal(names[2], 'release=1.12.0')
    bare = uos.uname2()
    equal(bare.release, '1.12.0')
    equal('sysname=' + bare.sysname, names[0])
    equal('qpyver=' + bare.qpyver, names[5])
    equal(len(bare), 6)


def test_urandom():
    equal(len(uos.urandom(16)), 16)
    true(isinstance(uos.urandom(1), bytes))
    true(uos.urandom(16) != uos.urandom(16))


run(globals())
