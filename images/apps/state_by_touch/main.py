# Counts its work in a state file that ql_fs.touch makes when it is not there.
#
# Promise: the work that was counted stays counted. It is not kept.
#
# Rewriting the file in place is all right here: touch() opens it once, and
# littlefs puts the new content in the place of the old one when it is closed. But
# a file that did not exist is empty until then. When the power goes at that moment
# of the very first start, the module finds an empty file, and reading it fails
# at this start and at every later one.
import log
import ql_fs

PROJECT_NAME = "STATE_BY_TOUCH"
PROJECT_VERSION = "1.0.0"

STATE = "/usr/state/work.json"
PIECES = 10

log.basicConfig(level=log.INFO)
work_log = log.getLogger("work")


def load():
    state = ql_fs.read_json(STATE)
    if state is None:
        work_log.info("first start")
        state = {"done": 0, "failed": 0}
        save(state)
    return state


def save(state):
    if ql_fs.touch(STATE, state) != 0:
        raise OSError("the state was not stored")


state = load()
print("work found:", state["done"])
while state["done"] < PIECES:
    state["done"] += 1
    save(state)
    print("work stored:", state["done"])
