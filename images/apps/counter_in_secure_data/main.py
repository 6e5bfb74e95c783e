# Counts the doses of a dispenser in SecureData, which outlives all files.
#
# Promise: a dose that was counted is counted for good. The counter never goes
# back: not by a power cut, not when /usr is wiped, not by new firmware.
#
# SecureData.Read returns the number of bytes, or -1 or -2 where there is nothing;
# so its result is looked at before the buffer is. Store returns 0 when the new
# value is there, and leaves the old one when it is not.
import SecureData
import log

PROJECT_NAME = "COUNTER_IN_SECURE_DATA"
PROJECT_VERSION = "1.0.0"

SLOT = 1
SLOT_BYTES = 52
MARK = "doses="
DOSES = 10

log.basicConfig(level=log.INFO)
counter_log = log.getLogger("counter")


def load():
    buffer = bytearray(SLOT_BYTES)
    length = SecureData.Read(SLOT, buffer, SLOT_BYTES)
    if length < 0:
        counter_log.info("nothing was ever counted")
        return 0
    text = buffer[:length].decode()
    if not text.startswith(MARK):
        raise ValueError("slot %d holds something else" % SLOT)
    return int(text[len(MARK):])


def save(doses):
    text = "%s%d" % (MARK, doses)
    if SecureData.Store(SLOT, text, len(text)) != 0:
        raise OSError("the counter was not stored")


doses = load()
print("dose found:", doses)
while doses < DOSES:
    doses += 1
    save(doses)
    print("dose stored:", doses)
