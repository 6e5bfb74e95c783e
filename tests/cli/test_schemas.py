# SPDX-License-Identifier: MIT
"""The schemas of docs/schemas: one for each verb with --json, and nothing in them that no output has.

That outputs are as they say is judged wherever a test reads one (../lib/schema.py). What takes a
mount is in tests/e2e/test_schemas.py.
"""
import copy
import glob
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib

import cli
import explored
import packages
from cli import schema

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILES = sorted(glob.glob(os.path.join(HERE, '..', '..', 'images', 'profiles', '*.json')))
DOCS = os.path.join(HERE, '..', '..', 'docs')

# Their properties take a mount.
OF_MOUNTS = {'event', 'fault', 'power', 'status', 'trace', 'wear'}

# Pages of formats -> the schema they name.
OF_PAGES = {
    'twinfs-boot-report.5': 'boot-report',
    'twinfs-control.5': 'status',
    'twinfs-events.5': 'event',
    'twinfs-explore-result.5': 'explore-result',
    'twinfs-profile.5': 'profile',
}

# Documents, and the name of the schema of each, judged again by python3-jsonschema.
samples = []

JUDGE = r'''
import json, sys
from jsonschema import Draft202012Validator
said = []
for schema, document in json.load(sys.stdin):
    if document is None:
        Draft202012Validator.check_schema(schema)
    else:
        said.append(Draft202012Validator(schema).is_valid(document))
json.dump(said, sys.stdout)
'''


def python_with_jsonschema():
    """The interpreter of the tests may be another one than Debian's, which has the module."""
    for python in (sys.executable, '/usr/bin/python3'):
        if shutil.which(python) and not subprocess.run(
                [python, '-c', 'import jsonschema'], stderr=subprocess.DEVNULL,
                check=False).returncode:
            return python
    return None


def broken(document):
    """The document with one thing wrong in it each."""
    yield []
    for key, value in document.items():
        yield {other: document[other] for other in document if other != key}
        yield {**document, key: {'none': value}}
        yield {**document, key: -1.5}
    yield {**document, 'another': 1}
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for part in list(broken(value[0]))[1:]:
                yield {**document, key: [part, *value[1:]]}


