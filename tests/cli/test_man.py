# SPDX-License-Identifier: MIT
"""The manual pages know exactly the verbs and options that --help lists, and are clean mdoc.

arguments: the twinfs program, the pages
"""
import os
import re
import shutil
import subprocess
import sys

import cli

PAGES = {os.path.basename(path): path for path in sys.argv[2:]}
DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs', 'formats')

# Pages of other programs that ours refer to.
OTHERS = set('chmod.2 chown.2 close.2 dup.2 epoll.7 fork.2 fsync.2 fusermount3.1 kill.1 lseek.2 '
             'mount.fuse3.8 mv.1 open.2 poll.2 pwrite.2 read.2 select.2 sync.1 truncate.2 write.2'.split())

# Documents of formats, and the pages that together have to name their every key.
FORMATS = {
    'boot-report.md': ['twinfs-boot-report.5'],
    'control-files.md': ['twinfs-control.5'],
    'events.md': ['twinfs-events.5'],
    'explore-checks.md': ['twinfs-explore-checks.5'],
    'explore.md': ['twinfs-explore-result.5', 'twinfs-explore.1'],
    'fault-rules.md': ['twinfs-fault-rules.5', 'twinfs-damage.1'],
    'package.md': ['twinfs-package.5'],
    'profile.md': ['twinfs-profile.5'],
    'securedata-protocol.md': ['twinfs-securedata.5'],
    'status.md': ['twinfs-control.5'],
    'trace.md': ['twinfs-trace.5'],
}


def page(name):
    return cli.read(PAGES[name]).decode('ascii')


def sections(text):
    """Title of a section or sub-section -> its lines."""
    parts = re.split(r'^\.S[hs] ', text, flags=re.M)[1:]
    return {title: body for title, _, body in (part.partition('\n') for part in parts)}


def listed(body):
    """Names of the options in the list of a section."""
    return {'-' + word for item in re.findall(r'^\.It (Fl .*)$', body, flags=re.M)
            for word in re.findall(r'Fl (-?[A-Za-z][a-z-]*)', item)}


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


def squeezed(text):
    """What is left of a usage when blanks and case do not count."""
    return re.sub(r'\s+', '', text).lower()


class ManTest(cli.CliTest):
    def mandoc(self, *words):
        mandoc = shutil.which('mandoc')
        if not mandoc:
            self.skipTest('mandoc is not installed')
        done = subprocess.run([mandoc, *words], stdout=subprocess.PIPE, check=False)
        return done.stdout.decode()

    def shown(self, name):
        """What a terminal of 80 columns shows of a page."""
        return re.sub('.\b', '', self.mandoc('-Tascii', '-Owidth=80', PAGES[name]))


class Verbs(ManTest):
    def setUp(self):
        super().setUp()
        self.pages = {verb: page(f'twinfs-{verb}.1') for verb in cli.VERBS}
        self.helps = {verb: self.twinfs(verb, '--help')[0].decode() for verb in cli.VERBS}
        self.overview = sections(page('twinfs.1'))

    def test_every_verb_has_a_page(self):
        verbs = {name[7:-2] for name in PAGES if name.endswith('.1') and name != 'twinfs.1'}
        self.assertEqual(verbs, set(cli.VERBS))

    def test_overview_lists_them_as_help_does(self):
        groups = re.findall(r'^([A-Z]\w+):$|^\.It Xr twinfs-(\w+) 1\n(.*)$',
                            self.overview['VERBS'], re.M)
        wanted = re.findall(r'^([A-Z]\w+):$|^  (\w+) +(.*)$', self.twinfs('--help')[0].decode(),
                            re.M)
        self.assertEqual(groups, [row for row in wanted if row[0] != 'Options'])

    def test_options(self):
        common = listed(self.overview['OPTIONS'])
        image = listed(self.overview['Which image'])
        self.assertEqual(listed(self.overview['Which partition']), {'--part'})
        self.assertEqual(common, {'-h', '--help', '-V', '--version'})
        for verb, text in self.pages.items():
            own, of_image = help_options(self.helps[verb])
            body = sections(text)['OPTIONS']
            with self.subTest(verb=verb):
                self.assertEqual(listed(body), own - common - {'--part'})
                self.assertIn(of_image, (set(), image))
                shared = re.findall(r'^\.Fl -user(?: , -[a-z-]+)+\nand\n\.Fl -key$', body, re.M)
                self.assertEqual(len(shared), 1 if of_image else 0)
                self.assertEqual('\n.Fl -part\n' in body, '--part' in own)

    def test_exit_status(self):
        for verb, text in self.pages.items():
            items = re.findall(r'^\.It (.*)$', sections(text)['EXIT STATUS'], re.M)
            told = self.helps[verb].partition('Exit status: ')[2].partition('\nExample: ')[0]
            with self.subTest(verb=verb):
                self.assertEqual(set(re.findall(r'\d+', ' '.join(items))),
                                 set(re.findall(r'\d+', told)))

    def test_synopsis(self):
        for verb in cli.VERBS:
            shown = self.shown(f'twinfs-{verb}.1')
            synopsis = re.search(r'^SYNOPSIS\n(.*?)^DESCRIPTION', shown, re.M | re.S)[1]
            usage = self.helps[verb].partition('\n\n')[0].removeprefix('Usage:')
            with self.subTest(verb=verb):
                self.assertEqual(squeezed(synopsis), squeezed(usage))

    def test_examples(self):
        for verb, text in self.pages.items():
            with self.subTest(verb=verb):
                self.assertRegex(sections(text)['Examples'], rf'\n\$ .*twinfs {verb}\b')

    def test_help_names_the_page(self):
        for verb in cli.VERBS:
            self.assertTrue(self.helps[verb].endswith(f'\nManual page: man twinfs-{verb}\n'))
            self.assertEqual(self.twinfs('help', verb)[0].decode(), self.helps[verb])
        self.assertEqual(self.twinfs('help'), self.twinfs('--help'))


