#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The way of an application to the net, with a server on this computer."""
import http.server
import os
import threading

import lib
import running

BODY = bytes(range(256)) * 300

# What every script begins with: get() prints what came.
GET = '''
from _twinfs import modem
def get(url, headers=None, purpose='request', method='GET', body=None):
    try:
        answer = modem.send(method, url, headers, body, purpose)
    except OSError as error:
        print('error', error.args[0])
        return
    data = b''
    try:
        while True:
            piece = answer.read(1000)
            if not piece:
                break
            data += piece
        end = 'whole'
    except OSError as error:
        end = 'broken off by %d' % error.args[0]
    print(answer.status, answer.reason, len(data), end)
    return answer, data
'''


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def say(self, status, body=b'', **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def do_GET(self):
        wanted = self.headers.get('Range')
        if self.path == '/file' and wanted:
            first = int(wanted[len('bytes='):-1])
            self.say(206, BODY[first:], X_Asked=wanted)
        elif self.path == '/file':
            self.say(200, BODY, X_Is='here')
        elif self.path == '/moved':
            self.say(302, b'not this', Location='/file')
        elif self.path == '/local':
            self.say(302, b'', Location='file:///etc/passwd')
        elif self.path == '/round':
            self.say(302, b'', Location='/round')
        elif self.path == '/latin':
            self.say(200, b'x', X_Name='caf\xe9')  # which is written as one byte
        elif self.path == '/long':
            self.say(200, BODY, **{'X_%d' % i: '/' * 5000 for i in range(10)})
        elif self.path == '/broken':
            self.send_response(200)
            self.send_header('Content-Length', '1000')
            self.end_headers()
            self.wfile.write(b'x' * 100)
            self.close_connection = True
        elif self.path == '/silent':
            self.server.silence.wait(lib.PATIENCE)
        else:
            self.say(404, b'no such thing')

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        kind = self.headers['Content-Type']
        self.say(201, ('%s %s %d' % (self.command, kind, sum(body))).encode())

    do_PUT = do_POST


class Modem(running.RunTest):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.silence = threading.Event()
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.silence.set)
        self.environment['no_proxy'] = '*'
        self.url = 'http://127.0.0.1:%d' % self.server.server_port

    def get(self, script, *words):
        """What a script prints; url is in it already."""
        return self.run_it('-q', *words, script=GET + 'url = %r\n' % self.url + script)[0]

    def net(self, script):
        return self.get(script, '--network')

    def test_whole(self):
        out = self.net('answer, data = get(url + "/file")\n'
                       'print(answer.headers["X-Is"], data == bytes(range(256)) * 300)\n')
        self.assertEqual(out, '200 OK 76800 whole\nhere True\n')

    def test_several(self):
        self.assertEqual(self.net('for name in ("/file", "/nix", "/file"):\n    get(url + name)\n'),
                         '200 OK 76800 whole\n404 Not Found 13 whole\n200 OK 76800 whole\n')

    def test_range(self):
        self.assertEqual(self.net('answer, data = get(url + "/file", {"Range": "bytes=76790-"})\n'
                                  'print(answer.headers["X-Asked"], data[0])\n'),
                         '206 Partial Content 10 whole\nbytes=76790- 246\n')

    def test_redirects(self):
        self.assertEqual(self.net('answer, data = get(url + "/moved")\nprint(answer.headers["X-Is"])\n'
                                  'get(url + "/local")\nget(url + "/local", None, "fota")\n'
                                  'get(url + "/round")\n'),
                         '200 OK 76800 whole\nhere\nerror 22\nerror 22\nerror 22\n')

    def test_methods(self):
        self.assertEqual(self.net('get(url + "/file", method="HEAD")\n'
                                  'for method in ("POST", "PUT"):\n'
                                  '    print(get(url + "/x", {"Content-Type": "text/x"}, method=method,'
                                  ' body=bytes(range(256)))[1].decode())\n'),
                         '200 OK 0 whole\n201 Created 17 whole\nPOST text/x 32640\n'
                         '201 Created 16 whole\nPUT text/x 32640\n')

    def test_broken_off(self):
        self.assertEqual(self.net('get(url + "/broken")\nget(url + "/file")\n'),
                         '200 OK 100 broken off by 104\n200 OK 76800 whole\n')

    def test_odd_headers(self):
        """What is no UTF-8 is taken for ISO 8859-1; a head too long to read is an error."""
        self.assertEqual(self.net('print(get(url + "/latin")[0].headers["X-Name"] == "caf\\u00e9")\n'
                                  'get(url + "/long")\nget(url + "/file")\n'),
                         '200 OK 1 whole\nTrue\nerror 90\n200 OK 76800 whole\n')

    def test_nobody_there(self):
        self.server.shutdown()
        self.server.server_close()
        self.assertEqual(self.net('get(url + "/file")\n'), 'error 111\n')

    def test_wrong_requests(self):
        self.assertEqual(self.net('get("gopher://x/")\nget("file:///etc/passwd")\nget("")\n'
                                  'get(url + "/file", {"A": "b\\r\\nHost: c"})\n'
                                  'get(url + "/file", method="get x")\nget(url + "/nix")\n'),
                         'error 22\n' * 5 + '404 Not Found 13 whole\n')

    def test_without_network(self):
        self.assertEqual(self.get('get(url + "/file")\nget(url + "/file", None, "fota")\n'),
                         'error 101\n' * 2)

    def test_killed_while_it_waits(self):
        """The power goes while the application waits for a server that says nothing."""
        out = self.run_it('-q', '--network', script=GET + '''
import _thread
from misc import Power
def restart():
    Power.powerDown()
_thread.start_new_thread(restart, ())
get(%r)
''' % (self.url + '/silent'))[0]
        self.assertEqual(out, '')

    def test_files(self):
        """A file of this computer is an update's, and nobody else's."""
        path = os.path.join(self.folder, 'new version')
        lib.write(path, BODY)
        words = ('--updates', self.folder)
        url = 'file://' + path.replace(' ', '%20')
        self.assertEqual(self.get('get(%r, None, "fota")\nget(%r)\n'
                                  'get(%r, {"Range": "bytes=76790-"}, "fota")\n'
                                  'get(%r, {"Range": "bytes=76800-"}, "fota")\n'
                                  'get("file:///nix", None, "fota")\n' % ((url,) * 4), *words),
                         '200 OK 76800 whole\nerror 22\n206 Partial Content 10 whole\n'
                         '416 Range Not Satisfiable 0 whole\n404 Not Found 0 whole\n')

    def test_other_files(self):
        """Nothing but regular files below the directory that was named, and none without that."""
        below = os.path.join(self.folder, 'below')
        os.mkdir(below)
        lib.write(os.path.join(below, 'new'), BODY)
        lib.write(os.path.join(self.folder, 'secret'), BODY)
        os.symlink('new', os.path.join(below, 'link'))
        os.symlink('../secret', os.path.join(below, 'out'))
        os.symlink(self.folder, os.path.join(below, 'up'))
        os.mkfifo(os.path.join(below, 'fifo'))
        script = ''.join('get("file://%s/%s", None, "fota")\n' % (below, name) for name in (
            'new', 'link', '../below/new', '../secret', '%2e%2e/secret', 'out', 'up/secret', 'fifo', '',
            '../../../../../../etc/passwd'))
        script += 'get("file://%s/secret", None, "fota")\nget("file:///etc/passwd", None, "fota")\n' % self.folder
        refused = '404 Not Found 0 whole\n'
        self.assertEqual(self.get(script, '--updates', below), '200 OK 76800 whole\n' * 2 + refused * 10)
        self.assertEqual(self.get(script, '--updates', below + '/'),
                         '200 OK 76800 whole\n' * 2 + refused * 10)
        self.assertEqual(self.get(script), 'error 13\n' * 12)

    def test_request(self):
        """The module's own client."""
        self.assertEqual(self.net('import request\nanswer = request.get(url + "/file")\n'
                                  'print(answer.status_code)\nanswer.close()\n'
                                  'answer = request.post(url + "/x", data="abc")\n'
                                  'print(answer.status_code)\n'), '200\n201\n')

    def test_threads(self):
        """Each gets its own answers, though all go by one pipe."""
        self.assertEqual(self.net('''
import _thread
import request
import utime
sizes = []
def ask():
    for _ in range(4):
        answer = request.get(url + "/file", decode=False)
        sizes.append(sum(len(piece) for piece in answer.content))
        answer.close()
for _ in range(3):
    _thread.start_new_thread(ask, ())
turns = 0
while len(sizes) < 12 and turns < 500:
    utime.sleep_ms(20)
    turns += 1
print(sizes == [76800] * 12)
'''), 'True\n')

    def test_update(self):
        """An update is fetched, and applied by the next boot."""
        lib.write(os.path.join(self.folder, 'cfg'), b'{"volume": 9}\n')
        out = self.run_it('-q', '--updates', self.folder, script='''
import app_fota
from misc import Power
if Power.powerOnReason() == 2:
    print(open('/usr/cfg.json').read())
else:
    fota = app_fota.new()
    print(fota.download('file://%s', '/usr/cfg.json'))
    fota.set_update_flag()
    Power.powerRestart()
''' % os.path.join(self.folder, 'cfg'))[0]
        self.assertEqual(out, '0\n{"volume": 9}\n\n')


if __name__ == '__main__':
    running.main()
