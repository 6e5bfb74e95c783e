# SPDX-License-Identifier: MIT
"""Reaching the net: a request goes out by one pipe, its answer comes back by the other.

A request is a line of JSON. The answer is a line of JSON, then the body in chunks: a line with
their length, and that many bytes. 0 is the end, a negative number the errno that broke it off.
One request at a time: what was not read of an answer is read and kept when the next request is
made, up to a limit.
"""
try:
    import ubinascii as _base64
except ImportError:
    import binascii as _base64
try:
    import json
except ImportError:
    import ujson as json

import _thread
from _twinfs import host, settings

_ENETUNREACH = 101
_ECONNABORTED = 103
_EIO = 5
_LINE_MAX = 65536
_PIECE = 4096
_KEPT_MAX = 1 << 20 # bytes


class _Alone:
    """A lock for the only thread."""

    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


try:
    _lock = _thread.allocate_lock()  # of the pipes
except NotImplementedError:
    _lock = _Alone()
_pipes = None
_last = None    # the response that may still be in the pipe


def _open():
    global _pipes
    if _pipes is None:
        if settings.modem is None:
            raise host.error(_ENETUNREACH)
        request, answer = settings.modem
        _pipes = (host.descriptor(request, 'wb'), host.descriptor(answer, 'rb'))
    return _pipes


def _line(file):
    """One line without its newline. Byte by byte: what follows belongs to somebody else."""
    line = b''
    while len(line) < _LINE_MAX:
        byte = file.read(1)
        if not byte:
            raise host.error(_EIO)
        if byte == b'\n':
            return line
        line += byte
    raise host.error(_EIO)


class Response:
    """status (number), reason (text), headers (a dict of texts), and the body.

    OSError from read() where the body breaks off; what came before can be read.
    """

    def __init__(self, file, head):
        self.status = head['status']
        self.reason = head.get('reason', '')
        self.headers = head.get('headers', {})
        self._file = file
        self._kept = b''    # was read for a later request
        self._left = 0      # bytes of the present chunk
        self._ended = False
        self._error = 0     # errno that broke it off

    def read(self, size=-1):
        """At most size bytes of the body, all that is left when negative; b'' at its end."""
        with _lock:
            return self._read(size)

    def _read(self, size):
        data = self._kept if size < 0 else self._kept[:size]
        self._kept = self._kept[len(data):]
        while size < 0 or len(data) < size:
            if not self._left and not self._next():
                break
            part = self._file.read(self._left if size < 0 else min(self._left, size - len(data)))
            if not part:
                self._break(_EIO)
                break
            self._left -= len(part)
            data += part
        if self._error and (size < 0 or not data):
            raise host.error(self._error)
        return data

    def _break(self, number):
        self._left = 0
        self._ended = True
        self._error = number

    def _next(self):
        """Begins the next chunk; False at the end."""
        if self._ended:
            return False
        length = int(_line(self._file))
        if length <= 0:
            self._break(-length)
            return False
        self._left = length
        return True

    def close(self):
        """Reads what is left, so that the pipe is free for the next request."""
        try:
            while self.read(_PIECE):
                pass
        except OSError:
            self._ended = True

    def leave(self):
        """Makes way for the next request, which has the lock."""
        kept = b''
        try:
            while len(kept) <= _KEPT_MAX:
                piece = self._read(_PIECE)
                if not piece:
                    break
                kept += piece
            else:
                self._drop()
        except MemoryError:
            kept = b''
            self._drop()
        except OSError:
            pass  # where it has broken off, it will when it is read
        self._kept = kept

    def _drop(self):
        """Reads the rest in vain."""
        try:
            while self._read(_PIECE):
                pass
        except OSError:
            pass
        self._break(_ECONNABORTED)


def send(method, url, headers=None, body=None, purpose='request'):
    """Sends a request and returns its Response as soon as its head is there.

    purpose is what the request is for: fota may read files of the host, request may not.
    OSError when the net cannot be reached; its number says why.
    """
    words = {'method': method, 'url': url, 'headers': headers or {}, 'for': purpose}
    if body is not None:
        if isinstance(body, str):
            body = body.encode()
        words['body'] = _base64.b2a_base64(body).decode().strip()
    with _lock:
        return _ask(json.dumps(words).encode() + b'\n')


def _ask(line):
    global _last
    request, answer = _open()
    if _last is not None:
        _last.leave()
        _last = None
    request.write(line)
    head = json.loads(_line(answer).decode())
    if head.get('error') == _ENETUNREACH:
        raise OSError(_ENETUNREACH, head['text'])  # which names what is missing
    if 'error' in head:
        raise host.error(head['error'])
    _last = Response(answer, head)
    return _last


def get(url, headers=None, purpose='request'):
    """send() of a GET."""
    return send('GET', url, headers, None, purpose)
