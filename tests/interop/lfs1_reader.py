#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read and check a littlefs v1 image without sharing a line with the engine.

  lfs1_reader.py [--block-count N] [--check] [--json] IMAGE BLOCK_SIZE
  lfs1_reader.py [--allow-states] --batch DIR

Without --check the tree is printed, with --json as one object:

  {"entries": [{"path": "/a", "type": "dir"},
               {"path": "/a/b", "type": "reg", "size": 3, "sha256": "..."}]}

where "path_hex" takes the place of "path" for a name that is not UTF-8. With
--check every rule of the format is tested: errors are never legal, states are
what a power cut may leave, notes are neither.

--batch checks each DIR/NNNN.bin against DIR/NNNN.json, an object as above with
"block_size" beside "entries", and optionally "format" (1), "block_count",
"used_blocks" (the number of blocks in use) and "states" (the kinds of states
that are allowed, otherwise none is). It prints a line for each failure and
'N passed, N failed'.

Exit status: 0 all is right, 1 something in an image is not, 2 it could not be
tried (usage, unreadable file).
"""
import sys

import lfs_program
from lfs1_image import Volume
from lfs1_rules import STATES, Checker


class Image(lfs_program.Checked, Volume):
    """A Volume that can be checked."""

    FORMAT = 1
    STATES = STATES
    CHECKER = Checker


def main():
    return lfs_program.main('lfs1_reader', Image)


if __name__ == '__main__':
    sys.exit(main())
