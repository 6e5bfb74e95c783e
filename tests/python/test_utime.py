# SPDX-License-Identifier: MIT
"""utime: the calendar, the zone and the counters."""
import utime
from bak.check import equal, fails, run, true

# seconds, UTC
DATES = (
    (0, (1970, 1, 1, 0, 0, 0, 3, 1)),
    (951782399, (2000, 2, 28, 23, 59, 59, 0, 59)),
    (951782400, (2000, 2, 29, 0, 0, 0, 1, 60)),
    (978307199, (2000, 12, 31, 23, 59, 59, 6, 366)),
    (1700000000, (2023, 11, 14, 22, 13, 20, 1, 318)),
    (4107542400, (2100, 3, 1, 0, 0, 0, 0, 60)),
    (-1, (1969, 12, 31, 23, 59, 59, 2, 365)),
)


def test_zone():
    equal(utime.getTimeZone(), 8)
    equal(utime.localtime(0)[3], 8)
    equal(utime.setTimeZone(-12), 0)
    equal(utime.localtime(0)[:4], (1969, 12, 31, 12))
    equal(utime.mktime(utime.localtime(1700000000)), 1700000000)
    fails(ValueError, utime.setTimeZone, 13)
    equal(utime.getTimeZone(), -12)
    utime.setTimeZone(8)


def test_dates():
    utime.setTimeZone(0)
    for seconds, date in DATES:
        equal(utime.localtime(seconds), date)
        equal(utime.mktime(date), seconds)
        equal(utime.mktime(date + (0,)), seconds)
    utime.setTimeZone(8)
    fails(TypeError, utime.mktime, (2000, 1, 1))


def test_every_day():
    for seconds in range(0, 4000000000, 86400 * 13):
        if utime.mktime(utime.localtime(seconds)) != seconds:
            equal(seconds, None)
    equal(utime.mktime(utime.localtime(1234567890)), 1234567890)


def test_now():
    now = utime.time()
    true(isinstance(now, int) and now > 1600000000)
    equal(len(utime.localtime()), 8)
    true(abs(utime.mktime(utime.localtime()) - now) <= 60)


def test_counters():
    for counter in (utime.ticks_ms, utime.ticks_us, utime.ticks_cpu):
        true(0 <= counter() <= 0x3fffffff)
    equal(utime.ticks_add(0x3fffffff, 1), 0)
    equal(utime.ticks_add(0, -1), 0x3fffffff)
    equal(utime.ticks_diff(5, 0x3fffffff), 6)
    equal(utime.ticks_diff(0x3fffffff, 5), -6)
    equal(utime.ticks_diff(0x1fffffff, 0), 0x1fffffff)


def test_waiting():
    for wait, count, least in ((utime.sleep, 0.02, 20000), (utime.sleep_ms, 20, 20000),
                               (utime.sleep_us, 2000, 2000)):
        start = utime.ticks_us()
        wait(count)
        # Clocks of milliseconds may cut the last one.
        true(utime.ticks_diff(utime.ticks_us(), start) >= least - 1000)
    utime.sleep_ms(-1)
    utime.sleep_us(0)


run(globals())
