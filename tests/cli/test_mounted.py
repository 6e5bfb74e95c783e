# SPDX-License-Identifier: MIT
"""The verbs that work on a mount, where there is none; tests/e2e has them on real ones."""
import os

import cli

# What each of them is asked to do.
WORDS = {
    'power': (('status',), ('off',), ()),
    'fault': (('list',), ('add', 'cut at op 5'), ('clear',), ('pass', '5')),
    'events': ((), ('--follow',)),
    'record': (('run.trace', '--', 'touch', 'ran'),),
}


class Mounted(cli.CliTest):
    def test_no_mount(self):
        os.mkdir(self.path('dir'))
        cli.write_tree(self.folder, {'file': b''})
        for verb, variants in WORDS.items():
            for words in variants:
                with self.subTest(verb=verb, words=words):
                    self.fails(verb, 'nix', *words, saying=f'twinfs {verb}: nix: no such file')
                    for name in ('dir', 'file'):
                        self.fails(verb, name, *words,
                                   saying=f'twinfs {verb}: {name}: is no mounted module; MOUNT')
        self.assertEqual(sorted(os.listdir(self.folder)), ['dir', 'file'])

    def test_umount(self):
        os.mkdir(self.path('dir'))
        cli.write_tree(self.folder, {'file': b''})
        self.fails('umount', 'nix', saying='twinfs umount: nix: no such file')
        for name in ('dir', 'file', '/'):
            self.fails('umount', name, saying=f'twinfs umount: {name}: no module is mounted there')

    def test_wrong_rule(self):
        """The message names the rule and the word, whether or not there is a mount."""
        os.makedirs(self.path('m/.twinfs'))
        cli.write_tree(self.folder, {'m/.twinfs/faults': b''})
        self.fails('fault', 'm', 'add', 'cut at op 5', 'cat at op 5',
                   saying="twinfs fault: cat at op 5: column 1: 'cat': expected a fault")
        self.fails('fault', 'm', 'add', 'cut', 'torn', saying='twinfs fault: torn: column 1')
        self.fails('fault', 'm', 'add', 'cut', 'torn', saying='(a RULE with blanks needs quotes)')
        self.fails('fault', 'm', 'add', 'cut at\nop 5', saying='a rule is one line')
        self.assertEqual(cli.read(self.path('m/.twinfs/faults')), b'')

    def test_rules_for_a_mount(self):
        """Nothing is mounted, nor any image touched, when a rule cannot be used."""
        image = self.make_image()
        os.mkdir(self.path('m'))
        cli.write_tree(self.folder, {'rules': b'cut at op 5\n\ncat\n', 'nul': b'cut\0'})
        with self.unchanged(image):
            self.fails('mount', '--faults', 'rules', image, 'm',
                       saying="twinfs mount: rules: line 3: column 1: 'cat'")
            self.fails('mount', '--faults', 'nix', image, 'm', saying='mount: nix: no such file')
            self.fails('mount', '--faults', 'nul', image, 'm', saying='mount: nul: ')
            self.fails('mount', '--trace', image, image, 'm', saying='exists already')


if __name__ == '__main__':
    cli.main()
