# SPDX-License-Identifier: MIT
# A module without SecureData.
for turn in (1, 2):
    try:
        import SecureData
        check('import %d' % turn, 'worked', 'ImportError')
    except ImportError as error:
        check('import %d' % turn, str(error), "no module named 'SecureData'")
