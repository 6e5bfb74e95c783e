# Turns the volume up ten times, and keeps it in a file that is replaced by rename.
#
# The new content is written whole under another name, which then takes the place
# of the old one: at any moment the flash holds the old file or the new one. On a
# module: /usr/main.py. On a computer: python3 main.py FOLDER, where FOLDER stands
# for /usr.
import json
import os
import sys

PROJECT_NAME = "CONFIG_BY_RENAME"
PROJECT_VERSION = "1.0.0"

ROOT = sys.argv[1] if len(sys.argv) > 1 else "/usr"
CONFIG = ROOT + "/config.json"


def load():
    with open(CONFIG) as file:
        return json.load(file)


def save(config):
    with open(CONFIG + ".new", "w") as file:
        json.dump(config, file)
    os.rename(CONFIG + ".new", CONFIG)


config = load()
for volume in range(1, 11):
    config["volume"] = volume
    save(config)
