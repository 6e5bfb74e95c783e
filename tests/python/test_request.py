# SPDX-License-Identifier: MIT
"""request, with a network that is a double: what is sent, and what comes back."""
# run: network=1
# with: states.py
import sys

import request
from _twinfs import modem
from bak.check import run
from bak.states import check, raised

NOT_UTF8 = 'UnicodeError' if sys.implementation.name == 'micropython' else 'UnicodeDecodeError'


class Answer:
    def __init__(self, body):
        self.status, self.reason, self.headers, self.body = 200, 'OK', {'X': 'y'}, body

    def read(self, size):
        piece, self.body = self.body[:size], self.body[size:]
        return piece

    def close(self):
        closed.append(self)


sent = []
closed = []
bodies = [b'']


def serve(body):
    bodies[0] = body


def send(method, url, headers=None, body=None, purpose='request'):
    sent.append((method, url, headers, body, purpose))
    return Answer(bodies[0])


modem.send = send


def test_answers():
    body = b'{"a": [1, 2]}'
    serve(body)
    sent.clear()
    response = request.get('http://h/a')
    check('asked', sent, [('GET', 'http://h/a', {}, None, 'request')])
    check('answer', (response.status_code, response.reason, response.headers),
          (200, 'OK', {'X': 'y'}))
    check('json', response.json(), {'a': [1, 2]})
    check('close', (response.close(), len(closed)), (None, 1))
    check('text', list(request.get('u').text), ['{"a": [1, 2]}'])
    check('content', list(request.get('u').content), ['{"a": [1, 2]}'])
    check('bytes', list(request.get('u', decode=False).content), [body])
    check('in pieces', list(request.get('u', sizeof=5, decode=False).content),
          [b'{"a":', b' [1, ', b'2]}'])
    check('next()', next(request.get('u', sizeof=4).content), '{"a"')


def test_characters():
    """They are never cut; what is no text says so, or comes as bytes."""
    text = 'aé你😀b'
    serve(text.encode())
    for size in range(1, 12):
        pieces = list(request.get('u', sizeof=size).text)
        check('pieces of %d' % size, (''.join(pieces), '' in pieces), (text, False))
    for body in (b'ab\xff\xfe', b'ab\xe4\xbd'):
        serve(body)
        check('not UTF-8', raised(list, request.get('u').text)[0], NOT_UTF8)
        check('as bytes', list(request.get('u', decode=False).content), [body])


def test_bodies():
    sent.clear()
    request.post('u', data='é', headers={'K': 'v'})
    request.post('u', data=b'\0')
    request.put('u', data={'a': 1})
    request.post('u', json=[1])
    request.head('u')
    request.post('u', data={'a': 1}, headers={'Content-Type': 'x'})
    check('bodies', sent, [
        ('POST', 'u', {'K': 'v'}, 'é'.encode(), 'request'),
        ('POST', 'u', {}, b'\0', 'request'),
        ('PUT', 'u', {'Content-Type': 'application/json'}, b'{"a": 1}', 'request'),
        ('POST', 'u', {'Content-Type': 'application/json'}, b'[1]', 'request'),
        ('HEAD', 'u', {}, None, 'request'),
        ('POST', 'u', {'Content-Type': 'x'}, b'{"a": 1}', 'request'),
    ])


run(globals())
