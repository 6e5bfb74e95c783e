# SPDX-License-Identifier: MIT
"""What twinfs run executes: makes this interpreter a module's, then runs the application in it.

    INTERPRETER [-i] start.py ROOT [KEY=VALUE ...] -- [SCRIPT [ARGUMENT ...]]

ROOT is the mount, SCRIPT a path on the module, or with script=DESCRIPTOR the name of what can be
read there. Without SCRIPT, and after it with -i, the REPL of
the interpreter goes on. Exit status: that of SystemExit, 1 after any other exception.
"""
import sys

# Modules of ours that must win over those that the interpreter has built in.
OWN_MODULES = [
    'uos', 'uio', 'usys', 'gc', '_thread', 'utime', 'ubinascii', 'ustruct', 'ure', 'ujson',
    'uhashlib', 'hashlib', 'uzlib', 'queue', 'machine', 'usocket', 'osTimer',
    'fota',
]

if sys.implementation.name != 'micropython':
    sys.path.insert(0, __file__.rpartition('/')[0] or '.')

import _twinfs.startup

_twinfs.startup.start(sys.path[0], sys.argv[1:], OWN_MODULES, globals())
