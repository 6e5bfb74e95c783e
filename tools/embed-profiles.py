#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns module profiles (JSON) into the C file that is built into libtwinfs.

usage: embed-profiles.py OUT.c PROFILE.json...

Refuses a profile whose name is not that of its file, and one that has a
figure without a source: what twinfs ships says where it knows it from. All
else is checked when a profile is loaded, built in or not.
"""

import json
import pathlib
import sys

TEXTS = {"name", "modules", "sources"}  # what needs no source

HEAD = """\
/* SPDX-License-Identifier: MIT */
/* Made by tools/embed-profiles.py from images/profiles; do not edit. */
#include "module/profile_json.h"

const struct tw_profile_text tw_profile_texts[] = {
"""
TAIL = "\t{NULL, NULL},\n};\n"


def figures(value, path):
    """Yields the dotted path of every value that is not an object."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from figures(inner, path + [key])
        else:
            yield path + [key]


def has_source(path, sources):
    """A source of an object is one of everything in it."""
    return any(".".join(path[:end]) in sources for end in range(1, len(path) + 1))


def check(path, text):
    profile = json.loads(text)
    if profile["name"] != path.stem:
        raise ValueError(f"name is '{profile['name']}', the file's is '{path.stem}'")
    for figure in figures(profile, []):
        if figure[0] not in TEXTS and not has_source(figure, profile["sources"]):
            raise ValueError(f"'{'.'.join(figure)}' has no source")


def c_string(text):
    """Yields lines of C string literals."""
    for line in text.splitlines():
        if not (line.isascii() and line.expandtabs().isprintable()):
            raise ValueError(f"only printable ASCII is embedded: {line!r}")
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        yield f'\t\t"{escaped}\\n"\n'


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: embed-profiles.py OUT.c PROFILE.json...")
    paths = sorted(map(pathlib.Path, sys.argv[2:]), key=lambda p: (p.stem != "default", p.stem))
    parts = [HEAD]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        try:
            check(path, text)
            lines = "".join(c_string(text))
        except (ValueError, KeyError) as error:
            sys.exit(f"embed-profiles.py: {path}: {error}")
        parts.append(f'\t{{"{path.stem}",\n{lines.rstrip()}}},\n')
    parts.append(TAIL)
    pathlib.Path(sys.argv[1]).write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
