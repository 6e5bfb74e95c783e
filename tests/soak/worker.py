# SPDX-License-Identifier: MIT
"""A worker: random calls in a directory of its own, each compared with the model.

It does not know when the power goes. A call that fails as if it had gone, or content that is
not what it should be, makes it look which boot this is: after another boot all has to be there
that was acknowledged; in the same one (the flash has failed) the call has happened or not.
"""
import errno
import mmap
import os
import random
import time

from arena import LOST
from tree import ATTR_PREFIX, Dir, File, Mismatch, Reader, Tree, digest, explain

NAMES = ['f%d' % number for number in range(12)] + ['d%d' % number for number in range(5)]
LONG = 'n' * 250
DEPTH_MAX = 5
HANDLES_MAX = 6
SETTLE_SECONDS = 50


class Lost(Exception):
    """A call failed in a way that leaves open whether it happened. The changes are what it may
    have made of the model, one behind the other: none of them, the first, the first two..."""

    def __init__(self, call, error, *changes):
        super().__init__('%s: %s' % (call, error))
        self.code, self.changes = error.errno, changes


class Handle:
    def __init__(self, fd, node, flags):
        self.fd, self.node = fd, node
        self.writable = flags & os.O_ACCMODE != os.O_RDONLY
        self.can_read = flags & os.O_ACCMODE != os.O_WRONLY
        self.appends = bool(flags & os.O_APPEND)


