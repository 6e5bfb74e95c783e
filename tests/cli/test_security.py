# SPDX-License-Identifier: MIT
"""What images and files of strangers cannot do: reach the terminal, take memory, leave a directory.

arguments: the program, the folder of the golden images
"""
import glob
import lzma
import os
import re
import resource
import stat
import subprocess
import sys
import xml.dom.minidom

import cli

GOLDEN = sys.argv.pop(2)

# Bytes of memory that a verb may have beside twice the files that it is given.
ROOM = 96 << 20

HOSTILE = (b'esc\x1b]0;x\x07', b'csi\xc2\x9b31m', b'del\x7f', b'raw\x9b1m', b'new\nline', b'<!--<script>',
           b'"a&b\'', b'\xe2\x80\xaertl', b'-rf', b'tab\there')


def controls(data):
    """Where a terminal would find a command: bytes below a blank, DEL, and U+0080 to U+009F."""
    return [data[max(0, at.start() - 20):at.end() + 20]
            for at in re.finditer(rb'[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]', data)]


class Limited(cli.CliTest):
    def limited(self, *words, size=0):
        """Runs with bounded memory: (exit status, all that it says)."""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (ROOM + 2 * size, ROOM + 2 * size))
        done = subprocess.run([cli.EXE, *words], cwd=self.folder, stdin=subprocess.DEVNULL, timeout=50,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limit,
                              check=False)
        return done.returncode, done.stdout.decode(errors='replace')

    def setUp(self):
        super().setUp()
        if self.limited('--version')[0]:
            self.skipTest('this build needs more memory by itself')

    def stays_small(self, *words, size=0):
        status, text = self.limited(*words, size=size)
        self.assertIn(status, (cli.OK, cli.WRONG, cli.FAILED), text)
        self.assertNotIn('memory', text)

    def test_images(self):
        names = sorted(glob.glob(os.path.join(GOLDEN, 'images', '*bad*.bin.xz')))
        self.assertGreater(len(names), 20)
        for name in names:
            data = lzma.open(name).read()
            with open(self.path('bad.bin'), 'wb') as file:
                file.write(data)
            for verb in (('info',), ('ls', '-r', '--hash'), ('check',), ('boot', '-n')):
                with self.subTest(image=os.path.basename(name), verb=verb[0]):
                    self.stays_small(*verb, '--user', 'bad.bin', size=len(data))

    def changed_anywhere(self, name, verb, first=400):
        """Any four bytes of a file's beginning become the largest number there is."""
        good = cli.read(self.path(name))
        for at in range(0, min(len(good), first), 4):
            with open(self.path('bad'), 'wb') as file:
                file.write(good[:at] + b'\xff\xff\xff\x7f' + good[at + 4:])
            with self.subTest(name=name, at=at):
                self.stays_small(*verb, 'bad', size=len(good))

    def test_traces(self):
        self.make_image()
        self.twinfs('boot', '--trace', 'new.trace', 'app.img')
        self.changed_anywhere('new.trace', ('trace',))

    def test_profiles(self):
        self.make_image()
        for text in ('[' * 100000, '{"a":' * 50000, '{"partitions": [' + '{},' * 100000 + '{}]}',
                     '{"name": "' + 'a' * 500000 + '"}', '{"block_size": 4294967295}'):
            with open(self.path('p.json'), 'w') as file:
                file.write(text)
            self.stays_small('info', '--profile', './p.json', 'app.img', size=len(text))


