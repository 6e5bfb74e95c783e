# SPDX-License-Identifier: MIT
"""SecureData on a module that has none."""
# skip: mount it has SecureData
# with: states.py
from bak.check import run
from bak.states import check


def test_import():
    for turn in (1, 2):
        try:
            import SecureData
            check('import %d' % turn, 'worked', 'ImportError')
        except ImportError as error:
            check('import %d' % turn, str(error), "no module named 'SecureData'")
            check('nothing of ours', getattr(error, '__context__', None), None)


run(globals())
