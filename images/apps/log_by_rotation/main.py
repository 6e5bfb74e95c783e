# Writes a log, one line an event, and begins a new file when it is long enough.
#
# Promise: an event that is logged stays logged, until the file after next begins.
# The lines are whole, and their numbers follow each other, over both files.
#
# Each line is written and committed on its own: the file is opened, appended to,
# and closed. A full log is renamed, which removes the one before it.
import ql_fs
import uos
import utime

PROJECT_NAME = "LOG_BY_ROTATION"
PROJECT_VERSION = "1.0.0"

LOG = "/usr/events.log"
OLD = LOG + ".1"
LIMIT = 512  # bytes
EVENTS = 40


def last_number(path):
    """The number of the last line, or None where there is none."""
    if not ql_fs.path_exists(path):
        return None
    number = None
    with open(path) as file:
        for line in file:
            number = int(line.split()[0])
    return number


def newest():
    for path in (LOG, OLD):
        number = last_number(path)
        if number is not None:
            return number
    return 0


def append(number, words):
    if ql_fs.path_exists(LOG) and ql_fs.path_getsize(LOG) >= LIMIT:
        uos.rename(LOG, OLD)
    year, month, day, hour, minute, second = utime.localtime()[:6]
    with open(LOG, "a") as file:
        file.write("%06d %04d-%02d-%02d %02d:%02d:%02d %s\n"
                   % (number, year, month, day, hour, minute, second, words))


number = newest()
print("event found:", number)
while number < EVENTS:
    number += 1
    append(number, "door %s" % ("opened" if number % 2 else "closed"))
    print("event stored:", number)
