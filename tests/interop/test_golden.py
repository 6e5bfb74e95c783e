#!/usr/bin/env python3
"""test_golden.py FORMAT [TWINFS]

Reads the golden images of FORMAT (lfs1 or lfs2), and those that hold none, with
TWINFS, and boots the golden pairs of that format: images written by the real
littlefs tools, and what is in them (golden/README.md). Without TWINFS the
independent reader of this folder has to pass the same test; it boots nothing.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK = [sys.executable, os.path.join(HERE, 'golden', 'check-golden.py'), '--timeout', '120']


def main():
    version, *twinfs = sys.argv[1:]
    boots = []
    if twinfs:
        twinfs = twinfs[0]
        listing = f'{twinfs} ls --json -r --hash --block-size {{block_size}} {{image}}'
        if version == 'lfs1':
            boots = ['--boot', f'{twinfs} boot --user {{user}} --backup {{backup}}',
                     '--cat', f'{twinfs} cat --block-size {{block_size}} {{image}} {{path}}']
    else:
        reader = os.path.join(HERE, version + '_reader.py')
        listing = f'{sys.executable} {reader} --json {{image}} {{block_size}}'
    done = [subprocess.run(CHECK + ['--format', version] + boots + [listing]),
            subprocess.run(CHECK + ['--format', 'any', listing])]
    return max(result.returncode for result in done)


if __name__ == '__main__':
    sys.exit(main())
