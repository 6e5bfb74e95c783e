# SPDX-License-Identifier: MIT
"""Every verb has a help of at most 80 columns, on stdout, with one example."""
import re

import cli


class Help(cli.CliTest):
    def check_text(self, out, err):
        text = out.decode('ascii')
        self.assertEqual(err, '')
        self.assertTrue(text.startswith('Usage: twinfs '), text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())
        self.assertEqual(text.count('\nExample: twinfs '), 1)
        self.assertIn('Exit status: 0', text)

    def test_program(self):
        for option in ('--help', '-h'):
            self.check_text(*self.twinfs(option))

    def test_program_lists_every_verb(self):
        text = self.twinfs('--help')[0].decode()
        self.assertEqual(sorted(re.findall(r'^  ([a-z]+) ', text, re.M)), sorted(cli.VERBS))

    def test_verbs(self):
        for verb in cli.VERBS:
            for option in ('--help', '-h'):
                with self.subTest(verb=verb, option=option):
                    self.check_text(*self.twinfs(verb, option))

    def test_help_wins_over_missing_operands(self):
        for verb in cli.VERBS:
            self.twinfs(verb, '--help', 'one', 'two', 'three')

    def test_version(self):
        for option in ('--version', '-V'):
            out, err = self.twinfs(option)
            self.assertRegex(out, rb'^twinfs [0-9]+\.[0-9]+\.[0-9]+\n$')
            self.assertEqual(err, '')


if __name__ == '__main__':
    cli.main()
