# SPDX-License-Identifier: MIT
"""Each public header compiles alone, as C and as C++, without a warning.

arguments: CC CXX (an empty word when there is no C++ compiler)
"""
import os
import shlex
import sys
import tempfile

import project

STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wundef', '-Werror', '-fsyntax-only']


def main():
    cc, cxx = (shlex.split(word) for word in sys.argv[1:3])
    headers = list(project.sources('include'))
    if not headers:
        sys.exit('no header was found')
    with tempfile.TemporaryDirectory(prefix='twinfs-meta-') as folder:
        for name in headers:
            header = name.removeprefix('include/')
            for compiler, standard, ending in ((cc, 'c11', 'c'), (cxx, 'c++11', 'cpp')):
                if not compiler:
                    continue
                source = os.path.join(folder, 'alone.' + ending)
                with open(source, 'w', encoding='ascii') as file:
                    # twice: the guard is tried as well
                    file.write(f'#include <{header}>\n#include <{header}>\nint twice;\n')
                project.run(*compiler, '-std=' + standard, *STRICT, '-I' + project.path('include'),
                            source)
    print(f'{len(headers)} headers, ' + ('C and C++' if cxx else 'C only: no C++ compiler'))


if __name__ == '__main__':
    main()
