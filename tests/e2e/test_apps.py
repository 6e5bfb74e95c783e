#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The applications of images/apps, as they are: run whole, under random power cuts, explored.

Each of them says what it found when it started, and what it has stored after each step; so what
it promises is seen in what it prints. TWINFS_SEED and TWINFS_SEEDS say which random cuts are made,
and how many of them: with a thousand and more this is a long run.
"""
import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import unittest
import zlib

import lib
import running

APPS = os.path.join(os.path.dirname(__file__), '..', '..', 'images', 'apps')
FIRST_SEED = int(os.environ.get('TWINFS_SEED', '1'))
SEEDS = int(os.environ.get('TWINFS_SEEDS', '3'))

# About one power cut in twenty operations, anywhere within them.
CUTS = 'cut torn mixed every 2..40 writes'


class App:
    """What is expected of one application."""

    def __init__(self, thing, values, protected=(), finds=None, breaks=None, prepare=None,
                 check=None, cuts=CUTS):
        self.thing = thing          # what it prints of: "volume stored: 3"
        self.values = [str(value) for value in values]  # in the order in which it stores them
        self.protected = protected  # gets a factory copy
        self.finds = finds          # (kind, subject, pattern) of what the explorer finds, or None
        self.breaks = breaks        # what is printed after a cut that broke it, or None
        self.prepare = prepare      # called with the folder that becomes /usr
        self.cuts = cuts            # the fault rule for random cuts
        self.check = check          # called with the test: what is on the module in the end


def device_crc(data):
    return hex(zlib.crc32(data, 0xffffffff))


def order_update(folder, base=None):
    """Puts the next version of main.py and door.py beside the module, and orders it from there."""
    files = []
    for name in ('main.py', 'door.py'):
        with open(os.path.join(folder, name)) as file:
            data = file.read().replace('VERSION = "1.0.0"', 'VERSION = "1.1.0"').encode()
        path = os.path.join(os.path.dirname(folder), 'next-' + name)
        lib.write(path, data)
        url = base + '/next-' + name if base else 'file://' + path
        files.append({'url': url, 'file_name': '/usr/' + name,
                      'crc32': device_crc(data)})
    with open(os.path.join(folder, 'order.json'), 'w') as file:
        json.dump({'version': '1.1.0', 'files': files}, file)


def check_config(test):
    test.assertEqual(json.loads(test.cat('config.json')),
                     {'server': 'example.com', 'volume': 10})
    test.assertEqual(test.names(), ['config.json'])


def check_state(test):
    test.assertEqual(json.loads(test.cat('state/work.json')), {'done': 10, 'failed': 0})


def check_log(test):
    lines = (test.cat('events.log.1') + test.cat('events.log')).decode().splitlines()
    for line in lines:
        test.assertRegex(line, r'^\d{6} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d door (opened|closed)$')
    numbers = [int(line.split()[0]) for line in lines]
    test.assertEqual(numbers, list(range(numbers[0], 41)))
    test.assertEqual(test.names(), ['events.log', 'events.log.1'])


def check_update(test):
    for name in ('main.py', 'door.py'):
        test.assertIn(b'VERSION = "1.1.0"', test.cat(name))
    table = {entry['name']: entry['crc32'] for entry in json.loads(test.cat('checksum.json'))}
    test.assertEqual(table['/usr/main.py'], device_crc(test.cat('main.py')))
    test.assertEqual(test.names(), ['checksum.json', 'door.py', 'order.json'])


def check_counter(test):
    test.assertEqual(test.slot(1), b'doses=10')
    test.assertEqual(test.names(), [])


def check_records(test):
    index = json.loads(test.cat('index.json'))
    test.assertEqual(index, {'first': 19, 'next': 31})
    for number in range(19, 31):
        record = json.loads(test.cat('records/%d.json' % number))
        test.assertEqual((record['number'], record['value']), (number, 20 + number % 5))
    test.assertEqual(test.names(), ['index.json', 'records'])
    test.assertEqual(len(test.names('records')), 12)


def check_settings(test, longest):
    settings = test.cat('settings.json')
    test.assertEqual(json.loads(settings), {'server': 'example.com', 'interval': longest})
    table = {entry['name']: entry['crc32'] for entry in json.loads(test.cat('checksum.json'))}
    test.assertEqual(table['/usr/settings.json'], device_crc(settings))


PROTECTED_SETTINGS = ('main.py', 'settings.json')

TABLE = {
    'config_by_rename': App('volume', range(11), check=check_config),
    'config_in_place': App(
        'volume', range(11), check=check_config, breaks="KeyError: '?volume",
        finds=('user', 'json /usr/config.json has volume',
               'is no JSON: at byte 26: unexpected end of data')),
    'state_by_touch': App(
        'work', range(11), check=check_state, breaks='ValueError',
        cuts='cut torn mixed in /usr/state/work.json every 1..4 writes',
        finds=('user', 'if exists /usr/state/work.json then json /usr/state/work.json has done',
               'is no JSON: it is empty')),
    'log_by_rotation': App('event', range(41), check=check_log),
    'update_by_fota': App('version', ('1.0.0', '1.1.0'), protected=('main.py', 'door.py'),
                          prepare=order_update, check=check_update),
    'counter_in_secure_data': App('dose', range(11), check=check_counter),
    'records_by_file': App('record', range(31), check=check_records),
    'protected_by_checksum': App(
        'interval', range(1, 11), protected=PROTECTED_SETTINGS, breaks='interval found: 1',
        cuts='cut torn mixed every 8..20 writes 5 times',
        check=lambda test: check_settings(test, 10),
        finds=('reverted', '/usr/settings.json', 'is the factory copy again')),
    'protected_by_update': App('interval', range(1, 5), protected=PROTECTED_SETTINGS,
                               check=lambda test: check_settings(test, 4)),
}


class Going:
    """One "twinfs run", and whether the application kept its promise meanwhile."""

    def __init__(self, app, done):
        self.app, self.done = app, done
        self.out = done.stdout
        self.said = [(kind, app.values.index(value)) for kind, value in re.findall(
            r'%s (found|stored): ([\d.]+)$' % app.thing, done.stdout, re.M)]

    def complaint(self):
        """None, or what is wrong."""
        last = None
        for kind, position in self.said:
            if last is None:
                right = kind == 'found' and position == 0
            elif kind == 'found':
                right = position in (last, last + 1)  # what was being stored counts, too
            else:
                right = position == last + 1
            if not right:
                return '%s is %s after %s' % (self.app.thing, self.app.values[position],
                                              last is not None and self.app.values[last])
            last = position
        if last != len(self.app.values) - 1:
            return 'the last %s is not reached' % self.app.thing
        return None if self.done.returncode == 0 else 'exit %d' % self.done.returncode


class AppTest(unittest.TestCase):
    """Each method gets a folder, and makes images of an application there."""

    maxDiff = None

    def setUp(self):
        self.folder = os.path.realpath(lib.tempfile.mkdtemp(prefix='twinfs-e2e-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, prepare=None):
        """An image of the application as it leaves the factory, where it was started once."""
        app = TABLE[name]
        self.image = self.path(name + '.img')
        source = self.path('usr')
        shutil.copytree(os.path.join(APPS, name), source)
        prepare = prepare or app.prepare
        if prepare:
            prepare(source)
        backups = [word for path in app.protected for word in ('--backup', path)]
        lib.run(lib.TWINFS, 'mk', '-q', '--format', lib.FORMAT, '--user', source, *backups,
                self.image)
        lib.run(lib.TWINFS, 'boot', self.image)
        self.factory = lib.read(self.image)

    def renew(self):
        """The image as it was made."""
        lib.write(self.image, self.factory)

    def go(self, name, *words):
        done = subprocess.run([lib.TWINFS, 'run', *running.WORDS, '--updates', self.folder, *words,
                               self.image],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                              cwd=self.folder)
        lib.run(lib.TWINFS, 'check', self.image)
        return Going(TABLE[name], done)

    def cat(self, name):
        return lib.run(lib.TWINFS, 'cat', self.image, 'usr/' + name).stdout.encode()

    def names(self, folder=''):
        """What is there that the application made."""
        listed = lib.run(lib.TWINFS, 'ls', self.image, 'usr/' + folder).stdout.split()
        return sorted(name for name in (entry.rstrip('/') for entry in listed)
                      if name not in ('main.py', 'survives.rules', 'system_config.json'))

    def slot(self, number):
        """What a SecureData slot holds."""
        with lib.Mount(self.folder, self.image) as mount:
            fd = os.open(mount.path('SecureData'), os.O_RDWR)
            try:
                os.write(fd, b'READ %d 52\n' % number)
                return os.read(fd, 4096).split(b'\n', 1)[1]
            finally:
                os.close(fd)

    def explore(self, name, trace):
        """(kind, subject, sentence) of what the explorer finds in a recorded run."""
        rules = os.path.join(APPS, name, 'survives.rules')
        done = lib.run(lib.TWINFS, 'explore', '--json', '--checks', rules, self.image,
                       self.path(trace), check=False)
        result = json.loads(done.stdout)
        self.assertTrue(result['is_complete'])
        self.assertEqual(done.returncode, 1 if result['findings'] else 0)
        return result, [(finding['kind'], finding['subject'], finding['examples'][0]['sentence'])
                        for finding in result['findings']]

    def whole(self, name):
        """Nothing happens to it: it does all it should, and once."""
        self.make(name)
        going = self.go(name)
        self.assertIsNone(going.complaint(), going.out + going.done.stderr)
        self.assertEqual([value for kind, value in going.said if kind == 'stored'],
                         list(range(1, len(TABLE[name].values))))
        TABLE[name].check(self)
        before = lib.read(self.image)
        self.assertEqual(self.go(name).said, [('found', len(TABLE[name].values) - 1)])
        self.assertTrue(lib.read(self.image) == before, 'doing nothing has changed the flash')

    def cut(self, name):
        """The power goes again and again: it goes on each time, and comes to its end."""
        app, broken, cuts, states = TABLE[name], 0, 0, 0
        self.make(name)
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
            self.renew()
            trace = 'cut-%d.trace' % seed
            going = self.go(name, '--fault', app.cuts, '--seed', str(seed), '--auto-restart=1000',
                            '--trace', trace)
            cuts += going.done.stderr.count('power cut')
            with self.subTest(seed=seed):
                said = going.out + going.done.stderr
                if going.complaint() and app.breaks:
                    self.assertRegex(said, app.breaks)
                    broken += 1
                    continue
                self.assertIsNone(going.complaint(), said)
                app.check(self)
                # also when one more cut is added to those of the run
                result, findings = self.explore(name, trace)
                states += result['states']
                if not app.finds:
                    self.assertEqual(findings, [])
        print('%d runs, %d power cuts, %d broken; %d states explored' % (SEEDS, cuts, broken, states))
        self.assertGreater(cuts, 0)
        if app.breaks:
            self.assertGreater(broken, 0, 'no cut has done harm')

    def explored(self, name):
        """The explorer finds what is wrong with it, and nothing else."""
        self.make(name)
        self.go(name, '--trace', 'run.trace')
        result, findings = self.explore(name, 'run.trace')
        self.assertGreater(result['operations'], 10)
        if not TABLE[name].finds:
            self.assertEqual(findings, [])
            return
        kind, subject, words = TABLE[name].finds
        (found_kind, found_subject, sentence), = findings
        self.assertEqual((found_kind, found_subject), (kind, subject))
        self.assertIn(words, sentence)


class Each(AppTest):
    """Filled by add_tests()."""


class Whole(http.server.SimpleHTTPRequestHandler):
    """Sends files whole, whatever part of them is asked for."""

    def log_message(self, *_):
        pass


class OverHttp(AppTest):
    def test_server_that_sends_all_again(self):
        """The device appends what it gets to what it has: the application has to find out."""
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), functools.partial(Whole, directory=self.folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        name = 'update_by_fota'
        self.make(name, lambda folder: order_update(
            folder, 'http://127.0.0.1:%d' % server.server_port))
        going = self.go(name, '--network', '--auto-restart', '--fault',
                        'cut after commit of /usr/.updater/usr/main.py')
        self.assertIsNone(going.complaint(), going.out + going.done.stderr)
        self.assertIn('/usr/main.py: download 0, not what was ordered', going.done.stderr)
        check_update(self)


def add_tests():
    """Three tests for each application."""
    for name in TABLE:
        for what in ('whole', 'cut', 'explored'):
            setattr(Each, 'test_%s_%s' % (name, what),
                    lambda self, what=what, name=name: getattr(self, what)(name))


class Tables(unittest.TestCase):
    def test_all_are_meant(self):
        """Each application of images/apps is in the table, and in the README beside it."""
        self.assertEqual(sorted(TABLE), sorted(
            name for name in os.listdir(APPS) if os.path.isdir(os.path.join(APPS, name))))
        readme = lib.read(os.path.join(APPS, 'README.md')).decode()
        self.assertEqual(sorted(TABLE), sorted(re.findall(r'^\| `(\w+)`', readme, re.M)))


add_tests()

if __name__ == '__main__':
    running.main()
