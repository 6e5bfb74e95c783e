# SPDX-License-Identifier: MIT
"""_thread - threads and locks: start_new_thread(function, args), allocate_lock()."""
from _twinfs.absent import absent as _absent
from _twinfs.own import overlay as _overlay

_lacks = _absent('_thread', 'the interpreter has no threads')
if not _overlay('_thread', globals()):
    start_new_thread = _lacks('start_new_thread')
    allocate_lock = _lacks('allocate_lock')
    get_ident = _lacks('get_ident')
    exit = _lacks('exit')

_stack_size = 0


def stack_size(size=0):
    """Returns the size of the stacks of new threads, and sets it.

    It is the device's number only: an application chooses it for the device's
    small stacks, and too little for this interpreter.
    """
    global _stack_size
    old, _stack_size = _stack_size, size
    return old


def delete_lock(lock):
    """Nothing to do here: a lock goes when nothing refers to it any more."""


stop_thread = _absent('_thread', 'the interpreter cannot end a thread from outside')('stop_thread')
get_heap_size = _absent('_thread', 'there is no operating system of the device')('get_heap_size')
