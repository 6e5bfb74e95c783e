# SPDX-License-Identifier: MIT
"""Every #include goes down, and third-party headers stay in the files that may have them.

The table is that of docs/ARCHITECTURE.md, which is compared with it here.
"""
import fnmatch
import posixpath
import re
import sys

import project

# Folder -> level. An include must lead to a lower level or stay in its folder.
LEVELS = {
    'src/base': 0,
    'src/image': 1,
    'src/flash': 2,
    'src/lfs': 3,
    'src/secure': 3,
    'src/fault': 3,
    'src/overlay': 4,
    'src/rescue': 4,
    'src/firmware': 4,
    'src/module': 5,
    'src/explore': 6,
    'emulator': 7,
    'tools': 7,
}

# The layer that implements a public header.
PUBLIC = {
    'digest.h': 'src/base',
    'error.h': 'src/base',
    'image.h': 'src/image',
    'flash.h': 'src/flash',
    'volume.h': 'src/lfs',
    'secure.h': 'src/secure',
    'fault.h': 'src/fault',
    'trace.h': 'src/fault',
    'overlay.h': 'src/overlay',
    'rescue.h': 'src/rescue',
    'firmware.h': 'src/firmware',
    'profile.h': 'src/module',
    'boot.h': 'src/module',
    'module.h': 'src/module',
    'factory.h': 'src/module',
    'explore.h': 'src/explore',
}

# Above the library: what may be included besides public and own headers.
OPEN_DOORS = {('tools', 'emulator/daemon.h')}

# Third-party header -> the files that may include it.
THIRD_PARTY = {
    'fuse*': ['emulator/fuse_*.c'],
    'json-c/*': ['src/firmware/*_json.c', 'src/module/*_json.c', 'src/explore/*_json.c',
                 'emulator/*_json.c', 'tools/*_json.c'],
    'openssl/*': ['src/module/hash.c', 'src/secure/seal.c'],
    'libfdisk/*': ['src/image/gpt.c'],
    'libdeflate.h': ['src/base/crc.c', 'src/firmware/deflate.c'],
    'curl/*': ['tools/run_modem_curl.c'],
    'xxhash.h': ['src/base/digest.c'],
}


def folder_of(name):
    """The layer a file belongs to; None outside of them."""
    if name.startswith('include/twinfs/'):
        return PUBLIC.get(posixpath.basename(name))
    return next((folder for folder in LEVELS if name.startswith(folder + '/')), None)


def resolve(name, header, files):
    """The file of the project that "header" means in file @name; None when it is not ours."""
    if header.startswith('twinfs/'):
        return 'include/' + header
    for start in (posixpath.dirname(name), 'src', ''):
        found = posixpath.normpath(posixpath.join(start, header))
        if found in files:
            return found
    return None


def judge_own(name, header, target):
    """Why the file may not include this file of the project; None when it may."""
    here, there = folder_of(name), folder_of(target)
    if there is None:
        return 'belongs to no layer: add it to the table'
    if here == there or (here, header) in OPEN_DOORS:
        return None
    if LEVELS[there] >= LEVELS[here]:
        return f'{there} is not below {here}'
    if LEVELS[here] >= LEVELS['emulator'] and not target.startswith('include/'):
        return 'only public headers may be used here'
    return None


def judge_foreign(name, header):
    for pattern, allowed in THIRD_PARTY.items():
        if fnmatch.fnmatch(header, pattern):
            if any(fnmatch.fnmatch(name, file) for file in allowed):
                return None
            return 'only in ' + ', '.join(allowed)
    return None


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[1] == '"', found[2]


def judge(files, read):
    """One line for each wrong include of @files; also the edges between files."""
    complaints, edges = [], {}
    for name in sorted(files):
        if folder_of(name) is None:
            complaints.append(f'{name}: belongs to no layer: add it to the table')
            continue
        for number, is_quoted, header in includes(read(name)):
            target = resolve(name, header, files)
            if target is not None:
                why = judge_own(name, header, target)
                edges.setdefault(name, set()).add(target)
            elif is_quoted:
                why = 'there is no such file'
            else:
                why = judge_foreign(name, header)
            if why:
                complaints.append(f'{name}:{number}: {header}: {why}')
    return complaints, edges


def loops(edges):
    """Headers that include each other in a circle."""
    state, found = {}, []

    def visit(name, trail):
        if state.get(name) == 'open':
            found.append(' -> '.join(trail[trail.index(name):] + [name]) + ': a loop')
        if name in state:
            return
        state[name] = 'open'
        for target in sorted(edges.get(name, ())):
            visit(target, trail + [name])
        state[name] = 'done'

    for name in sorted(edges):
        visit(name, [])
    return found


def documented():
    """The layers that docs/ARCHITECTURE.md lists: folder -> level."""
    rows = re.findall(r'^\| ([0-9]) \| `([a-z/]+)`', project.read('docs/ARCHITECTURE.md'), re.M)
    return {folder: int(level) for level, folder in rows}


def self_test():
    """The judge must see what it is there for."""
    files = {'src/base/a.c': '#include "flash/chip.h"\n#include <libdeflate.h>\n',
             'src/base/crc.c': '#include <libdeflate.h>\n',
             'src/flash/chip.h': '#include "missing.h"\n',
             'src/lfs/b.c': '#include "secure/seal.h"\n#include <twinfs/module.h>\n',
             'src/secure/seal.h': '',
             'src/secure/r.h': '#include "s.h"\n',
             'src/secure/s.h': '#include "r.h"\n',
             'include/twinfs/module.h': '',
             'tools/main.c': '#include "base/text.h"\n#include "emulator/daemon.h"\n'
                             '#include "emulator/log.h"\n',
             'src/base/text.h': '',
             'emulator/daemon.h': '',
             'emulator/log.h': ''}
    complaints, edges = judge(files, files.get)
    wrong = [line.split(': ')[1] for line in complaints]
    assert wrong == ['flash/chip.h', 'libdeflate.h', 'missing.h', 'secure/seal.h', 'twinfs/module.h',
                     'base/text.h', 'emulator/log.h'], complaints
    assert len(loops(edges)) == 1, loops(edges)


def main():
    self_test()
    files = set(project.sources('src', 'emulator', 'tools', 'include'))
    complaints, edges = judge(files, project.read)
    complaints += loops(edges)
    if documented() != LEVELS:
        complaints.append(f'docs/ARCHITECTURE.md lists {documented()}, the test {LEVELS}')
    if not files:
        sys.exit('no source was found')
    print(f'{len(files)} files, {sum(map(len, edges.values()))} includes of our own')
    project.end(complaints)


if __name__ == '__main__':
    main()
