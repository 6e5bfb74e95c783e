# SPDX-License-Identifier: MIT
"""The host port: the files below ROOT as this interpreter reaches them.

Both ports have the same functions; host_cpython describes them.
"""
import sys

if sys.implementation.name == 'micropython':
    from _twinfs.host_micropython import *
else:
    from _twinfs.host_cpython import *
