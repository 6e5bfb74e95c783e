# SPDX-License-Identifier: MIT
"""app_fota_mount - where later firmware keeps downloaded files until the boot.

That is a partition of its own, customer_temp_fs, where the module has one, at
/fota. No module profile has it: everything is below /usr/.updater.
"""


class AppFotaPkgMount:
    """The one object that knows; `fota_dir` is put in front of '/usr/.updater'."""

    _instance = None

    def __new__(cls, *args, **kwargs):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    @property
    def can_mount(self):
        """Whether there is such a partition."""
        return False

    @property
    def mount_state(self):
        """Whether it is mounted."""
        return False

    @property
    def fota_dir(self):
        """Its mount point, '/fota'; '' without one."""
        return ''

    def mount_disk(self):
        """Mounts the partition, if there is one. Returns None."""

    def umount_disk(self):
        """Unmounts it, if it is mounted. Returns None."""

    def get_fota_file_name(self, path):
        """Returns the path below the mount point: without one, `path`."""
        return self.fota_dir + path
