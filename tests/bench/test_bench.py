# SPDX-License-Identifier: MIT
"""The benchmarks' own arithmetic and parsing: no mount, no timing."""
import contextlib
import io
import os
import tempfile
import types
import unittest

import bench
import contest
import figures
import instructions
import module
import plot
import report
import scaling


def row(median, unit='us/op', cut=False):
    return {'unit': unit, 'median': median, 'cut': cut}


# Three rounds of two contestants and a peer that cannot read directly.
ROUNDS = [
    {'ours': {'create': row(100), 'seq_write': row(300, 'MiB/s'), 'rand_read_direct': row(8)},
     'slow': {'create': row(400), 'seq_write': row(100, 'MiB/s'), 'rand_read_direct': None},
     'fast': {'create': row(50), 'seq_write': row(90, 'MiB/s'), 'rand_read_direct': None}},
    {'ours': {'create': row(110), 'seq_write': row(200, 'MiB/s'), 'rand_read_direct': row(9)},
     'slow': {'create': row(440), 'seq_write': row(100, 'MiB/s'), 'rand_read_direct': None},
     'fast': {'create': row(220), 'seq_write': row(80, 'MiB/s'), 'rand_read_direct': None}},
    {'ours': {'create': row(90), 'seq_write': row(250, 'MiB/s'), 'rand_read_direct': row(7)},
     'slow': {'create': row(360), 'seq_write': row(100, 'MiB/s', True), 'rand_read_direct': None},
     'fast': {'create': row(60), 'seq_write': row(70, 'MiB/s'), 'rand_read_direct': None}},
]


class Figures(unittest.TestCase):
    def test_summary(self):
        self.assertEqual(figures.summary([4, 1, 2]),
                         {'median': 2, 'min': 1, 'max': 4, 'n': 3, 'spread': 1.5})
        self.assertEqual(figures.summary([1, 2])['median'], 1.5)
        self.assertEqual(figures.summary([0, 0])['spread'], 0)

    def test_more_is_faster_whatever_the_unit(self):
        self.assertEqual(figures.speed_ratio('MiB/s', 300, 100), 3)
        self.assertEqual(figures.speed_ratio('us/op', 100, 300), 3)
        self.assertEqual(figures.speed_ratio('ms', 4, 1), 0.25)

    def test_collect(self):
        items = figures.collect(ROUNDS)
        self.assertEqual(items['create']['values']['slow'], [400, 440, 360])
        self.assertEqual(items['rand_read_direct']['values']['fast'], [None, None, None])
        self.assertEqual(items['rand_read_direct']['unit'], 'us/op')
        self.assertEqual(items['seq_write']['cut'], {'slow'})

    def test_the_fastest_is_chosen_item_by_item(self):
        items = figures.collect(ROUNDS)
        self.assertEqual(figures.fastest(items['create'], ['slow', 'fast']), 'fast')
        self.assertEqual(figures.fastest(items['seq_write'], ['slow', 'fast']), 'slow')
        self.assertIsNone(figures.fastest(items['rand_read_direct'], ['slow', 'fast']))

    def test_compare_takes_medians_and_pairs_rounds(self):
        found = figures.compare(figures.collect(ROUNDS)['create'], 'ours', ['slow', 'fast'])
        self.assertEqual(found, {'rival': 'fast', 'median': 60, 'ratio': 0.6, 'best': 50 / 90,
                                 'min': 0.5, 'max': 2.0})

    def test_a_contestant_that_dropped_out_is_no_rival(self):
        items = figures.collect(ROUNDS[:1] + [{'ours': ROUNDS[1]['ours'],
                                               'slow': {'create': None}}])
        self.assertIsNone(figures.compare(items['create'], 'ours', ['slow']))
        self.assertIsNone(figures.compare(items['create'], 'slow', ['ours']))

    def test_rounds_missed_by_a_rival_do_not_shift_the_pairs(self):
        rounds = [{'ours': ROUNDS[0]['ours'], 'slow': ROUNDS[0]['slow']},
                  {'ours': ROUNDS[1]['ours']}]
        self.assertIsNone(figures.compare(figures.collect(rounds)['create'], 'ours', ['slow']))

    def test_judge(self):
        bars = {'them': {'create': 0.6, 'seq_write': 2.51}}
        rows = figures.judge(figures.collect(ROUNDS), 'ours', [('them', ['slow', 'fast'], '')], bars)
        self.assertTrue(rows['create']['against']['them']['is_met'])
        self.assertFalse(rows['seq_write']['against']['them']['is_met'])
        self.assertEqual(rows['rand_read_direct']['against'], {})
        self.assertEqual(figures.misses(rows), [('them', 'seq_write', 2.5, 2.51)])

    def test_table(self):
        rows = figures.judge(figures.collect(ROUNDS), 'ours', [('them', ['slow', 'fast'], '')],
                             {'them': {'create': 1.0}})
        lines = figures.ratio_table(rows, [('them', None, '')]).splitlines()
        self.assertEqual(lines[1].split(), ['create', 'us/op', '100', '90.0', '110', '20', '%',
                                            '60.0', '0.60', '0.56', '0.50..2.00', '<', '1'])
        self.assertIn('-', lines[3].split())

    def test_number(self):
        for value, text in ((28410, '28410'), (99.96, '100.0'), (9.5, '9.50'), (0.0421, '0.042'),
                            (0.00131, '0.0013'), (0, '0.0000')):
            self.assertEqual(figures.number(value), text)

    def test_every_item_has_a_bar_against_littlefs_fuse(self):
        for item, bar in figures.BARS['passthrough'].items():
            self.assertGreaterEqual(figures.BARS['littlefs-fuse'][item], 2, item)
            self.assertLessEqual(bar, 1, item)

    def test_parse_against(self):
        self.assertEqual(figures.parse_against('x=a+b'), ('x', ['a', 'b'], ''))
        self.assertEqual(figures.parse_against('a'), ('a', ['a'], ''))
        self.assertEqual(figures.parse_against('lfs2:x=a'), ('x', ['a'], 'lfs2'))
        for text in ('', 'a+', '=a', 'x=', ':x=a', 'lfs1:'):
            with self.assertRaises(ValueError, msg=text):
                figures.parse_against(text)


