#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""plant.py NAME SOURCE OUTPUT - writes a copy of a source file with one planted bug.

Each text that a plant replaces has to be found exactly once. When one is not,
the source has changed and the plant has to follow: a plant that does not apply
would be a test of nothing.
"""

import pathlib
import sys

from plants import PLANTS


def main():
    name, source, output = sys.argv[1:]
    text = pathlib.Path(source).read_text(encoding='utf-8')
    for old, new in PLANTS[name]['edits']:
        count = text.count(old)
        if count != 1:
            sys.exit(f"plant '{name}' needs to be refreshed in tests/planted/plants.py: "
                     f'this text is {count} times in {source}, not once:\n{old}')
        text = text.replace(old, new)
    pathlib.Path(output).write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
