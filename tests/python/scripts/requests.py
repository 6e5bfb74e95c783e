# SPDX-License-Identifier: MIT
# request, with a network that is a double: what is sent, and what comes back.
import sys

import request
from _twinfs import modem

micropython = sys.implementation.name == 'micropython'


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
body = b''


def send(method, url, headers=None, body_=None, purpose='request'):
    sent.append((method, url, headers, body_, purpose))
    return Answer(body)


modem.send = send

body = b'{"a": [1, 2]}'
response = request.get('http://h/a')
check('asked', sent, [('GET', 'http://h/a', {}, None, 'request')])
check('answer', (response.status_code, response.reason, response.headers), (200, 'OK', {'X': 'y'}))
check('json', response.json(), {'a': [1, 2]})
check('close', (response.close(), len(closed)), (None, 1))
check('text', list(request.get('u').text), ['{"a": [1, 2]}'])
check('content', list(request.get('u').content), ['{"a": [1, 2]}'])
check('bytes', list(request.get('u', decode=False).content), [body])
check('in pieces', list(request.get('u', sizeof=5, decode=False).content), [b'{"a":', b' [1, ', b'2]}'])
check('next()', next(request.get('u', sizeof=4).content), '{"a"')

# Characters are never cut.
body = 'aé你😀b'.encode()
for size in range(1, 12):
    check('pieces of %d' % size, ''.join(list(request.get('u', sizeof=size).text)), 'aé你😀b')
body = b'ab\xff\xfe'
check('not UTF-8', raised(list, request.get('u').text)[0], 'UnicodeError' if micropython else
      'UnicodeDecodeError')
check('as bytes', list(request.get('u', decode=False).content), [body])
body = b'ab\xe4\xbd'
check('cut at its end', raised(list, request.get('u').text)[0], 'UnicodeError' if micropython else
      'UnicodeDecodeError')

# What is sent.
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
