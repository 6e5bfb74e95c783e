# SPDX-License-Identifier: MIT
"""docs/errors.md is what tools/make-errors-doc.py makes of include/twinfs/error.h today."""
import sys

import project


def main():
    made = project.run(sys.executable, project.path('tools', 'make-errors-doc.py'))
    if made != project.read('docs', 'errors.md'):
        sys.exit('docs/errors.md is out of date: tools/make-errors-doc.py > docs/errors.md')


if __name__ == '__main__':
    main()