class Peers(unittest.TestCase):
    def test_a_peer_needs_its_commands(self):
        good = {'name': 'x', 'mount': 'm', 'umount': 'u', 'prepare': 'p'}
        self.assertEqual(contest.peer_from(good).prepare, 'p')
        for bad in ({}, [], {'name': 'x', 'mount': 'm'}, {**good, 'unmount': 'u'}):
            with self.assertRaises(ValueError, msg=bad):
                contest.peer_from(bad)

    def test_a_peer_is_spared_groups(self):
        peer = contest.Contestant('x', 'm', 'u', skip='256M:mounts,tree')
        groups = ['streams', 'tree', 'mounts']
        self.assertEqual(peer.groups_of(contest.Work('w', '256M', 256, groups)), ['streams'])
        self.assertEqual(peer.groups_of(contest.Work('w', '5M', 5, groups)), ['streams', 'mounts'])

    def test_words_in_commands(self):
        with tempfile.TemporaryDirectory() as folder:
            place = contest.Place(folder, 5)
            self.assertEqual(place.fill_in('mk {tmp}/x {mib} ${HOME} {dir}'),
                             f'mk {folder}/tmp/x 5 ${{HOME}} {folder}/mnt')

    def test_a_command_that_fails_is_reported(self):
        contest.shell('true')
        with self.assertRaisesRegex(contest.Failure, '(?s)exit 3.*why'):
            contest.shell('echo why; exit 3')

    def test_the_command_line(self):
        args, _ = bench.parse(['a=/x', '--peer', 'p', '--mount', 'm', '--umount', 'u',
                               '--peer', 'q', '--mount', 'n', '--umount', 'v'])
        self.assertEqual(args.peer, [{'name': 'p', 'mount': 'm', 'umount': 'u'},
                                     {'name': 'q', 'mount': 'n', 'umount': 'v'}])
        ours, peers = bench.contestants_of(args, {})
        self.assertEqual([c.name for c in ours + peers], ['a-lfs1', 'a-lfs2', 'p', 'q'])
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            bench.parse(['/x', '--mount', 'm'])

    def test_names_are_checked(self):
        args = types.SimpleNamespace(against=['x=p+zz'])
        with self.assertRaisesRegex(ValueError, 'zz'):
            bench.rivals_of(args, {}, ['p'])

    def test_twinfs_is_mounted_with_its_profile(self):
        with tempfile.TemporaryDirectory() as folder:
            place = contest.Place(folder, 5)
            ours = contest.Twinfs('t', '/bin/twinfs', 'lfs1', is_bound=True)
            self.assertIn(f"--user {place.tmp}/customer_fs.bin",
                          place.fill_in(ours.mount).replace("'", ''))
            self.assertIn('--bind', ours.mount)


class Instructions(unittest.TestCase):
    def test_total(self):
        self.assertEqual(instructions.total_of('events: Ir\nfn=(1) main\n7 20\nsummary: 1234\n'),
                         1234)
        self.assertEqual(instructions.total_of('events: Ir\ntotals: 99\n'), 99)
        with self.assertRaises(ValueError):
            instructions.total_of('events: Ir\n7 20\n')


