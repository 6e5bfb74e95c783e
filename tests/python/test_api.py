# SPDX-License-Identifier: MIT
"""docs/python-api.md is right: each name exists here, and is what its row says."""
# with: fake_secure.py ../../docs/python-api.md
from _twinfs.absent import Absent
from bak import fake_secure
from bak.check import equal, fails, run, true

ABSENT = 'NotImplementedError'


def rows():
    """(name, CPython, MicroPython, test or reason) of each row."""
    found = []
    with open('/bak/python-api.md') as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().split('|')[1:-1]]
            if len(cells) == 4 and cells[0][:1] == '`':
                found.append((cells[0][1:-1],) + tuple(cells[1:]))
    return found


def value(name):
    """What a name of the table stands for; it may hold a call."""
    module = name.split('.')[0]
    names = {}
    if '(' not in module and module != 'open':
        names[module] = __import__(module)
    return eval(name, names)


def message(name):
    """How the exception calls what is not there: fota.fota for a module that is its class."""
    return name if '.' in name else name + '.' + name


def test_rows():
    counts = {}
    for name, cpython, micropython, why in rows():
        counts[cpython] = counts.get(cpython, 0) + 1
        equal((name, micropython == ABSENT), (name, cpython == ABSENT))
        if cpython == ABSENT:
            text = str(fails(NotImplementedError, value(name)))
            equal(text, '%s is not emulated: %s' % (message(name), why))
            continue
        try:
            found = value(name)
        except NotImplementedError:
            # What needs a thread, in an interpreter without.
            equal((name, micropython), (name, 'with threads'))
            continue
        if micropython == 'yes':
            true(not isinstance(found, Absent))
    print('%d rows: %d implemented, %d raise NotImplementedError' %
          (sum(counts.values()), counts['yes'], counts[ABSENT]))
    equal(sorted(counts), [ABSENT, 'yes'])
    equal(len(set([row[0] for row in rows()])), len(rows()))


def test_constants():
    import app_fota_download
    import app_fota_mount
    import backup_restore
    import log
    import request
    equal(app_fota_download.download_stat_file_max_size, 16384)
    true(isinstance(app_fota_download.app_fota_pkg_mount, app_fota_mount.AppFotaPkgMount))
    equal(backup_restore.backup_root_dir, '/bak')
    equal(backup_restore.backup_restore_flag_file, '/bak/backup_restore.json')
    equal(backup_restore.backup_restore_flag_file_max_size, 64)
    true(isinstance(log.getLogger('x'), log.Logger))
    true(isinstance(request.Response, type))


def test_what_is_absent_cannot_be_looked_into():
    import machine
    for use in (lambda: machine.Pin(1), lambda: machine.Pin.OUT, lambda: machine.UART(2, 9600)):
        true(str(fails(NotImplementedError, use)).startswith('machine.'))


run(globals())
