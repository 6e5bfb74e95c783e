# SPDX-License-Identifier: MIT
"""A headless Chromium, driven over the pipe of its DevTools: no more than the tests of pages need."""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
PATIENCE = 60  # seconds that any answer may take


def find():
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """With one page. What the page complains about is collected in .complaints."""

    def __init__(self, program):
        self.profile = tempfile.TemporaryDirectory(prefix='twinfs-browser-',
                                                   ignore_cleanup_errors=True)
        to_read, self.out = os.pipe()
        self.inp, to_write = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4.
        words = ('exec 3<&{} 4>&{}; exec "$0" "$@"'.format(to_read, to_write), program,
                 '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                 '--no-first-run', '--disable-extensions', '--hide-scrollbars',
                 '--user-data-dir=' + self.profile.name, '--remote-debugging-pipe', 'about:blank')
        self.process = subprocess.Popen(['bash', '-c', *words], pass_fds=(to_read, to_write),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.number, self.session = b'', 0, None
        self.complaints, self.requests, self.events = [], [], []
        target = next(it for it in self.call('Target.getTargets')['targetInfos']
                      if it['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=target['targetId'],
                                 flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')
        # as the window that the user works in, which a window that is not shown never is
        self.call('Emulation.setFocusEmulationEnabled', enabled=True)

    def close(self):
        os.close(self.out)
        os.close(self.inp)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.profile.cleanup()

    def message(self):
        end = time.monotonic() + PATIENCE
        while b'\0' not in self.buffer:
            ready = select.select([self.inp], [], [], max(0, end - time.monotonic()))[0]
            piece = os.read(self.inp, 1 << 20) if ready else b''
            if not piece:
                raise RuntimeError('the browser does not answer')
            self.buffer += piece
        text, _, self.buffer = self.buffer.partition(b'\0')
        message = json.loads(text)
        self.note(message)
        return message

    def note(self, message):
        method, about = message.get('method'), message.get('params', {})
        self.events.append(method)
        if method == 'Runtime.exceptionThrown':
            self.complaints.append(json.dumps(about['exceptionDetails']))
        elif method == 'Runtime.consoleAPICalled':
            self.complaints.append(json.dumps(about['args']))
        elif method == 'Log.entryAdded':
            self.complaints.append(about['entry']['text'])
        elif method == 'Page.javascriptDialogOpening':
            self.complaints.append('a dialog: ' + about['message'])
        elif method == 'Network.requestWillBeSent':
            self.requests.append(about['request']['url'])

    def call(self, method, **about):
        self.number += 1
        request = {'id': self.number, 'method': method, 'params': about}
        if self.session:
            request['sessionId'] = self.session
        os.write(self.out, json.dumps(request).encode() + b'\0')
        while True:
            message = self.message()
            if message.get('id') == self.number:
                if 'error' in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message['result']

    # ---- what tests say ----

    def show(self, width, height=900, scheme='light', scale=1):
        """Sets the window's size, and what colours the user likes."""
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=scale, mobile=False)
        self.call('Emulation.setEmulatedMedia',
                  features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def open(self, url):
        self.complaints, self.requests, self.events = [], [], []
        self.call('Page.navigate', url=url)
        while 'Page.loadEventFired' not in self.events:
            self.message()
        # two frames later, what waits for the layout has been drawn
        self.run('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')

    def run(self, script):
        """The value of an expression in the page; promises are waited for."""
        answer = self.call('Runtime.evaluate', expression=script, returnByValue=True,
                           awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(json.dumps(answer['exceptionDetails']))
        return answer['result'].get('value')

    def key(self, key):
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key)

    def screenshot(self, whole=False):
        return base64.b64decode(self.call('Page.captureScreenshot', format='png',
                                          captureBeyondViewport=whole)['data'])

    def pdf(self):
        return base64.b64decode(self.call('Page.printToPDF', printBackground=True)['data'])
