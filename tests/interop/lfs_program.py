# SPDX-License-Identifier: MIT
"""The command line of the readers of both versions of the format; see lfs1_reader.py.

A reader gives the class of its images: a Volume of lfs_common.py that is Checked, too.
"""
import argparse
import functools
import hashlib
import json
import os
import sys

from lfs_common import MAX_FINDINGS, Corrupt, show


class Checked:
    """
    What makes a Volume one that can be checked: FORMAT is the version that "format" of an
    NNNN.json must name, STATES the kinds of states there are, CHECKER the class that finds them.
    """

    notes = ()
    # With the unit in which the writer programmed, an image is also held to what only a careful
    # writer does, if the format leaves a choice.
    prog_size = None
    TAKES_PROG_SIZE = False

    def check(self):
        """
        Tests all rules. Returns (errors, states), two lists of Finding; self.notes then has what
        is worth a remark but legal at any time.
        """
        checker = self.CHECKER(self)
        try:
            checker.run()
        except Corrupt as err:
            checker.error(err.rule, str(err))
        self.notes = checker.notes
        return checker.errors, checker.states


def entry_of(path, content, attrs=None):
    """One member of "entries"."""
    try:
        out = {'path': path.decode('utf-8')}
    except UnicodeDecodeError:
        out = {'path_hex': path.hex()}
    if content is None:
        out['type'] = 'dir'
    else:
        out.update(type='reg', size=len(content), sha256=sha256(content))
    if attrs:
        out['attrs'] = [{'type': kind, 'hex': attrs[kind].hex()} for kind in sorted(attrs)]
    return out


@functools.lru_cache(maxsize=4096)
def sha256(content):
    return hashlib.sha256(content).hexdigest()


def path_of(entry):
    if 'path_hex' in entry:
        return bytes.fromhex(entry['path_hex'])
    return entry['path'].encode('utf-8', 'surrogateescape')


def attrs_of(entry):
    return {attr['type']: attr['hex'].lower() for attr in entry.get('attrs', ())}


def compare(expected, entries):
    """
    What differs between "entries" and those of an image, as a list of texts. The root may be left
    out if it has no attributes.
    """
    want = {path_of(entry): entry for entry in expected}
    have = {path_of(entry): entry for entry in entries}
    optional = set() if attrs_of(have.get(b'/', {})) else {b'/'}
    texts = [f"'{show(path)}' is missing" for path in sorted(want.keys() - have.keys())]
    texts += [f"'{show(path)}' is not expected"
              for path in sorted(have.keys() - want.keys() - optional)]
    for path in sorted(want.keys() & have.keys()):
        for key in ('type', 'size', 'sha256'):
            if want[path].get(key) != have[path].get(key):
                texts.append(f"'{show(path)}': {key} is {have[path].get(key)}, "
                             f'not {want[path].get(key)}')
        if attrs_of(want[path]) != attrs_of(have[path]):
            texts.append(f"'{show(path)}': attributes are {attrs_of(have[path])}, "
                         f'not {attrs_of(want[path])}')
    return texts


def check_one(image_class, stem, allow_states):
    """All that is wrong with stem.bin, measured by stem.json."""
    with open(stem + '.json', encoding='utf-8') as file:
        want = json.load(file)
    if want.get('format', 1) != image_class.FORMAT:
        raise ValueError(f'format {want["format"]}')
    with open(stem + '.bin', 'rb') as file:
        image = image_class(file.read(), want['block_size'], want.get('block_count'))
    image.prog_size = want.get('prog_size')
    errors, states = image.check()
    texts = [str(finding) for finding in errors]
    allowed = image.STATES if allow_states else want.get('states', ())
    texts += [f'state {state}' for state in states if state.kind not in allowed]
    try:
        tree = image.tree()
        texts += compare(want['entries'], entries_of(image, tree))
        if 'used_blocks' in want and len(image.used()) != want['used_blocks']:
            texts.append(f'{len(image.used())} blocks are used, not {want["used_blocks"]}')
    except Corrupt as err:
        texts.append(str(err))
    return texts


def entries_of(image, tree):
    return [entry_of(path, tree[path], image.attributes.get(path)) for path in sorted(tree)]


def run_batch(image_class, folder, allow_states):
    names = sorted({os.path.splitext(name)[0] for name in os.listdir(folder)
                    if name.endswith(('.bin', '.json'))})
    if not names:
        raise ValueError(f'{folder}: no NNNN.bin with NNNN.json')
    failed = 0
    for name in names:
        try:
            texts = check_one(image_class, os.path.join(folder, name), allow_states)
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


def run_list(program, image, path, as_json):
    try:
        tree, problems = image.walk()
    except Corrupt as err:
        tree, problems = {}, [err]
    if as_json:
        print(json.dumps({'entries': entries_of(image, tree)}))
    else:
        for name in sorted(tree):
            size = '-' if tree[name] is None else len(tree[name])
            print(f'{size:>10} {show(name)}')
    for problem in problems[:MAX_FINDINGS]:
        print(f'{program}: {path}: {problem}', file=sys.stderr)
    return 1 if problems else 0


def number(text):
    return int(text, 0)


def parse(image_class):
    parser = argparse.ArgumentParser(
        description=f'Read and check a littlefs v{image_class.FORMAT} image.')
    parser.add_argument('image', nargs='?', metavar='IMAGE')
    parser.add_argument('block_size', nargs='?', type=number, metavar='BLOCK_SIZE')
    parser.add_argument('--block-count', type=number, metavar='N',
                        help='blocks behind the first N are out of range')
    parser.add_argument('--check', action='store_true', help='print findings, not the tree')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.add_argument('--batch', metavar='DIR', help='check DIR/NNNN.bin against DIR/NNNN.json')
    parser.add_argument('--allow-states', action='store_true',
                        help='with --batch: what a power cut may leave is no failure')
    if image_class.TAKES_PROG_SIZE:
        parser.add_argument('--prog-size', type=number, metavar='N', help='with --check: demand '
                            'what a careful writer with units of N bytes does, too')
    args = parser.parse_args()
    if (args.batch is None) != (args.block_size is not None) or (args.batch and args.image):
        parser.error('give either IMAGE and BLOCK_SIZE, or --batch DIR')
    return args


def main(program, image_class):
    args = parse(image_class)
    try:
        if args.batch:
            return run_batch(image_class, args.batch, args.allow_states)
        with open(args.image, 'rb') as file:
            image = image_class(file.read(), args.block_size, args.block_count)
    except (OSError, ValueError) as err:
        print(f'{program}: {err}', file=sys.stderr)
        return 2
    if args.check:
        image.prog_size = getattr(args, 'prog_size', None)
        return run_check(image, args.json)
    return run_list(program, image, args.image, args.json)