class Schemas(explored.ExploreTest):
    rewrites = '8'

    def setUp(self):
        """An image as make_image makes it; a run is recorded when it is explored."""
        cli.CliTest.setUp(self)
        self.make_image()

    def test_every_verb_has_one(self):
        offering = {verb for verb in cli.VERBS
                    if ' --json ' in self.twinfs(verb, '--help')[0].decode()}
        self.assertEqual(offering, set(schema.OF_VERBS))
        used = {*schema.OF_VERBS.values(), schema.SUMMARY, schema.REPAIR, *schema.OF_FILES}
        self.assertEqual(schema.names(), sorted(used))

    def test_manual_pages_name_them(self):
        pages = {f'twinfs-{verb}.1': name for verb, name in schema.OF_VERBS.items()}
        pages.update(OF_PAGES)
        also = [('twinfs-check.1', schema.REPAIR), ('twinfs-trace.1', schema.SUMMARY)]
        for page, name in [*pages.items(), *also]:
            text = cli.read(os.path.join(DOCS, 'man', page)).decode()
            with self.subTest(page=page):
                self.assertIn(f'/twinfs/schemas/{name}.schema.json\n', text)

    def test_they_are_about_themselves(self):
        for name in schema.names():
            root = schema.load(name)
            with self.subTest(schema=name):
                self.assertEqual(root['$schema'], 'https://json-schema.org/draft/2020-12/schema')
                self.assertEqual(root['$id'], 'urn:twinfs:schema:' + name)
                self.assertTrue(root['title'] and root['description'])

    def overwrite(self, image, path, times):
        for turn in range(times):
            cli.write_tree(self.folder, {'new': b'%d' % turn * 100})
            self.twinfs('put', '--force', image, 'new', path)

    # ---- nothing in them is without an example ----

    def had(self, name, *documents, without=()):
        """Of a schema: these documents have all of its properties, but for bytes that are no text.

        without: attributes of a directory, say, which only other programs give one
        """
        for document in documents:
            schema.judge(name, document)
            samples.append((name, document))
        missing = {place for place in schema.properties(name) - schema.seen[name]
                   if not place.endswith('_hex')}
        self.assertEqual(missing, set(without))

    def test_names_that_are_no_text(self):
        """KEY_hex is there instead of KEY."""
        cli.write_tree(self.folder, {b'app/\xff'.decode('utf-8', 'surrogateescape'): b'x'})
        self.twinfs('mk', 'raw.img', '--user', 'app')
        entries = self.json('ls', '--json', 'raw.img', 'usr')['entries']
        self.assertIn('2f7573722fff', [entry.get('path_hex') for entry in entries])
        self.assertIn('/properties/entries/items/oneOf/1/properties/path_hex', schema.seen['ls'])

    def test_boot_report(self):
        cli.write_tree(self.folder, {
            'new/usr/main.py': b'new',
            'new/download.stat': b'[{"name": "/usr/main.py", "url": "u", "total_size": 3}]',
            'new/update.flag': b'', 'checksum.json': b''})
        self.twinfs('put', 'app.img', 'new', 'usr/.updater')
        reports = [self.json('boot', '--json', 'app.img')]
        self.twinfs('put', '--force', 'app.img', 'checksum.json', 'usr/checksum.json')
        self.had('boot-report', *reports, self.json('boot', '--json', 'app.img'))

    def test_check(self):
        documents = [self.json('check', '--json', 'app.img')]
        self.flip(self.path('app.img'), self.part('app.img', 'customer_fs')['addr'], 8192)
        self.had('check', *documents, self.json('check', '--json', 'app.img', status=cli.WRONG))

    def test_crc(self):
        self.had('crc', self.json('crc', '--json', 'app/main.py', 'app/empty.txt'))

    def test_damage(self):
        self.had('damage', self.json('damage', '--json', 'app.img', 'flip 2 bits in data of '
                                     '/usr/main.py', 'fill with 0 in 0x9000+4K'))

    def test_explore_result(self):
        """Of a first boot, which has a hole; also after a second cut."""
        image, trace = self.make_first_boot()
        words = (image, trace, '--torn-bytes', '0', '--torn-spread', '0', '--outcomes', '0')
        documents = [json.loads(self.twinfs('explore', '--json', *more, *words, status=cli.WRONG)[0])
                     for more in ((), ('--depth', '2', '--examples', '20'))]
        self.had('explore-result', *documents)

    def test_packages(self):
        self.make_pair()
        packages.asr(self.path('fw.zip'), user=cli.read(self.path('pair/customer_fs.bin')),
                     backup=None)
        unpacked = [self.json('unpack', '--json', *words) for words in
                    (('-l', 'fw.zip'), ('fw.zip', 'out'))]
        self.had('unpack', *unpacked)
        self.had('flash', self.json('flash', '--json', '-n', 'app.img', 'fw.zip'))
        self.had('merge', self.json('merge', '--json', '--firmware', 'fw.zip', '--user', 'app',
                                    '--backup', 'empty.txt', '-o', 'merged.zip'))

    def test_info(self):
        documents = [self.json('info', '--json', 'app.img')]
        area = next(part for part in documents[0]['partitions'] if part['name'] == 'securedata')
        self.flip(self.path('app.img'), self.part('app.img', 'customer_fs')['addr'], 8192)
        pair = self.make_pair()
        self.had('info', *documents, self.json('info', '--json', 'app.img'),
                 self.json('info', '--json', *pair), self.json('info', '--json', *pair[:2]))
        # a slot is sealed, and no key is given (docs/formats/securedata.md)
        header = struct.pack('<4sHBBQ', b'TdSU', 1, 12, 4, 7)
        fields = struct.pack('<4sBBHQ', b'TdSR', 3, 1, 5, 42)
        fields += struct.pack('<I', zlib.crc32(fields)) + bytes(5 + 28)
        self.damage(self.path('app.img'), area['addr'],
                    header + struct.pack('<I12x', zlib.crc32(header)) + fields +
                    struct.pack('<I', zlib.crc32(fields[:16] + fields[20:])))
        info = self.json('info', '--json', 'app.img')
        self.assertEqual((info['securedata'] is None, bool(info['securedata_error'])), (True, True))
        self.assertIsNone(documents[0]['securedata_error'])

    def test_ls(self):
        self.twinfs('mk', 'v2.img', '--format', 'lfs2', '--profile', 'asr1603', '--user', 'app')
        self.twinfs('put', '--force', '--profile', 'asr1603', 'v2.img', 'app/main.py')
        self.had('ls', self.json('ls', '--json', '-r', '--hash', 'v2.img'),
                 without={'/properties/entries/items/oneOf/0/properties/attrs'})

    def test_history(self):
        """Times and attributes are of littlefs 2, chains without a name of any."""
        self.overwrite('app.img', 'usr/config.json', 3)
        self.twinfs('mk', 'v2.img', '--format', 'lfs2', '--profile', 'asr1603', '--user', 'app')
        self.twinfs('put', '--force', '--profile', 'asr1603', 'v2.img', 'app/main.py')
        of_dirs = '/properties/versions/items/oneOf/0/properties/'  # other programs give them some
        self.had('history', *(self.json('history', '--json', '--all', image)
                              for image in ('app.img', 'v2.img')),
                 without={of_dirs + 'mtime_ns', of_dirs + 'attrs'})

    def damage_file(self):
        """A file lacks the block that leads to others; both halves of its directory name it."""
        for name in ('new', 'another'):
            self.twinfs('put', 'app.img', 'app/config.json', 'usr/lib/deep/' + name)
        content = cli.APP['lib/deep/data.bin'][16500:16600]
        start = cli.read(self.path('app.img')).index(content) // 4096 * 4096
        self.damage(self.path('app.img'), start, bytes(4096))

    def damage_roots(self):
        """No root of either partition can be read."""
        for part in ('customer_fs', 'customer_backup_fs'):
            area = self.part('app.img', part)
            for half in (2, 3):
                start = area['addr'] + half * area['block_size'] + 4
                self.flip(self.path('app.img'), start, 30)

    def test_repair(self):
        documents = [self.json('check', '--repair', '--json', 'app.img')]
        self.damage_file()
        words = ('check', '--repair', '--json', 'app.img')
        documents.append(self.json(*words, '--output', 'new.img', status=cli.WRONG))
        self.damage_roots()
        documents.append(self.json(*words, '--dry-run', status=cli.FAILED))
        documents.append(self.json(*words, '--allow-backup-write', status=cli.WRONG))
        parts = '/properties/partitions/items/properties/repair/oneOf/2/properties/objects/items'
        # a directory moves where its name is a file's elsewhere
        self.had('repair', *documents, without={parts + '/oneOf/0/properties/was'})

    def test_resize(self):
        self.twinfs('mk', '--format', 'lfs2', '--pair', 'v2', '--user', 'app')
        self.had('resize', self.json('resize', '-n', '--json', 'v2/customer_fs.bin', '1270'))

    def test_trace_summary(self):
        self.record('app', self.rewrites)
        self.had('trace-summary', self.json('trace', '-s', '--json', 'app.trace'))

    # ---- profiles: what a schema refuses, twinfs refuses ----

    def accepts(self, profile):
        cli.write_tree(self.folder, {'it.json': json.dumps(profile).encode()})
        status, err = self.run_info('--profile', './it.json', 'app.img')
        return status == 0, err

    def run_info(self, *words):
        done = subprocess.run([cli.EXE, 'info', *words], cwd=self.folder, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stderr.decode()

    def test_profiles(self):
        profiles = [json.loads(cli.read(path)) for path in PROFILES]
        self.had('profile', *profiles)
        good = next(profile for profile in profiles if profile['name'] == 'default')
        self.assertEqual(self.accepts(good), (True, ''))
        changes = (('chip_size', '8G'), ('chip_size', -1), ('chip_size', None), ('name', ''),
                   ('name', 'n' * 32), ('name', 7), ('boot', {}), ('sources', {'boot': 'guessed'}),
                   ('filesystem', {**good['filesystem'], 'more': 1}),
                   ('partitions', {'customer_fs': {'addr': 0}}))
        for key, value in changes:
            with self.subTest(key=key, value=value):
                bad = {**copy.deepcopy(good), key: value}
                self.assertFalse(self.accepts(bad)[0])
                with self.assertRaises(schema.Wrong):
                    schema.judge('profile', bad)


class Zzz(cli.CliTest):
    """Runs behind the others: what they judged is judged again."""

    def test_jsonschema_agrees(self):
        python = python_with_jsonschema()
        if not python:
            self.skipTest('python3-jsonschema is not installed')
        asked, ours = [(schema.load(name), None) for name in schema.names()], []
        done = set()
        for name, good in samples:
            few = [good] if name in done else [good, *list(broken(good))[:40]]
            done.add(name)
            for document in few:
                asked.append((schema.load(name), document))
                try:
                    schema.judge(name, document)
                    ours.append(True)
                except schema.Wrong:
                    ours.append(False)
        self.assertGreater(len(done), 11)
        self.assertGreater(ours.count(False), 200)
        said = subprocess.run([python, '-c', JUDGE], input=json.dumps(asked).encode(),
                              stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(json.loads(said), ours)


if __name__ == '__main__':
    cli.main()
