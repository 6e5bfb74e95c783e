# SPDX-License-Identifier: MIT
"""What comes in between: restarts, power cuts, rules of faults, recordings."""
import contextlib
import math
import os
import threading
import time

from arena import LOST
from others import Helper

FADING_SECONDS = 2  # calls that rules have made fail may return so much later

# None of them leaves a chip that has forgotten something without having said so.
FAULTS = (
    'fail program with chance 1%',
    'fail program torn with chance 1%',
    'fail program done with chance 1%',
    'fail erase with chance 1%',
    'read only',
    'slow erases by 1 ms',
    'note with chance 20%',
    'note on read with chance 1%',
)
CUTS = (
    'cut after 0..200 writes',
    'cut torn after 0..200 writes',
    'cut torn mixed after 0..100 writes',
    'cut torn garbage on program with chance 0.2%',
    'cut torn zeros 100 on erase with chance 0.2%',
    'cut after rename of /usr/shared/*',
    'brown-out after 0..100 writes for 20 ms',
)


class Disturber(Helper):
    """One disturbance after the other. Ends with power, and without rules."""

    def __init__(self, arena, seed, pause):
        super().__init__(arena, 'disturber', seed)
        self.pause = pause  # seconds between two, on the average
        self.is_over = threading.Event()

    def is_done(self):
        return self.is_over.is_set()

    def run(self):
        super().run()
        self.calm()

    def turn(self):
        try:
            self.act()
        except OSError as error:
            if error.errno not in LOST:
                raise
            self.calm()  # a boot that has to write fails where rules make that fail

    def act(self):
        if self.is_over.wait(min(self.chance.expovariate(1 / self.pause), 10 * self.pause)):
            return
        act = self.chance.choice((self.restart, self.off, self.cut, self.fail, self.break_power,
                                  self.clear, self.record))
        act()

    def restart(self):
        with self.arena.switching:
            self.watched(self.arena.switch, 'restart')
        self.arena.count('restarts')

    def off(self):
        self.arena.is_off.set()
        try:
            with self.arena.switching:
                self.watched(self.arena.switch, 'off')
            self.arena.stopped.wait(self.chance.random() * 0.2)
        finally:
            self.arena.is_off.clear()
        with self.arena.switching:
            self.watched(self.arena.switch, 'on')
        self.arena.count('restarts')

    def cut(self):
        with self.arena.switching:
            self.watched(self.arena.switch, 'cut')
        self.arena.count('cuts')

    def tell(self, name, text):
        """A line for a control file; what is wrong with it can be read."""
        fd = self.watched(os.open, self.arena.control(name), os.O_RDWR)
        try:
            self.watched(os.write, fd, text.encode())
        except OSError as error:
            if error.errno in LOST:
                raise
            raise RuntimeError('%s: %s' % (text, os.read(fd, 1000))) from error
        finally:
            os.close(fd)

    def fail(self):
        self.arena.faults_until = math.inf
        self.tell('faults', self.chance.choice(FAULTS))
        self.arena.count('faults')

    def break_power(self):
        self.tell('faults', self.chance.choice(CUTS))
        self.arena.count('cut rules')

    def clear(self):
        self.tell('faults', 'clear')
        if self.arena.faults_until == math.inf:
            self.arena.faults_until = time.monotonic() + FADING_SECONDS
            self.arena.faulty_boot = self.arena.wait_for_power()

    def record(self):
        """For a moment, to a file that nobody needs."""
        path = os.path.join(self.arena.folder, 'trace')
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.tell('trace', 'start ' + path)
        try:
            self.arena.stopped.wait(self.chance.random() * 0.3)
        finally:
            self.tell('trace', 'stop')
        self.arena.count('recordings')

    def calm(self):
        """No rules, and power. A boot that a rule has made fail is made good."""
        with contextlib.suppress(OSError):
            self.clear()
        with self.arena.switching, contextlib.suppress(OSError):
            self.watched(self.arena.switch, 'on')
