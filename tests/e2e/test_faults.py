#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults of the chip under a mount: how they are asked for, and what programs see of them."""
import errno
import hashlib
import json
import os
import threading

import lib


class FaultTest(lib.MountTest):
    def path(self, name):
        return self.mount.path('.twinfs', name)

    def ask(self, text):
        """Writes to .twinfs/faults; returns what the same descriptor then gives."""
        fd = os.open(self.path('faults'), os.O_RDWR)
        try:
            try:
                os.write(fd, text.encode())
            except OSError as error:
                return error.errno, os.read(fd, 4096).decode()
            return 0, os.read(fd, 4096).decode()
        finally:
            os.close(fd)

    def add(self, *rules):
        self.assertEqual(self.ask('\n'.join(rules))[0], 0)

    def rules(self):
        return [line.split(None, 4) for line in self.mount.control('faults').splitlines()
                if not line.startswith('#')]

    def events(self):
        fd = os.open(self.path('events'), os.O_RDONLY | os.O_NONBLOCK)
        data = b''
        try:
            while piece := os.read(fd, 1 << 16):
                data += piece
        except BlockingIOError:
            pass
        finally:
            os.close(fd)
        return [json.loads(line) for line in data.splitlines()]

    def kinds(self):
        return [event['kind'] for event in self.events()]

    def status(self):
        return json.loads(self.mount.control('status'))

    def operations(self):
        return self.events()[-1]['operation']


