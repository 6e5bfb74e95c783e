# SPDX-License-Identifier: MIT
"""osTimer - timers that call back. The module is its class:

    import osTimer
    timer = osTimer()
    timer.start(1000, 1, lambda arg: print('a second'))
"""
import _thread
import utime as _utime


class osTimer:
    """A timer. Its callback runs in a thread of its own, which on the device it does not."""

    def __init__(self):
        self._round = 0  # of start(): an earlier one's thread ends when it is not its any more
        self._is_deleted = False

    def start(self, initialTime: int, cyclicalEn: int, callback) -> int:
        """Calls callback(None) in initialTime ms, again and again when cyclicalEn is 1.

        0; -1 when the timer was deleted. A running one starts anew.
        """
        if self._is_deleted:
            return -1
        self._round += 1
        _thread.start_new_thread(self._run, (self._round, initialTime, cyclicalEn, callback))
        return 0

    def _run(self, round, initialTime, cyclicalEn, callback):
        while True:
            _utime.sleep_ms(initialTime)
            if round != self._round:
                return
            callback(None)
            if not cyclicalEn:
                return

    def stop(self) -> int:
        """No more calls. 0; -1 when the timer was deleted."""
        self._round += 1
        return -1 if self._is_deleted else 0

    def delete_timer(self) -> int:
        """No more calls, and no more start(). 0."""
        self._round += 1
        self._is_deleted = True
        return 0
