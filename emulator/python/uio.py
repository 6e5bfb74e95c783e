# SPDX-License-Identifier: MIT
"""Files, and streams in memory. Source: the vendor's port, uio."""
from io import BytesIO, IOBase, StringIO

from _twinfs.vfs import open
