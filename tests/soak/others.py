# SPDX-License-Identifier: MIT
"""What goes on beside the workers: registers that several of them share, directories that all
of them change at will, SecureData, and readers of everything the mount tells."""
import contextlib
import errno
import json
import os
import random
import select
import struct
import threading
import zlib

from arena import LOST, POLL_SECONDS
from tree import Mismatch

REGISTERS = 3
HEAD = struct.Struct('<IIII')  # CRC of what follows, number of the register, version, length
RACES = {errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR, errno.ENOSPC,
         errno.EINVAL}
SLOTS = {1: 52, 8: 52, 9: 100, 13: 500, 16: 1000}


class Helper:
    """A thread of the arena that does act() again and again."""

    def __init__(self, arena, name, seed):
        self.arena, self.name, self.seed = arena, name, seed
        self.chance = random.Random(seed)
        self.watched = arena.watch(name)

    def begin(self):
        """Once, before all threads."""

    def is_done(self):
        return self.arena.done.is_set()

    def run(self):
        try:
            while not self.is_done() and not self.arena.stopped.is_set():
                self.turn()
        except Exception as error:  # a bug of ours must not look like a clean run
            if self.arena.stopped.is_set():
                return  # what comes of leaving everything
            self.arena.violate('%s (seed %d): %s: %s' % (
                self.name, self.seed, type(error).__name__, error))

    def turn(self):
        try:
            self.act()
        except OSError as error:
            if error.errno not in LOST:
                raise
            self.arena.wait_for_power()

    def act(self):
        raise NotImplementedError


class Register:
    """A file that is replaced as a whole: its version never goes back behind one that was
    acknowledged or seen, nor ahead of the newest that somebody has begun with."""

    def __init__(self):
        self.turn = threading.Lock()  # of who writes
        self.sure = self.begun = 0