class Worker:
    def __init__(self, arena, number, seed, version, share):
        self.arena, self.version, self.share = arena, version, share
        self.name = 'w%d' % number
        self.seed = seed
        self.chance = random.Random(seed)
        self.watched = arena.watch(self.name)
        self.tree = Tree(version == 2)
        self.reader = Reader(arena.usr(self.name), self.watched)
        self.judge = Reader(arena.usr(self.name), arena.watch(self.name + ' comparing'))
        self.handles = []
        self.boot = None
        self.steps = 0
        self.last = ''
        acts = [(self.make_file, 14), (self.open_file, 8), (self.write, 24), (self.resize, 5),
                (self.truncate, 3), (self.commit, 10), (self.close_one, 12), (self.read, 14),
                (self.read_map, 4), (self.write_map, 3), (self.rename, 8), (self.remove, 8),
                (self.make_dir, 4), (self.look, 8)]
        if self.tree.has_attrs:
            acts += [(self.set_attr, 5), (self.remove_attr, 2)]
        self.acts, self.weights = zip(*acts)

    # ---- its life ----

    def begin(self):
        self.boot = self.arena.wait_for_power()
        self.watched(os.mkdir, self.reader.path(()))

    def run(self):
        """Until it is over; whatever goes wrong is a violation."""
        try:
            while not self.arena.done.is_set() and not self.arena.stopped.is_set():
                self.step(self.chance.choices(self.acts, self.weights)[0])
                self.steps += 1
            self.step(self.finish)
        except Mismatch as error:
            self.complain(str(error))
        except Exception as error:  # a bug of ours must not look like a clean run
            self.complain('%s: %s' % (type(error).__name__, error))

    def complain(self, text):
        if self.arena.stopped.is_set():
            return  # what comes of leaving everything
        self.arena.violate('%s (seed %d, step %d, boot %s, %s): %s%s' % (
            self.name, self.seed, self.steps, self.boot, self.last, text, self.watched.told()))

    def step(self, act):
        self.last = act.__name__
        try:
            act()
        except Lost as lost:
            self.settle(lost.changes, lost)
        except OSError as error:  # of a call that changes nothing
            if error.errno not in LOST:
                raise
            self.settle((), error)
        except Mismatch as error:
            # content of another boot is no mistake; settling tells
            if not self.has_restarted():
                raise
            self.settle((), error)

    def has_restarted(self):
        """Whether it is another boot: asked behind what looks wrong."""
        return self.arena.wait_for_power() != self.boot

    def settle(self, changes, why):
        """Finds out what has become of a call that failed; the model is right again then."""
        changes, wrong = list(changes), why
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end:
            boot = self.arena.wait_for_power()
            if not boot:
                return
            try:
                if boot != self.boot:
                    self.drop_handles()
                self.compare(changes, boot)
                self.boot = boot
                return
            except Mismatch as error:
                wrong = error
                if self.arena.wait_for_power() == boot:
                    break
            except OSError as error:
                wrong = error
                if error.errno not in LOST:
                    break
        if not self.arena.stopped.is_set():
            raise Mismatch('after "%s": %s' % (why, wrong))

    def compare(self, changes, boot):
        """Makes changes in the model until it is what is there."""
        wrong = []
        while True:
            try:
                self.tree.check(self.judge, boot != self.boot)
                return
            except Mismatch as error:
                wrong.append(str(error))
            if not changes or self.arena.wait_for_power() != boot:
                raise Mismatch('; or, if it was done: '.join(wrong))
            changes.pop(0)(self.tree)

    def finish(self):
        """All is closed, then all is compared once more."""
        while self.handles:
            self.close(self.handles[0])
        self.tree.check(self.judge, False)

    def drop_handles(self):
        """
        Closes all. What was open before the restart has lost what was not committed; what was
        opened behind it, before we knew of it, is committed by this.
        """
        for handle in self.handles:
            node = handle.node
            node.closed()
            try:
                self.watched(os.close, handle.fd)
                if handle.writable:
                    node.end_commit()
            except OSError as error:
                if handle.writable:
                    node.failed(error.errno)
        self.handles = []

    # ---- choosing ----

    def change(self, function, words, *changes):
        """A call that changes names or attributes: on success the model follows. False: it was
        refused for want of space, and has changed nothing. (Where blocks fail, the space may run
        out halfway through a change that then counts as done.)"""
        try:
            self.watched(function, *words)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self.arena.count('full')
            if error.errno == errno.ENOSPC and not self.arena.may_lack_blocks(self.boot):
                return False
            if error.errno in LOST or error.errno == errno.ENOSPC:
                raise Lost(function.__name__, error, *changes) from error
            raise
        changes[0](self.tree)
        return True

    def some_dir(self):
        return self.chance.choice(self.tree.dirs())

    def some_file(self):
        files = self.tree.files()
        return self.chance.choice(files) if files else (None, None)

    def some_handle(self, *, writable):
        fitting = [handle for handle in self.handles if handle.writable or not writable]
        return self.chance.choice(fitting) if fitting else None

    def new_name(self, directory):
        """A name that the directory does not have, or None."""
        if self.chance.random() < 0.03:
            name = LONG + '%05d' % self.chance.randrange(100000)
        else:
            name = self.chance.choice(NAMES)
        return None if name in directory.names else name

    def some_bytes(self):
        most = self.chance.choice((20, 300, 300, 5000, 5000, 20000, 60000))
        return self.chance.randbytes(self.chance.randrange(min(most, self.share // 4) + 1))

    # ---- files ----

    def make_file(self):
        path, directory = self.some_dir()
        name = self.new_name(directory)
        if not name or len(self.handles) >= HANDLES_MAX:
            self.close_one()
            return
        new = path + (name,)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        try:
            fd = self.watched(os.open, self.reader.path(new), flags)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self.arena.count('full')
            if error.errno == errno.ENOSPC and not self.arena.may_lack_blocks(self.boot):
                return
            raise Lost('create', error, lambda tree: tree.put(new, File())) from error
        node = File()
        self.tree.put(new, node)
        handle = self.add_handle(fd, node, flags)
        if self.tree.size() < self.share:
            self.write_to(handle, self.some_bytes(), 0)

    def add_handle(self, fd, node, flags):
        handle = Handle(fd, node, flags)
        self.handles.append(handle)
        node.handles.append(handle)
        return handle

    def open_file(self):
        path, node = self.some_file()
        if not path or len(self.handles) >= HANDLES_MAX or node.is_doubtful:
            self.close_one()
            return
        flags = self.chance.choice((os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_APPEND, os.O_WRONLY,
                                    os.O_RDWR | os.O_TRUNC))
        if node.is_dirty():
            flags &= ~os.O_TRUNC
        other = next((handle for handle in node.handles if handle.writable), None)
        fd = self.try_open(path, node, flags)
        try:
            if other and node.is_dirty():
                self.probe(other)
        except OSError:
            os.close(fd)  # nothing was written to it
            raise
        self.add_handle(fd, node, flags)
        if flags & os.O_TRUNC:
            node.put(b'')

    def try_open(self, path, node, flags):
        try:
            return self.watched(os.open, self.reader.path(path), flags)
        except OSError as error:
            if not flags & os.O_TRUNC:
                raise
            raise Lost('open', error, lambda _: node.put(b'')) from error

    def probe(self, handle):
        """Fails when the handle is of an earlier boot than what was opened after it. A call that
        changes nothing, and is not answered by the kernel alone."""
        if handle.node.now:
            self.watched(os.posix_fallocate, handle.fd, 0, 1)
        else:
            self.watched(os.ftruncate, handle.fd, 0)

    def write(self):
        handle = self.some_handle(writable=True)
        if not handle:
            self.open_file()
            return
        data = self.some_bytes()
        room = self.share - self.tree.size()
        end = len(handle.node.now)
        if handle.appends or self.chance.random() < 0.5:
            at = end
        else:
            at = self.chance.randrange(end + 1)
        if at == end and self.chance.random() < 0.1 and not handle.appends:
            at += self.chance.randrange(3000)
        if len(data) > room:
            data = data[:max(0, room)]
        self.write_to(handle, data, at)

    def write_to(self, handle, data, at):
        if not data:
            return
        try:
            if handle.appends:
                done = self.watched(os.write, handle.fd, data)
            else:
                done = self.watched(os.pwrite, handle.fd, data, at)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise Lost('write', error,
                           lambda _: self.write_model(handle.node, data, at)) from error
            self.arena.count('full')
            done = 0
        if done:
            self.write_model(handle.node, data[:done], at)

    def write_model(self, node, data, at):
        now = node.now
        node.put(now[:at] + bytes(max(0, at - len(now))) + data + now[at + len(data):])

    def resize(self):
        handle = self.some_handle(writable=True)
        if not handle:
            self.open_file()
            return
        size = self.some_size(handle.node)
        node = handle.node
        self.try_resize(os.ftruncate, handle.fd, size, lambda _: node.put(self.sized(node, size)))

    def some_size(self, node):
        end = len(node.now)
        if self.chance.random() < 0.7:
            return self.chance.randrange(end + 1)
        return end + self.chance.randrange(3000)

    def sized(self, node, size):
        return node.now[:size] + bytes(max(0, size - len(node.now)))

    def try_resize(self, function, what, size, change):
        return self.change(function, (what, size), change)

    def truncate(self):
        """By name: it is committed when the call returns."""
        path, node = self.some_file()
        if not path or node.is_dirty() or node.is_doubtful:
            self.commit()
            return
        size = self.some_size(node)
        new = self.sized(node, size)
        node.safe.add(digest(new))

        def change(_):
            node.now = new
        try:
            if self.change(os.truncate, (self.reader.path(path), size), change):
                node.end_commit()
        except Lost as lost:
            node.failed(lost.code)
            raise

    def commit(self):
        handle = self.some_handle(writable=True)
        if not handle:
            self.look()
            return
        function = self.chance.choice((os.fsync, os.fdatasync))
        handle.node.begin_commit()
        try:
            self.watched(function, handle.fd)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self.arena.count('full')
                return
            handle.node.failed(error.errno)
            raise Lost('fsync', error) from error
        handle.node.end_commit()
        self.arena.count('fsyncs')

    def close_one(self):
        handle = self.some_handle(writable=False)
        if handle:
            self.close(handle)

    def close(self, handle):
        node = handle.node
        self.handles.remove(handle)
        node.handles.remove(handle)
        if handle.writable:
            node.begin_commit()
            node.closed()
        try:
            self.watched(os.close, handle.fd)
        except OSError as error:
            if not node.handles:  # else it is kept: somebody has it open
                node.is_doubtful = True
            node.failed(error.errno)
            if error.errno != errno.ENOSPC:
                raise Lost('close', error) from error
            self.arena.count('full')
            return
        if handle.writable:
            node.end_commit()

    # ---- reading ----

    def read(self):
        handle = self.some_handle(writable=False)
        if handle and self.chance.random() < 0.5 and handle.can_read and not handle.node.is_doubtful:
            self.read_by(handle)
            return
        path, node = self.some_file()
        if not path or node.is_doubtful:
            return
        data = self.reader.read(path, cached=self.chance.random() < 0.5)
        self.same(path, data, node.now)

    def read_by(self, handle):
        end = len(handle.node.now)
        at, size = self.chance.randrange(end + 10), self.chance.randrange(end + 10)
        data = self.watched(os.pread, handle.fd, size, at)
        self.same(('%d+%d' % (at, size),), data, handle.node.now[at:at + size])

    def same(self, path, seen, wanted):
        if seen != wanted:
            raise Mismatch('%s: %s' % (self.reader.show(path), explain(seen, wanted)))

    def read_map(self):
        """By way of a pipe: where a page cannot be had, write() fails, and there is no SIGBUS."""
        path, node = self.some_file()
        if not path or not node.now or node.is_doubtful:
            return
        fd = self.watched(os.open, self.reader.path(path), os.O_RDONLY)
        copy = os.memfd_create('map')
        try:
            with mmap.mmap(fd, len(node.now), prot=mmap.PROT_READ) as view:
                try:
                    self.watched(os.write, copy, view)
                except OSError as error:
                    if error.errno == errno.EFAULT:
                        raise OSError(errno.EIO, 'a page of a map') from error
                    raise
            self.same(path, os.pread(copy, len(node.now) + 1, 0), node.now)
        except ValueError as error:  # the map is longer than the file
            raise Mismatch('%s: %s' % (self.reader.show(path), error)) from error
        except OSError as error:
            if error.errno != errno.ENODEV:  # rules watch reads: nothing is cached
                raise
        finally:
            os.close(copy)
            os.close(fd)

    def write_map(self):
        handle = self.some_handle(writable=True)
        if not handle or not handle.node.now or handle.appends or handle.node.is_doubtful:
            return
        handle.node.begin_commit()  # Python closes a duplicate, whatever comes of it
        at = self.chance.randrange(len(handle.node.now))
        data = self.chance.randbytes(min(len(handle.node.now) - at, 5000))
        try:
            view = self.watched(mmap.mmap, handle.fd, len(handle.node.now))
        except PermissionError:
            return  # O_WRONLY
        except ValueError as error:
            raise Mismatch('map: %s' % error) from error
        except OSError as error:
            if error.errno == errno.ENODEV:
                return  # opened while rules watched reads: nothing is cached
            raise
        with view:
            self.write_into(view, handle.node, data, at)

    def write_into(self, view, node, data, at):
        source = os.memfd_create('data')
        node.is_doubtful = node.is_torn = True  # if it fails, any of the pages may have been written, or be dropped
        try:
            os.write(source, data)
            with memoryview(view) as bytes_of_view, bytes_of_view[at:at + len(data)] as part:
                self.watched(os.preadv, source, [part], 0)
            self.write_model(node, data, at)
            node.begin_commit()
            self.watched(view.flush)
        except OSError as error:
            node.failed(error.errno)
            raise Lost('map', error) from error
        finally:
            os.close(source)
        node.is_doubtful = node.is_torn = False
        node.end_commit()
        self.arena.count('fsyncs')

    def look(self):
        """One directory, or one file, as stat and listings have it."""
        path, node = self.some_dir()
        self.tree.check_names(self.reader, path, node)
        path, node = self.some_file()
        if path and not node.is_doubtful:
            size = self.watched(os.stat, self.reader.path(path)).st_size
            if size != len(node.now):
                raise Mismatch('%s: size %d, not %d' % (
                    self.reader.show(path), size, len(node.now)))

    # ---- names ----

    def rename(self):
        nodes = [(path, node) for path, node in self.tree.walk() if path]
        if not nodes:
            return
        old, node = self.chance.choice(nodes)
        to, directory = self.some_dir()
        new = to + (self.chance.choice(NAMES),)
        there = directory.names.get(new[-1])
        is_dir = isinstance(node, Dir)
        if new[:len(old)] == old or len(new) > DEPTH_MAX or old[:len(new)] == new:
            return
        if there and (isinstance(there, Dir) != is_dir or (is_dir and there.names)):
            return

        def change(tree):
            tree.move(old, new)

        def both(tree):
            tree.put(old, File())
        changes = [change]
        if self.version == 1 and not is_dir and digest(b'') in node.safe and old[:-1] != to:
            changes.append(both)  # an empty file: that format promises no more
        self.change(os.rename, (self.reader.path(old), self.reader.path(new)), *changes)

    def remove(self):
        nodes = [(path, node) for path, node in self.tree.walk()
                 if path and not (isinstance(node, Dir) and node.names)]
        if not nodes:
            return
        path, node = self.chance.choice(nodes)
        function = os.rmdir if isinstance(node, Dir) else os.unlink
        self.change(function, (self.reader.path(path),), lambda tree: tree.take(path))

    def make_dir(self):
        path, directory = self.some_dir()
        name = self.new_name(directory)
        if name and len(path) + 1 < DEPTH_MAX:
            new = path + (name,)
            self.change(os.mkdir, (self.reader.path(new),), lambda tree: tree.put(new, Dir()))

    # ---- attributes ----

    def some_attr(self):
        path, _ = self.chance.choice([pair for pair in self.tree.walk() if pair[0]] or [((), None)])
        return path, ATTR_PREFIX + '%02x' % self.chance.choice((0x02, 0x41, 0xff))

    def set_attr(self):
        path, name = self.some_attr()
        value = self.chance.randbytes(self.chance.choice((0, 1, 10, 100, 400)))

        def change(tree):
            tree.get(path).attrs[name] = value
        if path:
            self.change(os.setxattr, (self.reader.path(path), name, value), change)

    def remove_attr(self):
        path, name = self.some_attr()

        def change(tree):
            del tree.get(path).attrs[name]
        if path and name in self.tree.get(path).attrs:
            self.change(os.removexattr, (self.reader.path(path), name), change)
