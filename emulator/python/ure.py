# SPDX-License-Identifier: MIT
"""ure - regular expressions.

The device knows . [] ^ $ ? * + ?? *? +? | () \\d \\D \\s \\S \\w \\W. CPython's own
expressions, which are used there, can do more: it does not show that one would
fail on the device.
"""
from _twinfs.own import own as _own

_re = _own('re')

compile = _re.compile
match = _re.match
search = _re.search


def _sub(regex, replace, string, count=0):
    """What CPython's does, for a MicroPython that was built without."""
    regex = compile(regex) if isinstance(regex, str) else regex
    parts = []
    while True:
        found = regex.search(string)
        # search() tells what was found, but not where in all builds.
        if not found or (found.group(0) == '' and not string):
            break
        text = found.group(0)
        at = string.index(text)
        parts.append(string[:at])
        parts.append(replace(found) if callable(replace) else replace)
        if not text:
            parts.append(string[:1])
        string = string[at + len(text) or 1:]
        count -= 1
        if not count or not string:
            break
    return ''.join(parts) + string


sub = getattr(_re, 'sub', _sub)
