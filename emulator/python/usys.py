# SPDX-License-Identifier: MIT
"""usys - the interpreter itself. It is the module sys, and called so too."""
import sys as usys
from sys import *  # noqa: F403, for editors

if not hasattr(usys, 'print_exception'):

    def print_exception(exc, file=None):
        """Writes an exception and where it was raised to the file, else to stdout."""
        import traceback

        lines = traceback.format_exception(type(exc), exc, exc.__traceback__)
        print(''.join(lines), end='', file=file or usys.stdout)

    usys.print_exception = print_exception