class Pages(ManTest):
    def test_head(self):
        """Each page is called as its file, and says in one line of apropos what it is about."""
        for name in PAGES:
            stem, section = name.rsplit('.', 1)
            text = page(name)
            with self.subTest(page=name):
                self.assertIn(f'\n.Dt {stem.upper()} {section}\n', text)
                self.assertIn(f'\n.Sh NAME\n.Nm {stem}\n.Nd ', text)
                self.assertLessEqual(len(re.search(r'^\.Nd (.*)$', text, re.M)[1]), 70)

    def test_references(self):
        known = set(PAGES) | OTHERS
        for name in PAGES:
            targets = {f'{stem}.{section}' for stem, section
                       in re.findall(r'\bXr ([a-z0-9.-]+) (\d)', page(name))}
            with self.subTest(page=name):
                self.assertEqual(targets - known, set())
                self.assertTrue(name == 'twinfs.1' or targets & set(PAGES))

    def test_overview_leads_everywhere(self):
        targets = set(re.findall(r'\bXr (twinfs-[a-z-]+ \d)', page('twinfs.1')))
        self.assertEqual({target.replace(' ', '.') for target in targets} | {'twinfs.1'},
                         set(PAGES))

    def test_formats(self):
        """What a document of a format has in the first column of a table is in the pages."""
        self.assertEqual({name for names in FORMATS.values() for name in names
                          if name.endswith('.5')}, {name for name in PAGES if name.endswith('.5')})
        for file, names in FORMATS.items():
            text = cli.read(os.path.join(DOCS, file)).decode()
            codes = re.findall(r'`(.*?)`', ' '.join(re.findall(r'^\| (.*?) \|', text, re.M)))
            keys = set(re.findall(r'\b[a-z][a-z0-9_.]+', ' '.join(codes)))
            words = {word.strip('.') for word
                     in re.findall(r'[A-Za-z0-9_.]+', ' '.join(map(page, names)))}
            with self.subTest(document=file):
                self.assertTrue(keys or file == 'securedata-protocol.md')
                self.assertEqual(keys - words, set())

    def test_rules(self):
        """The rules of faults that are shown are rules."""
        text = page('twinfs-fault-rules.5')
        blocks = re.findall(r'^\.\\" rules\n\.Bd .*\n((?:.*\n)*?)\.Ed', text, re.M)
        rules = [rule for block in blocks for rule in block.splitlines()]
        self.assertGreater(len(rules), 15)
        for rule in rules:
            with self.subTest(rule=rule):  # a wrong one would be told before the missing image
                self.fails('mount', '--fault', rule, 'none.img', 'none',
                           saying='none: no such file')

    def test_width(self):
        for name in PAGES:
            with self.subTest(page=name):
                self.assertEqual([line for line in self.shown(name).splitlines()
                                  if len(line) > 80], [])

    def test_lint(self):
        self.assertEqual(self.mandoc('-Tlint', '-Wwarning', *PAGES.values()), '')


if __name__ == '__main__':
    cli.main()
