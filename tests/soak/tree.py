# SPDX-License-Identifier: MIT
"""What one worker knows of its own directory: names, content, attributes, and of each file
what the module may show after a power cut.

A file has what is seen now, and a set of digests of what may be on the chip: one, when its
last change was acknowledged; more, while that is in doubt. Names and attributes are on the
chip when the call that changes them returns.
"""
import hashlib
import os
import time

from arena import GONE

ATTR_PREFIX = 'user.littlefs.'
LOOSE_SECONDS = 5


class Mismatch(Exception):
    """What is there is not what has to be there."""


def digest(data):
    return hashlib.blake2b(data, digest_size=12).digest()


class File:
    def __init__(self):
        self.now = b''
        self.safe = {digest(b'')}
        self.attrs = {}
        self.handles = []
        self.loose_until = 0.0
        # A commit failed, and what is seen may be any that is safe; or, of a map, anything.
        # It stays so until the file is removed, or the module restarts.
        self.is_doubtful = self.is_torn = False
        self.is_kept = False  # see failed()

    def put(self, now):
        self.now = now
        if time.monotonic() < self.loose_until:
            self.safe.add(digest(now))

    def closed(self):
        """The kernel tells of a close later, too, and that commits: for some time any state of
        the file may reach the chip by itself."""
        self.safe.add(digest(self.now))
        self.loose_until = time.monotonic() + LOOSE_SECONDS

    def begin_commit(self):
        self.safe.add(digest(self.now))

    def end_commit(self):
        self.safe = {digest(self.now)}
        self.is_kept = False

    def failed(self, code):
        """A commit has failed. If that was in the boot that we take for an earlier one, what is
        seen now is not what the next boot will show."""
        if code not in GONE:
            self.begin_commit()
            self.is_kept = True

    def is_dirty(self):
        return self.safe != {digest(self.now)}

    def restart(self, data):
        """What a boot has found becomes what there is."""
        self.now = data
        self.safe = {digest(data)} | (self.safe if self.is_kept else set())
        self.handles = []
        self.is_doubtful = self.is_kept
        self.is_torn = self.is_torn and self.is_kept
        self.is_kept = False


class Dir:
    def __init__(self):
        self.names = {}
        self.attrs = {}


def explain(seen, wanted):
    """In a few words, how two contents differ."""
    if len(seen) != len(wanted):
        return '%d bytes, not %d' % (len(seen), len(wanted))
    at = next(i for i, pair in enumerate(zip(seen, wanted)) if pair[0] != pair[1])
    return '%d bytes, wrong at %d: %s, not %s' % (
        len(seen), at, seen[at:at + 8].hex(), wanted[at:at + 8].hex())


class Tree:
    """The model. Paths in it are tuples of names; () is the worker's own directory."""

    def __init__(self, has_attrs):
        self.root = Dir()
        self.has_attrs = has_attrs

    def get(self, path):
        node = self.root
        for name in path:
            node = node.names[name]
        return node

    def put(self, path, node):
        self.get(path[:-1]).names[path[-1]] = node

    def take(self, path):
        return self.get(path[:-1]).names.pop(path[-1])

    def move(self, old, new):
        self.put(new, self.take(old))

    def walk(self):
        """All (path, node), a directory before what is in it."""
        todo = [((), self.root)]
        while todo:
            path, node = todo.pop()
            yield path, node
            if isinstance(node, Dir):
                todo += [(path + (name,), below) for name, below in node.names.items()]

    def files(self):
        return [(path, node) for path, node in self.walk() if isinstance(node, File)]

    def dirs(self):
        return [(path, node) for path, node in self.walk() if isinstance(node, Dir)]

    def size(self):
        return sum(len(node.now) for _, node in self.files())

    # ---- comparing with what is there ----

    def check(self, reader, after_restart):
        """Compares all of it; after a restart content may be any that is safe, and is taken over
        when all has been seen. Raises Mismatch, or the OSError of a call."""
        found = []
        for path, node in self.walk():
            if isinstance(node, Dir):
                self.check_names(reader, path, node)
            else:
                self.check_file(reader, path, node, after_restart, found)
            if self.has_attrs:
                self.check_attrs(reader, path, node)
        for node, data in found:
            node.restart(data)

    def check_names(self, reader, path, node):
        names = set(reader.names(path))
        if names != set(node.names):
            raise Mismatch('%s: is there but should not be: %s; is not there: %s' % (
                reader.show(path), sorted(names - set(node.names)),
                sorted(set(node.names) - names)))
        for name, below in node.names.items():
            if reader.is_dir(path + (name,)) != isinstance(below, Dir):
                raise Mismatch('%s: of the wrong type' % reader.show(path + (name,)))

    def check_file(self, reader, path, node, after_restart, found):
        data = reader.read(path)
        if after_restart:
            found.append((node, data))
        if node.is_torn:
            return
        if after_restart or node.is_doubtful:
            if digest(data) not in node.safe:
                raise Mismatch('%s: %d bytes that were never committed; last seen were %d%s' % (
                    reader.show(path), len(data), len(node.now),
                    ', the same' if data == node.now else ''))
        elif data != node.now:
            raise Mismatch('%s: %s' % (reader.show(path), explain(data, node.now)))

    def check_attrs(self, reader, path, node):
        attrs = reader.attrs(path)
        if attrs != node.attrs:
            raise Mismatch('%s: attributes %s, not %s' % (
                reader.show(path), sorted(attrs.items()), sorted(node.attrs.items())))


class Reader:
    """Reads a directory of the mount for the comparison, by calls that are watched."""

    def __init__(self, base, watched):
        self.base, self.watched = base, watched

    def path(self, path):
        return os.path.join(self.base, *path)

    def show(self, path):
        return '/'.join((os.path.basename(self.base),) + path)

    def names(self, path):
        return self.watched(os.listdir, self.path(path))

    def is_dir(self, path):
        return os.path.isdir(self.path(path))

    def read(self, path, cached=False):
        fd = self.watched(os.open, self.path(path), os.O_RDONLY)
        try:
            if not cached:
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            size = self.watched(os.fstat, fd).st_size
            data = self.watched(os.pread, fd, size + 1, 0)
            if len(data) < size:  # the rest is an error, maybe
                data += self.watched(os.pread, fd, size + 1, len(data))
        finally:
            os.close(fd)
        if len(data) != size:
            raise Mismatch('%s: its size is %d, but %d bytes can be read' % (
                self.show(path), size, len(data)))
        return data

    def attrs(self, path):
        names = self.watched(os.listxattr, self.path(path))
        return {name: self.watched(os.getxattr, self.path(path), name)
                for name in names if name.startswith(ATTR_PREFIX)}
