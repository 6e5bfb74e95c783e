# SPDX-License-Identifier: MIT
"""request - the module's HTTP client, out through the host's network.

    import request
    response = request.get('http://example.com/data.json')
    print(response.status_code, response.json())
    response.close()

Needs `twinfs run --network`; without it every call raises OSError.
"""
import ujson as _ujson

from _twinfs import modem as _modem
from _twinfs import settings as _settings

_ENETUNREACH = 101


class Response:
    """The answer of a server. Its body can be read once, by text, content or json().

    status_code  200, 404 ...
    reason       the words behind it
    headers      a dict
    """

    def __init__(self, answer, decode, sizeof):
        self._answer = answer
        self._decode = decode
        self._sizeof = sizeof
        self.status_code = answer.status
        self.reason = answer.reason
        self.headers = answer.headers

    def _pieces(self):
        while True:
            piece = self._answer.read(self._sizeof)
            if not piece:
                return
            yield piece

    @property
    def text(self):
        """A generator of the body as text, in pieces of at most `sizeof` bytes."""
        return _decoded(self._pieces())

    @property
    def content(self):
        """A generator of the body in pieces: text, or bytes with decode=False."""
        return _decoded(self._pieces()) if self._decode else self._pieces()

    def json(self):
        """Reads all of the body and returns what the JSON in it says."""
        return _ujson.loads(b''.join(list(self._pieces())))

    def close(self):
        """Ends the connection; the rest of the body is dropped. Returns None."""
        self._answer.close()


def _complete(data):
    """How many bytes of `data` are whole UTF-8 characters, if it is UTF-8 at all."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return len(data) - back if length > back else len(data)
    return len(data)


def _decoded(pieces):
    """The pieces as text. A body that is not UTF-8 raises UnicodeError; the published
    firmware takes that for its end, as does compat=port."""
    rest = b''
    for piece in pieces:
        piece = rest + piece
        end = _complete(piece)
        rest = piece[end:]
        try:
            text = piece[:end].decode()
        except UnicodeError:
            if _settings.compat == 'port':
                return
            raise
        if text:
            yield text
    if rest and _settings.compat != 'port':
        rest.decode()


def _body(data, json, headers):
    """The bytes to send, from what the caller has; says in `headers` when that is JSON."""
    if json is None and isinstance(data, (dict, list)):
        json = data
    if json is not None:
        headers.setdefault('Content-Type', 'application/json')
        data = _ujson.dumps(json)
    if isinstance(data, str):
        return data.encode()
    return data


def request(method, url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None,
            json=None, timeout=None):
    """Sends a request and returns the Response, once its headers are here.

    data        bytes or text to send; a dict is sent as JSON
    headers     a dict
    decode      whether Response.content is text
    sizeof      bytes of a piece of the body
    ssl_params  refused: the host's certificates count
    json        an object to send as JSON

    Raises OSError when the server cannot be reached.
    """
    if not _settings.network:
        raise OSError(_ENETUNREACH, 'no network: twinfs run --network')
    headers = dict(headers or {})
    body = _body(data, json, headers)
    return Response(_modem.send(method, url, headers, body), decode, sizeof)


def get(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    """Sends a GET request: see request()."""
    return request('GET', url, data, headers, decode, sizeof, ssl_params, **more)


def post(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    """Sends a POST request: see request()."""
    return request('POST', url, data, headers, decode, sizeof, ssl_params, **more)


def put(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    """Sends a PUT request: see request()."""
    return request('PUT', url, data, headers, decode, sizeof, ssl_params, **more)


def head(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    """Sends a HEAD request: see request()."""
    return request('HEAD', url, data, headers, decode, sizeof, ssl_params, **more)
