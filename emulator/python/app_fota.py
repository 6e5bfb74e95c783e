# SPDX-License-Identifier: MIT
"""app_fota - new versions of an application's files, downloaded and applied at boot.

    import app_fota
    from misc import Power
    fota = app_fota.new()
    fota.download('http://example.com/main.py', '/usr/main.py')
    fota.set_update_flag()
    Power.powerRestart()
"""
import app_fota_download as _download
import app_fota_updater as _updater


class new:
    """One upgrade of user files."""

    def __init__(self):
        self.app_fota_pkg_mount = _download.app_fota_pkg_mount
        self.app_fota_pkg_mount.mount_disk()

    def download(self, url, file_name, headers=None, ipvtype=0, ext_enable=False, spi_port=None,
                 spi_clk=None, dl_location=None, username=None, password=None):
        """Downloads the new content of file_name, an absolute path.

        Returns 0, or -1: the server did not give the file. Raises OSError when
        the server cannot be reached. A download that was broken off goes on
        where it ended.
        """
        return _download.download(url, file_name, headers, ipvtype, username, password,
                                  ext_enable, spi_port, spi_clk, dl_location)

    def bulk_download(self, info=[], headers=None):
        """Downloads several files: `info` is a list of dicts with url and file_name.

        Returns None when all worked, else the list of those that did not.
        """
        return _download.bulk_download(info, headers)

    def set_update_flag(self):
        """Has the next boot install what was downloaded. Returns None."""
        _download.set_update_flag()

    def update(self):
        """Installs what was downloaded, if the flag is set; the boot calls it. Returns None."""
        _updater.update()
        self.app_fota_pkg_mount.umount_disk()
