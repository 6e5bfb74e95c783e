# SPDX-License-Identifier: MIT
"""The shared library exports what the public headers mark as TWINFS_API, and nothing else.

argument: the shared library
"""
import re
import sys

import project


def declared():
    """Names of the functions that the public headers declare, with or without the mark."""
    marked, all_names = set(), set()
    for name in project.sources('include'):
        text = re.sub(r'/\*.*?\*/', '', project.read(name), flags=re.S)
        marked.update(re.findall(r'TWINFS_API[^;{]*?\b(twinfs_\w+)\s*\(', text))
        all_names.update(re.findall(r'^[\w \t*]+?\b(twinfs_\w+)\s*\(', text, flags=re.M))
    return marked, all_names


def main():
    lines = project.run('nm', '--dynamic', '--defined-only', '--with-symbol-versions', sys.argv[1]).splitlines()
    # the names of nodes of versions are symbols of kind A
    exported = [line.split()[-1].split('@') for line in lines if line.split()[-2] != 'A']
    unversioned = [words[0] for words in exported if words[-1] != 'TWINFS_0']
    exported = {words[0] for words in exported}
    marked, all_names = declared()
    complaints = [f'{name}: exported, but not declared with TWINFS_API'
                  for name in sorted(exported - marked)]
    complaints += [f'{name}: declared with TWINFS_API, but not exported'
                   for name in sorted(marked - exported)]
    complaints += [f'{name}: declared without TWINFS_API' for name in sorted(all_names - marked)]
    complaints += [f'{name}: without the version TWINFS_0' for name in unversioned]
    if not marked:
        complaints.append('no declaration was found')
    print(f'{len(exported)} functions are exported')
    project.end(complaints)


if __name__ == '__main__':
    main()
