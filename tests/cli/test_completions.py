# SPDX-License-Identifier: MIT
"""What the shells offer to complete: all that --help names, and nothing else.

arguments: the program, the folder of the completions' files in the build
"""
import os
import re
import shutil
import subprocess
import sys

import cli

BUILT = sys.argv.pop(2)
WORDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../tools/completions/words')

# Words of a command line, the last of which is being completed -> some that must be offered.
OFFERED = (
    (('mou',), {'mount'}),
    (('help', 'mou'), {'mount'}),
    (('help', 'mount', 'm'), set()),
    (('mount', '--pol'), {'--policy'}),
    (('mount', '--policy', ''), {'device', 'safe'}),
    (('mount', '--policy', 's'), {'safe'}),
    (('mount', '-o', 'vi'), {'view=device', 'view=overlay'}),
    (('mount', '-o', 'ro,um'), {'ro,umask='}),
    (('mk', '--format', 'lfs'), {'lfs1', 'lfs2', 'lfs2.0'}),
    (('trace', '--kind', 'e'), {'erase'}),
    (('ls', '--part', 'b'), {'backup'}),
    (('run', '--compat', ''), {'port'}),
    (('power', 'dir', 'r'), {'restart'}),
    (('fault', '--seed', '5', 'dir', ''), {'add', 'list', 'clear', 'pass'}),
    (('cat', 'app.img', '--pa'), {'--part'}),
    (('info', 'app'), {'app.img'}),
    (('mount', 'app.img', ''), {'dir/'}),
    (('mk', '--user', 'd'), {'dir/'}),
    (('explore', '-o', 'a'), {'app.img'}),
    (('record', 'dir', 'file', '--', 'twinfs-comman'), {'twinfs-command'}),
    (('cat', 'app.img', ''), set()),
    (('nix', 'a'), set()),
)

BASH = '''
source "$1"
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2)) COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
_twinfs "$2"
for word in "${COMPREPLY[@]}"; do
	[[ -d $word ]] && word+=/
	printf '%s\\n' "$word"
done
'''

# Completion needs a terminal; here its answers are printed instead.
ZSH = '''
emulate zsh
compset() { : }
_files() { if [[ $1 = -/ ]]; then print -l *(/N:s/%/\\\\//) | sed 's|[^/]$|&/|'; else print -l *(N); fi }
_command_names() { print -l ${path[1]}/*(:t) }
compadd() { print -l -- ${(P)@[-1]} }
file=$1
shift
words=("$@") CURRENT=$#
functions[_try]=$(<$file)
_try
'''

FISH = 'source $argv[1]; complete -C $argv[2]'


class Completions(cli.CliTest):
    def setUp(self):
        super().setUp()
        for name in ('bin', 'dir'):
            os.mkdir(self.path(name))
        cli.write_tree(self.folder, {'app.img': b'', 'bin/twinfs-command': b''})
        os.chmod(self.path('bin/twinfs-command'), 0o755)
        os.symlink(cli.EXE, self.path('bin/twinfs'))
        # the installed path of the script is not there yet
        for name in ('bash', 'zsh', 'fish'):
            text = cli.read(f'{BUILT}/twinfs.{name}').decode()
            text, count = re.subn("'[^']*/share/twinfs/complete'", f"'{WORDS}'", text)
            self.assertEqual(count, 1, name)
            cli.write_tree(self.folder, {'twinfs.' + name: text.encode()})

    def lines(self, *command):
        env = dict(os.environ, PATH=self.path('bin') + ':' + os.environ['PATH'], HOME=self.folder)
        done = subprocess.run(command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=50, check=False)
        self.assertEqual(done.stderr, '')
        return [line.split('\t')[0] for line in done.stdout.splitlines()]

    def check_shell(self, program, *options, file):
        if not shutil.which(program):
            self.skipTest(program + ' is not installed')
        for words, wanted in OFFERED:
            with self.subTest(words=words):
                rest = (['twinfs ' + ' '.join(words)] if program == 'fish' else ['twinfs', *words])
                offered = self.lines(program, *options, file, *rest)
                # what goes behind "=" is all that bash replaces
                before = re.match('.*=|', words[-1])[0] if program == 'bash' else ''
                found = {before + word for word in offered
                         if (before + word).startswith(words[-1])}
                if wanted:
                    self.assertLessEqual(wanted, found)
                else:
                    self.assertEqual(found, set())

    def test_bash(self):
        self.check_shell('bash', '--norc', '-c', BASH, 'bash', file='twinfs.bash')
        self.assertEqual(self.lines('bash', '--norc', '-c', BASH, 'bash', 'twinfs.bash', 'twinfs',
                                    'mount', '--policy', '=', 's'), ['safe'])
        self.assertEqual(self.lines('bash', '--norc', '-c', BASH, 'bash', 'twinfs.bash', 'twinfs',
                                    'mount', '-o', 'ro,view', '=', 'd'), ['device'])
        self.assertEqual(self.lines('bash', '--norc', '-c', BASH, 'bash', 'twinfs.bash', 'twinfs',
                                    'mount', '--user', '=', 'a'), ['app.img'])

    def test_zsh(self):
        self.check_shell('zsh', '-f', '-c', ZSH, 'zsh', file='twinfs.zsh')

    def test_fish(self):
        self.check_shell('fish', '--no-config', '-c', FISH, file='twinfs.fish')
        self.assertEqual(self.lines('fish', '--no-config', '-c', FISH, 'twinfs.fish',
                                    'twinfs mount --policy=s'), ['--policy=safe'])

    def offers(self, *words):
        return {line.split('\t')[0] for line in self.lines(WORDS, cli.EXE, *words)}

    def test_all_verbs(self):
        self.assertEqual(self.offers(''), set(cli.VERBS))

    def test_all_options(self):
        """No option of any help is missing, and those with a list of values know it."""
        for verb in cli.VERBS:
            text = self.twinfs(verb, '--help')[0].decode()
            named = set()
            for line in re.findall(r'^ {2,6}(-.*)$', text, flags=re.M):
                named.update(re.findall(r'(?:^|, )(--?[A-Za-z][a-z-]*)', line))
            with self.subTest(verb=verb):
                self.assertEqual(self.offers(verb, '-'), named)
            for option, values in re.findall(r'(--[a-z-]+) ([a-z0-9.]+(?:\|[a-z0-9.]+)+)$', text, flags=re.M):
                with self.subTest(verb=verb, option=option):
                    self.assertEqual(self.offers(verb, option, ''), set(values.split('|')))


if __name__ == '__main__':
    cli.main()
