# SPDX-License-Identifier: MIT
"""The man page knows exactly the verbs and options that --help lists, and is clean mdoc."""
import re
import shutil
import subprocess
import sys

import cli

MAN = sys.argv[2] if len(sys.argv) > 2 else 'docs/man/twinfs.1'


def man_sections(text):
    """Sub-section title -> names of the options in its list."""
    sections = {}
    for part in re.split(r'^\.S[hs] ', text, flags=re.M)[1:]:
        title, _, body = part.partition('\n')
        names = set()
        for item in re.findall(r'^\.It (Fl .*)$', body, flags=re.M):
            for word in re.findall(r'Fl (-?[A-Za-z][a-z-]*)', item):
                names.add('-' + word)
        sections[title] = names
    return sections


def help_options(text):
    """The options of a help text: (the verb's own, those that name the image)."""
    own, _, image = text.partition('\nWhich image')
    groups = []
    for group in (own, image):
        names = set()
        for line in re.findall(r'^ {2,6}(-.*)$', group, flags=re.M):
            names.update(re.findall(r'(?:^|, )(--?[A-Za-z][a-z-]*)', line))
        groups.append(names)
    return groups


class Man(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.sections = man_sections(cli.read(MAN).decode())

    def test_every_verb(self):
        verbs = {title[7:] for title in self.sections if title.startswith('twinfs ')}
        self.assertEqual(verbs, set(cli.VERBS))

    def test_options(self):
        common = self.sections['OPTIONS COMMON TO ALL VERBS']
        part = self.sections['Which partition']
        self.assertEqual((common, part), ({'-h', '--help'}, {'--part'}))
        for verb in cli.VERBS:
            own, image = help_options(self.twinfs(verb, '--help')[0].decode())
            with self.subTest(verb=verb):
                self.assertTrue(common <= own)
                self.assertEqual(self.sections['twinfs ' + verb], own - common - part)
                self.assertIn(image, (set(), self.sections['Which image']))

    def test_lint(self):
        mandoc = shutil.which('mandoc')
        if not mandoc:
            self.skipTest('mandoc is not installed')
        done = subprocess.run([mandoc, '-Tlint', '-Wwarning', MAN], stdout=subprocess.PIPE,
                              check=False)
        self.assertEqual(done.stdout, b'')


if __name__ == '__main__':
    cli.main()
