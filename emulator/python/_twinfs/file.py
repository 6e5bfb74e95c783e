# SPDX-License-Identifier: MIT
"""The device's file object on CPython, above the interpreter's own files.

A device's file system gathers what is written in a block of its own, and commits it at flush() or
close(). So do these: a block at most stays here, a full disk is reported when it goes down, and
what was never closed is lost with the power.
"""
import io
import os

_BLOCK = 4096  # bytes

_EBADF = 9
_EEXIST = 17
_EISDIR = 21


def _characters(data, size, more):
    """Completes data, of size bytes, to size characters; more(n) reads on.

    A character is as long as its first byte says. Nothing is verified: what is no UTF-8 passes.
    """
    count = 0
    at = 0
    while True:
        while at < len(data) and count < size:
            first = data[at]
            at += 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
            count += 1
        wanted = at - len(data) + size - count
        part = more(wanted) if wanted > 0 else b''
        if not part:
            return data
        data += part


class File:
    """A file as open() returns it. Sizes and positions are bytes, but for read() of text.

    Every method raises ValueError once the file is closed, and OSError(9) when the file was not
    opened for what is asked.
    """

    __slots__ = ('_raw', '_in', '_out', '_text', '_is_append', '_appends', '_has_failed', '_error',
                 '__weakref__')

    def __init__(self, path, kind, is_update, is_text, error):
        try:
            raw = io.FileIO(path, kind + '+' if is_update else kind)
        except OSError as failure:
            if failure.errno == _EEXIST and os.path.isdir(path):
                failure.errno = _EISDIR
            raise error(failure) from None
        self._raw = raw
        self._text = is_text
        self._error = error
        self._has_failed = False
        self._is_append = self._appends = kind == 'a'  # the second: go to the end before writing
        self._in = self._out = None
        if self._appends:
            raw.seek(0)  # reading begins at the start, every write goes to the end
        if is_update:
            self._in = self._out = io.BufferedRandom(raw, _BLOCK)
        elif kind == 'r':
            self._in = io.BufferedReader(raw)
        else:
            self._out = io.BufferedWriter(raw, _BLOCK)

    def _refuse(self):
        """The exception of a call that this file cannot serve."""
        if self._raw is None:
            return ValueError('closed')
        return self._error(OSError(_EBADF, ''))

    def read(self, size=-1):
        """At most size bytes, or characters of text; all that is left when negative."""
        try:
            data = self._in.read(size)
            if not self._text:
                return data
            if 0 < size == len(data) and not data.isascii():
                data = _characters(data, size, self._in.read)
        except OSError as failure:
            raise self._error(failure) from None
        except AttributeError:
            raise self._refuse() from None
        return data.decode('utf-8', 'surrogateescape')

    def readinto(self, buffer, size=None):
        """Fills buffer, or its first size bytes; returns how many were read."""
        if self._in is None:
            raise self._refuse()
        if size is not None:
            buffer = memoryview(buffer)[:size]
        try:
            return self._in.readinto(buffer)
        except OSError as failure:
            raise self._error(failure) from None

    def readline(self, size=-1):
        """One line with its newline, at most size bytes; empty at the end."""
        try:
            data = self._in.readline(size)
        except OSError as failure:
            raise self._error(failure) from None
        except AttributeError:
            raise self._refuse() from None
        return data.decode('utf-8', 'surrogateescape') if self._text else data

    def readlines(self):
        """All lines that are left, as a list."""
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def write(self, data, *part):
        """Writes text or bytes; returns the number of bytes, of text too.

        write(data, size) writes the first size bytes, write(data, offset, size) those from offset.
        """
        out = self._out
        if out is None:
            raise self._refuse()
        if type(data) is str:
            data = data.encode('utf-8', 'surrogateescape')
        if part:
            first = part[0] if len(part) > 1 else 0
            data = memoryview(data)[first:first + part[-1]]
        try:
            if self._appends:
                out.seek(0, 2)
                self._appends = self._in is not None  # else only a seek leads away from the end
            count = out.write(data)
        except OSError as failure:
            self._has_failed = True
            raise self._error(failure) from None
        self._has_failed = False
        return count

    def seek(self, offset, whence=0):
        """Moves to offset from the start, from here (1), from the end (2); returns the position."""
        stream = self._in or self._out
        if stream is None:
            raise self._refuse()
        try:
            result = stream.seek(offset, whence)
            self._appends = self._is_append
            return result
        except OSError as failure:
            raise self._error(failure) from None

    def tell(self):
        """The position."""
        stream = self._in or self._out
        if stream is None:
            raise self._refuse()
        return stream.tell()

    def flush(self):
        """Commits what was written to flash."""
        if self._raw is None:
            raise self._refuse()
        if self._out is None:
            return
        try:
            self._out.flush()
            os.fsync(self._raw.fileno())
        except OSError as failure:
            raise self._error(failure) from None

    def close(self):
        """Commits what was written, and ends the file; OSError when the commit failed."""
        raw = self._raw
        if raw is None:
            return
        # After a failed write, what is still here is given up, as by littlefs.
        stream = raw if self._has_failed else self._out or self._in
        self._raw = self._in = self._out = None
        try:
            stream.close()
        except OSError as failure:
            raise self._error(failure) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return '<io.TextIOWrapper>' if self._text else '<io.FileIO>'
