#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
""".twinfs/events: what it tells, and how it waits."""
import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import threading

import lib


class Events(lib.MountTest):
    def open(self, flags=0):
        fd = os.open(self.mount.path('.twinfs', 'events'), os.O_RDONLY | flags)
        self.addCleanup(self.close, fd)
        return fd

    def close(self, fd):
        with contextlib.suppress(OSError):  # the mount may be gone
            os.close(fd)

    def wait_for_read(self, process, fd):
        """Until it waits in a system call on this descriptor."""
        lib.wait_for('the read', lambda: lib.read('/proc/%s/syscall' % process).split()[1:2] ==
                     [b'0x%x' % fd])

    def lines(self, fd, size=1 << 16):
        """What is there now; reading does not wait."""
        os.set_blocking(fd, False)
        data = b''
        try:
            while piece := os.read(fd, size):
                data += piece
        except BlockingIOError:
            pass
        self.assertTrue(not data or data.endswith(b'\n'))
        events = [json.loads(line) for line in data.splitlines()]
        for event in events:
            lib.schema.judge('event', event)
        return events

    def test_boots_and_files(self):
        lib.write(self.mount.usr('main.py'), b'damaged')
        self.restart()
        events = self.lines(self.open())
        self.assertEqual([event['kind'] for event in events],
                         ['boot', 'power_off', 'boot', 'restored', 'updated'])
        self.assertEqual([event['event'] for event in events], [1, 2, 3, 4, 5])
        self.assertEqual([event['boot'] for event in events], [1, 1, 2, 2, 2])
        self.assertEqual(events[2]['restored'], 1)
        self.assertEqual(events[2]['listed'], len(self.protected))
        self.assertEqual(events[3]['reason'], 'changed')
        self.assertTrue(events[3]['path'].endswith('main.py'), events[3])
        status = json.loads(self.mount.control('status'))
        self.assertEqual(events[3]['virtual_ns'], status['flash']['virtual_ns'])
        for before, after in zip(events, events[1:]):
            for key in ('host_ns', 'virtual_ns', 'operation'):
                self.assertLessEqual(before[key], after[key])

    def test_cut(self):
        self.mount.power('cut')
        last = self.lines(self.open())[-1]
        self.assertEqual((last['kind'], last['cause']), ('power_cut', 'the plug was pulled'))

    def test_waits(self):
        """A read ends with the next event, in every opener, and not before."""
        fds = [self.open() for _ in range(3)]
        for fd in fds:
            self.lines(fd)
            os.set_blocking(fd, True)
        got = []
        threads = [threading.Thread(target=lambda fd=fd: got.append(os.read(fd, 4096)))
                   for fd in fds]
        for thread in threads:
            thread.start()
        lib.write(self.mount.usr('new'), b'no event')
        self.assertEqual(got, [])
        self.mount.power('off')
        for thread in threads:
            thread.join()
        self.assertEqual([json.loads(data)['kind'] for data in got], ['power_off'] * 3)

    def test_more_readers_than_threads(self):
        """Those who wait keep nobody else from being served."""
        fds = [self.open() for _ in range(20)]
        for fd in fds:
            self.lines(fd)
            os.set_blocking(fd, True)
        threads = [threading.Thread(target=os.read, args=(fd, 4096)) for fd in fds]
        for thread in threads:
            thread.start()
        lib.write(self.mount.usr('new'), b'x' * 10000)
        self.assertEqual(lib.read(self.mount.usr('main.py')), self.files['main.py'])
        self.mount.power('off')
        for thread in threads:
            thread.join()

    def test_not_waiting(self):
        fd = self.open(os.O_NONBLOCK)
        self.lines(fd)
        with self.fails(errno.EAGAIN):
            os.read(fd, 100)

    def test_pieces(self):
        """A reader with little room gets the same bytes."""
        self.assertEqual(self.lines(self.open(), 7), self.lines(self.open()))

    def test_poll(self):
        fd = self.open()
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        self.assertTrue(poller.poll(0))
        self.lines(fd)
        self.assertEqual(poller.poll(0), [])
        self.assertEqual(select.select([fd], [], [], 0)[0], [])
        switch = threading.Thread(target=self.mount.power, args=('off',))
        switch.start()
        self.assertTrue(poller.poll(lib.PATIENCE * 1000))
        switch.join()
        self.assertEqual([event['kind'] for event in self.lines(fd)], ['power_off'])

    def test_epoll(self):
        fd = self.open()
        self.lines(fd)
        with select.epoll() as poller:
            poller.register(fd, select.EPOLLIN | select.EPOLLET)
            self.assertEqual(poller.poll(0), [])
            self.mount.power('off')
            self.assertEqual(poller.poll(lib.PATIENCE), [(fd, select.EPOLLIN)])

    def test_other_files_are_always_ready(self):
        with open(self.mount.usr('main.py'), 'r+b') as file:
            self.assertEqual(select.select([file], [file], [], 0), ([file], [file], []))

    def test_interrupted(self):
        """A signal ends a read that waits; the next one gets the event."""
        ready, ready_end = os.pipe()
        child = os.fork()
        if not child:
            code = 1
            try:
                caught = []
                signal.signal(signal.SIGUSR1, lambda *_: (_ for _ in ()).throw(InterruptedError))
                fd = self.open()
                self.lines(fd)
                os.set_blocking(fd, True)
                os.write(ready_end, bytes([fd]))
                try:
                    os.read(fd, 100)
                except InterruptedError:
                    caught.append(True)
                os.write(ready_end, b'.')
                code = 0 if caught and b'power_off' in os.read(fd, 4096) else 2
            finally:
                os._exit(code)
        os.close(ready_end)
        self.addCleanup(os.close, ready)
        self.wait_for_read(child, os.read(ready, 1)[0])
        os.kill(child, signal.SIGUSR1)
        self.assertEqual(os.read(ready, 1), b'.')
        self.mount.power('off')
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def test_killed_reader(self):
        with subprocess.Popen(['cat', self.mount.path('.twinfs', 'events')],
                              stdout=subprocess.PIPE) as reader:
            self.assertIn(b'"kind":"boot"', reader.stdout.readline())
            reader.kill()
        self.mount.power('off')
        self.assertEqual(self.mount.control('power'), 'off\n')

    def test_end(self):
        """The end of the mount is the end of the stream."""
        fd = self.open()
        self.lines(fd)
        os.set_blocking(fd, True)
        got = []
        reader = threading.Thread(target=lambda: got.append(os.read(fd, 4096)))
        reader.start()
        self.wait_for_read('self/task/%d' % reader.native_id, fd)
        self.mount.control('power')  # answered in turn: by then the daemon has the read, too
        self.mount.ended(self.mount.stop())
        reader.join()
        self.assertEqual(got, [b''])

    def test_lost(self):
        """Who reads late is told how much he missed."""
        slow = self.open()
        for _ in range(505):
            self.mount.power('off')
            self.mount.power('on')
        for fd in (slow, self.open()):
            events = self.lines(fd)
            self.assertEqual(events[0], {'kind': 'lost', 'lost': 11})
            self.assertEqual([event['event'] for event in events[1:]], list(range(12, 1012)))

    def test_not_listed(self):
        """Whoever reads all files there are must not wait for ever."""
        self.assertNotIn('events', os.listdir(self.mount.path('.twinfs')))
        lib.tree(self.mount.root)

    def test_cannot_be_written(self):
        with self.fails(errno.EACCES):
            self.open(os.O_WRONLY)


if __name__ == '__main__':
    lib.main()
