# SPDX-License-Identifier: MIT
"""Random states of a module before a boot: damaged files, tables and updates.

A state is two trees, path -> bytes, or None for a directory: of the user
partition, and of the backup partition. All chance comes from the `random` given.
"""
import json
import zlib

TABLE = 'checksum.json'
FLAG = 'backup_restore.json'
UPDATER = '.updater'
FILLER = 'filler.bin'

# Names of factory files; some differ in case only, some are not ASCII.
NAMES = ['main.py', 'cfg.json', 'lib/net.py', 'lib/a/b/deep.py', 'data/table.bin', 'A.txt',
         'a.txt', 'd\u00e9j\u00e0.txt', "it's.py", '\u4f60\u597d/\u6587.py', 'x']

# Flags: switched on, off, and what else may stand there.
FLAGS = [b'{"enable": 1}'] * 12 + [
    b'{"enable": 0}', b'{"enable": false}', b'{"enable": 0.0}', b'{"enable": null}',
    b'{"enable": ""}', b'{"enable": "0"}', b'{"enable" 1]', b'{"enable": 1', b'{"other": 1}',
    b'[1]', b'"enable"', b'5', b'null', b'', b'{"enable": 1}x', b'{"enable": 1}' + b' ' * 60 + b'x',
    b'\0{"enable": 1}', b'{"enable": [0]}', None,
]

# Tables that are no list of entries, or a strange one.
TABLES = [
    b'', b' ', b'[', b'[]', b'{}', b'{"a": 1}', b'1', b'null', b'true', b'""', b'"abc"', b'[1]',
    b'[null]', b'["name"]', b'[[]]', b'[{}]', b'[{"name": 5}]', b'[{"name": null, "crc32": "0x1"}]',
    b'[{"name": "", "crc32": "0x1"}]', b'[{"name": ["/usr/x"], "crc32": "0x1"}]',
    b'[{"crc32": "0x1"}]', b'[1', b'nul', b'\xef\xbb\xbf[]', b"[{'name': 1}]",
]

# Hashes as int(text, 16) may or may not read them; {0} is the right one without its 0x.
HASHES = ['{0}', '0X{0}', ' 0x{0} ', '+0x{0}', '-0x{0}', '0x0000{0}', '0x{0}_', '0x_{0}', '0x{0} x',
          '', ' ', '0x', '0xg', '\u00e9{0}', "it's {0}", '\t0x{0}\n', '0x{0}\u00e9']


def device_crc(data):
    return hex(zlib.crc32(data, 0xFFFFFFFF))


def as_text(data):
    """Without what is no UTF-8: MicroPython's strings cannot hold it, the device's can."""
    return data.decode(errors='ignore').encode()


def some_bytes(random, size=None):
    size = random.choice([1, 7, 100, 4095, 4096, 4097, 9000]) if size is None else size
    return random.randbytes(size)


def some_names(random):
    count = random.randint(1, 6)
    return random.sample(NAMES, count)


class State:
    """One state; the functions below change it."""

    def __init__(self, random):
        self.random = random
        self.factory = {name: some_bytes(random) for name in some_names(random)}
        if random.random() < 0.1:
            self.factory[random.choice(sorted(self.factory))] = b''
        self.user = dict(self.factory)
        self.backup = {'usr/' + name: data for name, data in self.factory.items()}
        self.backup[FLAG] = b'{"enable": 1}'
        self.entries = [{'name': '/usr/' + name, 'crc32': device_crc(data)}
                        for name, data in self.factory.items()]
        self.backup[TABLE] = json.dumps(self.entries, ensure_ascii=False).encode()
        self.user[TABLE] = self.backup[TABLE]

    def name(self):
        return self.random.choice(sorted(self.factory))


# ---- files ----

def damage_file(state):
    random, name = state.random, state.name()
    data = state.user.get(name) or b'?'
    kind = random.randrange(7)
    if kind == 0:
        state.user.pop(name, None)
    elif kind == 1:
        state.user[name] = b''
    elif kind == 2:
        state.user[name] = data[:random.randrange(len(data))]
    elif kind == 3:
        at = random.randrange(len(data))
        state.user[name] = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1:]
    elif kind == 4:
        state.user[name] = b'\0' * random.randint(1, 5000) + data
    elif kind == 5 and '/' not in name:
        state.user[name] = None
    else:
        state.user[name] = some_bytes(random)


def damage_folder(state):
    """A file where a folder should be."""
    for name in list(state.user):
        if name.startswith('lib/'):
            del state.user[name]
            state.user['lib'] = b'no folder'


def damage_backup(state):
    name = 'usr/' + state.name()
    if state.random.random() < 0.5:
        state.backup.pop(name, None)
    else:
        state.backup[name] = state.random.choice([b'', some_bytes(state.random), None])


# ---- the table ----

def strange_hash(state, entry):
    random = state.random
    data = state.factory.get(str(entry.get('name'))[5:], b'x')
    kind = random.randrange(6)
    if kind == 0:
        entry['crc32'] = random.choice([None, 5, 1.5, True, [], {}, 'x', 'zz'])
    elif kind == 1:
        entry.pop('crc32', None)
    elif kind == 2:
        entry.pop('crc32', None)
        entry['sha256'] = random.choice(['0' * 64, None, 5])
    elif kind == 3:
        entry['crc32'] = device_crc(some_bytes(random))
    else:
        entry['crc32'] = random.choice(HASHES).format(device_crc(data)[2:])


