# SPDX-License-Identifier: MIT
"""gc - the memory of the interpreter."""
from _twinfs.own import overlay as _overlay

_overlay('gc', globals())

if 'mem_free' not in globals():
    # CPython's memory is the host's: what can be said is the size of a module's heap.
    _HEAP = 512 * 1024

    def mem_free():
        """Bytes of the heap that are free; of CPython's that is not known: a module's heap."""
        return _HEAP

    def mem_alloc():
        """Bytes of the heap that are in use; of CPython's that is not known: 0."""
        return 0
