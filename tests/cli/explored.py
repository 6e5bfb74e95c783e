# SPDX-License-Identifier: MIT
"""What the tests of "twinfs explore" share: recorded runs, and results to compare."""
import json
import os
import subprocess
import sys

import cli

RECORD = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else 'record_run'

# Members of a result that tell about the run it came from, not about what was found.
OF_THE_RUN = ('seconds', 'workers')


def lasting(text):
    """A result in JSON without what differs from run to run."""
    result = json.loads(text)
    for key in OF_THE_RUN:
        del result[key]
    return result


class ExploreTest(cli.CliTest):
    """Each test has a run to explore: app.img and app.trace, of an application that does it right."""

    rewrites = '30'

    def setUp(self):
        super().setUp()
        self.make_image()
        self.record('app', self.rewrites)

    def record(self, name, run, trace=None):
        subprocess.run([RECORD, name + '.img', trace or name + '.trace', run], cwd=self.folder,
                       check=True, timeout=50)

    def make_unbooted(self, name):
        """An image whose next boot copies checksum.json from the backup."""
        self.twinfs('mk', name + '.img', '--user', 'app', '--backup', 'main.py')
        self.twinfs('boot', name + '.img')
        self.twinfs('rm', name + '.img', 'usr/checksum.json')
        return name + '.img'

    def make_first_boot(self, name='boot'):
        """A run that is such a boot."""
        self.make_unbooted(name)
        self.record(name, 'boot')
        return name + '.img', name + '.trace'

    def explore(self, *words, status=cli.OK):
        """The result of an exploration, without what differs from run to run."""
        return lasting(self.twinfs('explore', '--json', *words, status=status)[0])

    def stored(self, name):
        text = cli.read(self.path(name))
        cli.schema.judge('explore-result', json.loads(text))
        return lasting(text)
