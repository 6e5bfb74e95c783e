# SPDX-License-Identifier: MIT
"""The control files of the mount, out of sight of applications."""
from _twinfs import host


def read(name):
    """The bytes of .twinfs/NAME; OSError when it cannot be read."""
    return host.read('/.twinfs/' + name)


def write(name, data):
    """Writes data (bytes or text) to .twinfs/NAME at once; OSError as the daemon says."""
    if isinstance(data, str):
        data = data.encode()
    host.exchange('/.twinfs/' + name, data, 0)


def secure(request, limit):
    """Writes a request to SecureData and returns its answer, at most limit bytes."""
    return host.exchange('/SecureData', request, limit)


def stores_times(partition):
    """Whether the volume of a partition is one that keeps times: littlefs 2."""
    from _twinfs.own import own
    json = own('json')  # which few applications need, and takes long to load
    try:
        status = json.loads(read('status').decode())
    except OSError:
        return False  # a plain directory instead of a mount
    for each in status['partitions']:
        if each['name'] == partition:
            return each['format'] == 'lfs2'
    return False