class Sharer(Helper):
    """Writes and reads the registers, and runs about in the directories of all."""

    registers = ()  # of the round: set before the threads start

    def base(self, *names):
        return self.arena.usr('shared', *names)

    def act(self):
        act = self.chance.choice((self.publish, self.see, self.see, self.crowd, self.crowd))
        act()

    def publish(self):
        number = self.chance.randrange(REGISTERS)
        register = self.registers[number]
        with register.turn:
            register.begun += 1
            body = self.chance.randbytes(self.chance.choice((0, 30, 4000, 9000)))
            data = HEAD.pack(0, number, register.begun, len(body))[4:] + body
            data = struct.pack('<I', zlib.crc32(data)) + data
            try:
                self.replace(self.base('.' + self.name), self.base('r%d' % number), data)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            else:
                register.sure = max(register.sure, register.begun)

    def replace(self, new, name, data):
        fd = self.watched(os.open, new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            view = memoryview(data)
            while view:
                view = view[self.watched(os.write, fd, view):]
            self.watched(os.fsync, fd)
            self.arena.count('fsyncs')
        finally:
            with contextlib.suppress(OSError):
                os.close(fd)
        self.watched(os.rename, new, name)

    def see(self):
        number = self.chance.randrange(REGISTERS)
        register = self.registers[number]
        sure = register.sure
        try:
            fd = self.watched(os.open, self.base('r%d' % number), os.O_RDONLY)
        except FileNotFoundError:
            if sure:
                raise Mismatch('register %d is gone, version %d was there' % (number, sure)
                               ) from None
            return
        data = b''
        try:
            while piece := self.watched(os.pread, fd, 20000, len(data)):
                data += piece  # a first one can be short, and the next one an error
        finally:
            os.close(fd)
        version = self.version_of(data, number)
        if not sure <= version <= register.begun:
            raise Mismatch('register %d has version %d, not %d to %d' % (
                number, version, sure, register.begun))
        register.sure = max(register.sure, version)

    def version_of(self, data, number):
        if len(data) < HEAD.size:
            raise Mismatch('register %d has %d bytes' % (number, len(data)))
        crc, owner, version, size = HEAD.unpack_from(data)
        if owner != number or size != len(data) - HEAD.size or crc != zlib.crc32(data[4:]):
            raise Mismatch('register %d is torn: %d bytes' % (number, len(data)))
        return version

    def crowd(self):
        """Calls that get into each other's way; only what makes no sense is an error."""
        one, two = (self.base('c%d' % self.chance.randrange(4)) for _ in range(2))
        inner = os.path.join(one, 'x')
        act = self.chance.choice((
            lambda: self.watched(os.mkdir, one), lambda: self.watched(os.rmdir, one),
            lambda: self.watched(os.rename, one, two), lambda: self.watched(os.unlink, one),
            lambda: self.watched(os.unlink, inner), lambda: self.watched(os.listdir, one),
            lambda: self.watched(os.rename, inner, two), lambda: self.put(one),
            lambda: self.put(inner)))
        try:
            act()
        except OSError as error:
            if error.errno not in RACES:
                raise

    def put(self, name):
        fd = self.watched(os.open, name, os.O_WRONLY | os.O_CREAT)
        try:
            self.watched(os.write, fd, b'x' * self.chance.randrange(6000))
        finally:
            self.watched(os.close, fd)


class Secure(Helper):
    """Stores slots and reads them: old or new, when a store was cut off."""

    def begin(self):
        self.slots = {number: {None} for number in SLOTS}

    def act(self):
        number = self.chance.choice(list(SLOTS))
        if self.chance.random() < 0.3:
            self.store(number)
        else:
            self.read(number)
        if self.chance.random() < 0.1:
            with open(self.arena.root + '/SecureData', 'rb') as file:
                self.watched(file.read)

    def ask(self, request):
        fd = self.watched(os.open, self.arena.root + '/SecureData', os.O_RDWR)
        try:
            self.watched(os.write, fd, request)
            code, _, data = self.watched(os.read, fd, 4096).partition(b'\n')
        finally:
            os.close(fd)
        return int(code), data

    def store(self, number):
        data = self.chance.randbytes(self.chance.randrange(1, SLOTS[number] + 1))
        before = self.slots[number]
        self.slots[number] = before | {data}
        code, _ = self.ask(b'STORE %d %d\n' % (number, len(data)) + data)
        if code == 0:
            self.slots[number] = {data}
        elif code != -1 or not self.arena.may_fail():
            raise Mismatch('a store of slot %d gave %d' % (number, code))

    def read(self, number):
        code, data = self.ask(b'READ %d 4096\n' % number)
        if code == -1 and self.arena.may_fail():
            return
        found = None if code == -2 else data
        if found not in self.slots[number] or code not in (-2, len(data)):
            raise Mismatch('slot %d: code %d and %d bytes that were not stored' % (
                number, code, len(data)))
        self.slots[number] = {found}


class Teller(Helper):
    """Reads what there is to be told: status, wear, boot report, space, factory copies."""

    def act(self):
        for name in ('status', 'wear', 'boot'):
            with open(self.arena.control(name), encoding='ascii') as file:
                json.loads(self.watched(file.read))
        for name in ('power', 'supply', 'faults', 'trace'):
            with open(self.arena.control(name), encoding='ascii') as file:
                self.watched(file.read)
        space = self.watched(os.statvfs, self.arena.usr())
        if not 0 <= space.f_bavail <= space.f_bfree <= space.f_blocks:
            raise Mismatch('%d of %d blocks are free' % (space.f_bfree, space.f_blocks))
        with contextlib.suppress(FileNotFoundError):
            self.watched(os.listdir, os.path.join(self.arena.root, 'bak'))
        self.arena.stopped.wait(0.02)


class Listener(Helper):
    """Follows the events: whole lines, in order, with no gap that is not told."""

    def act(self):
        fd = self.watched(os.open, self.arena.control('events'), os.O_RDONLY | os.O_NONBLOCK)
        try:
            self.follow(fd)
        finally:
            os.close(fd)

    def follow(self, fd):
        last, rest = None, b''
        for _ in range(self.chance.randrange(1, 50)):
            if self.is_done() or self.arena.stopped.is_set():
                return
            if not select.select([fd], [], [], 0.1)[0]:
                continue
            try:
                data = self.watched(os.read, fd, self.chance.choice((100, 5000, 100000)))
            except BlockingIOError:
                continue
            if not data:
                return
            *lines, rest = (rest + data).split(b'\n')
            for event in map(json.loads, lines):
                last = self.check(event, last)

    def check(self, event, last):
        self.arena.count('events')
        if event['kind'] == 'lost':
            return None if last is None else last + event['lost']
        if last is not None and event['event'] != last + 1:
            raise Mismatch('event %d behind event %d' % (event['event'], last))
        return event['event']
