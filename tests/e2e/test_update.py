#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An update of user files, from its download through a mount to the boot that applies it.

Cut anywhere, in the right order nothing is lost; an update that is armed before
all is there can leave anything, which the explorer has to say.
"""
import json
import os
import subprocess

import lib

NEW = {'main.py': b'print("updated")\n' * 70, 'feature/new.py': bytes(range(256)) * 20}


def device_crc(data):
    done = subprocess.run([lib.TWINFS, 'crc', '-'], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()[0]


class Update(lib.MountTest):
    def updater(self, *names):
        return self.mount.usr('.updater', *names)

    def write_stat(self, items):
        lib.write(self.updater('download.stat'), json.dumps(items).encode())

    def download(self, name, items):
        """As the module's own client does: listed as unknown, written, listed with its size."""
        path = self.updater('usr', name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        items.append({'name': '/usr/' + name, 'url': 'http://host/' + name, 'total_size': 'unknown'})
        self.write_stat(items)
        lib.write(path, NEW[name])
        items[-1]['total_size'] = len(NEW[name])
        self.write_stat(items)

    def arm(self):
        os.makedirs(self.updater(), exist_ok=True)
        lib.write(self.updater('update.flag'), b'')

    def prepare(self):
        items = []
        for name in NEW:
            self.download(name, items)
        self.arm()

    def check_applied(self):
        for name, data in NEW.items():
            self.assertEqual(lib.read(self.mount.usr(name)), data)
        self.assertFalse(os.path.exists(self.updater()))
        table = {entry['name']: entry['crc32']
                 for entry in json.loads(lib.read(self.mount.usr('checksum.json')))}
        self.assertEqual(table['/usr/main.py'], device_crc(NEW['main.py']))
        self.assertNotIn('/usr/feature/new.py', table)

    def update_report(self):
        return json.loads(self.mount.control('boot'))['update']

    def test_applied_at_the_next_boot(self):
        self.prepare()
        self.restart()
        self.check_applied()
        report = self.update_report()
        self.assertEqual((report['armed'], report['applied'], report['cleaned_up'], report['error']),
                         (True, True, True, None))
        self.assertEqual([(file['name'], file['verdict'], file['hash_updated'])
                          for file in report['files']],
                         [('/usr/main.py', 'installed', True),
                          ('/usr/feature/new.py', 'installed', False)])
        self.restart()
        self.check_applied()
        self.assertFalse(self.update_report()['armed'])
        self.assertEqual(json.loads(self.mount.control('boot'))['flash']['programs'], 0)

    def test_factory_copy_comes_back_when_the_table_is_lost(self):
        self.prepare()
        self.restart()
        os.unlink(self.mount.usr('checksum.json'))
        self.restart()
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])
        self.assertEqual(lib.read(self.mount.usr('feature/new.py')), NEW['feature/new.py'])

    def test_cut_in_the_boot_that_applies_it(self):
        self.mount.close()
        self.mount = self.new_mount('--auto-restart', self.image)
        self.prepare()
        lib.run(lib.TWINFS, 'fault', self.mount.root, 'add', 'cut after create of /usr/feature/new.py')
        self.restart()
        lib.wait_for('the boot after the cut', lambda: '"boots": 2' in self.mount.control('status'))
        listed = lib.run(lib.TWINFS, 'fault', '--json', self.mount.root, 'list').stdout
        [rule] = json.loads(listed)['rules']
        self.assertEqual(rule['fired'], 1)
        self.check_applied()

    # ---- every cut of the whole life of an update ----

    def recorded(self, early):
        """The module before, and the trace of a life: download, arm, boot."""
        self.mount.close()
        before, trace = self.image + '.before', self.image + '.trace'
        with open(before, 'wb') as file:
            file.write(lib.read(self.image))
        self.mount = self.new_mount('--trace', trace, '-o', 'view=device', self.image)
        if early:
            self.arm()
        self.prepare()
        self.restart()
        self.check_applied()
        self.mount.close()
        return before, trace

    def explore(self, recorded, policy):
        """What is found, after cuts everywhere: kinds and subjects."""
        done = lib.run(lib.TWINFS, 'explore', '--json', '--torn-bytes', '8', '--policy', policy,
                       *recorded, check=False, stderr=subprocess.DEVNULL)
        result = json.loads(done.stdout)
        self.assertTrue(result['is_complete'])
        self.assertGreater(result['operations'], 40)
        return {(finding['kind'], finding['subject']) for finding in result['findings']}

    def test_nothing_is_lost(self):
        recorded = self.recorded(False)
        for policy in 'device', 'safe':
            self.assertEqual(self.explore(recorded, policy), set(), policy)

    def test_armed_too_early(self):
        """The boot does not know better, nor does the safe policy."""
        recorded = self.recorded(True)
        for policy in 'device', 'safe':
            found = self.explore(recorded, policy)
            self.assertIn(('hole', 'update_stuck'), found, policy)
            self.assertIn(('hole', 'update_partial'), found, policy)


if __name__ == '__main__':
    lib.main()
