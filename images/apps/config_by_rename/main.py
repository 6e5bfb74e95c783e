# Turns the volume up ten times, and keeps it in a file that is replaced by rename.
#
# Promise: the module starts again with the volume that was stored last, or with
# the one that was being stored; whenever the power goes.
#
# The new content is written whole under another name, which then takes the place
# of the old one: at any moment the flash holds the old file or the new one.
import ujson
import uos

PROJECT_NAME = "CONFIG_BY_RENAME"
PROJECT_VERSION = "1.0.0"

CONFIG = "/usr/config.json"
LOUDEST = 10


def load():
    with open(CONFIG) as file:
        return ujson.load(file)


def save(config):
    with open(CONFIG + ".new", "w") as file:
        ujson.dump(config, file)
    uos.rename(CONFIG + ".new", CONFIG)


config = load()
print("volume found:", config["volume"])
while config["volume"] < LOUDEST:
    config["volume"] += 1
    save(config)
    print("volume stored:", config["volume"])
