# SPDX-License-Identifier: MIT
"""What each verb says when it is used in a wrong way: the transcript messages.txt, line by line.

What takes a mount is in tests/e2e/messages.txt.
"""
import os
import zipfile

import cli
import messages

HERE = os.path.dirname(os.path.abspath(__file__))
TRANSCRIPT = os.path.join(HERE, 'messages.txt')
MOUNTED = os.path.join(HERE, '..', 'e2e', 'messages.txt')

MAIN = b"PROJECT_NAME = 'Toy'\nPROJECT_VERSION = '1.0'\n"


class Messages(cli.CliTest):
    def make_files(self):
        """What the commands of the transcript are about."""
        cli.write_tree(self.folder, {
            'app/main.py': MAIN, 'app/cfg.json': b'{}\n', 'app/empty.txt': b'',
            'app/lib/data.bin': bytes(3000), 'plain/main.py': b'print(1)\n', 'dir': None,
            'empty': b'', 'text': b'hello\n', 'key': bytes(32), 'big/file': bytes(6000000),
            'link-free/x': b'x'})
        os.chmod(self.path('key'), 0o644)
        self.twinfs('mk', '-q', 'app.img', '--user', 'app', '--backup', 'main.py')
        for form in ('1', '2'):
            self.twinfs('mk', '-q', '--format', 'lfs' + form, '--pair', 'v' + form, '--user', 'app',
                        '--backup', 'main.py')
        self.twinfs('boot', '--trace', 'run.trace', 'app.img')
        cli.write_tree(self.folder, {
            'cut.img': cli.read(self.path('app.img'))[:300000],
            'cut.trace': cli.read(self.path('run.trace'))[:60],
            'own.img': cli.read(self.path('app.img'))})
        os.chmod(self.path('own.img'), 0o444)
        with zipfile.ZipFile(self.path('fw.zip'), 'w') as package:
            package.write(self.path('v1/customer_fs.bin'), 'customer_fs.bin')

    def test_transcript(self):
        self.make_files()
        messages.judge(self, cli.EXE, TRANSCRIPT, self.folder)

    def test_every_verb_is_misused(self):
        """In ten ways at least."""
        cases = [case.command.split() for path in (TRANSCRIPT, MOUNTED)
                 for case in messages.read(path) if case.status]
        for start in (*((verb,) for verb in cli.VERBS), ('check', '--repair')):
            mine = [words for words in cases if words[:len(start) + 1] == ['twinfs', *start]]
            with self.subTest(start=start):
                self.assertGreaterEqual(len(mine), 10)


if __name__ == '__main__':
    cli.main()
