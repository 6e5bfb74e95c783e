# SPDX-License-Identifier: MIT
"""Wrong usage: one line on stderr that names the trouble and points to --help; status 2."""
import subprocess

import cli

# Words -> what the message must name.
WRONG = (
    ((), 'no verb'),
    (('nix',), "'nix' is not a verb"),
    (('--nix',), '--nix is not an option'),
    (('help', 'nix'), "'nix' is not a verb"),
    (('help', 'ls', 'cat'), "'cat' is one operand too many"),
    (('ls',), 'IMAGE is missing'),
    (('ls', ''), 'IMAGE is empty'),
    (('ls', '--nix', 'a'), '--nix is not an option'),
    (('ls', '-Z', 'a'), '-Z is not an option'),
    (('ls', '-rZ', 'a'), '-Z is not an option'),
    (('ls', 'a', 'b', 'c'), "'c' is one operand too many"),
    (('ls', '--user', 'u', 'a', 'b'), "'b' is one operand too many"),
    (('ls', '--json=1', 'a'), '--json takes no argument'),
    (('ls', '--block-size'), '--block-size needs an argument'),
    (('ls', '--block-size', 'x', 'a'), "--block-size: 'x' is not a size"),
    (('ls', '--block-size', '0', 'a'), "--block-size: '0' is not a size"),
    (('ls', '--block-size', '-1', 'a'), "--block-size: '-1' is not a size"),
    (('ls', '--block-size', '0x', 'a'), "--block-size: '0x' is not a size"),
    (('ls', '--block-size', '4G', 'a'), "--block-size: '4G' is not a size"),
    (('ls', '--block-size', '4KB', 'a'), "--block-size: '4KB' is not a size"),
    (('ls', '--block-size', '4096M', 'a'), "--block-size: '4096M' is not a size"),
    (('ls', '--block-size', '99999999999999999999', 'a'), 'is not a size'),
    (('ls', '--prog', '', 'a'), "--prog: '' is not a size"),
    (('ls', '--part', 'usr', 'a'), "--part: 'usr' is not user or backup"),
    (('cat', 'a'), 'PATH is missing'),
    (('cat', '--user', 'u'), 'PATH is missing'),
    (('get', 'a'), 'PATH is missing'),
    (('get', 'a', 'b', ''), 'DEST is empty'),
    (('get', 'a', 'b', 'c', 'd'), "'d' is one operand too many"),
    (('put', 'a'), 'SOURCE is missing'),
    (('rm', 'a'), 'PATH is missing'),
    (('boot', '--policy', 'kind', 'a'), "--policy: 'kind' is not device or safe"),
    (('boot', 'a', 'b'), "'b' is one operand too many"),
    (('boot', '--user', 'u', '--backup', 'b', 'a'), "'a' is one operand too many"),
    (('check',), 'IMAGE is missing'),
    (('info',), 'IMAGE is missing'),
    (('crc',), 'FILE is missing'),
    (('mk', 'a'), '--user DIR is missing'),
    (('mk', '--user', 'd'), 'IMAGE is missing'),
    (('mk', '--user', 'd', '--pair', 'p', 'a'), "'a' is one operand too many"),
    (('mk', '--user', 'd', '--format', 'lfs9', 'a'), "--format: 'lfs9' is not lfs1, lfs2 or"),
    (('mk', '--user', 'd', '--prog', '1x', 'a'), "--prog: '1x' is not a size"),
    (('mk', '--user', 'd', '--backup', 'f', '--backup-all', 'a'), 'exclude each other'),
    (('mount', 'a'), 'MOUNTPOINT is missing'),
    (('mount', '-o', 'view=inside', 'a', 'm'), "'view=inside' has a wrong value"),
    (('mount', '-o', 'uid=root', 'a', 'm'), "'uid=root' has a wrong value"),
    (('mount', '-o', 'umask=9', 'a', 'm'), "'umask=9' has a wrong value"),
    (('mount', '-o', 'umask=1000', 'a', 'm'), "'umask=1000' has a wrong value"),
    (('mount', '--policy', 'x', 'a', 'm'), "--policy: 'x' is not device or safe"),
    (('mount', '--block-cycles', '0', 'a', 'm'), "--block-cycles: '0' is not a number"),
    (('mount', '--auto-restart=x', 'a', 'm'), "--auto-restart: 'x' is not a number"),
    (('mount', '--seed', 'x', 'a', 'm'), "--seed: 'x' is not a number"),
    (('mount', '--fault', 'cat', 'a', 'm'), "--fault: column 1: 'cat': expected a fault"),
    (('power',), 'MOUNT is missing'),
    (('power', 'm', 'reboot'), "'reboot' is not status, off, on, restart or cut"),
    (('power', 'm', 'on', 'off'), "'off' is one operand too many"),
    (('power', '--json', 'm', 'on'), '--json goes with status'),
    (('fault',), 'MOUNT is missing'),
    (('fault', 'm'), 'add, list, clear or pass is missing'),
    (('fault', 'm', 'remove'), "'remove' is not add, list, clear or pass"),
    (('fault', '--json', 'm', 'clear'), '--json goes with list'),
    (('fault', '--seed', '1', 'm', 'list'), '--seed goes with add'),
    (('fault', '--seed', 'x', 'm', 'add', 'cut'), "--seed: 'x' is not a number"),
    (('events',), 'MOUNT is missing'),
    (('events', 'm', 'n'), "'n' is one operand too many"),
    (('events', '--follow', '--once', 'm'), '--follow and --once exclude each other'),
    (('record', 'm'), 'FILE is missing'),
    (('record', 'm', 'f', '--'), 'COMMAND is missing'),
    (('resize', 'a'), 'BLOCKS is missing'),
    (('resize', 'a', '1', '2'), "'2' is one operand too many"),
    (('trace',), 'FILE is missing'),
    (('trace', 'a', 'b'), "'b' is one operand too many"),
    (('trace', '--kind', 'read', 'a'), "--kind: 'read' is not program, erase, flip, mark or old"),
    (('trace', '--block', 'x', 'a'), "--block: 'x' is not a number"),
    (('trace', '--from', '-1', 'a'), "--from: '-1' is not a number"),
    (('trace', '--to', '', 'a'), "--to: '' is not a number"),
    (('trace', '--from', '7', '--to', '6', 'a'), '--from is behind --to'),
    (('trace', '--path', 'main.py', 'a'), "--path: 'main.py' does not begin with /usr or /bak"),
    (('report',), 'RESULT is missing'),
    (('report', 'a', 'b'), "'b' is one operand too many"),
    (('run',), 'IMAGE is missing'),
    (('run', '--compat', 'new', 'a'), "--compat: 'new' is not port"),
    (('run', '--sandbox', 'none', 'a'), "--sandbox: 'none' is not namespace, bwrap or any"),
    (('run', '--max-restarts', 'x', 'a'), "--max-restarts: 'x' is not a number"),
    (('run', '--fault', 'cat', 'a'), "--fault: column 1: 'cat': expected a fault"),
    (('umount',), 'MOUNTPOINT is missing'),
    (('umount', 'a', 'b'), "'b' is one operand too many"),
)