def strange_name(state, entry):
    name = entry.get('name', '/usr/x')
    if not isinstance(name, str):
        return
    entry['name'] = state.random.choice([
        name[1:], '/' + name, name.upper(), name + '/', '/usr/./' + name[5:],
        '/usr/new/../' + name[5:], '/usr/new/dir/file', '/bak' + name, '/x', '', 'x', 'usr', '/usr',
        '/', '/usr/lib', 5, None, name.swapcase(), '/usr/' + 'n' * 255])


def change_entries(state):
    random = state.random
    entries = [dict(entry) for entry in state.entries]
    for _ in range(random.randint(1, 2)):
        entry = random.choice(entries)
        kind = random.randrange(5)
        if kind == 0:
            strange_name(state, entry)
        elif kind == 1:
            entries.append(dict(random.choice(entries)))
        elif kind == 2:
            key = random.choice(['note', 'size', 'n\u00e9'])
            entry[key] = random.choice(['x', 5, None, [1, 'a'], {}])
        elif kind == 3:
            random.shuffle(entries)
        else:
            strange_hash(state, entry)
    return entries


def long_table(state):
    """More than 16384 characters: cut in an entry, or with luck between two."""
    entries = list(state.entries)
    while len(entries) < 400:
        name = '/usr/%s%d' % ('n' * state.random.randint(1, 12), len(entries))
        entries.insert(state.random.randrange(len(entries)), {'name': name, 'crc32': '0x1'})
    text = json.dumps(entries, ensure_ascii=False)
    if state.random.random() < 0.7:
        cut = text[:16384].rfind('}')
        text = text[:cut + 1] + ' ' * (16384 - cut - 1) + text[cut + 1:]
    return text.encode()


def damage_table(state):
    random = state.random
    kind = random.randrange(10)
    table = state.user.get(TABLE) or b'[]'
    if kind == 0:
        state.user.pop(TABLE, None)
    elif kind == 1:
        state.user[TABLE] = as_text(table[:random.randrange(len(table) + 1)])
    elif kind == 2:
        at = random.randrange(len(table))
        state.user[TABLE] = as_text(table[:at] + bytes([random.randrange(128)]) + table[at + 1:])
    elif kind == 3:
        state.user[TABLE] = random.choice(TABLES)
    elif kind == 4:
        state.user[TABLE] = long_table(state)
    elif kind == 5:
        state.user[TABLE] = None
    else:
        state.user[TABLE] = json.dumps(change_entries(state), ensure_ascii=False).encode()


# ---- an update ----

STATS = [b'', b'[]', b'[', b'{}', b'{"name": "/usr/x"}', b'null', b'5', b'"abc"', b'""', b'[5]',
         b'[{}]', b'[[]]', b'[null]', b'["name"]', b'[{"name": 5}]', b'x', b'[{"url": "u"}]']


def update_item(state):
    random = state.random
    name = '/usr/' + random.choice(NAMES + ['new/dir/file.py', 'e', "q\"'.txt"])
    if random.random() < 0.15:
        name = random.choice([name[1:], '/bak' + name, '/x', 'x', '/usr', '',
                              '/usr/' + UPDATER + '/y', name + '/'])
    item = {'url': 'http://h/' + name, 'name': name,
            'total_size': random.choice([0, 100, 'unknown', None, 1.5])}
    if random.random() < 0.1:
        item['dl_location'] = name
    payload = (UPDATER + '/' + name).replace('//', '/').rstrip('/')
    if random.random() < 0.85 and payload not in state.user:
        state.user[payload] = random.choice([b'', some_bytes(random), some_bytes(random)])
    return item


def add_update(state):
    random = state.random
    if random.random() < 0.9:
        state.user[UPDATER + '/update.flag'] = b''
    kind = random.randrange(8)
    if kind == 0:
        state.user[UPDATER + '/download.stat'] = random.choice(STATS)
    elif kind > 1:
        items = [update_item(state) for _ in range(random.randint(0, 4))]
        if items and random.random() < 0.1:
            items.append(random.choice(items))
        text = json.dumps(items, ensure_ascii=False).encode()
        if random.random() < 0.05:
            text = as_text(text[:random.randrange(len(text))])
        state.user[UPDATER + '/download.stat'] = text
    if random.random() < 0.2:
        state.user[UPDATER + '/other/file'] = some_bytes(random)


# ---- the whole ----

def fill(state):
    """Hardly any space is left: who makes the image shortens the file until all fits."""
    state.user[FILLER] = bytes(80 * 4096)


def _without_conflicts(tree):
    """No file has anything below it, and every folder is listed."""
    kept = {}
    for path in sorted(tree, key=len):
        parts = path.split('/')
        above = ['/'.join(parts[:end]) for end in range(1, len(parts))]
        if any(kept.get(folder) is not None for folder in above) or '' in parts:
            continue
        for folder in above:
            kept[folder] = None
        kept[path] = tree[path]
    return kept


def make(random):
    """A state: (tree of the user partition, tree of the backup partition)."""
    state = State(random)
    state.backup[FLAG] = random.choice(FLAGS)
    if state.backup[FLAG] is None:
        del state.backup[FLAG]
    for change, chance, most in ((damage_file, 0.7, 3), (damage_table, 0.6, 1),
                                 (damage_backup, 0.15, 2), (damage_folder, 0.03, 1),
                                 (add_update, 0.5, 1), (fill, 0.08, 1)):
        if random.random() < chance:
            for _ in range(random.randint(1, most)):
                change(state)
    if random.random() < 0.05:
        state.backup.pop(TABLE, None)
    return _without_conflicts(state.user), _without_conflicts(state.backup)
