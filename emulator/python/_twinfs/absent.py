# SPDX-License-Identifier: MIT
"""What a module has and the emulated one has not: there to be imported, not to be used."""
from _twinfs.missing import missing


class Absent:
    """A function or class that raises NotImplementedError when it is used.

    So do its attributes, but for constants: settings and defaults name UART.UART2 or Pin.OUT
    long before anything is done with them, and often nothing is.
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
        if not name[0].isupper():
            missing(module, owner + '.' + name, why)
        constant = Absent(module, owner + '.' + name, why)
        setattr(self, name, constant)  # it is equal to itself
        return constant


def absent(module, why):
    """A maker of what `module` lacks for the reason `why`: absent('sim', WHY)('getImsi')"""
    return lambda name: Absent(module, name, why)
