# Keeps measurements in many small files, and an index that says which ones count.
#
# Promise: a record that is stored can be read, until it is one of the oldest and
# makes room. The index never names a file that is not there.
#
# A record is written first, the index that names it is replaced last; what makes
# room leaves the index before it is removed. So a power cut leaves at most a file
# that the index does not name, and the next start clears it away.
import ql_fs
import ujson
import uos
import utime

PROJECT_NAME = "RECORDS_BY_FILE"
PROJECT_VERSION = "1.0.0"

FOLDER = "/usr/records"
INDEX = "/usr/index.json"
KEPT = 12
RECORDS = 30


def record_path(number):
    return "%s/%d.json" % (FOLDER, number)


def load_index():
    if not ql_fs.path_exists(INDEX):
        return {"first": 1, "next": 1}
    with open(INDEX) as file:
        return ujson.load(file)


def save_index(index):
    with open(INDEX + ".new", "w") as file:
        ujson.dump(index, file)
    uos.rename(INDEX + ".new", INDEX)


def clear_away(index):
    for name in uos.listdir(FOLDER):
        number = int(name.split(".")[0])
        if not index["first"] <= number < index["next"]:
            uos.remove(record_path(number))


def store(index, value):
    number = index["next"]
    with open(record_path(number), "w") as file:
        ujson.dump({"number": number, "time": utime.time(), "value": value}, file)
    index["next"] = number + 1
    index["first"] = max(index["first"], index["next"] - KEPT)
    gone = index["first"] - 1
    save_index(index)
    if gone > 0:
        uos.remove(record_path(gone))


ql_fs.mkdirs(FOLDER)
index = load_index()
clear_away(index)
for number in range(index["first"], index["next"]):
    if ql_fs.read_json(record_path(number))["number"] != number:
        raise ValueError("record %d is another" % number)
print("record found:", index["next"] - 1)
while index["next"] <= RECORDS:
    store(index, 20 + index["next"] % 5)
    print("record stored:", index["next"] - 1)
