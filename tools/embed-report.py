#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns the parts of a report's page into the C file that is built into twinfs.

usage: embed-report.py OUT.c PAGE.html PAGE.css SCRIPT.js...

The page's own style and script are all that a browser may use: a policy in
the page names them by their digest, and forbids the rest.
"""

import base64
import hashlib
import pathlib
import sys

HEAD = """\
/* SPDX-License-Identifier: MIT */
/* Made by tools/embed-report.py from tools/report; do not edit. */
#include "tools/report.h"
"""
DATA = "@DATA@"


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def fill(page, values):
    for mark, value in values.items():
        if page.count(mark) != 1:
            raise ValueError(f"{mark} is there {page.count(mark)} times, not once")
        page = page.replace(mark, value)
    return page


def c_array(name, text):
    """A C array of the bytes of @text: a literal of its size is beyond what C promises."""
    data = text.encode() + b"\0"
    lines = [", ".join(map(str, data[at : at + 24])) for at in range(0, len(data), 24)]
    return f"\nconst char {name}[] = {{\n\t" + ",\n\t".join(lines) + ",\n};\n"


def main():
    if len(sys.argv) < 5:
        sys.exit("usage: embed-report.py OUT.c PAGE.html PAGE.css SCRIPT.js...")
    texts = [pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[2:]]
    page, style, script = texts[0], texts[1], "".join(texts[2:])
    try:
        for name, text in zip(sys.argv[2:], texts):
            if not text.isascii():
                raise ValueError(f"{name}: only ASCII is embedded")
        page = fill(
            page,
            {
                "@STYLE_DIGEST@": digest(style),
                "@SCRIPT_DIGEST@": digest(script),
                "@STYLE@": style,
                "@SCRIPT@": script,
            },
        )
        head, tail = page.split(DATA)
    except ValueError as error:
        sys.exit(f"embed-report.py: {error}")
    out = HEAD + c_array("tw_tool_report_head", head) + c_array("tw_tool_report_tail", tail)
    pathlib.Path(sys.argv[1]).write_text(out, encoding="utf-8")


if __name__ == "__main__":
    main()
