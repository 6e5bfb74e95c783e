#!/usr/bin/env python3
"""test_golden.py TWINFS

Reads the golden images with TWINFS, and boots the golden pairs: images
written by the real littlefs tools, and what is in them (golden/README.md).
"""
import os
import subprocess
import sys


def main():
    twinfs = sys.argv[1]
    golden = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden')
    check = [sys.executable, os.path.join(golden, 'check-golden.py'), '--timeout', '120']
    listing = f'{twinfs} ls --json -r --hash --block-size {{block_size}} {{image}}'
    boot = f'{twinfs} boot --user {{user}} --backup {{backup}}'
    cat = f'{twinfs} cat --block-size {{block_size}} {{image}} {{path}}'
    done = [subprocess.run(check + ['--format', 'lfs1', '--boot', boot, '--cat', cat, listing]),
            subprocess.run(check + ['--format', 'any', listing])]
    return max(result.returncode for result in done)


if __name__ == '__main__':
    sys.exit(main())
