# Changes a protected settings file by way of the boot, as an update of user files.
#
# Promise: the interval that was stored last counts, or the one that was being
# stored; whenever the power goes.
#
# The new content goes where downloads wait, and the flag says that it is complete.
# At the next start the boot puts it into place together with its hash in
# checksum.json, and begins again when the power goes meanwhile. It costs a
# restart: so settings are collected, and stored once.
import app_fota_download
import ql_fs
import ujson
from misc import Power

PROJECT_NAME = "PROTECTED_BY_UPDATE"
PROJECT_VERSION = "1.0.0"

SETTINGS = "/usr/settings.json"
UPDATER = "/usr/.updater"
WAITING = UPDATER + SETTINGS
LONGEST = 4


def save(settings):
    ql_fs.mkdirs(ql_fs.path_dirname(WAITING))
    with open(WAITING, "w") as file:
        ujson.dump(settings, file)
    app_fota_download.update_download_stat("", SETTINGS, ql_fs.path_getsize(WAITING))
    app_fota_download.set_update_flag()


# Whatever is still there was never complete, or is done.
if ql_fs.path_exists(UPDATER):
    ql_fs.rmdirs(UPDATER)
settings = ql_fs.read_json(SETTINGS)
print("interval found:", settings["interval"])
if settings["interval"] < LONGEST:
    settings["interval"] += 1
    save(settings)
    print("interval stored:", settings["interval"])
    Power.powerRestart()
