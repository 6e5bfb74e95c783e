# SPDX-License-Identifier: MIT
"""What the benchmarks make of their figures: medians, ratios, bars, tables. No file is touched."""
import statistics
from typing import NamedTuple

# Whether more is better.
IS_RATE = {'MiB/s': True, 'us/op': False, 'ms': False}

READS = ['seq_read_cold', 'seq_read_samefd', 'seq_read_reopen', 'rand_read_cold',
         'rand_read_direct', 'read_all_cold', 'read_all_warm']
SYNCED_WRITES = ['seq_write', 'rand_write_fsync_each', 'rand_write_fsync_end']
METADATA = ['create', 'statvfs', 'stat_cold', 'stat_warm', 'list_cold', 'list_stat_cold', 'unlink',
            'tree_create', 'tree_walk_cold', 'tree_remove', 'rewrite']
MOUNTS = ['fill', 'mount', 'mount_first_walk']

# Least speed ratio that is asked for, by the label of the rival and the item.
BARS = {
    'passthrough': {**dict.fromkeys(METADATA, 1.0), **dict.fromkeys(READS, 0.9),
                    **dict.fromkeys(SYNCED_WRITES, 0.5)},
    'littlefs-fuse': {**dict.fromkeys(METADATA + READS + SYNCED_WRITES + MOUNTS, 2.0),
                      **dict.fromkeys(['create', 'stat_cold', 'rand_write_fsync_each',
                                       'rand_write_fsync_end', 'tree_create', 'tree_walk_cold',
                                       'tree_remove'], 10.0)},
}


def summary(values):
    """Median, least, most, and their distance as a part of the median."""
    median = statistics.median(values)
    return {'median': median, 'min': min(values), 'max': max(values), 'n': len(values),
            'spread': (max(values) - min(values)) / median if median else 0.0}


def speed_ratio(unit, ours, theirs):
    """How many times as fast as they we are."""
    return ours / theirs if IS_RATE[unit] else theirs / ours


def collect(rounds):
    """Rounds of {contestant: {item: row or None}} -> {item: {'unit', 'values': {contestant: []}}}.

    An item that a contestant cannot do, or had to cut short, has None in that round.
    """
    items = {}
    for results in rounds:
        for contestant, rows in results.items():
            for name, row in rows.items():
                item = items.setdefault(name, {'unit': None, 'values': {}, 'cut': set()})
                item['unit'] = item['unit'] or (row and row['unit'])
                item['values'].setdefault(contestant, []).append(row and row['median'])
                if row and row.get('cut'):
                    item['cut'].add(contestant)
    return items


def is_complete(values):
    return bool(values) and None not in values


def fastest(item, contestants):
    """Of these contestants the one with the best median at this item; None if none did it."""
    medians = {name: statistics.median(item['values'][name]) for name in contestants
               if is_complete(item['values'].get(name))}
    if not medians:
        return None
    return (max if IS_RATE[item['unit']] else min)(medians, key=medians.get)


def compare(item, ours, rivals):
    """Ratio of the medians against the fastest rival, of the best values, and of each round.

    A rival that did not stay to the last round is none.
    """
    us = item['values'].get(ours)
    if not is_complete(us):
        return None
    rival = fastest(item, [name for name in rivals
                           if len(item['values'].get(name, ())) == len(us)])
    if rival is None:
        return None
    unit, them = item['unit'], item['values'][rival]
    each = [speed_ratio(unit, a, b) for a, b in zip(us, them)]
    best = max if IS_RATE[unit] else min
    return {'rival': rival, 'median': statistics.median(them),
            'best': speed_ratio(unit, best(us), best(them)),
            'ratio': speed_ratio(unit, statistics.median(us), statistics.median(them)),
            'min': min(each), 'max': max(each)}


class Against(NamedTuple):
    label: str    # its bars are looked up by this
    rivals: list  # the fastest of them counts
    form: str     # compared with ours of this format only; '' for any


def parse_against(text):
    """'[FORMAT:][LABEL=]A+B'; without a label, the names are it."""
    form, colon, rest = text.rpartition(':')
    label, equals, names = rest.partition('=')
    rivals = (names if equals else rest).split('+')
    if not label or '' in rivals or (colon and not form):
        raise ValueError(f"'{text}' is not [FORMAT:][LABEL=]NAME[+NAME...]")
    return Against(label, rivals, form)


def judge(items, ours, against, bars):
    """Item -> its row: our summary, and per label the comparison with bar and verdict."""
    rows = {}
    for name, item in items.items():
        if not is_complete(item['values'].get(ours)):
            continue
        row = {'unit': item['unit'], **summary(item['values'][ours]), 'against': {},
               'cut': ours in item['cut']}
        for label, rivals, _ in against:
            found = compare(item, ours, rivals)
            if found:
                bar = bars.get(label, {}).get(name)
                row['against'][label] = {**found, 'bar': bar,
                                         'is_met': bar is None or found['ratio'] >= bar}
        rows[name] = row
    return rows


def number(value):
    """Two or three digits that matter."""
    digits = next((i for i, least in enumerate((100, 10, 0.1, 0.01)) if value >= least), 4)
    return f'{value:.{digits}f}'


def table(rows):
    """Rows of text, the first being the heads: the first column to the left, others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return '\n'.join('  '.join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def ratio_cells(found):
    if not found:
        return ['-', '-', '-', '-', '']
    verdict = '' if found['bar'] is None else ('' if found['is_met'] else '< ') + f"{found['bar']:g}"
    return [number(found['median']), number(found['ratio']), number(found['best']),
            f"{number(found['min'])}..{number(found['max'])}", verdict]


def ratio_table(rows, against):
    """One line an item; a bar that is missed has a '<' before it."""
    lines = [['item', 'unit', 'median', 'min', 'max', 'spread']]
    for label, _, _ in against:
        lines[0] += [label, 'ratio', 'best', 'of rounds', 'bar']
    for name, row in rows.items():
        line = [name + (' (cut)' if row['cut'] else ''), row['unit'], number(row['median']),
                number(row['min']), number(row['max']), f"{row['spread'] * 100:.0f} %"]
        for label, _, _ in against:
            line += ratio_cells(row['against'].get(label))
        lines.append(line)
    return table(lines)


def misses(rows):
    """(label, item, ratio, bar) of every bar that is missed."""
    return [(label, name, found['ratio'], found['bar']) for name, row in rows.items()
            for label, found in row['against'].items() if not found['is_met']]


def markdown_cell(found):
    """A ratio for a document; one that misses its bar is bold and names it."""
    if not found:
        return '-'
    text = f"{number(found['ratio'])} ({number(found['min'])} to {number(found['max'])})"
    return text if found['is_met'] else f"**{text}**, bar {found['bar']:g}"


def markdown_table(rows, labels):
    """The rows of judge() for a document."""
    lines = ['| item | unit | twinfs | ' + ' | '.join(f'against {label}' for label in labels) + ' |',
             '|---|---|---|' + '---|' * len(labels)]
    for name, row in rows.items():
        cells = [name + (' (cut)' if row['cut'] else ''), row['unit'],
                 f"{number(row['median'])} ({number(row['min'])} to {number(row['max'])})"]
        cells += [markdown_cell(row['against'].get(label)) for label in labels]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)
