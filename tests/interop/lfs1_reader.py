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
"block_size" beside "entries", and optionally "block_count", "used_blocks" (the
number of blocks in use) and "states" (the kinds of states that are allowed,
otherwise none is). It prints a line for each failure and 'N passed, N failed'.

Exit status: 0 all is right, 1 something in an image is not, 2 it could not be
tried (usage, unreadable file).
"""
import argparse
import functools
import hashlib
import json
import os
import sys

from lfs1_image import Corrupt, Volume, show
from lfs1_rules import MAX_FINDINGS, STATES, Checker


class Image(Volume):
    """A Volume that can be checked."""

    def __init__(self, data, block_size, block_count=None):
        super().__init__(data, block_size, block_count)
        self.notes = []

    def check(self):
        """
        Tests all rules. Returns (errors, states), two lists of Finding; self.notes then has what
        is worth a remark but legal at any time.
        """
        checker = Checker(self)
        try:
            checker.run()
        except Corrupt as err:
            checker.error(err.rule, str(err))
        self.notes = checker.notes
        return checker.errors, checker.states


def entry_of(path, content):
    """One member of "entries"."""
    try:
        out = {'path': path.decode('utf-8')}
    except UnicodeDecodeError:
        out = {'path_hex': path.hex()}
    if content is None:
        return dict(out, type='dir')
    return dict(out, type='reg', size=len(content), sha256=sha256(content))


@functools.lru_cache(maxsize=4096)
def sha256(content):
    return hashlib.sha256(content).hexdigest()


def path_of(entry):
    if 'path_hex' in entry:
        return bytes.fromhex(entry['path_hex'])
    return entry['path'].encode('utf-8', 'surrogateescape')


def compare(expected, tree):
    """What differs between "entries" and a tree, as a list of texts. The root may be left out."""
    want = {path_of(entry): entry for entry in expected}
    have = {path: entry_of(path, content) for path, content in tree.items()}
    texts = [f"'{show(path)}' is missing" for path in sorted(want.keys() - have.keys())]
    texts += [f"'{show(path)}' is not expected"
              for path in sorted(have.keys() - want.keys() - {b'/'})]
    for path in sorted(want.keys() & have.keys()):
        for key in ('type', 'size', 'sha256'):
            if want[path].get(key) != have[path].get(key):
                texts.append(f"'{show(path)}': {key} is {have[path].get(key)}, "
                             f'not {want[path].get(key)}')
    return texts


def check_one(stem, allow_states):
    """All that is wrong with stem.bin, measured by stem.json."""
    with open(stem + '.json', encoding='utf-8') as file:
        want = json.load(file)
    with open(stem + '.bin', 'rb') as file:
        image = Image(file.read(), want['block_size'], want.get('block_count'))
    errors, states = image.check()
    texts = [str(finding) for finding in errors]
    allowed = STATES if allow_states else want.get('states', ())
    texts += [f'state {state}' for state in states if state.kind not in allowed]
    try:
        texts += compare(want['entries'], image.tree())
        if 'used_blocks' in want and len(image.used()) != want['used_blocks']:
            texts.append(f'{len(image.used())} blocks are used, not {want["used_blocks"]}')
    except Corrupt as err:
        texts.append(str(err))
    return texts


def run_batch(folder, allow_states):
    names = sorted({os.path.splitext(name)[0] for name in os.listdir(folder)
                    if name.endswith(('.bin', '.json'))})
    if not names:
        return fail(f'{folder}: no NNNN.bin with NNNN.json')
    failed = 0
    for name in names:
        try:
            texts = check_one(os.path.join(folder, name), allow_states)
        except (OSError, ValueError, KeyError, TypeError) as err:
            texts = [f'cannot be tried: {err!r}']
        if texts:
            failed += 1
            more = f' (and {len(texts) - 1} more)' if len(texts) > 1 else ''
            print(f'FAIL {name}: {texts[0]}{more}', flush=True)
    print(f'{len(names) - failed} passed, {failed} failed')
    return 1 if failed else 0


def run_check(image, as_json):
    errors, states = image.check()
    groups = {'errors': errors, 'states': states, 'notes': image.notes}
    if as_json:
        print(json.dumps({key: [finding._asdict() for finding in group]
                          for key, group in groups.items()}, indent=1))
    else:
        for key, group in groups.items():
            for finding in group:
                print(f'{key[:-1]} {finding}')
    return 1 if errors else 0


def run_list(image, path, as_json):
    try:
        tree, problems = image.walk()
    except Corrupt as err:
        tree, problems = {}, [err]
    entries = [entry_of(name, tree[name]) for name in sorted(tree)]
    if as_json:
        print(json.dumps({'entries': entries}))
    else:
        for name in sorted(tree):
            size = '-' if tree[name] is None else len(tree[name])
            print(f'{size:>10} {show(name)}')
    for problem in problems[:MAX_FINDINGS]:
        print(f'lfs1_reader: {path}: {problem}', file=sys.stderr)
    return 1 if problems else 0


def fail(text):
    print(f'lfs1_reader: {text}', file=sys.stderr)
    return 2


def main():
    parser = argparse.ArgumentParser(description='Read and check a littlefs v1 image.')
    parser.add_argument('image', nargs='?', metavar='IMAGE')
    parser.add_argument('block_size', nargs='?', type=lambda text: int(text, 0),
                        metavar='BLOCK_SIZE')
    parser.add_argument('--block-count', type=lambda text: int(text, 0), metavar='N',
                        help='blocks behind the first N are out of range')
    parser.add_argument('--check', action='store_true', help='print findings, not the tree')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.add_argument('--batch', metavar='DIR', help='check DIR/NNNN.bin against DIR/NNNN.json')
    parser.add_argument('--allow-states', action='store_true',
                        help='with --batch: what a power cut may leave is no failure')
    args = parser.parse_args()
    if (args.batch is None) != (args.block_size is not None) or (args.batch and args.image):
        parser.error('give either IMAGE and BLOCK_SIZE, or --batch DIR')
    try:
        if args.batch:
            return run_batch(args.batch, args.allow_states)
        with open(args.image, 'rb') as file:
            image = Image(file.read(), args.block_size, args.block_count)
    except (OSError, ValueError) as err:
        return fail(err)
    if args.check:
        return run_check(image, args.json)
    return run_list(image, args.image, args.json)


if __name__ == '__main__':
    sys.exit(main())
