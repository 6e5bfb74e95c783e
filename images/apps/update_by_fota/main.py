# Downloads a new version of itself, restarts into it, and says which one runs.
#
# Promise: the module runs the old version or the new one, never a mixture, and
# ends up in the new one; whenever the power goes.
#
# The order, which a server would send, lies in /usr/order.json: the version, and
# URL, name and hash of each file. No flag is set before every file has the hash
# of the order: the boot installs whatever it finds, complete or not. A download
# that broke off goes on where it was; where that does not lead to the right hash
# (the server sent it from the beginning), it is thrown away and begun again.
# What the boot could not clear away, because the power went, the new version
# clears away.
import app_fota
import app_fota_download
import file_crc32
import log
import ql_fs
import uos
from misc import Power
from usr import door

PROJECT_NAME = "UPDATE_BY_FOTA"
PROJECT_VERSION = "1.0.0"

ORDER = "/usr/order.json"
WAITING = "/usr/.updater"
TRIES = 3

log.basicConfig(level=log.INFO)
update_log = log.getLogger("update")


def is_right(item):
    return file_crc32.calc(WAITING + item["file_name"]) == item["crc32"]


def throw_away(name):
    app_fota_download.delete_update_file(name)
    if ql_fs.path_exists(WAITING + name):
        uos.remove(WAITING + name)


def fetch(fota, item):
    name = item["file_name"]
    for _ in range(TRIES):
        code = fota.download(item["url"], name)
        if is_right(item):
            if code != 0:
                # it was complete, but the power went before the list said so
                size = ql_fs.path_getsize(WAITING + name)
                app_fota_download.update_download_stat(item["url"], name, size)
            return True
        update_log.warn("%s: download %d, not what was ordered" % (name, code))
        throw_away(name)
    return False


def update(order):
    fota = app_fota.new()
    for item in order["files"]:
        if not fetch(fota, item):
            return
    fota.set_update_flag()
    print("version stored:", order["version"])
    Power.powerRestart()


if door.VERSION != PROJECT_VERSION:
    raise ValueError("door.py is of version " + door.VERSION)
print("version found:", PROJECT_VERSION)
order = ql_fs.read_json(ORDER)
if order["version"] != PROJECT_VERSION:
    try:
        update(order)
    except OSError as error:
        update_log.error("no update today: %s" % error)
elif ql_fs.path_exists(WAITING):
    ql_fs.rmdirs(WAITING)
