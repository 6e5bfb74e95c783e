# SPDX-License-Identifier: MIT
"""Imports of application modules: paths of the module, nothing of the PC's."""
import sys

import uos
from bak.check import equal, fails, fresh, run, true, write


def test_packages():
    from usr.lib import net
    equal(net.connect(), True)
    import usr.lib.net
    true(usr.lib.net is net)
    equal(net.__name__, 'usr.lib.net')
    equal(net.__file__, 'usr/lib/net.py')


def test_path():
    equal(sys.path[0], '')
    fresh('/usr/t')
    write('/usr/t/by_path.py', b'value = 5\n')
    fails(ImportError, __import__, 'by_path')
    sys.path.append('/usr/t')
    import by_path
    equal(by_path.value, 5)
    equal(by_path.__file__, '/usr/t/by_path.py')
    sys.path.pop()


def test_current_directory():
    fresh('/usr/t')
    write('/usr/t/by_cwd.py', b'value = 6\n')
    uos.chdir('/usr/t')
    import by_cwd
    equal(by_cwd.value, 6)
    uos.chdir('/')


def test_package_with_init():
    fresh('/usr/t')
    uos.mkdir('/usr/t/pack')
    write('/usr/t/pack/__init__.py', b'from .inner import value\n')
    write('/usr/t/pack/inner.py', b'value = 7\n')
    from usr.t import pack
    equal(pack.value, 7)


def test_a_module_that_fails():
    fresh('/usr/t')
    write('/usr/t/broken.py', b'1 // 0\n')
    fails(ZeroDivisionError, __import__, 'usr.t.broken')
    write('/usr/t/syntax.py', b'if\n')
    fails(SyntaxError, __import__, 'usr.t.syntax')
    fails(ImportError, __import__, 'usr.t.nothing')
    fails(ImportError, __import__, 'nothing_at_all')


def test_new_modules_are_seen():
    fresh('/usr/t')
    fails(ImportError, __import__, 'usr.t.late')
    write('/usr/t/late.py', b'value = 8\n')
    from usr.t import late
    equal(late.value, 8)


def test_from_another_volume():
    uos.mount(uos.VfsLfs1(32, 32, 32, 'customer_fs'), '/again')
    from again.lib import net
    equal(net.connect(), True)
    uos.umount('/again')


def test_the_volume_is_gone():
    uos.umount('/usr')
    fails(ImportError, __import__, 'usr.cfg')
    fails(ImportError, __import__, 'usr.main')
    uos.mount(uos.VfsLfs1(32, 32, 32, 'customer_fs'), '/usr')
    import usr.main
    equal(usr.main.PROJECT_NAME, 'test')


run(globals())
