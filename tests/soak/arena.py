# SPDX-License-Identifier: MIT
"""One mounted module under load: when it has power, what its daemon uses, who hangs, and what
went wrong."""
import collections
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import threading
import time

HANG_SECONDS = 60
KNOT_SECONDS = 20
POLL_SECONDS = 0.005
REMEMBERED = 60  # calls of each thread

# What a call fails with when its file is of an earlier boot or the daemon has gone; and
# besides, when the power goes under it or the flash fails.
GONE = {errno.ESTALE, errno.ENOTCONN, errno.ECONNABORTED}
LOST = GONE | {errno.EIO, errno.EROFS}


def short(word):
    if isinstance(word, (bytes, memoryview)):
        return '%d bytes' % len(word)
    return word[-60:] if isinstance(word, str) else str(word)[:60]


class Watch:
    """One thread's calls, for who counts them and looks for hangs; and its last ones in words."""

    def __init__(self, name):
        self.name, self.count, self.call, self.since = name, 0, None, None
        self.last = collections.deque(maxlen=REMEMBERED)

    def __call__(self, function, *words):
        self.count += 1
        self.call, self.since = function.__name__, time.monotonic()
        result = 'no end'
        try:
            result = function(*words)
            return result
        except Exception as error:
            result = error
            raise
        finally:
            self.last.append((self.since, self.call, words, result))
            self.since = None

    def told(self):
        """The last calls, a line each, as far as there are any."""
        return ''.join('\n    %.6f %s(%s): %s' % (
            since, call, ', '.join(map(short, words)), short(result))
                       for since, call, words, result in self.last)


class Daemon:
    """A "twinfs mount" in the foreground, and what /proc says of it."""

    def __init__(self, twinfs, options, image, root, log):
        self.root = root
        self.log = log
        self.device = os.stat(root).st_dev
        with open(log, 'ab') as file:
            self.process = subprocess.Popen(
                [twinfs, 'mount', '-f', *options, image, root], stdin=subprocess.DEVNULL,
                stdout=file, stderr=file)
        end = time.monotonic() + HANG_SECONDS
        while os.stat(root).st_dev == self.device:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError('not mounted: exit %s; %s' % (self.process.poll(), self.words()))
            time.sleep(POLL_SECONDS)
        self.descriptors_at_first = self.descriptors()

    def words(self):
        with open(self.log, encoding='utf-8', errors='replace') as file:
            return file.read()

    def memory(self):
        """KiB of memory of its own, and of all that is resident, pages of the image included."""
        with contextlib.suppress(OSError):
            with open('/proc/%d/status' % self.process.pid, encoding='ascii') as file:
                lines = dict(line.split(':', 1) for line in file)
                return tuple(int(lines[key].split()[0]) for key in ('RssAnon', 'VmRSS'))
        return 0, 0

    def has_sanitizer(self):
        """Then its memory says nothing: what was freed is kept for a while."""
        with open('/proc/%d/maps' % self.process.pid, encoding='utf-8') as file:
            return any('/lib%ssan.' % kind in line for line in file for kind in ('a', 't'))

    def descriptors(self):
        with contextlib.suppress(OSError):
            return len(os.listdir('/proc/%d/fd' % self.process.pid))
        return 0

    def stacks(self):
        """Where its threads are: in the kernel, and with gdb in the program."""
        lines = []
        folder = '/proc/%d/task' % self.process.pid
        with contextlib.suppress(OSError):
            for task in os.listdir(folder):
                for name in ('wchan', 'stack'):
                    with contextlib.suppress(OSError):
                        with open('%s/%s/%s' % (folder, task, name), encoding='ascii') as file:
                            lines.append('%s %s: %s' % (task, name, file.read().strip()))
        if shutil.which('gdb'):
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                lines.append(subprocess.run(
                    ['gdb', '-p', str(self.process.pid), '-batch', '-ex', 'thread apply all bt'],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    text=True, timeout=60, check=False).stdout)
        return '\n'.join(lines)

    def unmount(self, twinfs):
        """As a user does it; the exit code of the daemon, None when it does not end."""
        end = time.monotonic() + HANG_SECONDS
        while (done := subprocess.run([twinfs, 'umount', self.root], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      check=False)).returncode:
            if self.process.poll() is not None:
                break
            if time.monotonic() > end:
                raise RuntimeError('\n'.join([done.stdout] + users(self.root)))
            time.sleep(POLL_SECONDS * 10)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(HANG_SECONDS)
        return None


def users(root):
    """What keeps a mount busy: descriptors below it, of whatever process."""
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            for fd in os.listdir('/proc/%s/fd' % process):
                with contextlib.suppress(OSError):
                    name = os.readlink('/proc/%s/fd/%s' % (process, fd))
                    if name.startswith(root):
                        found.append('process %s has %s open' % (process, name))
    return found


def unmount(root):
    """Whatever is mounted there, also when nobody serves it."""
    command = ['umount', '-l', root] if os.geteuid() == 0 else ['fusermount3', '-u', '-z', root]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)


