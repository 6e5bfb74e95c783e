# SPDX-License-Identifier: MIT
"""twinfs report: one page that is whole, needs nothing else, and stays small."""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys

import cli
import report

RECORD = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else 'record_run'

KINDS = ('clean', 'findings', 'hostile', 'many')


def digest(text):
    return 'sha256-' + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Report(report.ReportTest):
    def test_well_formed(self):
        for kind in KINDS:
            page = report.Page(self.page(kind))
            self.assertEqual(page.faults, [], kind)
            self.assertEqual(page.all('html'), [{'lang': 'en'}])
            ids = [attributes['id'] for _, attributes in page.elements if 'id' in attributes]
            self.assertEqual(len(ids), len(set(ids)))
            for _, attributes in page.elements:
                if 'aria-labelledby' in attributes:
                    self.assertIn(attributes['aria-labelledby'], ids)

    def test_loads_nothing(self):
        for kind in KINDS:
            page = report.Page(self.page(kind))
            self.assertEqual([tag for tag, _ in page.elements
                              if tag in ('link', 'img', 'iframe', 'object', 'embed', 'base')], [])
            for tag, attributes in page.elements:
                self.assertNotIn('src', attributes, tag)
                self.assertEqual([key for key in attributes if key.startswith('on')], [])
                self.assertRegex(attributes.get('href', '#'), '^#')
            self.assertNotRegex(page.content['style'], r'url\(|@import|@font-face')
            # the one address in the script names what SVG is, and is never fetched
            self.assertEqual(re.findall(r'https?://[\w./]*', page.content['script']),
                             ['http://www.w3.org/2000/svg'])

    def test_policy_names_what_is_in_the_page(self):
        page = report.Page(self.page('findings'))
        policy = next(meta['content'] for meta in page.all('meta') if 'http-equiv' in meta)
        self.assertEqual(policy.split('; '), [
            "default-src 'none'", f"style-src '{digest(page.content['style'])}'",
            f"script-src '{digest(page.content['script'])}'", "base-uri 'none'",
            "form-action 'none'"])

    def test_figures(self):
        data = report.Page(self.page('findings', 3000)).data()
        trace, result = data['trace'], data['result']
        self.assertEqual(sum(result['states_of'].values()) + result['states_again'],
                         result['states'])
        self.assertEqual(trace['operations'], result['operations'])
        programs = sum(sum(bucket[3]) for bucket in trace['buckets'])
        erases = sum(sum(bucket[4]) for bucket in trace['buckets'])
        self.assertEqual((programs, erases), (trace['programs'], trace['erases']))
        self.assertEqual(programs + erases, trace['operations'])
        lanes = trace['lanes']
        self.assertEqual(sum(lane['programs'] + lane['erases'] for lane in lanes),
                         trace['operations'])
        self.assertEqual(sum(lane['program_bytes'] for lane in lanes), trace['program_bytes'])
        for key, field in (('erases', 4), ('programs', 5), ('program_bytes', 6)):
            self.assertEqual(sum(cell[field] for cell in trace['cells']), trace[key], key)
        times = [bucket[0] for bucket in trace['buckets']]
        self.assertEqual(times, sorted(times))
        self.assertLess(times[-1], trace['busy_ns'])

    def test_phases(self):
        trace = report.Page(self.page('findings', 3000)).data()['trace']
        self.assertEqual([phase['is_boot'] for phase in trace['phases']],
                         [True, False, True, False])
        self.assertEqual([phase['boot'] for phase in trace['phases'] if phase['is_boot']], [0, 1])
        at = 0
        for phase in trace['phases']:
            self.assertEqual(phase['first'], at)
            at += phase['operations']
        self.assertEqual(at, trace['operations'])
        self.assertEqual(sum(phase['ns'] for phase in trace['phases']), trace['busy_ns'])
        self.assertEqual(trace['in_boots']['ns'] + trace['in_application']['ns'],
                         trace['busy_ns'])
        acknowledged = sum(bucket[2] for bucket in trace['buckets'])
        self.assertEqual(acknowledged, sum(phase['acknowledged'] for phase in trace['phases']))
        self.assertGreater(acknowledged, 1000)
        self.assertEqual([event['kind'] for event in trace['events']], ['note', 'power_cut'])
        self.assertEqual(trace['events'][1]['at'], trace['phases'][2]['first'])

    def test_findings_know_their_block(self):
        data = report.Page(self.page('findings')).data()
        self.assertEqual([finding['kind'] for finding in data['findings']],
                         ['lost', 'version', 'hole', 'user'])
        self.assertEqual(len(data['findings'][0]['examples']), 8)
        parts = {area['name']: area for area in data['trace']['areas']}
        for finding in data['findings']:
            for example in finding['examples']:
                part = parts[example['part']]
                self.assertEqual((example['addr'] - part['addr']) // part['block_size'],
                                 example['block'])
                self.assertRegex(example['crash'], rf"^{example['cut']['op']}\b")

    def test_large_chip(self):
        data = report.Page(self.page('large', 9000)).data()['trace']
        self.assertEqual(data['per_cell'], 4)
        self.assertLess(max(cell[1] for cell in data['cells']), 0x3b00000 // 4096 / 4)
        self.assertEqual(len({tuple(cell[:2]) for cell in data['cells']}), len(data['cells']))
        for key, field in (('erases', 4), ('programs', 5), ('program_bytes', 6)):
            self.assertEqual(sum(cell[field] for cell in data['cells']), data[key], key)
        # the four blocks of metadata are one cell, worn alike
        area, cell, blocks, most, erases = data['cells'][0][:5]
        self.assertEqual((area, cell, blocks), (0, 0, 4))
        self.assertTrue(erases / 4 <= most < erases / 2, (most, erases))

    def test_hostile_texts(self):
        text = self.page('hostile')
        page = report.Page(text)
        self.assertEqual([script.get('type') for script in page.all('script')],
                         ['application/json', None])
        self.assertNotRegex(page.content['data'], '[<>&\x00-\x1f]')
        data = page.data()
        self.assertEqual(data['findings'][0]['subject'], report.HOSTILE)
        self.assertIn('data ' + report.HOSTILE, data['trace']['texts'])
        self.assertEqual(text.count('onerror'), page.content['data'].count('onerror'))

    def test_bounded(self):
        text = self.page('many', 200000)
        self.assertLess(len(text.encode()), report.PAGE_MAX)
        data = report.Page(text).data()
        self.assertEqual(len(data['findings']) + data['findings_left_out'], 3000)
        self.assertGreater(len(data['findings']), 100)
        self.assertLessEqual(len(data['trace']['buckets']), 1024)
        self.assertLessEqual(len(data['trace']['cells']), 4096)
        self.assertLessEqual(max(len(finding['subject']) for finding in data['findings']), 162)

    def test_the_same_every_time(self):
        self.page('findings')
        out = self.twinfs('report', 'findings.json')[0]
        self.assertEqual(out, cli.read(self.path('findings.html')))

    def test_without_the_trace(self):
        self.sample('findings')
        os.rename(self.path('findings.trace'), self.path('moved'))
        out, err = self.twinfs('report', 'findings.json')
        self.assertEqual(err.splitlines(), [
            'twinfs report: findings.trace: no such file or directory',
            'twinfs report: the page is made without the trace; --trace FILE says where it is'])
        data = report.Page(out.decode()).data()
        self.assertIsNone(data['trace'])
        self.assertEqual(len(data['findings']), 4)
        self.assertNotIn('block', data['findings'][0]['examples'][0])
        out, err = self.twinfs('report', 'findings.json', '--trace', 'moved')
        self.assertEqual(err, '')
        self.assertIsNotNone(report.Page(out.decode()).data()['trace'])

    def test_wrong_traces(self):
        self.sample('findings')
        self.sample('clean')  # as many operations, but at another time
        for words, saying in ((('--trace', 'nix'), 'report: nix: no such file'),
                              (('--trace', 'clean.trace'), 'is not the trace that was explored'),
                              (('--trace', 'findings.json'), 'findings.json: ')):
            with self.unchanged('findings.json'):
                self.fails('report', 'findings.json', '-o', 'page.html', *words, saying=saying)

    def test_wrong_results(self):
        self.sample('clean')
        cli.write_tree(self.folder, {'empty': b'', 'text': b'hello', 'dir': None,
                                     'other': b'{"a": 1}', 'old.html': b'old'})
        for name in ('nix', 'empty', 'text', 'dir', 'other', 'clean.trace'):
            with self.unchanged('old.html'):
                self.fails('report', name, '-o', 'old.html', saying=f'twinfs report: {name}: ')

    def test_of_an_exploration(self):
        self.make_app()
        self.twinfs('mk', 'app.img', '--user', 'app', '--backup', 'main.py')
        self.twinfs('boot', 'app.img')
        self.twinfs('rm', 'app.img', 'usr/checksum.json')
        subprocess.run([RECORD, 'app.img', 'app.trace', 'boot'], cwd=self.folder, check=True,
                       timeout=50)
        self.twinfs('explore', 'app.img', 'app.trace', '-q', '-o', 'result.json',
                    status=cli.WRONG)
        data = report.Page(self.twinfs('report', 'result.json')[0].decode()).data()
        result = json.loads(cli.read(self.path('result.json')))
        for key in ('states', 'bad_states', 'operations', 'states_of', 'boots'):
            self.assertEqual(data['result'][key], result[key], key)
        self.assertTrue(data['result']['is_complete'])
        self.assertEqual([finding['kind'] for finding in data['findings']], ['hole'])
        first = data['findings'][0]['examples'][0]
        self.assertEqual((first['part'], first['owner']), ('customer_fs', 'data /usr/checksum.json'))
        self.assertTrue(all(phase['is_boot'] for phase in data['trace']['phases']))
        # the command that the page shows
        again = self.twinfs('explore', 'app.img', 'app.trace', '--at', first['crash'],
                            status=cli.WRONG)[0].decode()
        self.assertIn(first['sentence'][:30], ' '.join(again.split()))

    def test_output_that_cannot_be_written(self):
        self.sample('clean')
        self.fails('report', 'clean.json', '-o', 'nix/page.html', saying='nix/page.html: ')


if __name__ == '__main__':
    cli.main()