class Report(unittest.TestCase):
    def test_sections_are_replaced_and_nothing_else(self):
        page = 'a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n'
        once = report.replace_sections(page, {'x': 'new'})
        self.assertEqual(once, 'a\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nb\n')
        self.assertEqual(report.replace_sections(once, {'x': 'new'}), once)
        with self.assertRaisesRegex(ValueError, 'no section y'):
            report.replace_sections(page, {'y': ''})

    def test_the_page_has_all_sections(self):
        with open(report.PAGE, encoding='utf-8') as file:
            page = file.read()
        for name in ('machine', 'file-work', 'instructions', 'boot', 'memory'):
            report.replace_sections(page, {name: ''})

    def test_file_work(self):
        rows = figures.judge(figures.collect(ROUNDS), 'ours', [('them', ['slow', 'fast'], '')],
                             {'them': {'create': 1.0}})
        text = report.render_file_work({'rounds': 3, 'against': [{'label': 'them', 'rivals': ['slow', 'fast'],
                                                     'form': 'lfs1'}],
                                        'images': {'5M': {'rows': {'ours': rows}}}})
        self.assertIn('| create | us/op | 100 (90.0 to 110) | **0.60 (0.50 to 2.00)**, bar 1 |',
                      text)
        self.assertIn('| rand_read_direct | us/op | 8.00 (7.00 to 9.00) | - |', text)
        self.assertIn('them (lfs1): at each item the fastest of slow, fast.', text)

    def test_a_rival_of_one_format(self):
        ours = [contest.Twinfs('ours', '/x', 'lfs1'), contest.Twinfs('slow', '/x', 'lfs2')]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            rows = bench.print_tables('5M', figures.collect(ROUNDS), ours,
                                      [figures.parse_against('lfs2:them=fast')], {}, 3)
        self.assertEqual(rows['ours']['create']['against'], {})
        self.assertEqual(rows['slow']['create']['against']['them']['ratio'], 60 / 400)
        self.assertEqual(out.getvalue().count('them: at each item'), 1)

    def test_memory(self):
        self.assertEqual(report.render_memory('sweep a\nfiles 1\nmemory 2\n'),
                         '```\nsweep a\nmemory 2\n```')


def point(sweep, form, files, rate):
    row = dict.fromkeys(scaling.COLUMNS, 1024)
    return {**row, 'sweep': sweep, 'format': form, 'files': files, 'create_per_s': rate}


class Scaling(unittest.TestCase):
    def test_split(self):
        self.assertEqual(scaling.split(list(range(7)), 3), [[0, 1], [2, 3], [4, 5, 6]])
        self.assertEqual(scaling.split([1, 2], 1), [[1, 2]])

    def test_memory(self):
        text = 'Name:\ttwinfs\nVmRSS:\t    4056 kB\nRssAnon:\t    2044 kB\nThreads:\t3\n'
        self.assertEqual(scaling.parse_memory(text), (4056, 2044))

    def test_median_of_runs(self):
        row = scaling.median_row(('files', 'lfs1', (100, 5, 1)),
                                 [{'mount_ms': value} for value in (9, 1, 2)])
        self.assertEqual(row, {'sweep': 'files', 'format': 'lfs1', 'files': 100, 'image_mib': 5,
                               'clients': 1, 'mount_ms': 2})

    def test_points_survive_their_file(self):
        rows = [point('files', 'lfs1', 100, 5000), point('files', 'lfs2', 1000, 4000)]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'points.tsv')
            scaling.save(path, rows)
            self.assertEqual(scaling.load(path), rows)

    def test_plot(self):
        rows = [point('files', form, files, files * 50) for form in ('lfs1', 'lfs2')
                for files in (100, 1000)]
        text = plot.script(rows, 'files', '/x/scaling-files.svg')
        self.assertIn('set output "/x/scaling-files.svg"', text)
        self.assertIn('<< END\n100 5\n1000 50\nEND', text)
        self.assertIn('"create 1 KiB, lfs2"', text)
        self.assertEqual(text.count('\nplot '), len(plot.SHOWN['files']))


class Profile(unittest.TestCase):
    def test_areas_do_not_overlap(self):
        profile = module.profile_of(256 * module.MIB, 16)
        user = profile['partitions']['customer_fs']
        backup = profile['partitions']['customer_backup_fs']
        self.assertEqual(user['size'], 256 * module.MIB)
        self.assertGreaterEqual(backup['addr'], user['addr'] + user['size'])
        self.assertGreater(profile['chip_size'], backup['addr'] + backup['size'])
        self.assertEqual(profile['filesystem']['prog_size'], 16)
        self.assertEqual(profile['filesystem']['v2']['prog_size'], 16)


if __name__ == '__main__':
    os.chdir('/')
    unittest.main()