class Control(FaultTest):
    def test_add_and_list(self):
        self.assertEqual(self.ask('cut at op 1000000\n'), (0, '1\n'))
        self.assertEqual(self.ask('# a comment\n\nadd note in /usr/main.py\nnote every 5 writes'),
                         (0, '2\n3\n'))
        self.assertEqual(self.rules(), [
            ['1', 'armed', '0', '0', 'cut at op 1000000'],
            ['2', 'armed', '0', '0', 'note in /usr/main.py'],
            ['3', 'waiting', '0', '0', 'note every 5 writes']])
        self.assertTrue(self.mount.control('faults').startswith('# seed 0\n'))

    def test_waits_for_its_time(self):
        self.add('note after 3 s')
        self.assertEqual(self.rules()[0][1], 'waiting')
        self.ask('pass 3000')
        self.assertEqual(self.rules()[0][1], 'armed')

    def test_clear(self):
        self.add('cut at op 1000000', 'note at op 1000001', 'note at op 1000002')
        self.assertEqual(self.ask('clear 2'), (0, ''))
        self.assertEqual([rule[0] for rule in self.rules()], ['1', '3'])
        self.assertEqual(self.ask('clear\n')[0], 0)
        self.assertEqual(self.rules(), [])
        self.assertEqual(self.ask('note at op 1000000'), (0, '4\n'))

    def test_commands_in_order(self):
        self.assertEqual(self.ask('note at op 1000000\nclear\nseed 7\ncut at op 1000000\n'),
                         (0, '1\n2\n'))
        self.assertEqual([rule[4] for rule in self.rules()], ['cut at op 1000000'])
        self.assertTrue(self.mount.control('faults').startswith('# seed 7\n'))

    def test_refused(self):
        """The number says what kind of mistake it is, the sentence which."""
        for text, number, words in (
                ('cat at op 5', errno.EINVAL, "'cat'"),
                ('cut at op 5\ncut at op x\n', errno.EINVAL, 'line 2'),
                ('seed 1\nnote at op 9\nclear 77\n', errno.ENOENT, "'77'"),
                ('clear all', errno.EINVAL, "'all'"),
                ('seed', errno.EINVAL, 'seed'),
                ('pass soon', errno.EINVAL, "'soon'"),
                ('flip 1 bit in /usr/nix', errno.ENOENT, '/usr/nix'),
                ('note at op 5\nclear\n\ncut at op', errno.EINVAL, 'line 4')):
            with self.subTest(text):
                self.ask('clear')
                code, answer = self.ask(text)
                self.assertEqual(code, number, answer)
                self.assertTrue(answer.startswith('error: '), answer)
                self.assertEqual(answer.count('\n'), 1)
                self.assertIn(words, answer)

    def test_rules_are_all_or_none(self):
        self.assertEqual(self.ask('cut at op 1000000\nbogus\n')[0], errno.EINVAL)
        self.assertEqual(self.rules(), [])

    def test_not_text(self):
        self.assertEqual(self.ask('cut\0at op 5')[0], errno.EINVAL)

    def test_from_a_shell(self):
        lib.run('sh', '-c', 'echo note at op 1000000 > "$1"', 'sh', self.path('faults'))
        self.assertEqual(len(self.rules()), 1)
        done = lib.run('sh', '-c', 'echo bogus > "$1"', 'sh', self.path('faults'), check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_verb(self):
        twinfs, root = lib.TWINFS, self.mount.root
        self.assertEqual(lib.run(twinfs, 'fault', root, 'add', 'cut at op 1000000',
                                 'note at op 1000000').stdout, '1\n2\n')
        listed = json.loads(lib.run(twinfs, 'fault', '--json', root, 'list').stdout)
        self.assertEqual([rule['rule'] for rule in listed['rules']],
                         ['cut at op 1000000', 'note at op 1000000'])
        self.assertEqual(lib.run(twinfs, 'fault', root, 'list').stdout, self.mount.control('faults'))
        lib.run(twinfs, 'fault', root, 'clear', '1')
        lib.run(twinfs, 'fault', '--seed', '9', root, 'add', 'note with chance 5%')
        self.assertEqual(json.loads(lib.run(twinfs, 'fault', '--json', root, 'list').stdout)['seed'], 9)
        lib.run(twinfs, 'fault', root, 'clear')
        self.assertEqual(self.rules(), [])
        for words, saying in ((('add', 'cat'), "'cat'"), (('clear', '5'), "'5'"),
                              (('add', 'flip 1 bit in /usr/nix'), '/usr/nix')):
            done = lib.run(twinfs, 'fault', root, *words, check=False)
            self.assertEqual((done.returncode, done.stdout.count('\n')), (2, 1))
            self.assertIn(saying, done.stdout)


class Faults(FaultTest):
    def test_cut_in_an_operation(self):
        """The call that meets the cut fails; its file is old or new, all else is lost."""
        lib.write(self.mount.usr('notes.txt'), b'before')
        self.add('cut after 1 writes in /usr/notes.txt')
        with lib.Raw(self.mount.usr('notes.txt'), os.O_RDWR | os.O_TRUNC) as file:
            os.write(file.fd, b'after' * 3000)
            with self.fails(errno.EIO):
                os.fsync(file.fd)
            self.assertEqual(self.status()['power'], 'off')  # at once: the call has waited
            with self.fails(errno.EIO):
                os.pread(file.fd, 1, 0)
            self.assertIn('rule 1', self.mount.control('power'))
            self.assertIn('rule 1', self.status()['power_cause'])
            self.mount.power('restart')
            with self.fails(errno.ESTALE):
                os.pread(file.fd, 1, 0)
        self.assertEqual(lib.read(self.mount.usr('notes.txt')), b'before')
        self.assertEqual(self.kinds(), ['boot', 'fault', 'power_cut', 'boot'])
        fault, cut = self.events()[1:3]
        self.assertEqual((fault['rule'], fault['cuts_power']), (1, True))
        self.assertIn('/usr/notes.txt', fault['owner'])
        self.assertEqual(fault['operation'], cut['operation'])
        self.assertIn('block', fault)

    def test_every_name_operation(self):
        usr = self.mount.usr
        os.mkdir(usr('dir'))
        lib.write(usr('old'), b'x')
        for act in (lambda: lib.write(usr('new'), b''), lambda: os.mkdir(usr('more')),
                    lambda: os.unlink(usr('old')), lambda: os.rename(usr('old'), usr('young')),
                    lambda: os.rmdir(usr('dir')), lambda: os.truncate(usr('notes.txt'), 1),
                    lambda: os.close(os.open(usr('dir/new'), os.O_CREAT | os.O_WRONLY)),
                    lambda: lib.write(self.mount.path('SecureData'), b'STORE 1 3\nabc')):
            self.ask('clear')
            self.add('cut at write 1')
            before = lib.tree(usr())
            with self.fails(errno.EIO):
                act()
            with self.fails(errno.EIO):
                os.listdir(usr())
            self.mount.power('on')
            self.assertEqual(lib.tree(usr()), before)

    def test_program_fails(self):
        self.add('fail program in /usr/notes.txt')
        with lib.Raw(self.mount.usr('notes.txt'), os.O_RDWR) as file:
            os.write(file.fd, b'x' * 20000)
            with self.fails(errno.EIO, errno.ENOSPC):
                os.fsync(file.fd)
            self.ask('clear')
            self.restart()  # the volume remembers bad blocks until it is mounted again
        self.assertEqual(lib.read(self.mount.usr('notes.txt')), self.files['notes.txt'])

    def test_flipped_at_rest(self):
        """What the kernel has of a file does not hide what happened to its cells."""
        path = self.mount.usr('own.bin')
        with lib.Raw(path, os.O_RDONLY) as file:
            self.assertEqual(os.pread(file.fd, 100000, 0), self.files['own.bin'])
            self.add('flip 3 bits in data of /usr/own.bin')
            now = os.pread(file.fd, 100000, 0)
        differ = sum(bin(a ^ b).count('1') for a, b in zip(now, self.files['own.bin']))
        self.assertIn(differ, (1, 2, 3))  # some may be in what the format adds
        self.assertEqual(lib.read(path), now)
        event = self.events()[-1]
        self.assertEqual((event['fault'], event['bits']), ('flip', 3))

    def test_misread(self):
        """Each read may give something else; the cells stay as they are."""
        path, data = self.mount.usr('own'), bytes(3000)
        lib.write(path, data)
        self.add('misread 50 bits in data of /usr/own')
        with lib.Raw(path, os.O_RDONLY) as file:
            one, two = (os.pread(file.fd, 3000, 0) for _ in range(2))
        self.assertEqual(len({one, two, data}), 3)
        self.ask('clear')
        self.assertEqual(lib.read(path), data)

    def test_time_passes(self):
        """A program that only waits still meets the end of a brown-out."""
        self.add('brown-out after 1 writes for 5 s')
        lib.write(self.mount.usr('one'), b'1')
        self.add('pass 1000')
        self.assertTrue(0 < int(self.mount.control('supply')) < 3800)
        self.assertEqual(self.mount.control('power'), 'on\n')
        lib.run(lib.TWINFS, 'fault', self.mount.root, 'pass', '4000')
        self.assertTrue(self.mount.control('power').startswith('off\n'))
        with self.fails(errno.EIO):
            os.listdir(self.mount.usr())

    def test_brown_out(self):
        """The supply falls first; whoever watches it has time to save something."""
        self.assertEqual(self.mount.control('supply'), '3800\n')
        self.add('brown-out after 1 writes for 500 ms')
        lib.write(self.mount.usr('one'), b'1')
        self.assertIn('supply', self.kinds())
        lib.write(self.mount.usr('two'), b'takes time')
        low = int(self.mount.control('supply'))
        self.assertTrue(0 < low < 3800, low)
        self.assertEqual(self.status()['supply_mv'], low)
        warning = next(event for event in self.events() if event['kind'] == 'supply')
        self.assertEqual(warning['cut_in_ns'], 500_000_000)
        lib.write(self.mount.usr('saved'), b'in time')
        with self.fails(errno.EIO):
            for turn in range(5000):
                lib.write(self.mount.usr('late'), b'%d' % turn)
        self.assertEqual(self.mount.control('supply'), '0\n')
        cut = next(event for event in self.events() if event['kind'] == 'power_cut')
        self.assertGreaterEqual(cut['virtual_ns'], warning['virtual_ns'])
        self.mount.power('on')
        self.assertEqual(self.mount.control('supply'), '3800\n')
        self.assertEqual(lib.read(self.mount.usr('saved')), b'in time')


class Calls(FaultTest):
    """Rules that wait for a call of a program, not for an operation of the chip."""

    def noted(self):
        return [event['rule'] for event in self.events() if event['kind'] == 'fault']

    def test_each(self):
        usr = self.mount.usr
        lib.write(usr('file'), b'x' * 100)
        calls = {
            'create of /usr/made': lambda: lib.write(usr('made'), b''),
            'mkdir of /usr/dir': lambda: os.mkdir(usr('dir')),
            'open of /usr/file': lambda: lib.read(usr('file')),
            'read of /usr/f*': lambda: lib.read(usr('file')),
            'open of /bak/usr/main.py': lambda: lib.read(self.mount.bak('usr/main.py')),
            'write of /usr/file': lambda: lib.write(usr('file'), b'y'),
            'truncate of /usr/file': lambda: os.truncate(usr('file'), 50),
            'fsync of /usr/lib/net.py': self.fsync,
            'commit of /usr/file': lambda: lib.write(usr('file'), b'z'),
            'rename of /usr/file': lambda: os.rename(usr('file'), usr('dir/file')),
            'remove of /usr/dir/file': lambda: os.unlink(usr('dir/file')),
            'store of slot 3': lambda: lib.write(self.mount.path('SecureData'), b'STORE 3 1\na'),
        }
        for call, act in calls.items():
            with self.subTest(call):
                self.ask('clear')
                before = int(self.ask('note before %s\n' % call)[1])
                self.add('note after %s' % call)
                lib.read(usr('notes.txt'))
                self.assertFalse({before, before + 1} & set(self.noted()))
                act()
                self.assertEqual(sorted({before, before + 1} & set(self.noted())),
                                 [before, before + 1])

    def fsync(self):
        with lib.Raw(self.mount.usr('lib/net.py'), os.O_RDWR) as file:
            os.fsync(file.fd)

    def test_cut_before(self):
        path = self.mount.usr('notes.txt')
        for call, act in (('open', lambda: lib.read(path)), ('read', lambda: lib.read(path)),
                          ('write', lambda: lib.write(path, b'new')),
                          ('truncate', lambda: os.truncate(path, 3)),
                          ('rename', lambda: os.rename(path, path + '2'))):
            with self.subTest(call):
                self.ask('clear')
                self.add('cut before %s of /usr/notes.txt' % call)
                with self.fails(errno.EIO):
                    act()
                self.assertEqual(self.status()['power'], 'off')
                self.mount.power('on')
                self.assertEqual(lib.read(path), self.files['notes.txt'])

    def test_cut_after(self):
        """The call that went well is told so; the next one meets the cut."""
        self.add('cut after fsync of /usr/notes.txt')
        with lib.Raw(self.mount.usr('notes.txt'), os.O_RDWR) as file:
            os.write(file.fd, b'SAVED')
            os.fsync(file.fd)
            with self.fails(errno.EIO):
                os.fsync(file.fd)
        self.mount.power('on')
        self.assertTrue(lib.read(self.mount.usr('notes.txt')).startswith(b'SAVED'))


class Options(FaultTest):
    begins_mounted = False

    def test_active_before_the_first_boot(self):
        self.mount = self.new_mount('--fault', 'cut at op 1', '--fault', 'note at op 3', self.image)
        self.assertEqual(self.status()['power'], 'off')
        self.assertEqual(self.status()['boots'], 0)
        with self.fails(errno.EIO):
            os.listdir(self.mount.usr())
        self.assertEqual(self.kinds(), ['fault', 'power_cut'])
        self.mount.power('on')
        self.assertEqual(self.status()['boots'], 1)
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])

    def test_first_boot_again_by_itself(self):
        self.mount = self.new_mount('--fault', 'cut at op 1', '--fault', 'cut at op 3',
                                    '--auto-restart', self.image)
        self.assertEqual(self.kinds(), ['fault', 'power_cut', 'fault', 'power_cut', 'boot'])
        self.assertEqual(self.status()['power'], 'on')

    def test_every_boot_is_cut(self):
        """Boots by itself are not for ever."""
        self.mount = self.new_mount('--fault', 'cut every 1 write', '--auto-restart=5', self.image)
        self.assertEqual(self.kinds(), ['fault', 'power_cut'] * 6)
        self.assertEqual(self.status()['power'], 'off')
        with self.fails(errno.EIO):
            self.mount.power('on')
        self.ask('clear')
        self.mount.power('on')
        self.assertEqual(self.status()['power'], 'on')

    def test_file_and_seed(self):
        rules = os.path.join(self.folder, 'rules')
        lib.write(rules, b'# two rules\nnote at op 1000000\n\nnote at op 1000001\n')
        self.mount = self.new_mount('--seed', '0x10', '--faults', rules, '--fault', 'note at op 9',
                                    self.image)
        self.assertTrue(self.mount.control('faults').startswith('# seed 16\n'))
        self.assertEqual([rule[0] for rule in self.rules()], ['1', '2', '3'])

    def test_refused(self):
        rules = os.path.join(self.folder, 'rules')
        lib.write(rules, b'note at op 1\nbogus\n')
        place = os.path.join(self.folder, 'place')
        os.mkdir(place)
        for words, saying in ((('--fault', 'bogus'), "'bogus'"),
                              (('--faults', rules), 'line 2'),
                              (('--faults', rules + '.nix'), 'rules.nix'),
                              (('--fault', 'flip 1 bit in /usr/nix'), '/usr/nix')):
            before = lib.read(self.image)
            done = lib.run(lib.TWINFS, 'mount', *words, self.image, place, check=False)
            self.assertEqual((done.returncode, done.stdout.count('\n')), (2, 1), done.stdout)
            self.assertIn(saying, done.stdout)
            self.assertEqual(lib.read(self.image), before)


