# SPDX-License-Identifier: MIT
"""ql_fs, whose oddities applications rely on."""
import ql_fs
import uos
from bak.check import equal, fails, fresh, read, run, true, write


def test_path_exists():
    for path in ('/', '/usr', '/usr/', 'usr/main.py', '/bak/note.txt', '/usr/lib'):
        equal(ql_fs.path_exists(path), True)
    for path in ('', None, '/nothing', '/usr/nothing', '/usr/main.py/x', 5):
        equal(ql_fs.path_exists(path), False)


def test_path_dirname():
    for path, wanted in (('/usr/bin', '/usr'), ('/usr', '/'), ('/usr/', '/usr'), ('usr', ''),
                         ('', ''), ('/', '/'), ('usr/x', 'usr'), ('/usr/a/b.py', '/usr/a'),
                         (None, '')):
        equal(ql_fs.path_dirname(path), wanted)


def test_path_getsize():
    equal(ql_fs.path_getsize('/usr/data.bin'), 10240)
    equal(ql_fs.path_getsize('/usr/lib'), 0)
    failure = fails(ql_fs.FileNotFoundError, ql_fs.path_getsize, '/usr/nothing')
    equal(str(failure), repr("can not find: '/usr/nothing'"))
    true(not isinstance(failure, OSError))


def test_mkdirs():
    fresh('/usr/t')
    equal(ql_fs.mkdirs('/usr/t/a/b/c'), None)
    equal(ql_fs.mkdirs('/usr/t/a/b/c'), None)
    equal(uos.listdir('/usr/t/a/b'), ['c'])
    ql_fs.mkdirs('usr/t/d/e/')
    equal(uos.listdir('/usr/t/d'), ['e'])
    write('/usr/t/f', b'')
    fails(20, ql_fs.mkdirs, '/usr/t/f/g')
    fails(19, ql_fs.mkdirs, '/nothing/x')


def test_rmdirs():
    fresh('/usr/t')
    ql_fs.mkdirs('/usr/t/a/b')
    write('/usr/t/a/f', b'1')
    write('/usr/t/a/b/g', b'1')
    equal(ql_fs.rmdirs('/usr/t/a'), None)
    equal(uos.listdir('/usr/t'), [])
    write('/usr/t/f', b'')
    fails(20, ql_fs.rmdirs, '/usr/t/f')
    fails(2, ql_fs.rmdirs, '/usr/t/nothing')


def test_rmdirs_of_the_backup_does_not_end():
    fails(RuntimeError, ql_fs.rmdirs, '/bak/usr')
    equal(uos.listdir('/bak/usr'), ['main.py'])


def test_rmdirs_of_a_volume_keeps_its_root():
    kept = read('/usr/data.bin'), read('/usr/main.py')
    fails(22, ql_fs.rmdirs, '/usr')
    equal(uos.listdir('/usr'), [])
    write('/usr/data.bin', kept[0])
    write('/usr/main.py', kept[1])
    uos.mkdir('/usr/lib')


def test_file_copy():
    fresh('/usr/t')
    equal(ql_fs.file_copy('/usr/t/copy', '/usr/data.bin'), True)
    equal(read('/usr/t/copy'), read('/usr/data.bin'))
    equal(ql_fs.file_copy('/usr/t/copy', '/usr/main.py'), True)
    equal(read('/usr/t/copy'), read('/usr/main.py'))
    equal(ql_fs.file_copy('/usr/t/copy', '/usr/t/nothing'), False)
    fails(21, ql_fs.file_copy, '/usr/t', '/usr/main.py')
    fails(2, ql_fs.file_copy, '/usr/t/nothing/copy', '/usr/main.py')
    equal(ql_fs.file_copy(dstFile='/usr/t/copy', srcFile='/bak/note.txt'), True)
    equal(read('/usr/t/copy'), b'from the factory\n')


def test_touch():
    fresh('/usr/t')
    equal(ql_fs.touch('/usr/t/a/b/c.json', {'volume': 5}), 0)
    equal(read('/usr/t/a/b/c.json'), b'{"volume": 5}')
    equal(ql_fs.touch('/usr/t/a/b/c.json', [1, 'x']), 0)
    equal(read('/usr/t/a/b/c.json'), b'[1, "x"]')
    equal(ql_fs.touch('/usr/t/text', 'as it is', file_type='txt'), 0)
    equal(read('/usr/t/text'), b'as it is')
    equal(ql_fs.touch('/usr/t', {}), -1)
    equal(ql_fs.touch('/bak/x', {}), -1)
    equal(ql_fs.touch('/usr/t/text', 5, file_type='txt'), -1)
    fails(20, ql_fs.touch, '/usr/t/text/a/b', {})


def test_read_json():
    fresh('/usr/t')
    equal(ql_fs.read_json('/usr/t/nothing'), None)
    write('/usr/t/j', b'[{"a": 1}, {"b": null}]')
    equal(ql_fs.read_json('/usr/t/j'), [{'a': 1}, {'b': None}])
    write('/usr/t/j', b'not json')
    fails(ValueError, ql_fs.read_json, '/usr/t/j')
    fails(21, ql_fs.read_json, '/usr/t')


run(globals())
