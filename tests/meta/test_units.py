# SPDX-License-Identifier: MIT
"""The example units are units, as systemd reads them.

argument: the twinfs program
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import project

UNITS = 'docs/examples/systemd'


def main():
    if not shutil.which('systemd-analyze'):
        project.skip('systemd-analyze is not installed')
    complaints, names = [], os.listdir(project.path(UNITS))
    with tempfile.TemporaryDirectory(prefix='twinfs-meta-') as folder:
        for name in names:
            text = project.read(UNITS, name)
            # installed it is there
            text = text.replace('/usr/bin/twinfs', os.path.abspath(sys.argv[1]))
            where = re.search('^Where=(.*)$', text, re.M)
            if where and name != where[1].strip('/').replace('/', '-') + '.mount':
                complaints.append(f'{name}: is not the name for {where[1]}')
            unit = os.path.join(folder, name)
            with open(unit, 'w', encoding='utf-8') as file:
                file.write(text)
            done = subprocess.run(['systemd-analyze', '--man=no', 'verify', unit], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=60, check=False)
            # words about other units do not name ours
            complaints += [line for line in done.stdout.splitlines()
                           if name.split('.')[0].rstrip('@') in line]
            if done.returncode and not complaints:
                complaints.append(f'{name}: {done.stdout}')
    if not names:
        complaints.append('there is no unit')
    project.end(complaints)


if __name__ == '__main__':
    main()
