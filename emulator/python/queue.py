# SPDX-License-Identifier: MIT
"""queue - Queue, through which threads hand things to each other.

On CPython the rest of its own queue is here too: its library imports it.
"""
import _thread

from _twinfs.own import overlay as _overlay

_overlay('queue', globals())


class Queue:
    """Queue([maxsize]): first in, first out."""

    def __init__(self, maxsize=100):
        self.maxsize = maxsize
        self._items = []
        self._waiting = []  # a closed lock for each get() that found nothing
        self._guard = _thread.allocate_lock()

    def put(self, item=None) -> bool:
        """Appends an item: True. False: the queue is full. Never waits."""
        with self._guard:
            # One more than maxsize: as the device counts.
            if len(self._items) > self.maxsize:
                return False
            self._items.append(item)
            if self._waiting:
                self._waiting.pop(0).release()
        return True

    def get(self):
        """Takes the first item; waits for it when there is none."""
        while True:
            with self._guard:
                if self._items:
                    return self._items.pop(0)
                turn = _thread.allocate_lock()
                turn.acquire()
                self._waiting.append(turn)
            turn.acquire()

    def empty(self) -> bool:
        """Whether there is no item."""
        return not self._items

    def size(self) -> int:
        """How many items there are."""
        return len(self._items)
