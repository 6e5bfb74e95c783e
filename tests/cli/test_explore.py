# SPDX-License-Identifier: MIT
"""twinfs explore: figures, findings, parts and merges, stop and resume, and wrong usage."""
import errno
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree

import cli
import explored

HOLE = 'table_empty'


def can_mount():
    try:
        os.close(os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def wait_for(what, condition):
    """Polls until condition() is true; waits for an event, never for a time."""
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what + ' did not happen')
        time.sleep(0.002)


class Explore(explored.ExploreTest):
    def test_nothing_wrong(self):
        with self.unchanged('app.img', 'app.trace'):
            out, err = self.twinfs('explore', 'app.img', 'app.trace')
            result = self.explore('app.img', 'app.trace')
        self.assertEqual(err, '')
        text = out.decode()
        self.assertIn('app.img, app.trace\n  policy               device  power cut everywhere\n', text)
        self.assertIn('nothing is wrong', text)
        self.assertNotIn('\x1b', text)
        self.assertEqual(result['findings'], [])
        self.assertEqual(result['operations'], result['trace_operations'])
        self.assertGreater(result['states'], 10 * result['operations'])
        self.assertIn(f"{result['states']:,}", text)

    def test_quiet(self):
        self.assertEqual(self.twinfs('explore', '-q', 'app.img', 'app.trace'), (b'', ''))

    def test_image_before_and_after(self):
        """The image as it was before the run is as good as the one after it."""
        self.make_image('new.img')
        self.twinfs('boot', 'new.img')
        before = cli.read(self.path('new.img'))
        self.record('new', '5')
        after = self.explore('new.img', 'new.trace')
        cli.write_tree(self.folder, {'new.img': before})
        self.assertEqual(self.explore('new.img', 'new.trace'), after)

    def test_finding(self):
        """The device's hole: a cut in the first boot leaves an empty checksum.json."""
        image = self.make_first_boot()
        text = self.twinfs('explore', *image, status=cli.WRONG)[0].decode()
        self.assertIn('1 thing is wrong', text)
        self.assertIn(f'\nhole  {HOLE}\n', text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        result = self.explore(*image, status=cli.WRONG)
        self.assertEqual([(f['kind'], f['subject']) for f in result['findings']], [('hole', HOLE)])
        self.assertNotEqual(result['findings'][0]['states'], 0)
        self.assertEqual(self.explore('--policy', 'safe', *image)['findings'], [])

    def test_replay(self):
        """The command at the end of the summary judges the state that was found."""
        image = self.make_first_boot()
        text = self.twinfs('explore', *image, status=cli.WRONG)[0].decode()
        words = text.splitlines()[-1].split()
        self.assertEqual(words[:2], ['twinfs', 'explore'])
        text = self.twinfs(*words[1:], status=cli.WRONG)[0].decode()
        self.assertTrue(text.startswith(words[-1] + '\n  cut '), text)
        self.assertRegex(text, r'\n  hole      ')

    def test_one_good_state(self):
        text = self.twinfs('explore', 'app.img', 'app.trace', '--at', '0')[0].decode()
        self.assertRegex(text, r'^0\n  cut before operation 0, (program|erase) of block \d+')
        self.assertIn('nothing is wrong with it', text)
        self.assertEqual(self.explore('app.img', 'app.trace', '--at', 'end')['states'], 1)

    def test_depth(self):
        image = self.make_first_boot()
        one = self.explore(*image, status=cli.WRONG)
        two = self.explore('--depth', '2', *image, status=cli.WRONG)
        self.assertEqual(one['states_again'], 0)
        self.assertGreater(two['states_again'], 0)
        self.assertEqual({f['subject'] for f in two['findings']}, {HOLE})
        examples = self.explore('--depth', '2', '--examples', '100000', *image,
                                status=cli.WRONG)['findings'][0]['examples']
        once = [e for e in examples if 'again' not in e]
        self.assertEqual(examples[:len(once)], once)
        twice = next(e for e in examples[len(once):] if e['again']['owner'] == 'metadata /usr')
        self.assertIn('/', twice['crash'])
        text = self.twinfs('explore', *image, '--at', twice['crash'], status=cli.WRONG)[0].decode()
        kind = 'erase' if twice['again']['is_erase'] else 'program'
        self.assertRegex(' '.join(text.split()), 'operation [0-9,]+ of the boot that followed, '
                         f'{kind} of block [0-9,]+, metadata of /usr')

    def test_next_boot(self):
        """Without a trace, the next boot of the image is the run."""
        image = self.make_unbooted('fresh')
        shutil.copy(self.path(image), self.path('boot.img'))
        self.record('boot', 'boot')
        os.mkdir(self.path('temp'))
        with self.unchanged(image):
            os.environ['TMPDIR'] = self.path('temp')
            self.addCleanup(os.environ.pop, 'TMPDIR')
            text = self.twinfs('explore', image, status=cli.WRONG)[0].decode()
            result = self.explore(image, status=cli.WRONG)
        self.assertEqual(os.listdir(self.path('temp')), [])
        self.assertIn(f'{image}, its next boot\n', text)
        recorded = self.explore('boot.img', 'boot.trace', status=cli.WRONG)
        self.assertEqual(result['trace'], '')
        for key in ('operations', 'states', 'findings'):
            self.assertEqual(result[key], recorded[key], key)
        replay = text.splitlines()[-1].split()
        self.assertEqual(replay[:4], ['twinfs', 'explore', image, '--at'])
        self.twinfs(*replay[1:], status=cli.WRONG)

    def test_checks(self):
        """Rules of the user's: one that holds in every state, and one that does not."""
        cli.write_tree(self.folder, {'good': b'json /usr/config.json has interval\n',
                                     'bad': b'# hasty\nabsent /usr/log15.txt\n'})
        self.assertEqual(self.explore('--checks', 'good', 'app.img', 'app.trace')['findings'], [])
        result = self.explore('--checks', 'bad', 'app.img', 'app.trace', status=cli.WRONG)
        finding, = result['findings']
        self.assertEqual(finding['kind'], 'user')
        self.assertIn('bad:2: ', finding['examples'][0]['sentence'])
        self.assertLess(finding['states'], result['states'])
        text = self.twinfs('explore', '--checks', 'bad', 'app.img', 'app.trace',
                           status=cli.WRONG)[0].decode()
        self.assertRegex(text, r'twinfs explore --checks bad app.img app.trace --at \S+\n$')

    def test_loose_files(self):
        words = self.make_pair()
        subprocess.run([explored.RECORD, *words, 'pair.trace', '3'], cwd=self.folder, check=True,
                       timeout=50)
        result = self.explore(*words, 'pair.trace')
        self.assertEqual((result['image'], result['findings']), (words[1], []))

    def test_workers_and_memo(self):
        """Neither the number of threads nor the memory of boots is seen in a result."""
        image = self.make_first_boot()
        result = self.explore('--workers', '1', *image, status=cli.WRONG)
        self.assertEqual(self.explore('--workers', '3', *image, status=cli.WRONG), result)
        full = self.explore('--no-memo', *image, status=cli.WRONG)
        self.assertEqual(full['states'], result['states'])
        self.assertEqual([f['states'] for f in full['findings']],
                         [f['states'] for f in result['findings']])

    def test_sample(self):
        result = self.explore('--sample', '5', 'app.img', 'app.trace')
        self.assertEqual(result['operations'], 5)
        self.assertEqual(self.explore('--sample', '5', 'app.img', 'app.trace'), result)


# Members of a result that tell people something and are not read back, or may be missing.
FOR_PEOPLE = {'is_complete', 'cut', 'operation', 'owner'}

# What a member is replaced by; MISSING removes it.
MISSING = object()
DAMAGES = (MISSING, None, -1, [7], {'x': 1}, 'x')


def members(value, keys=()):
    """The places of all members of a document."""
    items = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if key not in FOR_PEOPLE:
            yield *keys, key
            yield from members(inner, (*keys, key))


def damage(result, keys, value):
    """Damages one member; false where that damages nothing."""
    if keys[0] == 'holes' and (value is MISSING or len(keys) == 1):
        return False  # those that no state met are not there
    if keys[0] == 'request' and value is None:
        return False  # a digest of nothing
    for key in keys[:-1]:
        result = result[key]
    old = result[keys[-1]]
    if value is MISSING:
        if isinstance(result, list):
            return False
        del result[keys[-1]]
        return True
    result[keys[-1]] = value
    same_type = isinstance(value, str) and keys[-1] in ('image', 'trace', 'subject', 'sentence') \
        and len(keys) != 2
    return not same_type and old != value


class Parts(explored.ExploreTest):
    rewrites = '250'  # more than a thousand operations: there are parts to make

    def parts(self, count, *words):
        names = []
        for part in range(1, count + 1):
            names.append(f'part{part}.json')
            self.twinfs('explore', '-q', '--shard', f'{part}/{count}', '-o', names[-1], *words)
        return names

    def test_merge(self):
        names = self.parts(3, 'app.img', 'app.trace')
        whole = self.explore('app.img', 'app.trace')
        self.assertEqual(sum(self.stored(name)['states'] for name in names), whole['states'])
        self.assertEqual(self.explore('--merge', *names), whole)
        self.assertEqual(self.explore('--merge', *reversed(names), '-o', 'all.json'), whole)
        self.assertEqual(self.stored('all.json'), whole)
        out, err = self.twinfs('explore', '--merge', *names)
        self.assertEqual(err, '')
        self.assertIn('nothing is wrong', out.decode())

    def test_missing_parts(self):
        names = self.parts(4, 'app.img', 'app.trace')
        out, err = self.twinfs('explore', '--merge', names[0], names[2], status=cli.FAILED)
        self.assertIn('not complete: parts 2, 4 of 4 are missing\n', err)
        self.assertIn('not complete', out.decode())
        self.assertIn('nothing is wrong so far', out.decode())
        self.twinfs('explore', '--merge', '-q', '-o', 'some.json', *names[1:], status=cli.FAILED)
        self.assertEqual(self.explore('--merge', 'some.json', names[0]),
                         self.explore('app.img', 'app.trace'))

    def test_parts_that_do_not_belong_together(self):
        names = self.parts(2, 'app.img', 'app.trace')
        self.twinfs('explore', '-q', '--seed', '7', '--shard', '2/2', '-o', 'seed.json', 'app.img',
                    'app.trace')
        self.fails('explore', '--merge', names[0], 'seed.json', saying='seed')
        self.fails('explore', '--merge', names[0], names[0], saying='in two of the results')

    def test_not_a_result(self):
        cli.write_tree(self.folder, {'text': b'hello\n', 'empty': b'', 'list.json': b'[1, 2]\n',
                                     'other.json': b'{"operations": 1}\n'})
        for name in ('text', 'empty', 'list.json', 'other.json', 'app.img'):
            self.fails('explore', '--merge', name, saying=f'twinfs explore: {name}: ')
        self.fails('explore', '--merge', 'nix', saying='twinfs explore: nix: no such file')

    def test_damaged_results(self):
        """Every member is needed, and needed as it is."""
        self.twinfs('explore', '-q', '--examples', '1', '-o', 'good', *self.make_first_boot(), status=cli.WRONG)
        self.twinfs('explore', '-q', '--merge', 'good', status=cli.WRONG)
        good = cli.read(self.path('good')).decode()
        count = 0
        for keys in members(json.loads(good)):
            for value in DAMAGES:
                result = json.loads(good)
                if not damage(result, keys, value):
                    continue
                cli.write_tree(self.folder, {'bad': json.dumps(result).encode()})
                with self.subTest(keys=keys, value=value):
                    self.fails('explore', '-q', '--merge', 'bad', saying='twinfs explore: bad: ')
                    count += 1
        self.assertGreater(count, 100)
        for cut in range(1, len(good) - 2, len(good) // 20):
            cli.write_tree(self.folder, {'bad': good[:cut].encode()})
            self.fails('explore', '-q', '--merge', 'bad', saying='twinfs explore: bad: ')

    def test_resume_needs_a_result(self):
        cli.write_tree(self.folder, {'text': b'hello\n'})
        self.fails('explore', '--resume', 'text', 'app.img', 'app.trace', saying='text: ')


class Resume(explored.ExploreTest):
    def test_checkpoint_is_the_result(self):
        self.twinfs('explore', '-q', '--checkpoint', 'done', 'app.img', 'app.trace')
        whole = self.explore('app.img', 'app.trace')
        self.assertEqual(self.stored('done'), whole)
        self.assertEqual(self.explore('--resume', 'done', 'app.img', 'app.trace'), whole)

    def test_checkpoint_is_not_replaced(self):
        cli.write_tree(self.folder, {'done': b'mine\n'})
        self.fails('explore', '--checkpoint', 'done', 'app.img', 'app.trace', saying='--resume')
        self.assertEqual(cli.read(self.path('done')), b'mine\n')

    def test_other_request(self):
        self.twinfs('explore', '-q', '--checkpoint', 'done', 'app.img', 'app.trace')
        with self.unchanged('done'):
            self.fails('explore', '--resume', 'done', '--seed', '2', 'app.img', 'app.trace',
                       saying='seed')

    def test_stop_and_resume(self):
        """An interrupt leaves what is done; going on gives the result of one run."""
        self.make_image('long.img')
        self.record('long', '600')
        words = ('--torn-bytes', '8', '--outcomes', '0', 'long.img', 'long.trace')
        # Without its memory of boots the explorer takes long enough to be stopped.
        done = subprocess.Popen([cli.EXE, 'explore', '--no-memo', '--checkpoint', 'done', *words],
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)
        wait_for('a checkpoint', lambda: os.path.exists(self.path('done')))
        done.send_signal(signal.SIGINT)
        out, err = done.communicate(timeout=60)
        self.assertEqual(done.returncode, cli.FAILED, out + err)
        self.assertIn('stopped; --resume done goes on from here', err)
        self.assertIn('not complete', out)
        stopped = self.stored('done')
        whole = self.explore(*words)
        self.assertLess(stopped['states'], whole['states'])
        result = self.explore('--resume', 'done', *words)
        self.assertEqual(self.stored('done'), result)
        for both in (result, whole):
            del both['boots']  # more without the memory
        self.assertEqual(result, whole)


# The attributes and children that the JUnit readers of the usual CI systems know.
JUNIT = {
    'testsuites': (set(), {'name', 'time', 'tests', 'failures', 'disabled', 'errors'},
                   ['testsuite*']),
    'testsuite': ({'name', 'tests'},
                  {'failures', 'errors', 'time', 'disabled', 'skipped', 'timestamp', 'hostname',
                   'id', 'package'}, ['properties?', 'testcase*', 'system-out?', 'system-err?']),
    'properties': (set(), set(), ['property*']),
    'property': ({'name', 'value'}, set(), []),
    'testcase': ({'name', 'classname', 'time'}, {'assertions', 'status'},
                 ['skipped?', 'error*', 'failure*', 'system-out*', 'system-err*']),
    'skipped': (set(), {'message'}, []),
    'error': (set(), {'type', 'message'}, []),
    'failure': (set(), {'type', 'message'}, []),
}


class JUnit(explored.ExploreTest):
    def check_element(self, element):
        required, optional, children = JUNIT[element.tag]
        names = set(element.attrib)
        self.assertLessEqual(required, names, element.tag)
        self.assertLessEqual(names, required | optional, element.tag)
        pattern = ''.join(f'(?:{child[:-1]} ){child[-1]}' for child in children)
        self.assertRegex(''.join(child.tag + ' ' for child in element), f'^{pattern}$')
        for name in names & {'tests', 'failures', 'errors', 'skipped'}:
            self.assertRegex(element.attrib[name], r'^\d+$')
        if 'time' in names:
            self.assertRegex(element.attrib['time'], r'^\d+(\.\d+)?$')
        for child in element:
            self.check_element(child)

    def junit(self, *words, status=cli.OK):
        self.twinfs('explore', '-q', '--junit', 'junit.xml', *words, status=status)
        root = xml.etree.ElementTree.parse(self.path('junit.xml')).getroot()
        self.check_element(root)
        self.assertEqual(root.tag, 'testsuites')
        suite, = root
        cases = suite.findall('testcase')
        self.assertEqual(int(suite.get('tests')), len(cases))
        for what, tag in (('failures', 'failure'), ('errors', 'error'), ('skipped', 'skipped')):
            self.assertEqual(int(suite.get(what)), len(suite.findall('testcase/' + tag)), what)
        return suite

    def test_good(self):
        suite = self.junit('app.img', 'app.trace')
        self.assertEqual((suite.get('failures'), suite.get('errors')), ('0', '0'))
        self.assertEqual(suite.get('skipped'), '2', 'what was not asked for')
        self.assertEqual(suite.get('name'), 'twinfs explore app.trace')

    def test_failure(self):
        image = self.make_first_boot('a & "b" <c>')
        suite = self.junit(*image, status=cli.WRONG)
        self.assertEqual(suite.get('name'), 'twinfs explore a & "b" <c>.trace')
        case, = [case for case in suite.iter('testcase') if case.find('failure') is not None]
        self.assertTrue(case.get('name').startswith('hole: '), case.get('name'))
        failure = case.find('failure')
        self.assertEqual(failure.get('type'), 'hole')
        self.assertIn('checksum.json', failure.get('message'))
        self.assertIn('cut ', failure.text)
        self.assertIn("twinfs explore 'a & \"b\" <c>.img' 'a & \"b\" <c>.trace' --at ", failure.text)

    def test_not_complete(self):
        """What was not looked at must not look right."""
        self.record('app', '80', 'long.trace')
        self.twinfs('explore', '-q', '--shard', '1/2', '-o', 'part', 'app.img', 'long.trace')
        suite = self.junit('--merge', 'part', status=cli.FAILED)
        self.assertEqual(suite.get('errors'), '1')

    def test_same_again(self):
        def text():
            self.junit('app.img', 'app.trace')
            return re.sub(rb' time="[0-9.]+"', b'', cli.read(self.path('junit.xml')))
        self.assertEqual(text(), text())


class Reproducers(explored.ExploreTest):
    rewrites = '250'  # more than one chunk of the trace

    def test_finding(self):
        """The image is at the state: its next boot falls into the hole."""
        image = self.make_first_boot()
        self.twinfs('explore', '-q', '--reproducers', 'found', *image, status=cli.WRONG)
        self.assertEqual(os.listdir(self.path('found')), ['01-hole-' + HOLE])
        folder = 'found/01-hole-' + HOLE
        self.assertEqual(sorted(os.listdir(self.path(folder))),
                         ['README', 'prefix.trace', 'state.img'])
        report = self.json('boot', '--dry-run', '--json', folder + '/state.img')
        self.assertIn(HOLE, [hole['id'] for hole in report['holes']])
        readme = cli.read(self.path(folder + '/README')).decode()
        self.assertTrue(readme.startswith('cut '), readme)
        self.assertIn('\n    twinfs mount -o ro state.img module\n', readme)
        replay = re.search(r'\n    twinfs (explore .*)\n', readme)[1].split()
        self.assertIn(b'\n  hole ', self.twinfs(*replay, status=cli.WRONG)[0])
        self.fails('explore', '--reproducers', 'found', *image, saying='file exists')

    def test_prefix(self):
        """The prefix of the trace ends where the power went, and goes with the image."""
        for crash, operations in (('7', 7), ('11:1', 12), ('1000', 1000), ('end', None)):
            name = crash.replace(':', '_')
            self.twinfs('explore', '-q', '--at', crash, '--reproducers', 'r', 'app.img',
                        'app.trace')
            state = [f'r/state-{name}/{file}' for file in ('state.img', 'prefix.trace')]
            result = self.explore('--at', 'end', *state)
            whole = self.explore('--at', crash, 'app.img', 'app.trace')
            self.assertEqual(result['trace_operations'], operations or whole['trace_operations'])
            self.assertEqual(result['boots'], whole['boots'])
            self.twinfs('trace', state[1])

    def test_loose_files(self):
        words = self.make_pair()
        subprocess.run([explored.RECORD, *words, 'pair.trace', 'boot'], cwd=self.folder, check=True,
                       timeout=50)
        self.twinfs('explore', '-q', '--at', 'end', '--reproducers', 'r', *words, 'pair.trace')
        folder = 'r/state-end/'
        for name, original in (('state.img', 'customer_fs'),
                               ('state.img.backup', 'customer_backup_fs')):
            self.assertEqual(cli.read(self.path(folder + name)),
                             cli.read(self.path(f'pair/{original}.bin')))
        self.assertIn('mount -o ro --user state.img --backup state.img.backup module\n',
                      cli.read(self.path(folder + 'README')).decode())


@unittest.skipUnless(can_mount(), '/dev/fuse cannot be used')
class Command(explored.ExploreTest):
    """--check COMMAND; a few states are enough."""

    FEW = ('--sample', '4', '--torn-bytes', '0', '--torn-spread', '0', '--outcomes', '0')

    def script(self, text):
        path = self.path('script')
        with open(path, 'w', encoding='ascii') as file:
            file.write('#!/bin/sh\n' + text)
        os.chmod(path, 0o755)

    def explore_with(self, command, status=cli.OK):
        before = set(os.listdir(self.temp))
        result = self.explore('--check', command, *self.FEW, 'app.img', 'app.trace', status=status)
        self.assertEqual(set(os.listdir(self.temp)), before, 'something was left behind')
        return result

    def setUp(self):
        super().setUp()
        self.temp = self.path('temp')
        os.mkdir(self.temp)
        os.environ['TMPDIR'] = self.temp
        self.addCleanup(os.environ.pop, 'TMPDIR')

    def test_content(self):
        """It sees the files of a mount, may write to them, and knows where it is."""
        self.script('set -e\ncat "$1/usr/config.json"\n[ "$1" = "$TWINFS_MOUNT" ]\n'
                    'echo new >"$1/usr/new"\necho "$TWINFS_CRASH" >>../seen\n'.replace(
                        '../seen', self.path('seen')))
        self.assertEqual(self.explore_with('./script')['findings'], [])
        seen = cli.read(self.path('seen')).split()
        self.assertEqual(len(seen), len(set(seen)))
        self.assertGreater(len(seen), 1)

    def test_not_content(self):
        self.script('echo one; echo "  $2 is bad"; echo; exit 3')
        result = self.explore_with("./script {} 'the config'", status=cli.WRONG)
        finding, = result['findings']
        self.assertEqual(finding['kind'], 'inspect')
        self.assertIn('the config is bad', finding['examples'][0]['sentence'])

    def test_silent(self):
        finding, = self.explore_with('false', status=cli.WRONG)['findings']
        self.assertIn('status 1', finding['examples'][0]['sentence'])

    def test_killed(self):
        self.script('kill -9 $$')
        finding, = self.explore_with('./script', status=cli.WRONG)['findings']
        self.assertIn('signal 9', finding['examples'][0]['sentence'])

    def test_no_command(self):
        words = (*self.FEW, 'app.img', 'app.trace')
        self.fails('explore', '--check', './nix', *words, saying='./nix: cannot be run')
        self.fails('explore', '--check', ' ', *words, saying='there is no command')
        self.fails('explore', '--check', "a 'b", *words, saying='a quote is not closed')
        self.assertEqual(os.listdir(self.temp), [])


class Terminal(explored.ExploreTest):
    def run_on_terminal(self, *words, **variables):
        """What is seen on a terminal of 80 columns."""
        master, slave = pty.openpty()
        env = {key: value for key, value in os.environ.items() if key != 'NO_COLOR'}
        env.update(TERM='xterm', **variables)
        with subprocess.Popen([cli.EXE, 'explore', *words, 'app.img', 'app.trace'], env=env,
                              cwd=self.folder, stdin=slave, stdout=slave, stderr=slave) as done:
            os.close(slave)
            seen = b''
            while True:
                try:
                    piece = os.read(master, 4096)
                except OSError as error:
                    self.assertEqual(error.errno, errno.EIO)
                    break
                if not piece:
                    break
                seen += piece
        os.close(master)
        return seen.decode()

    def test_progress(self):
        seen = self.run_on_terminal()
        self.assertRegex(seen, r'100 % \[#{16}\] [\d,]+ states, [\d,.]+( M)?/s, 0 wrong')
        for line in re.findall(r'\r\x1b\[K([^\r\x1b]*)', seen):
            self.assertLess(len(line), 80)
        self.assertIn('\x1b[32mnothing is wrong\x1b[0m', seen)

    def test_no_colour(self):
        self.assertNotIn('\x1b[3', self.run_on_terminal(NO_COLOR='1'))

    def test_quiet(self):
        self.assertEqual(self.run_on_terminal('-q'), '')


class Mistakes(explored.ExploreTest):
    USAGE = (
        (('--shard', '1/2', 'app.img'), 'TRACE is missing'),
        (('--checkpoint', 'c', 'app.img'), 'TRACE is missing'),
        ((), 'IMAGE is missing'),
        (('a', 'b', 'c'), "'c' is one operand too many"),
        (('--policy', 'kind', 'a', 'b'), "--policy: 'kind' is not device or safe"),
        (('--shard', '5/4', 'a', 'b'), "--shard: '5/4' is not I/N, with I from 1 to N"),
        (('--shard', '0/4', 'a', 'b'), "--shard: '0/4' is not I/N"),
        (('--shard', '1', 'a', 'b'), "--shard: '1' is not I/N"),
        (('--shard', '1/', 'a', 'b'), "--shard: '1/' is not I/N"),
        (('--depth', '3', 'a', 'b'), "--depth: '3' is not 1 or 2"),
        (('--workers', '0', 'a', 'b'), "--workers: '0' is not a number from 1"),
        (('--seed', 'x', 'a', 'b'), "--seed: 'x' is not a number"),
        (('--sample', '0', 'a', 'b'), "--sample: '0' is not a number above 0"),
        (('--examples', '', 'a', 'b'), "--examples: '' is not a number above 0"),
        (('--torn-bytes', '-1', 'a', 'b'), "--torn-bytes: '-1' is not a number"),
        (('--outcomes', '99999999999', 'a', 'b'), "--outcomes: '99999999999' is not a number"),
        (('--at', 'soon', 'a', 'b'), "--at: 'soon' is not a crash state"),
        (('--at', '1', '--shard', '1/2', 'a', 'b'), '--at and --shard exclude each other'),
        (('--merge',), 'RESULT is missing'),
        (('--merge', '--depth', '2', 'a'), '--merge and --depth exclude each other'),
        (('--merge', '--user', 'u', 'a'), '--merge takes results, and no image'),
        (('--resume', 'a', '--checkpoint', 'b', 'c', 'd'), '--checkpoint is one too many'),
    )

    def test_usage(self):
        for words, saying in self.USAGE:
            with self.subTest(words=words):
                self.assertEqual(self.fails('explore', *words, saying=saying), b'')

    def test_files(self):
        cli.write_tree(self.folder, {'text': b'hello\n' * 100, 'empty': b''})
        for words, saying in (
                (('nix.img', 'app.trace'), 'nix.img: cannot be opened: no such file'),
                (('app.img', 'nix.trace'), 'nix.trace: cannot be opened: no such file'),
                (('app.img', 'text'), 'text: '),
                (('app.img', 'empty'), 'empty: '),
                (('app.trace', 'app.img'), 'app.img: '),
                (('text', 'app.trace'), 'text: '),
                (('--checks', 'nix', 'app.img', 'app.trace'), 'nix: cannot be opened: no such file'),
                (('--profile', 'nix', 'app.img', 'app.trace'), 'nix'),
                (('-o', 'nix/result', 'app.img', 'app.trace'), 'nix/result: cannot be written'),
                (('--junit', 'nix/x', 'app.img', 'app.trace'), 'nix/x: cannot be written'),
                (('--checkpoint', 'nix/x', 'app.img', 'app.trace'), 'nix/x: cannot be written'),
                (('--at', '999999999', 'app.img', 'app.trace'), 'the operations are 0 to '),
        ):
            with self.subTest(words=words), self.unchanged('app.img', 'app.trace'):
                self.assertEqual(self.fails('explore', *words, saying=saying), b'')

    def test_trace_of_another_image(self):
        self.make_image('other.img', tree={'main.py': b'print(1)\n'}, protected=())
        self.fails('explore', 'other.img', 'app.trace', saying='neither the image before nor after the run')
        self.twinfs('put', 'app.img', 'app/main.py', 'usr/later.py')
        self.fails('explore', 'app.img', 'app.trace', saying='neither the image before nor after the run')


if __name__ == '__main__':
    cli.main()
