# SPDX-License-Identifier: MIT
"""_thread, queue and osTimer. Each thread is waited for through a queue."""
# skip: node the webassembly port has no threads
import _thread
import gc
import queue

import osTimer
from bak.check import equal, fails, run, true


def test_threads():
    done = queue.Queue()
    _thread.start_new_thread(done.put, ('a',))
    equal(done.get(), 'a')
    lock = _thread.allocate_lock()
    true(lock.acquire())
    true(lock.locked())
    lock.release()
    _thread.delete_lock(lock)
    true(_thread.get_ident() is not None)


def test_stack_size():
    equal(_thread.stack_size(4096), 0)
    equal(_thread.stack_size(), 4096)
    done = queue.Queue()
    _thread.start_new_thread(lambda: done.put(len([0] * 100)), ())
    equal(done.get(), 100)


def test_what_threads_lack():
    for name in ('stop_thread', 'get_heap_size'):
        failure = fails(NotImplementedError, getattr(_thread, name), 1)
        true('_thread.' + name in str(failure))


def test_queue():
    line = queue.Queue(2)
    true(line.empty())
    # It takes one more than it is made for, as the device's.
    equal([line.put(number) for number in range(4)], [True, True, True, False])
    equal(line.size(), 3)
    equal([line.get() for _ in range(3)], [0, 1, 2])
    true(line.empty())
    line.put()
    equal(line.get(), None)


def test_several_wait():
    line, done = queue.Queue(), queue.Queue()
    for _ in range(3):
        _thread.start_new_thread(lambda: done.put(line.get() * 2), ())
    for number in (1, 2, 3):
        line.put(number)
    equal(sorted([done.get() for _ in range(3)]), [2, 4, 6])


def test_timer_once():
    calls = queue.Queue()
    timer = osTimer()
    equal(timer.start(1, 0, calls.put), 0)
    equal(calls.get(), None)
    equal(timer.stop(), 0)


def test_timer_again_and_again():
    calls = queue.Queue()
    timer = osTimer()
    equal(timer.start(1, 1, lambda argument: calls.put('tick')), 0)
    equal([calls.get() for _ in range(3)], ['tick'] * 3)
    equal(timer.delete_timer(), 0)
    equal(timer.start(1, 1, calls.put), -1)
    equal(timer.stop(), -1)


def test_timer_starts_anew():
    calls = queue.Queue()
    timer = osTimer()
    timer.start(20, 0, lambda argument: calls.put('first'))
    timer.start(1, 0, lambda argument: calls.put('second'))
    equal(calls.get(), 'second')
    timer.start(60, 0, lambda argument: calls.put('third'))
    equal(calls.get(), 'third')


def test_timer_stops():
    calls = queue.Queue()
    timer = osTimer()
    timer.start(20, 1, lambda argument: calls.put('stopped'))
    equal(timer.stop(), 0)
    timer = osTimer()
    timer.start(60, 0, lambda argument: calls.put('later'))
    equal(calls.get(), 'later')


def test_memory():
    gc.collect()
    gc.enable()
    true(gc.mem_free() > 0)
    true(gc.mem_alloc() >= 0)


run(globals())
