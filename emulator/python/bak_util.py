# SPDX-License-Identifier: MIT
"""bak_util - settings of an application that come back when they are lost.

    from bak_util import SecureStorage
    SecureStorage.write({'server': 'example.com'})      # once
    SecureStorage.read()                                # {'server': 'example.com'}

All but read() write the backup partition, which needs --allow-backup-write.
"""
import ql_fs as _ql_fs

import backup_restore as _backup_restore
from _twinfs import raised as _raised
from _twinfs import second_mount as _second_mount

_NAME = '/_usr_config.json'
_USER = '/usr' + _NAME
_BACKUP = '/bak' + _NAME


class SecureStorage:
    """One object in /usr/_usr_config.json, with its twin in the backup."""

    @classmethod
    def write(cls, data):
        """Writes a dict to the backup, once for all, then to /usr.

        Returns 0; -1: it is no dict; -2: it failed, the reason is printed; -3:
        there is one already.
        """
        if not isinstance(data, dict):
            return -1
        if _ql_fs.path_exists(_BACKUP):
            return -3
        if _second_mount.mount():
            return -2
        try:
            copy = _second_mount.PATH + _NAME
            code = _ql_fs.touch(copy, data)
            if not code and not _ql_fs.file_copy(_USER, copy):
                code = -1
        except Exception as error:
            print(_raised.text(error))
            code = -1
        _second_mount.umount()
        return -2 if code else 0

    @classmethod
    def read(cls):
        """Returns what is in /usr, copied from the backup when missing; None without either."""
        if not _ql_fs.path_exists(_USER):
            if not _ql_fs.path_exists(_BACKUP):
                return None
            _ql_fs.file_copy(_USER, _BACKUP)
        return _ql_fs.read_json(_USER)

    @classmethod
    def add(cls, file, data):
        """Adds a protected JSON file: backup_restore.bak_update()."""
        return _backup_restore.bak_update(file, data)

    @classmethod
    def file(cls, file):
        """Makes a file's present content its factory content: backup_restore.bak_file()."""
        return _backup_restore.bak_file(file)


JsonFile = SecureStorage
