# SPDX-License-Identifier: MIT
"""request without --network."""
# with: states.py
import request
from bak.check import run
from bak.states import check, raised


def test_refused():
    for function in (request.get, request.post, request.put, request.head):
        name, arguments = raised(function, 'http://127.0.0.1/')
        check('fails', (name, arguments[0]), ('OSError', 101))
        check('says why', 'no network' in str(arguments), True)


run(globals())