class Deterministic(FaultTest):
    """The same rules, image, seed and work: the same bytes."""
    begins_mounted = False
    rules_ = ('cut torn with chance 3%', 'flip 1 bit with chance 2%',
              'skip program with chance 1%')

    def work(self):
        """A program that does not give up; returns what became of each of its calls."""
        usr, results = self.mount.usr, []
        for turn in range(60):
            name = usr('file-%d' % (turn % 7))
            for act in (lambda: lib.write(name, b'%d' % turn * 700),
                        lambda: os.rename(name, usr('moved')), lambda: os.stat(usr('moved')).st_size,
                        lambda: os.unlink(usr('moved')) if turn % 3 else os.mkdir(usr('d%d' % turn)),
                        lambda: sorted(os.listdir(usr()))):
                try:
                    results.append(act())
                except OSError as error:
                    results.append(error.errno)
        return results

    def run_once(self, image, seed, *words):
        with lib.Mount(self.folder, '--seed', str(seed), *words,
                       *(w for rule in self.rules_ for w in ('--fault', rule)), image) as self.mount:
            results = self.work()
            kinds = [(e['kind'], e['operation'], e.get('what')) for e in self.events()]
        return results, kinds, hashlib.sha256(lib.read(image)).hexdigest()

    def test_same(self):
        runs = {}
        for number, seed in enumerate((1, 1, 2)):
            image = os.path.join(self.folder, 'image-%d' % number)
            lib.write(image, lib.read(self.image))
            runs[number] = self.run_once(image, seed, '--auto-restart=1000')
        self.assertIn('power_cut', [kind[0] for kind in runs[0][1]])
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0][2], runs[2][2])