class Arena:
    """What all threads of one round share."""

    def __init__(self, twinfs, folder, image, options):
        self.twinfs, self.folder, self.image, self.options = twinfs, folder, image, options
        self.root = os.path.join(folder, 'mnt')
        os.mkdir(self.root)
        self.log = os.path.join(folder, 'log')
        self.daemon = None
        self.lives = 0               # mounts so far
        self.is_up = threading.Event()
        self.is_off = threading.Event()   # switched off, and to stay so for a moment
        self.done = threading.Event()     # the time is over: finish, and compare
        self.stopped = threading.Event()  # something is wrong: leave everything
        self.faults_until = 0.0
        self.faulty_boot = None           # the last one that rules have made fail
        self.switching = threading.Lock()
        self.parked = set()               # threads that know that the daemon is dead
        self.lock = threading.Lock()  # guards what follows
        self.violations = []
        self.watches = []
        self.tally = {}

    def mount(self):
        self.daemon = Daemon(self.twinfs, self.options, self.image, self.root, self.log)
        self.lives += 1
        self.is_up.set()

    def usr(self, *names):
        return os.path.join(self.root, 'usr', *names)

    def control(self, name):
        return os.path.join(self.root, '.twinfs', name)

    def watch(self, name):
        watch = Watch(name)
        with self.lock:
            self.watches.append(watch)
        return watch

    def count(self, what, number=1):
        with self.lock:
            self.tally[what] = self.tally.get(what, 0) + number

    def violate(self, text):
        with self.lock:
            self.violations.append(text)
        self.stopped.set()

    def calls(self):
        with self.lock:
            return sum(watch.count for watch in self.watches)

    # ---- power ----

    def status(self):
        with open(self.control('status'), encoding='ascii') as file:
            return json.load(file)

    def boot(self):
        """Which boot this is, when the power is on; None else."""
        lives = self.lives
        try:
            status = self.status()
        except OSError:
            return None
        last = status['last_boot']
        if last and last['user_formatted']:
            self.violate('the user partition was formatted')
        return (lives, status['boots']) if status['power'] == 'on' else None

    def switch(self, word):
        """Writes to the power file. Returns when the kernel has forgotten the time before."""
        with open(self.control('power'), 'w', encoding='ascii') as file:
            file.write(word + '\n')

    def wait_for_power(self):
        """
        Which boot this is, as soon as there is power and nothing of an earlier one can be seen
        any more: that is so when a word written to the power file has been carried out. None
        when all is over.
        """
        end = time.monotonic() + HANG_SECONDS
        while not self.stopped.is_set():
            if time.monotonic() > end:
                self.violate('no power for %d s' % HANG_SECONDS)
            if not self.is_up.is_set():
                self.park()
                continue
            boot = self.boot()
            if boot and not self.is_off.is_set():
                with self.switching, contextlib.suppress(OSError):
                    self.switch('on')
                    if self.boot() == boot:
                        return boot
            time.sleep(POLL_SECONDS)
        return None

    def park(self):
        """Waits for the next mount: a dead one is taken away when all threads have come here."""
        with self.lock:
            self.parked.add(threading.get_ident())
        while not self.is_up.wait(POLL_SECONDS * 10) and not self.stopped.is_set():
            pass

    def may_fail(self):
        """Whether rules make the flash fail, or did a moment ago."""
        return time.monotonic() < self.faults_until

    def may_lack_blocks(self, boot):
        """Whether blocks may be out of use in this boot since they have failed, so that space can
        run out halfway: no longer than until the next one."""
        return self.may_fail() or boot == self.faulty_boot

    # ---- the end of a daemon ----

    def await_end(self):
        """A daemon that is killed while it tells the kernel to forget a page that a call has
        locked, waits for that call, which waits for the daemon. As the manual says, "umount -f"
        lets both go."""
        try:
            self.daemon.process.wait(KNOT_SECONDS)
        except subprocess.TimeoutExpired:
            subprocess.run(['umount', '-f', self.root], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            self.count('knots')
            self.daemon.process.wait()

    def kill(self, threads):
        """SIGKILL in the middle of whatever goes on; returns what the check of the image says."""
        self.is_up.clear()
        self.daemon.process.send_signal(signal.SIGKILL)
        self.await_end()
        end = time.monotonic() + HANG_SECONDS
        while len(self.parked) < threads and not self.stopped.is_set():
            if time.monotonic() > end:
                self.violate('a call did not return when the daemon was killed: %s' %
                             self.find_hang(HANG_SECONDS / 2))
            time.sleep(POLL_SECONDS)
        self.parked.clear()
        unmount(self.root)
        return self.check()

    def check(self):
        """The image, not mounted, is right by every rule of the formats."""
        done = subprocess.run([self.twinfs, 'check', self.image], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=600, check=False)
        if done.returncode:
            self.violate('twinfs check: exit %d\n%s' % (done.returncode, done.stdout))

    # ---- hangs ----

    def find_hang(self, seconds=HANG_SECONDS):
        now = time.monotonic()
        with self.lock:
            return ['%s is in %s for %d s' % (watch.name, watch.call, now - since)
                    for watch in self.watches
                    for since in [watch.since] if since and now - since > seconds]
