# Changes a protected settings file at run time, and brings the table up to date.
#
# Promise: the interval that was stored last counts. It is not kept.
#
# A protected file whose content is not what checksum.json says is damaged, as far
# as the boot can tell, and is replaced by the factory copy. So the hash has to be
# renewed after each change: file_crc32.calc() does it, and where that
# computes only, checksum.update(). But the two are one after the other: when the power
# goes in between, the factory copy comes back, and with it the first interval of all.
import checksum
import file_crc32
import ql_fs
import ujson
import uos

PROJECT_NAME = "PROTECTED_BY_CHECKSUM"
PROJECT_VERSION = "1.0.0"

SETTINGS = "/usr/settings.json"
LONGEST = 10


def save(settings):
    with open(SETTINGS + ".new", "w") as file:
        ujson.dump(settings, file)
    uos.rename(SETTINGS + ".new", SETTINGS)
    crc = file_crc32.calc(SETTINGS)
    if checksum.retrieve(SETTINGS) != crc:
        checksum.update(SETTINGS)


settings = ql_fs.read_json(SETTINGS)
print("interval found:", settings["interval"])
while settings["interval"] < LONGEST:
    settings["interval"] += 1
    save(settings)
    print("interval stored:", settings["interval"])
