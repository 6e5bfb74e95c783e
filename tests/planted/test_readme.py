#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""README.md has a row for each plant, with its mistake and its source, and no other."""

import pathlib
import sys

from plants import PLANTS


def main():
    text = (pathlib.Path(__file__).parent / 'README.md').read_text(encoding='utf-8')
    rows = [[cell.strip() for cell in line.split('|')[1:4]]
            for line in text.splitlines() if line.startswith('| ')][1:]
    wanted = [[name, plant['why'], f"`{plant['file']}`"] for name, plant in PLANTS.items()]
    wrong = [row for row in rows if row not in wanted] + [row for row in wanted if row not in rows]
    for row in wrong:
        print('in one of plants.py and README.md only:', ' | '.join(row))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
