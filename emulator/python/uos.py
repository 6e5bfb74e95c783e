# SPDX-License-Identifier: MIT
"""The operating system calls of the module: files and directories, volumes, the system's name.

Source: the vendor's port and its published interface of uos, generation 1.
"""
from _twinfs.vfs import (chdir, getcwd, ilistdir, listdir, mkdir, mount, remove, rename, rmdir,
                         stat, statvfs, umount)
from _twinfs.volume import VfsLfs1
