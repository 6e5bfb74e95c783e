# SPDX-License-Identifier: MIT
"""twinfs trace: what a recorded boot did, record by record and summed up."""
import os
import struct
import zlib

import cli


class Trace(cli.CliTest):
    """A boot that restores two files, in run.trace."""

    def setUp(self):
        super().setUp()
        self.make_image()
        self.twinfs('rm', 'app.img', 'usr/main.py')
        self.twinfs('put', '--force', 'app.img', 'app/config.json', 'usr/lib/driver.py')
        self.before = cli.read(self.path('app.img'))
        self.twinfs('boot', '--trace', 'run.trace', 'app.img')

    def records(self, *words):
        return self.json('trace', '--json', *words, 'run.trace')['records']

    def test_replay(self):
        """What the records name is what changed: nothing else did."""
        after = cli.read(self.path('app.img'))
        touched = set()
        for record in self.records('--kind', 'program', '--kind', 'erase'):
            touched.update(range(record['addr'] // 4096, (record['addr'] + record['len']) // 4096))
        changed = {i for i in range(len(after) // 4096)
                   if after[i * 4096:(i + 1) * 4096] != self.before[i * 4096:(i + 1) * 4096]}
        self.assertTrue(changed)
        self.assertLessEqual(changed, touched)
        old = {record['addr'] // 4096 for record in self.records('--kind', 'old')}
        self.assertEqual(old, touched)

    def test_lines(self):
        out, err = self.twinfs('trace', 'run.trace')
        self.assertEqual(err, '')
        lines = out.decode().splitlines()
        self.assertEqual(lines[0], 20 * ' ' + '0.000000 mark    begin boot 1')
        self.assertRegex(lines[2], r'^       1 @0         0\.000000 erase   customer_fs [0-9]+ +0x[0-9a-f]{8} '
                                   r'  4096  data /usr/lib/driver.py$')
        self.assertIn(' mark    end content /usr/main.py, 45 bytes', out.decode())
        self.assertEqual(lines[-1][29:], 'mark    end boot 1')
        self.assertNotIn(' old ', out.decode())
        self.assertEqual(len(lines), len(self.records()))

    def test_json(self):
        document = self.json('trace', '--json', 'run.trace')
        trace, records = document['trace'], document['records']
        self.assertEqual([part['path'] for part in trace['partitions']], ['/usr', '/bak', ''])
        self.assertEqual(trace['chip_size'], os.path.getsize(self.path('app.img')))
        self.assertEqual(trace['file_size'], os.path.getsize(self.path('run.trace')))
        self.assertFalse(trace['truncated'])
        operations = [r for r in records if r['kind'] in ('program', 'erase')]
        self.assertEqual([r['number'] for r in operations], list(range(1, len(operations) + 1)))
        self.assertEqual(trace['operations'], len(operations))
        # its number in the trace is the one that explore knows it by, also behind a filter
        self.assertEqual([r['operation'] for r in operations], list(range(len(operations))))
        chosen = self.records('--from', '7', '--kind', 'program', '--kind', 'erase')
        self.assertEqual(chosen[0]['operation'], 6)
        self.assertEqual({r['errno'] for r in operations}, {0})
        times = [r['time_ns'] for r in records]
        self.assertEqual(times, sorted(times))
        marks = [r for r in records if r['kind'] == 'mark']
        self.assertEqual(len(marks), trace['marks'])
        ended = [r['path'] for r in marks
                 if r['mark'] == 'change_ended' and r['change'] == 'content']
        self.assertEqual(ended[:2], ['/usr/lib/driver.py', '/usr/main.py'])

    def test_filters(self):
        everything = self.records()
        chosen = self.records('--path', '/usr/lib')
        self.assertTrue(chosen)
        for record in chosen:
            self.assertIn('/usr/lib', record.get('owner', record.get('path')))
        self.assertEqual({r['kind'] for r in self.records('--kind', 'mark')}, {'mark'})
        some = self.records('--from', '3', '--to', '5', '--kind', 'program', '--kind', 'erase')
        self.assertEqual([r['number'] for r in some], [3, 4, 5])
        self.assertEqual(self.records('--partition', 'customer_backup_fs'), [])
        self.assertEqual(len(self.records('--partition', 'customer_fs')), len(everything) - 2)
        block = next(r['block'] for r in everything if r['kind'] == 'erase')
        self.assertEqual({r['block'] for r in self.records('--block', str(block))}, {block})
        self.assertEqual(self.records('--path', '/usr/lib', '--block', '123456'), [])
        out = self.twinfs('trace', '--partition', 'securedata', 'run.trace')[0]
        self.assertEqual(out, b'')

    def test_summary(self):
        summary = self.json('trace', '--summary', '--json', 'run.trace')
        operations = self.records('--kind', 'program', '--kind', 'erase')
        self.assertEqual(summary['programs'] + summary['erases'], len(operations))
        self.assertEqual(summary['program_bytes'],
                         sum(r['len'] for r in operations if r['kind'] == 'program'))
        self.assertEqual(sum(o['program_bytes'] for o in summary['owners']),
                         summary['program_bytes'])
        self.assertEqual(sum(o['busy_ns'] for o in summary['owners']), summary['busy_ns'])
        self.assertEqual(sum(b['erases'] for b in summary['blocks']), summary['erases'])
        self.assertEqual((summary['failed'], summary['flips']), (0, 0))
        files = {f['path']: f for f in summary['files']}
        self.assertEqual(files['/usr/main.py']['content_bytes'], len(cli.APP['main.py']))
        self.assertEqual(files['/usr/lib/driver.py']['failed'], 0)
        self.assertEqual(summary['content_bytes'], sum(f['content_bytes'] for f in files.values()))
        self.assertEqual(summary['marks']['boot_ended'], 1)
        out = self.twinfs('trace', '-s', 'run.trace')[0].decode()
        self.assertIn(f'{summary["programs"]} programs, {summary["program_bytes"]:,} bytes; '
                      f'{summary["erases"]} erases\n', out)
        self.assertIn('1 boots, 0 power cuts, 0 stores\n', out)
        self.assertRegex(out, r'programmed [0-9]+\.[0-9]{2} times that\n')
        self.assertIn('  data /usr/lib/driver.py\n', out)

    def test_summary_of_a_choice(self):
        """Rows of a table beyond the tenth are shown when all are asked for."""
        summary = self.json('trace', '-s', '--json', '--path', '/usr/lib', 'run.trace')
        self.assertTrue(all('/usr/lib' in o['owner'] for o in summary['owners']))
        os.mkdir(self.path('many'))
        for i in range(12):
            cli.write_tree(self.path('many'), {f'{i}.txt': b'x'})
        self.twinfs('mk', 'many.img', '--user', 'many', '--backup-all')
        self.twinfs('rm', 'many.img', *[f'usr/{i}.txt' for i in range(12)])
        self.twinfs('boot', '--trace', 'many.trace', 'many.img')
        out = self.twinfs('trace', '-s', 'many.trace')[0].decode()
        self.assertRegex(out, r'\n  and [0-9]+ more: --all\n')
        self.assertNotIn('more', self.twinfs('trace', '-s', '-a', 'many.trace')[0].decode())

    def test_truncated(self):
        data = cli.read(self.path('run.trace'))
        whole = self.records()
        with open(self.path('run.trace'), 'wb') as file:
            file.write(data[:-10])
        out, err = self.twinfs('trace', '--json', 'run.trace', status=cli.WRONG)
        self.assertIn('truncated: good up to byte ', err)
        self.assertEqual(err.count('\n'), 1)
        self.assertIn(b'"truncated": true', out)
        with open(self.path('run.trace'), 'wb') as file:
            file.write(data[:300])
        self.assertEqual(self.json('trace', '--json', 'run.trace', status=cli.WRONG)['records'], [])
        self.assertTrue(whole)
        self.twinfs('trace', '--summary', 'run.trace', status=cli.WRONG)

    def test_hostile(self):
        data = bytearray(cli.read(self.path('run.trace')))
        self.fails('trace', 'nothing', saying='nothing: ')
        self.fails('trace', 'app.img', saying='app.img: offset 0x0: not a trace')
        self.fails('trace', '--partition', 'usr', 'run.trace',
                   saying="no partition 'usr', but: customer_fs, ")
        data[-1] ^= 1
        self.write('bad', data)
        self.fails('trace', 'bad', saying='CRC of the chunk is 0x')
        data[-1] ^= 1
        # the version, with the CRC of its chunk
        data[20] = 9
        length = struct.unpack_from('<I', data, 12)[0]
        struct.pack_into('<I', data, 16, zlib.crc32(data[8:16] + data[20:20 + length]))
        self.write('bad', data)
        self.fails('trace', 'bad', saying='trace of version 9, known is 1')

    def write(self, name, data):
        with open(self.path(name), 'wb') as file:
            file.write(data)

    def test_boot_never_replaces(self):
        with self.unchanged('run.trace'):
            self.fails('boot', '--trace', 'run.trace', 'app.img', saying='run.trace: cannot be made')

    def test_dry_run_is_recorded(self):
        self.twinfs('rm', 'app.img', 'usr/main.py')
        before = cli.read(self.path('app.img'))
        self.twinfs('boot', '-n', '--trace', 'dry.trace', 'app.img')
        self.assertEqual(cli.read(self.path('app.img')), before)
        self.assertGreater(self.json('trace', '-s', '--json', 'dry.trace')['programs'], 0)


if __name__ == '__main__':
    cli.main()
