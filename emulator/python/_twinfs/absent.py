# SPDX-License-Identifier: MIT
"""What a module has and the emulated one has not: there to be imported, not to be used."""
from _twinfs.missing import missing


class Absent:
    """A function or class that raises NotImplementedError when it is used.

    So do its attributes: Pin.OUT, or the methods of what cannot be made.
    """

    def __init__(self, module, name, why):
        self._where = module, name, why

    def __call__(self, *args, **kwargs):
        missing(*self._where)

    def __getattr__(self, name):
        # Python's own questions, as that of help() for a name, get Python's own answer.
        if name.startswith('_'):
            raise AttributeError(name)
        module, owner, why = self._where
        missing(module, owner + '.' + name, why)


def absent(module, why):
    """A maker of what `module` lacks for the reason `why`: absent('sim', WHY)('getImsi')"""
    return lambda name: Absent(module, name, why)
