#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is said about mounts that are used in a wrong way: the transcript messages.txt."""
import os
import signal
import subprocess

import lib
import messages

TRANSCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'messages.txt')


class Messages(lib.MountTest):
    begins_mounted = False

    def make_stale(self):
        """A mount point whose daemon was killed."""
        place = os.path.join(self.folder, 'stale')
        device = os.stat(place).st_dev
        with subprocess.Popen([lib.TWINFS, 'mount', '-f', 'stale.img', 'stale'],
                              cwd=self.folder, stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as daemon:
            lib.wait_for('the mount', lambda: os.stat(place).st_dev != device)
            daemon.send_signal(signal.SIGKILL)
        self.addCleanup(subprocess.run, ['fusermount3', '-u', '-z', place],
                        stderr=subprocess.DEVNULL, check=False)

    def test_transcript(self):
        for name in ('mnt', 'full', 'stale', 'dir'):
            os.mkdir(os.path.join(self.folder, name))
        for name in ('full/x', 'text', 'old.trace'):
            lib.write(os.path.join(self.folder, name), b'hello\n')
        for name in ('app.img', 'other.img', 'stale.img'):
            lib.run(lib.TWINFS, 'mk', '-q', '--user', 'app', '--backup', 'main.py', name,
                    cwd=self.folder)
        self.make_stale()
        for name in ('mnt', 'full'):
            self.addCleanup(subprocess.run, ['fusermount3', '-u', '-z', name], cwd=self.folder,
                            stderr=subprocess.DEVNULL, check=False)
        messages.judge(self, lib.TWINFS, TRANSCRIPT, self.folder)


if __name__ == '__main__':
    lib.main()