class AutoRestart(FaultTest):
    options = ('--auto-restart=1000', '--fault', 'cut every 7 writes')

    def test_program_that_goes_on(self):
        """With the answer to the call that met the cut the module is on again."""
        cuts = 0
        for turn in range(40):
            path = self.mount.usr('file-%d' % (turn % 4))
            try:
                lib.write(path, b'%d' % turn * 1000)
            except OSError as error:
                self.assertIn(error.errno, (errno.EIO, errno.ESTALE))
                cuts += 1
            self.assertEqual(self.status()['power'], 'on')
            lib.read(self.mount.usr('main.py'))
        self.assertGreater(cuts, 5)
        self.ask('clear')
        self.mount.close()
        self.check_image()

    def test_follow(self):
        """A reader of events sees each cut and each boot, in order."""
        seen = []

        def follow():
            with open(self.path('events'), encoding='ascii') as stream:
                for line in stream:
                    event = json.loads(line)
                    seen.append(event)
                    if event['kind'] == 'power_off':
                        return

        reader = threading.Thread(target=follow)
        reader.start()
        for turn in range(80):
            try:
                lib.write(self.mount.usr('file'), b'%d' % turn)
            except OSError:
                pass
        self.mount.power('off')
        reader.join()
        self.assertEqual([event['event'] for event in seen], list(range(1, len(seen) + 1)))
        power = [event['kind'] for event in seen if event['kind'] in ('boot', 'power_cut')]
        self.assertGreater(power.count('power_cut'), 5)
        boots = [event['boot'] for event in seen if event['kind'] == 'boot']
        self.assertEqual(boots, list(range(1, len(boots) + 1)))


