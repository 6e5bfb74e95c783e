#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py - how fast is twinfs next to other file systems at the same file work?

All contestants are measured in turn, in every round on a fresh image in tmpfs,
so that what slows the machine down slows all of them. Printed are the medians
of the rounds, and ratios: 2 means twice as fast as the peer, whatever the unit.

Nothing foreign is built or needed: peers are shell commands given here. See
README.md beside this file.
"""
import argparse
import json
import os
import shutil
import sys
import time

import contest
import figures
from module import held

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = {'5M': 5, '256M': 256}  # class of the file work -> MiB
GROUPS = 'streams,overwrites,many_files,tree,rewrite,mounts'


class PeerWord(argparse.Action):
    """--peer begins a peer; --mount and the like belong to the last one."""

    def __call__(self, parser, namespace, value, option_string=None):
        peers = namespace.peer
        if option_string == '--peer':
            peers.append({'name': value})
        elif not peers:
            parser.error(f'{option_string} needs a --peer before it')
        else:
            peers[-1][option_string[2:]] = value


def parse(words):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('twinfs', nargs='+', metavar='[NAME=]TWINFS',
                        help='the program; several builds of it may compete')
    parser.add_argument('--format', default='lfs1,lfs2',
                        help='as of twinfs mk, comma list (%(default)s)')
    parser.add_argument('--prog', type=int, help="bytes programmed at once (the profile's)")
    parser.add_argument('--image-size', default='5M,256M', help='comma list (%(default)s)')
    parser.add_argument('--rounds', type=int, default=5, help='(%(default)s)')
    parser.add_argument('--only', default=GROUPS, help='groups of work items (%(default)s)')
    parser.add_argument('--work', help='another program with the command line of work.py')
    parser.add_argument('--tmp', default='/dev/shm', help='where images lie (%(default)s)')
    parser.add_argument('--lock', metavar='FILE', help='hold this file while one is measured')
    parser.add_argument('--peers', metavar='FILE', help='peers and rivals from a JSON file')
    parser.add_argument('--against', action='append', metavar='[FORMAT:][LABEL=]NAME[+...]',
                        help='ratios against the fastest of these, with the bars of LABEL')
    parser.add_argument('--bars', metavar='FILE', help='JSON: {LABEL: {item: ratio}}')
    parser.add_argument('--json', metavar='FILE', help='all figures')
    for option, what in (('--peer', 'name of a peer; its commands follow:'),
                         ('--prepare', 'makes its image'), ('--mount', 'mounts it on {dir}'),
                         ('--umount', 'unmounts it'), ('--cleanup', 'removes its image'),
                         ('--skip', 'groups it cannot do: mounts, or 256M:mounts')):
        parser.add_argument(option, action=PeerWord, dest='peer', default=[], help=what)
    return parser.parse_args(words), parser


def load_json(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def contestants_of(args, from_file):
    """Ours, then the peers; each name once."""
    ours = []
    for word in args.twinfs:
        name, equals, path = word.partition('=')
        name, path = (name, path) if equals else ('twinfs', word)
        path = shutil.which(path) or path
        for form in args.format.split(','):
            ours.append(contest.Twinfs(f'{name}-{form}', path, form, args.prog, bool(args.work)))
    peers = [contest.peer_from(peer) for peer in from_file.get('peers', []) + args.peer]
    names = [contestant.name for contestant in ours + peers]
    if len(set(names)) < len(names):
        raise ValueError('two contestants have the same name')
    return ours, peers


def rivals_of(args, from_file, names):
    against = [figures.parse_against(text)
               for text in args.against or from_file.get('against', [])]
    unknown = {name for entry in against for name in entry.rivals} - set(names)
    if unknown:
        raise ValueError(f"--against: there is no {', '.join(sorted(unknown))}")
    return against


def measure(work, contestants, args):
    """All rounds; a contestant that fails is left out of the rest."""
    rounds, out = [], set()
    for number in range(args.rounds):
        results = {}
        for contestant in contestants:
            if contestant.name in out:
                continue
            start = time.monotonic()
            try:
                with held(args.lock):
                    results[contestant.name] = contest.one_round(work, contestant, args.tmp)
            except contest.Failure as err:
                out.add(contestant.name)
                print(f'{work.kind}: {contestant.name} is out: {err}', file=sys.stderr)
                continue
            print(f'{work.kind}: round {number + 1} of {args.rounds}: {contestant.name}: '
                  f'{time.monotonic() - start:.1f} s', file=sys.stderr)
        rounds.append(results)
    return rounds


def print_tables(kind, items, ours, against, bars, rounds):
    """A table for each of ours; returns their rows for the JSON file."""
    rows_of = {}
    for contestant in ours:
        fair = [entry for entry in against if entry.form in ('', contestant.form)]
        rows = rows_of[contestant.name] = figures.judge(items, contestant.name, fair, bars)
        print(f'{contestant.name}, image of {kind}, {rounds} rounds')
        print(figures.ratio_table(rows, fair))
        if fair:
            print(f'bars missed: {len(figures.misses(rows))}')
        for label, rivals, _ in fair:
            print(f'{label}: at each item the fastest of {", ".join(rivals)}')
        print()
    print(flush=True)
    return rows_of


def save(path, document):
    with open(path + '.new', 'w', encoding='utf-8') as file:
        json.dump(document, file, indent=1)
    os.rename(path + '.new', path)


def main(words=None):
    args, parser = parse(words)
    try:
        from_file = load_json(args.peers) if args.peers else {}
        ours, peers = contestants_of(args, from_file)
        against = rivals_of(args, from_file, [c.name for c in ours + peers])
        bars = {**figures.BARS, **(load_json(args.bars) if args.bars else {})}
        kinds = {kind: IMAGES[kind] for kind in args.image_size.split(',')}
    except (OSError, ValueError) as err:
        parser.error(str(err))
    except KeyError as err:
        parser.error(f'--image-size: {err} is none of {", ".join(IMAGES)}')
    document = {'rounds': args.rounds, 'cpus': os.cpu_count(), 'against': [entry._asdict() for entry in against],
                'images': {}}
    for kind, mib in kinds.items():
        work = contest.Work(args.work or os.path.join(HERE, 'work.py'), kind, mib,
                            args.only.split(','))
        rounds = measure(work, ours + peers, args)
        items = figures.collect(rounds)
        document['images'][kind] = {
            'rows': print_tables(kind, items, ours, against, bars, args.rounds),
            'rounds': rounds}
        if args.json:
            save(args.json, document)


if __name__ == '__main__':
    main()
