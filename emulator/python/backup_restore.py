# SPDX-License-Identifier: MIT
"""backup_restore - puts factory files back where protected files are damaged.

The boot calls main(). Which files are protected, and their hashes, stands in
/usr/checksum.json; their factory copies lie below /bak, under their whole path.
bak_update() and bak_file() change what is protected. They write the backup
partition, through a second mount of it, which needs --allow-backup-write.
"""
import checksum as _checksum
import ql_fs as _ql_fs
import ujson as _ujson
import uos as _uos

from _twinfs import hashes as _hashes
from _twinfs import raised as _raised
from _twinfs import second_mount as _second_mount

backup_root_dir = '/bak'
backup_restore_flag_file = '/bak/backup_restore.json'
backup_restore_flag_file_max_size = 64


class _checkError(Exception):
    """The flag is missing or empty; its text is in quotes."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value

    def __str__(self):
        return repr(self.value)


# ---- the flag ----

def _check():
    """The text of the flag's file."""
    if not _ql_fs.path_exists(backup_restore_flag_file):
        raise _checkError('%s not exist' % backup_restore_flag_file)
    file = open(backup_restore_flag_file)
    text = file.read(backup_restore_flag_file_max_size)
    file.close()
    if not text:
        raise _checkError('%s is empty' % backup_restore_flag_file)
    return text


def _get_backup_restore_flag():
    """What the key `enable` has."""
    return _raised.subscript(_ujson.loads(_check()), 'enable')


# ---- the restore ----

def _is_intact(entry, name):
    """Whether a file is what its entry says. One without a hash never is."""
    if not isinstance(name, str):
        return False
    hash = _hashes.of_entry(name, entry)
    if not hash:
        return False
    key = _hashes.key_of(entry)
    stored = _raised.need_text(entry[key])
    if key == 'sha256':
        return hash == stored
    return _raised.hex_value(hash) == _raised.hex_value(stored)


def _restore_file(name):
    """Copies the factory file in place; whether there is one."""
    print('- restoring ' + _raised.shown(name))
    source = backup_root_dir + '/' + _raised.need_text(name)
    if not _ql_fs.path_exists(source):
        print('~ backup file does not exist: ' + name)
        return False
    _ql_fs.mkdirs(_ql_fs.path_dirname(name))
    _ql_fs.file_copy(name, source)
    return True


def _restore():
    if _get_backup_restore_flag() == 0:
        return
    restored = []
    for entry in _raised.iterate(_ujson.loads(_checksum.check())):
        name = _raised.subscript(entry, 'name')
        if not _is_intact(entry, name) and _restore_file(name):
            restored.append(name)
    if restored:
        print('- updating checksum')
        _checksum.bulk_update(restored)
        print('- done')


def main():
    """Checks all protected files, and restores those that are damaged. Returns None.

    Prints a line for each file restored, and whatever ended the procedure; with
    nothing to do, nothing. Raises nothing.
    """
    try:
        _restore()
    except Exception as error:
        print('x backup restore procedure error: ' + _raised.text(error))


# ---- changing what is protected ----

def _flag_code():
    """0: switched on; else what the functions below return."""
    try:
        return 0 if _get_backup_restore_flag() else -3
    except Exception:
        return -2


def _add(file, data):
    """Writes a new file in both partitions and lists it in both tables; what touch() returned."""
    copy = _second_mount.PATH + file
    code = _ql_fs.touch(copy, data)
    _ql_fs.mkdirs(_ql_fs.path_dirname(file))
    _ql_fs.file_copy(file, copy)
    _checksum.bak_update(copy)
    _checksum.usr_update(file)
    return code


def bak_update(file, data):
    """Adds a protected JSON file to both partitions and both tables.

    file  its absolute path
    data  a dict, its content

    Returns 0; -1: data is no dict, the file exists, or its copy in the backup
    could not be written; -2: the flag of the backup cannot be read; -3: the
    backup is switched off; -5: it failed, the reason is printed, and the user's
    file is removed again. When that fails, too, OSError is raised, and the
    second mount stays: further calls raise OSError(1).
    """
    if not isinstance(data, dict) or _ql_fs.path_exists(file):
        return -1
    code = _flag_code() or _second_mount.mount()
    if code:
        return code
    try:
        code = _add(file, data)
    except Exception as error:
        print(_raised.text(error))
        _uos.remove(file)
        code = -5
    _second_mount.umount()
    return code


def _replace(file):
    """Makes the user's file the factory file; what bak_file() returns."""
    copy = _second_mount.PATH + file
    if not _ql_fs.file_copy(copy, file):
        return -6
    try:
        _checksum.bak_update(copy)
    except Exception:
        return -4
    if _checksum.update(file) is None and _checksum.usr_update(file) != 0:
        return -4
    return 1


def bak_file(file):
    """Makes the present content of a file its factory content, and protects it.

    file  its path; a leading '/' is added. Its folder must be in the backup

    Returns 1; -1: the file is missing; -2, -3 as bak_update(); -4: a table was
    not written; -5: it failed, the reason is printed; -6: it was not copied.
    """
    if not file.startswith('/'):
        file = '/' + file
    if not _ql_fs.path_exists(file):
        return -1
    code = _flag_code() or _second_mount.mount()
    if code:
        return code
    try:
        code = _replace(file)
    except Exception as error:
        print(_raised.text(error))
        code = -5
    _second_mount.umount()
    return code
