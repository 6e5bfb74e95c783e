# Turns the volume up ten times, and keeps it in a file that is rewritten in place.
#
# It looks harmless: the file is closed each time. But it is opened twice, and
# between the two the flash holds half a file. On a module: /usr/main.py. On a
# computer: python3 main.py FOLDER, where FOLDER stands for /usr.
import json
import sys

PROJECT_NAME = "CONFIG_IN_PLACE"
PROJECT_VERSION = "1.0.0"

ROOT = sys.argv[1] if len(sys.argv) > 1 else "/usr"
CONFIG = ROOT + "/config.json"


def load():
    with open(CONFIG) as file:
        return json.load(file)


def save(config):
    with open(CONFIG, "w") as file:
        file.write('{"server": "%s", ' % config["server"])
    with open(CONFIG, "a") as file:
        file.write('"volume": %d}' % config["volume"])


config = load()
for volume in range(1, 11):
    config["volume"] = volume
    save(config)
