#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The schemas of what a mount tells: no property of them is without an example."""
import json
import os

import lib
from lib import schema

# Properties that none of the documents here has -> why.
WITHOUT = {
    'trace': {
        '/properties/records/items/oneOf/3/properties/text': 'no program of ours writes a note',
        '/properties/records/items/oneOf/3/properties/blocks': 'twinfs resize records no trace',
    },
    'event': {
        '/oneOf/5': 'a boot fails when memory is out, or the chip',
        '/oneOf/9/properties/error': 'a trace is incomplete when the disk is full',
        '/oneOf/4/properties/error': 'the exception of a boot: test_power',
        '/oneOf/0/properties/added_ns': 'a slow operation: test_faults',
        '/oneOf/10': 'events that were lost: test_events',
    },
}


class Schemas(lib.MountTest):
    make_options = ('--format', 'lfs2')

    def setUp(self):
        super().setUp()
        self.trace = os.path.join(self.folder, 'run.trace')

    def had(self, name):
        """What was judged by this schema had all of its properties, but for those with a reason."""
        reasons = WITHOUT.get(name, {})
        missing = {place for place in schema.properties(name) - schema.seen[name]
                   if not place.endswith('_hex')}
        self.assertEqual({place for place in missing if not place.startswith(tuple(reasons))},
                         set())
        self.assertEqual({start for start in reasons
                          if not any(place.startswith(start) for place in missing)}, set())

    def verb(self, *words):
        return lib.run(lib.TWINFS, *words, check=False).stdout

    def test_status_and_wear(self):
        self.mount.control('status')
        self.mount.power('off')
        self.mount.control('status')
        self.had('status')
        self.mount.control('wear')
        self.had('wear')

    def test_power_and_faults(self):
        self.verb('fault', self.mount.root, 'add', 'note in /usr/main.py')
        rules = json.loads(self.verb('fault', '--json', self.mount.root, 'list'))['rules']
        self.assertEqual(rules[0]['rule'], 'note in /usr/main.py')
        self.had('fault')
        self.verb('power', '--json', self.mount.root)
        self.had('power')

    def test_events(self):
        root, usr = self.mount.root, self.mount.usr
        with open(self.mount.path('.twinfs', 'trace'), 'w') as file:
            file.write('start %s\n' % self.trace)
        self.verb('fault', root, 'add', 'flip 1 bit in data of /usr/own.bin')
        lib.write(usr('main.py'), b'changed')
        self.mount.power('restart')
        self.verb('fault', root, 'add', 'fail program once', 'brown-out after 2 writes for 1 ms')
        for turn in range(3):
            try:
                lib.write(usr('new'), b'%d' % turn * 5000)
            except OSError:
                pass
        with open(self.mount.path('.twinfs', 'trace'), 'w') as file:
            file.write('stop\n')
        self.verb('events', '--json', root)
        self.had('event')

    def test_trace(self):
        """Of a life with all that leaves a mark."""
        root, usr = self.mount.root, self.mount.usr
        with open(self.mount.path('.twinfs', 'trace'), 'w') as file:
            file.write('start %s\n' % self.trace)
        os.mkdir(usr('dir'))
        lib.write(usr('dir', 'a'), b'a' * 5000)
        os.setxattr(usr('dir', 'a'), 'user.littlefs.41', b'value')
        os.rename(usr('dir', 'a'), usr('b'))
        os.unlink(usr('b'))
        with open(self.mount.path('SecureData'), 'r+b', buffering=0) as file:
            file.write(b'STORE 1 3\nabc')
        self.verb('fault', root, 'add', 'flip 1 bit in data of /usr/own.bin')
        self.mount.power('restart')
        lib.read(usr('own.bin'))
        self.mount.power('cut')
        self.mount.close()
        self.assertTrue(self.verb('trace', '--json', self.trace))
        self.assertTrue(self.verb('trace', '--json', '--kind', 'old', self.trace))
        self.had('trace')
        self.verb('trace', '--json', '-s', self.trace)
        self.had('trace-summary')


if __name__ == '__main__':
    lib.main()