class Terminal(cli.CliTest):
    def setUp(self):
        super().setUp()
        os.makedirs(os.path.join(self.path('app').encode(), b'dir' + HOSTILE[0]))
        for name in HOSTILE:
            with open(os.path.join(self.path('app').encode(), name), 'wb') as file:
                file.write(b'\x1b[31m')
        # the boot puts these back, which is recorded
        back = HOSTILE[1], HOSTILE[5]
        self.twinfs('mk', 'app.img', '--user', 'app', *[word for name in back for word in ('--backup', name)])
        self.twinfs('rm', 'app.img', *[b'usr/' + name for name in back])

    def said(self, *words):
        done = subprocess.run([cli.EXE, *words], cwd=self.folder, stdin=subprocess.DEVNULL, timeout=50,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertGreaterEqual(done.returncode, 0)
        return done.stdout

    def test_names(self):
        self.twinfs('boot', '--trace', 'new.trace', 'app.img')
        hostile = [b'usr/' + name for name in HOSTILE]
        for words in (('ls', '-r', 'app.img'), ('ls', '-r', '--json', '--hash', 'app.img'),
                      ('info', 'app.img'), ('check', 'app.img'), ('check', '--json', 'app.img'),
                      ('boot', '-n', 'app.img'), ('boot', '-n', '--json', 'app.img'),
                      ('get', 'app.img', *hostile[:1], 'nix/nix'), ('cat', 'app.img', b'usr/nix' + HOSTILE[1]),
                      ('crc', *[b'app/' + name for name in HOSTILE]),
                      ('crc', '--json', *[b'app/' + name for name in HOSTILE]),
                      ('history', 'app.img'), ('history', '--all', '--json', 'app.img'),
                      ('trace', 'new.trace'), ('trace', '--json', 'new.trace'),
                      ('put', '--force', 'app.img', b'app/' + HOSTILE[0]),
                      ('rm', '-rv', 'app.img', *hostile), (HOSTILE[0],), ('ls', b'--' + HOSTILE[1]),
                      ('mk', '--user', b'nix' + HOSTILE[0], 'new.img'), ('unpack', '-l', b'app/' + HOSTILE[1]),
                      ('mount', 'app.img', b'nix' + HOSTILE[0]), ('umount', b'nix' + HOSTILE[0]),
                      ('run', '--python', b'nix' + HOSTILE[0], 'app.img')):
            with self.subTest(words=words):
                said = self.said(*words)
                self.assertTrue(said or words[0] == 'put')
                self.assertEqual(controls(said), [])

    def test_json_keeps_names(self):
        self.twinfs('boot', 'app.img')
        entries = self.json('ls', '--json', 'app.img', 'usr')['entries']
        names = {bytes.fromhex(it['path_hex']) if 'path_hex' in it else it['path'].encode() for it in entries}
        self.assertLessEqual({b'/usr/' + name for name in HOSTILE}, names)

    def test_page(self):
        """A report has the scripts that it has, whatever is in the trace."""
        self.twinfs('boot', '--trace', 'new.trace', 'app.img')
        self.said('explore', '-q', '-o', 'result.json', '--junit', 'result.xml', 'app.img', 'new.trace')
        self.twinfs('report', '--trace', 'new.trace', '-o', 'hostile.html', 'result.json')
        page = cli.read(self.path('hostile.html'))
        self.assertIn(b'script\\u003e', page.lower())  # the name is there, as JSON
        self.assertEqual(page.count(b'<script'), page.count(b'</script>'))
        self.assertNotIn(HOSTILE[5], page)
        self.assertEqual(controls(page), [])
        xml.dom.minidom.parse(self.path('result.xml'))


class Extract(cli.CliTest):
    def test_modes(self):
        """No right comes out of an image or a package but to read and write."""
        self.make_image()
        os.chmod(self.path('app/main.py'), 0o6777)
        self.make_image('again.img')
        self.twinfs('get', 'again.img', 'usr', 'out')
        for top, dirs, files in os.walk(self.path('out')):
            for name in files:
                mode = os.lstat(os.path.join(top, name)).st_mode
                self.assertTrue(stat.S_ISREG(mode))
                self.assertEqual(mode & 0o7111, 0)
            for name in dirs:
                self.assertEqual(os.lstat(os.path.join(top, name)).st_mode & 0o7000, 0)

    def test_traps(self):
        """What was planted at the names that files get is refused, or replaced; never followed."""
        self.make_image()
        outside = self.path('outside')
        os.mkdir(outside)
        with open(os.path.join(outside, 'main.py'), 'w') as file:
            file.write('mine')
        os.makedirs(self.path('out/usr'))
        os.symlink(outside, self.path('out/usr/lib'))
        os.symlink(os.path.join(outside, 'main.py'), self.path('out/usr/main.py'))
        os.mkfifo(self.path('out/usr/config.json'))
        for force in ((), ('--force',)):
            self.twinfs('get', *force, 'app.img', 'usr', 'out', status=cli.FAILED)
            self.assertEqual(cli.read_tree(outside), {'main.py': b'mine'})
        self.assertEqual(cli.read(self.path('out/usr/config.json')), cli.APP['config.json'])

    def test_versions(self):
        """Older versions go by the same way."""
        self.make_image()
        victim = self.path('victim')
        os.mkdir(self.path('out'))
        os.symlink(victim, self.path('out/main.py.1'))
        words = ('history', '--extract', '1', 'app.img', 'usr/main.py')
        for dest in ('out/main.py.1', 'out'):
            self.fails(*words, '--to', dest, saying='exists')
            self.assertFalse(os.path.exists(victim))
        self.twinfs(*words, '--force', '--to', 'out/main.py.1')
        self.assertFalse(os.path.exists(victim))
        self.assertEqual(cli.read(self.path('out/main.py.1')), cli.APP['main.py'])

    def test_outputs(self):
        """A link where a file is to be made leads nowhere."""
        self.make_image()
        link, victim = self.path('link'), self.path('victim')
        for words in (('boot', '-n', '--trace', 'link', 'app.img'), ('mk', 'link', '--user', 'app'),
                      ('merge', '--user', 'app', '-o', 'link')):
            os.symlink(victim, link)
            self.twinfs(*words, status=cli.FAILED)
            self.assertFalse(os.path.exists(victim))
            self.assertTrue(os.path.islink(link))
            os.unlink(link)


if __name__ == '__main__':
    cli.main()
