#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read and check a littlefs v2 image without sharing a line with the engine.

  lfs2_reader.py [--block-count N] [--check [--prog-size P]] [--json] IMAGE BLOCK_SIZE
  lfs2_reader.py [--allow-states] --batch DIR

It prints and compares as lfs1_reader.py does, and entries with user attributes
have another member:

  "attrs": [{"type": 1, "hex": "00ff"}]

With --prog-size, the unit in which the volume was programmed, --check demands
more than the format does: what a careful writer keeps to, as 'rule-11'. So
does --batch where NNNN.json has "prog_size". "format" must be 2.

Exit status: 0 all is right, 1 something in an image is not, 2 it could not be
tried (usage, unreadable file).
"""
import sys

import lfs_program
from lfs2_image import Volume
from lfs2_rules import STATES, Checker


class Image(lfs_program.Checked, Volume):
    """A Volume that can be checked."""

    FORMAT = 2
    STATES = STATES
    CHECKER = Checker
    TAKES_PROG_SIZE = True


def main():
    return lfs_program.main('lfs2_reader', Image)


if __name__ == '__main__':
    sys.exit(main())
