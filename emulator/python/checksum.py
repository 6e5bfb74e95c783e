# SPDX-License-Identifier: MIT
"""checksum - the table of protected files, /usr/checksum.json, and their hashes.

    import checksum
    checksum.retrieve('/usr/main.py')   # '0x12cab5bf'
    checksum.update('/usr/main.py')     # after it was rewritten

Only the first 16384 characters of a table count. What is longer is lost at the
next update, when it ends between two entries, or cannot be parsed.
"""
import ql_fs as _ql_fs
import ujson as _ujson

from _twinfs import hashes as _hashes
from _twinfs import raised as _raised

checksum_file = '/usr/checksum.json'
checksum_file_max_size = 16384
backup_checksum_file = '/bak/checksum.json'

_NAME = 'checksum.json'


class _checkError(Exception):
    """The table is missing or empty; its text is in quotes."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value

    def __str__(self):
        return repr(self.value)


# ---- the table ----

def _read(path, mode):
    """The start of a table as text."""
    file = open(path, mode)
    text = file.read(checksum_file_max_size)
    file.close()
    if not text:
        raise _checkError('%s is empty' % path)
    return text


def _write(path, table):
    file = open(path, 'wt+')
    file.write(_ujson.dumps(table))
    file.close()


def _load():
    return _ujson.loads(check())


def _full_name(file_name):
    return file_name if file_name.startswith('/') else '/' + file_name


def _folded(name):
    """The name with its ASCII letters small: all that names are compared by."""
    return ''.join([char.lower() if 'A' <= char <= 'Z' else char for char in name])


def _is_named(entry, name):
    return _folded(_raised.need_text(_raised.subscript(entry, 'name'))) == _folded(name)


def _find(table, name):
    """The first entry of that name, ignoring case; None."""
    if not isinstance(table, list):
        raise TypeError('the table is no list')
    for entry in table:
        if _is_named(entry, name):
            return entry
    return None


def check():
    """Returns the text of the user's table, at most 16384 characters.

    A missing table is copied from the backup first. Raises _checkError when
    there is neither, or the table is empty; OSError.
    """
    if not _ql_fs.path_exists(checksum_file):
        if not _ql_fs.path_exists(backup_checksum_file):
            raise _checkError('%s not exist' % checksum_file)
        _ql_fs.file_copy(checksum_file, backup_checksum_file)
    return _read(checksum_file, 'rt+')


def retrieve(file_name):
    """Returns the stored hash of a file, or None when it is not listed.

    Adds a leading '/', ignores case, takes the first match. Raises what
    check() does, and ValueError for a table that does not parse.
    """
    entry = _find(_load(), _full_name(file_name))
    return entry and entry[_hashes.key_of(entry)]


# ---- new hashes ----

def _update_all(file_names):
    """The table with the present hashes of these files, written; None: no entry got one."""
    table = _load()
    changed = False
    for file_name in file_names:
        name = _full_name(file_name)
        entry = _find(table, name)
        hash = entry and _hashes.of_entry(name, entry)
        if hash:
            entry[_hashes.key_of(entry)] = hash
            changed = True
    if not changed:
        return None
    _write(checksum_file, table)
    return table


def update(file_name):
    """Sets the hash of a file to that of its present content, in the user's table.

    Returns the whole table, a list of dicts. None: the file is not listed, has
    no hash (it is missing or empty), or something failed. Raises nothing.
    """
    return bulk_update([file_name])


def bulk_update(list):
    """As update() for several files, with one write for all.

    Returns the whole table; None when no hash was set. Raises nothing.
    """
    try:
        return _update_all(list)
    except Exception:
        return None


def _set_hash(file_name, hash):
    """Sets the hash of a listed file where it differs; whatever goes wrong is dropped."""
    try:
        table = _load()
        entry = _find(table, _full_name(file_name))
        if not entry:
            return
        key = _hashes.key_of(entry)
        if key == 'sha256':
            hash = _hashes.sha256(file_name)
        if hash and entry.get(key) != hash:
            entry[key] = hash
            _write(checksum_file, table)
    except Exception:
        pass


# ---- new entries ----

def bak_update(file_name):
    """Lists a file of the backup in the backup's table, with its present hash.

    file_name  as '/_bak/usr/x': a file in the second, writable mount of the
               backup partition. It is listed as '/usr/x'; an entry is found
               ignoring case. A file that is empty or missing gets the hash None.

    Reads /bak/checksum.json and writes checksum.json of that mount. Returns the
    whole table. Raises OSError, and ValueError for a table that does not parse.
    """
    file_name = _full_name(file_name)
    end = (file_name + '/').find('/', 1)
    name = file_name[end:]
    table = _ql_fs.read_json(backup_checksum_file)
    hash = _hashes.crc32(file_name)
    for entry in _raised.iterate(table):
        if _is_named(entry, name):
            entry[_hashes.key_of(entry)] = hash
            break
    else:
        table.append({'name': name, 'crc32': hash})
    _write(file_name[:end] + '/' + _NAME, table)
    return table


def usr_update(file_name):
    """Adds an entry to the user's table, with the file's present hash.

    The name is taken as it is, and an entry that is there already stays. A file
    that is empty or missing gets the hash None. Returns 0, also when the table
    could not be written; None: it could not be read. Raises nothing.
    """
    try:
        table = _ujson.loads(_read(checksum_file, 'rt'))
        table.append({'name': file_name, 'crc32': _hashes.crc32(file_name)})
    except Exception:
        return None
    try:
        _write(checksum_file, table)
    except Exception:
        pass
    return 0
