# SPDX-License-Identifier: MIT
"""The two pipes to the net: what goes out, what comes back, where it breaks off."""
import uio
from _twinfs import modem
from bak.check import equal, fails, run, true


def answer(data):
    """From now on the answers are these bytes; returns what requests are written to."""
    request = uio.BytesIO()
    modem._pipes = (request, uio.BytesIO(data))
    return request


def test_without_a_modem():
    modem._pipes = None
    fails(101, modem.get, 'http://example.com/')


def test_request_and_answer():
    request = answer(b'{"status": 200, "reason": "OK", "headers": {"Content-Length": "9"}}\n'
                     b'4\nbody5\n here0\n'
                     b'{"status": 404}\n0\n')
    response = modem.get('http://example.com/a', {'Range': 'bytes=3-'}, purpose='fota')
    equal(response.status, 200)
    equal(response.reason, 'OK')
    equal(response.headers, {'Content-Length': '9'})
    equal(response.read(6), b'body h')
    equal(response.read(), b'ere')
    equal(response.read(5), b'')
    response.close()
    sent = request.getvalue()
    true(sent.endswith(b'}\n'))
    for part in (b'"method": "GET"', b'"url": "http://example.com/a"', b'"for": "fota"',
                 b'{"Range": "bytes=3-"}'):
        true(part in sent)
    true(b'"body"' not in sent)
    second = modem.send('POST', 'http://example.com/b', body='x\xe9')
    equal(second.status, 404)
    equal(second.reason, '')
    equal(second.read(), b'')
    true(b'"body": "eMOp"' in request.getvalue())
    true(b'"for": "request"' in request.getvalue())


def test_closing_reads_what_is_left():
    answer(b'{"status": 200}\n5\n123453\nabc0\n{"status": 201}\n0\n')
    response = modem.get('http://example.com/')
    equal(response.read(1), b'1')
    response.close()
    equal(modem.get('http://example.com/').status, 201)


def test_the_next_request_keeps_what_was_left():
    answer(b'{"status": 200}\n5\n123453\nabc0\n{"status": 201}\n2\nok0\n{"status": 202}\n0\n'
           b'{"status": 203}\n0\n')
    left = modem.get('http://example.com/')
    equal(left.read(1), b'1')
    second = modem.get('http://example.com/')
    equal(second.status, 201)
    equal(left.read(2), b'23')
    equal(left.read(), b'45abc')
    equal(left.read(), b'')
    left.close()
    equal(second.read(2), b'ok')
    equal(modem.get('http://example.com/').status, 202)
    equal(second.read(), b'')
    second.close()
    equal(modem.get('http://example.com/').status, 203)


def test_not_all_of_it():
    modem._KEPT_MAX = 5000
    answer(b'{"status": 200}\n9000\n' + b'x' * 9000 + b'0\n{"status": 201}\n0\n'
           b'{"status": 200}\n3\nabc-104\n{"status": 202}\n0\n')
    left = modem.get('http://example.com/')
    equal(modem.get('http://example.com/').status, 201)
    equal(len(left.read(10000)), 8192)  # in pieces of 4096
    fails(103, left.read)
    broken = modem.get('http://example.com/')
    equal(modem.get('http://example.com/').status, 202)
    equal(broken.read(5), b'abc')
    fails(104, broken.read)


def test_the_reason_is_told():
    answer(b'{"error": 101, "text": "no network: why"}\n')
    try:
        modem.get('http://example.com/')
    except OSError as error:
        equal(error.args, (101, 'no network: why'))
    else:
        true(False)


def test_errors():
    answer(b'{"error": 113, "text": "no route"}\n'
           b'{"status": 200}\n3\nabc-104\n'
           b'{"status": 200}\n9\nabc')
    fails(113, modem.get, 'http://example.com/')
    response = modem.get('http://example.com/')
    equal(response.read(3), b'abc')
    fails(104, response.read)
    response = modem.get('http://example.com/')
    fails(5, response.read)
    fails(5, modem.get, 'http://example.com/')


run(globals())
