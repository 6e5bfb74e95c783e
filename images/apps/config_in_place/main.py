# Turns the volume up ten times, and keeps it in a file that is rewritten in place.
#
# Promise: the same as of config_by_rename. It is not kept.
#
# It looks harmless: the file is closed each time. But it is opened twice, and
# between the two the flash holds half a file. The module's reader of JSON takes
# it for a file without a volume; so no start succeeds any more.
import ujson

PROJECT_NAME = "CONFIG_IN_PLACE"
PROJECT_VERSION = "1.0.0"

CONFIG = "/usr/config.json"
LOUDEST = 10


def load():
    with open(CONFIG) as file:
        return ujson.load(file)


def save(config):
    with open(CONFIG, "w") as file:
        file.write('{"server": "%s", ' % config["server"])
    with open(CONFIG, "a") as file:
        file.write('"volume": %d}' % config["volume"])


config = load()
print("volume found:", config["volume"])
while config["volume"] < LOUDEST:
    config["volume"] += 1
    save(config)
    print("volume stored:", config["volume"])