class HalfDone(FaultTest):
    """Changes of names that fail when blocks do: what the kernel knows, what is listed and what
    can be used stay the same thing."""

    changes = (
        lambda a, b: os.rename(a + '/file', b + '/new'),
        lambda a, b: os.rename(a + '/file', b + '/old'),
        lambda a, b: os.rename(a + '/dir', b + '/dir'),
        lambda a, b: os.unlink(b + '/old'),
        lambda a, b: os.rmdir(b + '/dir'),
        lambda a, b: os.mkdir(b + '/new'),
        lambda a, b: lib.write(b + '/new', b''),
    )
    names = ('dir', 'file', 'new', 'old')

    def has_agreed(self, folder):
        """Whether each name that can be used is listed, and each listed one can be used."""
        there = [name for name in self.names if os.path.exists(os.path.join(folder, name))]
        return sorted(os.listdir(folder)) == there

    def fail_in(self, change, operations):
        """Begins with new directories, so that no turn depends on the one before."""
        a, b = (self.mount.usr('%s-%d-%d' % (name, self.changes.index(change), operations))
                for name in 'ab')
        for folder in (a, b, a + '/dir', b + '/dir'):
            os.mkdir(folder)
        lib.write(a + '/file', b'first')
        lib.write(b + '/old', b'second')
        self.assertTrue(self.has_agreed(a) and self.has_agreed(b))
        self.add('fail write after %d writes' % operations)
        try:
            change(a, b)
        except OSError as error:
            self.assertIn(error.errno, (errno.EIO, errno.ENOSPC, errno.EUCLEAN))
        self.ask('clear')
        lib.wait_for('agreement about a/', lambda: self.has_agreed(a))
        lib.wait_for('agreement about b/', lambda: self.has_agreed(b))

    def test_changes(self):
        for change in self.changes:
            for operations in range(8):
                self.fail_in(change, operations)
                self.restart()


if __name__ == '__main__':
    lib.main()
