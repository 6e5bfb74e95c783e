# SPDX-License-Identifier: MIT
"""The holes that the device's own procedures have are found, each in one line, and no others.

What they are was measured on the firmware's code: a first boot onto an empty user partition with
four protected files is 36 flash operations on littlefs 1, of which 4 leave an empty checksum.json
when the power goes, with a second cut in the next boot 12 states; formatting before that is 6 more
operations. Applying an update of two files is 48 operations, and has no such point.
"""
import json
import os
import random
import shutil
import sys

import cli

DEFAULT_PROFILE = os.path.abspath(sys.argv[2])

EMPTY_TABLE = 'checksum.json is empty: the device never restores again until the file is deleted'

# Cuts between operations only, as those were measured; and torn operations as well.
WHOLE = ('--torn-bytes', '0', '--torn-spread', '0', '--outcomes', '0')
TORN = ('--torn-bytes', '8', '--torn-spread', '2')

FILES = {'main.py': 1800, 'net.py': 5000, 'config.json': 70, 'key.dat': 4096}

UPDATE = [{'name': '/usr/main.py', 'url': 'u', 'total_size': 1200},
          {'total_size': 5000, 'name': '/usr/feature/new.py', 'url': 'u'}]


def noise(size, seed):
    return random.Random(seed).randbytes(size)


class Holes(cli.CliTest):
    def setUp(self):
        super().setUp()
        cli.write_tree(self.folder, {'app/' + name: noise(size, 1) for name, size in FILES.items()})

    def profile(self, major, writes_settings=False):
        """The default one, but for its format, and a step of the boot that is not counted."""
        profile = json.loads(cli.read(DEFAULT_PROFILE))
        profile['filesystem']['format'] = major
        profile['boot']['writes_settings'] = writes_settings
        name = f'./profile{major}{"s" if writes_settings else ""}.json'
        cli.write_tree(self.folder, {name: json.dumps(profile).encode()})
        return ('--profile', name)

    def explore(self, image, *words, status=cli.WRONG):
        """A result, and what is wrong: kind, subject, states and the first sentence of each."""
        out, _ = self.twinfs('explore', '--json', *image, *words, status=status)
        result = json.loads(out)
        self.assertTrue(result['is_complete'])
        wrong = [(f['kind'], f['subject'], f['states'], f['examples'][0]['sentence'])
                 for f in result['findings']]
        return result, wrong

    # ---- the runs ----

    def first_boot(self, major):
        """An empty volume."""
        self.twinfs('mk', 'first.img', '--user', 'app', '--backup-all', '--format', f'lfs{major}')
        self.twinfs('rm', 'first.img', 'usr/checksum.json', *('usr/' + name for name in FILES))
        return ('first.img', *self.profile(major))

    def blank_boot(self, major, writes_settings=False):
        """No volume at all."""
        self.twinfs('mk', '--pair', 'pair', '--user', 'app', '--backup-all', '--format',
                    f'lfs{major}')
        user = self.path('pair/customer_fs.bin')
        self.damage(user, 0, b'\xff' * os.path.getsize(user))
        return ('--user', 'pair/customer_fs.bin', '--backup', 'pair/customer_backup_fs.bin',
                *self.profile(major, writes_settings))

    def update(self, major):
        """A protected file and a new one in a new directory wait to be installed."""
        os.remove(self.path('app/net.py'))
        self.twinfs('mk', 'update.img', '--user', 'app', '--backup', 'main.py', '--format',
                    f'lfs{major}')
        cli.write_tree(self.folder, {'new/usr/main.py': noise(1200, 2),
                                     'new/usr/feature/new.py': noise(5000, 3),
                                     'new/download.stat': json.dumps(UPDATE).encode(),
                                     'new/update.flag': b''})
        self.twinfs('put', 'update.img', 'new', 'usr/.updater')
        return ('update.img', *self.profile(major))

    # ---- what is found ----

    def check_table(self, image, *, operations, points, twice):
        """The empty table and nothing else, cut at so many points, and with two cuts."""
        result, wrong = self.explore(image, *WHOLE)
        self.assertEqual(result['operations'], operations)
        self.assertEqual(wrong, [('hole', 'table_empty', points, EMPTY_TABLE)])
        self.assertEqual(result['holes']['table_empty']['in_run'], False)
        result, wrong = self.explore(image, '--depth', '2', *WHOLE)
        self.assertGreater(result['states_again'], 100)
        self.assertEqual(wrong, [('hole', 'table_empty', twice, EMPTY_TABLE)])
        for depth in '1', '2':
            result, wrong = self.explore(image, '--depth', depth, *TORN)
            self.assertEqual([row[:2] for row in wrong], [('hole', 'table_empty')])
            self.assertGreater(result['states_of']['torn'], 10 * operations)
            self.check_safe(image, '--depth', depth, *TORN)

    def check_safe(self, image, *words):
        result, wrong = self.explore(image, '--policy', 'safe', *words, status=cli.OK)
        self.assertEqual(wrong, [])
        self.assertEqual(result['bad_states'], 0)
        self.assertGreater(result['boots']['writing'], 10)

    def test_first_boot_version_1(self):
        self.check_table(self.first_boot(1), operations=36, points=4, twice=12)

    def test_first_boot_version_2(self):
        self.check_table(self.first_boot(2), operations=23, points=3, twice=6)

    def test_blank_partition_version_1(self):
        self.check_table(self.blank_boot(1), operations=36 + 6, points=4, twice=28)

    def test_blank_partition_version_2(self):
        self.check_table(self.blank_boot(2), operations=23 + 4, points=3, twice=15)

    def check_update(self, major, operations):
        image = self.update(major)
        for depth in '1', '2':
            result, wrong = self.explore(image, '--depth', depth, *TORN, status=cli.OK)
            self.assertEqual((result['operations'], wrong), (operations, []))
            self.assertGreater(result['boots']['writing'], operations / 2)
            self.check_safe(image, '--depth', depth, *TORN)

    def test_update_version_1(self):
        self.check_update(1, 48)

    def test_update_version_2(self):
        self.check_update(2, 25)

    def test_settings(self):
        """The file of settings has such a hole as well: a cut leaves it empty, and the script dies."""
        image = self.blank_boot(1, writes_settings=True)
        _, wrong = self.explore(image, *WHOLE)
        self.assertEqual([row[:2] for row in wrong],
                         [('hole', 'settings'), ('hole', 'table_empty')])
        self.assertEqual(wrong[0][3], "system_config.json: the boot script dies of 'ValueError: "
                         "syntax error in JSON'")
        self.check_safe(image, *WHOLE)

    def test_recorded_boot(self):
        """A trace that "twinfs boot" made says the same as the image by itself."""
        image, *profile = self.first_boot(1)
        expected, wrong = self.explore((image, *profile), *WHOLE)
        shutil.copy(self.path(image), self.path('booted.img'))
        self.twinfs('boot', 'booted.img', *profile, '--trace', 'boot.trace')
        result, found = self.explore(('booted.img', 'boot.trace', *profile), *WHOLE)
        self.assertEqual(found, wrong)
        self.assertEqual(result['states'], expected['states'])

    def test_one_line(self):
        """What people read names the place, and what follows from it."""
        text = ' '.join(self.twinfs('explore', *self.first_boot(1), status=cli.WRONG)[0]
                        .decode().split())
        self.assertIn('1 thing is wrong', text)
        self.assertIn('content of /usr/checksum.json: ' + EMPTY_TABLE, text)


if __name__ == '__main__':
    cli.main()
