# SPDX-License-Identifier: MIT
"""Every problem that the library can report is named by a test, or has a reason here."""
import re
import sys

import project

# Problems that no test names, and why.
UNTESTED = {
    'TABLE': 'tests/unit/module/test_factory_refused.c tells its causes apart by code and text',
    'FACTORY': 'the same',
    'BOOT': 'tests/unit/module/test_boot.c, the same',
    'MOUNT': 'tests/cli and tests/e2e read its text',
}


def main():
    rows = re.findall(r'\bX\((\w+),[\s\\]*"([^"]+)"', project.read('include/twinfs/error.h'))
    if not rows:
        sys.exit('no problem was found in include/twinfs/error.h')
    here = 'tests/meta/' + __file__.rsplit('/', 1)[-1]
    texts = [project.read(name) for name in project.sources('tests', ends=('.c', '.h', '.py'))
             if name != here]
    complaints = []
    for ident, name in rows:
        # a name without a dot is an ordinary word
        before, behind = (r'(?<![\w.])', r'(?![\w.])') if '.' in name else ('"problem": "', '"')
        pattern = re.compile(rf'\bTWINFS_P_{ident}\b|{before}{re.escape(name)}{behind}')
        is_named = any(pattern.search(text) for text in texts)
        if is_named and ident in UNTESTED:
            complaints.append(f'{ident}: has a test; take it off the list here')
        elif not is_named and ident not in UNTESTED:
            complaints.append(f'{ident} ({name}): no test provokes it')
    complaints += [f'{ident}: there is no such problem' for ident in UNTESTED
                   if ident not in dict(rows)]
    print(f'{len(rows)} problems')
    project.end(complaints)


if __name__ == '__main__':
    main()
