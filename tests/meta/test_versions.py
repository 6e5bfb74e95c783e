# SPDX-License-Identifier: MIT
"""meson.build, CHANGELOG.md and the Debian package have one version, and one soname."""
import re

import project


def main():
    version = re.search(r"version: '([0-9.]+)'", project.read('meson.build'))[1]
    soversion = re.search(r"soversion: '(\d+)'", project.read('src', 'meson.build'))[1]
    wanted = {
        'CHANGELOG.md': (r'^## \[([0-9.]+)\]', version),
        'debian/changelog': (r'^twinfs \(([0-9.]+)\)', version),
        'debian/libtwinfs0.symbols': (r'^libtwinfs\.so\.(\d+) ', soversion),
        'debian/control': (r'^Package: libtwinfs(\d+)', soversion),
        'src/libtwinfs.map': (r'^TWINFS_(\d+) \{', soversion),
    }
    complaints = []
    for name, (pattern, value) in wanted.items():
        found = re.search(pattern, project.read(name), re.M)
        if not found or found[1] != value:
            complaints.append(f'{name}: has {found and found[1]}, not {value}')
    project.end(complaints)


if __name__ == '__main__':
    main()