class Usage(cli.CliTest):
    @staticmethod
    def failed(words):
        """The status of a verb that cannot be done: 2 of run may be the application's."""
        return 125 if words[:1] == ('run',) else cli.FAILED

    def test_wrong_usage(self):
        for words, saying in WRONG:
            with self.subTest(words=words):
                out = self.fails(*words, saying=saying, status=self.failed(words))
                self.assertEqual(out, b'')
                err = self.twinfs(*words, status=self.failed(words))[1]
                who = 'twinfs ' + words[0] if words and words[0] in cli.VERBS else 'twinfs'
                self.assertTrue(err.endswith(f"; see '{who} --help'\n"), err)
                self.assertTrue(err.startswith(who + ': '), err)

    def test_files_that_are_not_there(self):
        for verb in ('info', 'ls', 'boot', 'check'):
            self.fails(verb, 'nix.img', saying=f'twinfs {verb}: nix.img: ')
        for verb in ('cat', 'get', 'rm'):
            self.fails(verb, 'nix.img', 'x', saying=f'twinfs {verb}: nix.img: ')
        self.fails('ls', '--user', 'nix.bin', saying='twinfs ls: nix.bin: ')
        self.fails('ls', '--profile', 'nix', 'nix.img', saying='nix')
        self.fails('crc', 'nix', saying='twinfs crc: nix: no such file')

    def test_files_that_are_no_images(self):
        cli.write_tree(self.folder, {'zero': b'', 'text': b'hello\n' * 1000, 'dir': None})
        for name in ('zero', 'text', 'dir'):
            with self.unchanged():
                self.fails('info', name, saying=f'twinfs info: {name}: ')
                self.fails('boot', name, saying=f'twinfs boot: {name}: ')

    def test_control_bytes_never_reach_the_terminal(self):
        err = self.twinfs('ls', 'a\x1b[31m\nb', status=cli.FAILED)[1]
        self.assertIn('a\\x1b[31m\\x0ab', err)
        self.assertEqual(err.count('\n'), 1)

    def test_full_disk(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([cli.EXE, '--help'], stdout=full, stderr=subprocess.PIPE,
                                  check=False)
        self.assertEqual(done.returncode, cli.FAILED)
        self.assertIn(b'standard output', done.stderr)


if __name__ == '__main__':
    cli.main()
