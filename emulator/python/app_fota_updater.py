# SPDX-License-Identifier: MIT
"""app_fota_updater - installs downloaded user files; the boot calls it, after the restore.

A file is taken off the list before its new content is removed, and the flag
goes before all else: a boot that was cut is simply done again. Neither size nor
hash is checked.
"""
import checksum as _checksum
import ql_fs as _ql_fs
import ujson as _ujson
import uos as _uos

from _twinfs import raised as _raised
# Later firmware has the functions here, too.
from app_fota_download import (download_stat_file, get_download_stat_file, get_update_flag_file,
                               get_updater_dir, update_flag_file, updater_dir)

_STAT_CHARS = 16384


def _load_stat():
    """The list of downloaded files, printed as the device does: once read, once copied."""
    with open(download_stat_file) as file:
        text = file.read(_STAT_CHARS)
    if not text:
        raise ValueError('download.stat is empty')
    stat = _ujson.loads(text)
    print(_raised.shown(stat))
    items = stat[:]
    print(_raised.shown(items))
    return stat, items


def _install(name, payload):
    if not _ql_fs.path_exists(payload):
        return
    _ql_fs.mkdirs(_ql_fs.path_dirname(name))
    _ql_fs.file_copy(name, payload)
    _checksum.update(name)


def _apply(item, stat):
    """Installs one file and takes it off the list, then its payload away."""
    name = _raised.need_text(_raised.subscript(item, 'name'))
    payload = updater_dir + '/' + name
    _install(name, payload)
    stat.remove(item)
    with open(download_stat_file, 'wt+') as file:
        file.write(_ujson.dumps(stat))
    _uos.remove(payload)


def _update():
    stat, items = _load_stat()
    for item in items:
        _apply(item, stat)
    _uos.remove(update_flag_file)
    _uos.remove(download_stat_file)
    _ql_fs.rmdirs(updater_dir)


def update():
    """Installs what was downloaded.

    Returns 0: all is installed, and the work area is gone. -1: the flag is not
    set, or something failed; the rest stays where it was, for the next boot.
    Raises nothing.
    """
    try:
        if not _ql_fs.path_exists(update_flag_file):
            return -1
        if not _ql_fs.path_exists(download_stat_file):
            return -1
        _update()
    except Exception:
        return -1
    return 0
