# SPDX-License-Identifier: MIT
"""app_fota_download - downloads user files into /usr/.updater, and lists them.

download.stat is a list of dicts: `name`, the path of the file to replace, its
`url`, and `total_size`, which is 'unknown' until the download is complete. The
new content lies below the folder under the file's whole path. update.flag, an
empty file, has the next boot install it all.
"""
import ql_fs as _ql_fs
import ubinascii as _ubinascii
import ujson as _ujson

from _twinfs import modem as _modem
from _twinfs.missing import missing as _missing
from app_fota_mount import AppFotaPkgMount as _AppFotaPkgMount

_PIECE = 4096
_UNKNOWN = 'unknown'

app_fota_pkg_mount = _AppFotaPkgMount()


def get_updater_dir():
    """Returns the folder of all this, '/usr/.updater'."""
    return app_fota_pkg_mount.fota_dir + '/usr/.updater'


def get_download_stat_file():
    """Returns the path of download.stat."""
    return get_updater_dir() + '/download.stat'


def get_update_flag_file():
    """Returns the path of update.flag."""
    return get_updater_dir() + '/update.flag'


updater_dir = get_updater_dir()
download_stat_file = get_download_stat_file()
update_flag_file = get_update_flag_file()
download_stat_file_max_size = 16384


# ---- the list ----

def get_download_stat():
    """Returns the list of downloads, or None: there is none that can be read."""
    try:
        with open(download_stat_file) as file:
            return _ujson.loads(file.read(download_stat_file_max_size))
    except Exception:
        return None


def _write_stat(stat):
    with open(download_stat_file, 'wt+') as file:
        file.write(_ujson.dumps(stat))


def _find(stat, file_name):
    """The entry of a file, ignoring case; None."""
    for item in stat or []:
        if item['name'].lower() == file_name.lower():
            return item
    return None


def update_download_stat(url, file_name, total_size):
    """Lists a file, or changes its url and size in the list. Returns None.

    For applications that fetch or unpack the new content themselves; they put
    it below updater_dir, under the file's whole path.
    """
    stat = get_download_stat() or []
    item = _find(stat, file_name)
    if item is None:
        stat.append({'url': url, 'name': file_name, 'total_size': total_size})
    else:
        item['url'] = url
        item['total_size'] = total_size
    _write_stat(stat)


def delete_update_file(file_name):
    """Takes a file off the list. Returns None. Without a list it writes 'null' as one."""
    stat = get_download_stat()
    item = _find(stat, file_name)
    if item is not None:
        stat.remove(item)
    _write_stat(stat)


def set_update_flag():
    """Has the next boot install what is listed. Returns None."""
    _ql_fs.mkdirs(updater_dir)
    with open(update_flag_file, 'wt+'):
        pass


# ---- downloading ----

def _present(file_name, path):
    """The entry of a file, and how much of it is here; (None, 0) without an entry."""
    try:
        item = _find(get_download_stat(), file_name)
    except Exception:
        item = None
    size = _ql_fs.path_getsize(path) if item and _ql_fs.path_exists(path) else 0
    return item, size


def _fetch(url, fetched_size, headers=None, username=None, password=None):
    """Asks the server for what is behind the first `fetched_size` bytes."""
    sent = {'Range': 'bytes=%d-' % fetched_size}
    if username is not None:
        user = '%s:%s' % (username, password or '')
        sent['Authorization'] = 'Basic ' + _ubinascii.b2a_base64(user.encode()).decode().strip()
    sent.update(headers or {})
    return _modem.get(url, sent, 'fota')


def _save(response, path, mode):
    with open(path, mode) as file:
        while True:
            piece = response.read(_PIECE)
            if not piece:
                break
            file.write(piece)


def _refuse_later_storage(ext_enable, dl_location):
    if ext_enable:
        _missing('app_fota', 'download', 'ext_enable: no external flash is emulated')
    if dl_location:
        _missing('app_fota', 'download',
                 'dl_location: the emulated boot looks for new files in /usr/.updater only')


def download(url, file_name, headers=None, ipvtype=0, username=None, password=None,
             ext_enable=False, spi_port=None, spi_clk=None, dl_location=None):
    """Downloads the new content of file_name, an absolute path, and lists it.

    Returns 0 when it is there, also from before. -1: the server answered
    neither 200 nor 206. Raises OSError when it cannot be reached, or breaks off;
    the next call asks for the rest only. Whether the server gave the rest or all
    is not looked at, nor whether the size is right.
    """
    _refuse_later_storage(ext_enable, dl_location)
    path = updater_dir + '/' + file_name
    _ql_fs.mkdirs(_ql_fs.path_dirname(path))
    item, size = _present(file_name, path)
    if item and item['total_size'] == size:
        return 0
    response = _fetch(url, size, headers, username, password)
    try:
        if response.status not in (200, 206):
            return -1
        if not item:
            update_download_stat(url, file_name, _UNKNOWN)
        _save(response, path, 'ab+' if item else 'wb+')
    finally:
        response.close()
    update_download_stat(url, file_name, _ql_fs.path_getsize(path))
    return 0


def bulk_download(info=[], headers=None):
    """Downloads several files: `info` is a list of dicts with url and file_name.

    Returns None when all worked, else the list of those that did not. Raises as
    download() does.
    """
    failed = [item for item in info
              if download(item['url'], item['file_name'], headers=headers) != 0]
    return failed or None
