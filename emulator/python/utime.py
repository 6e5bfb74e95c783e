# SPDX-License-Identifier: MIT
"""utime - the clock, the counters, and waiting.

The clock is the host's, so time() is in seconds since 1970, as on a module that
got its time from the network; the zone is that of the modules, UTC+8, until
setTimeZone() sets another.
"""
from _twinfs.own import own as _own

_time = _own('time')
_TICKS = 0x40000000  # the counters go up to 0x3fffffff and start again
_zone = 8


def time() -> int:
    """Seconds since 1970-01-01, UTC, an int."""
    return int(_time.time())


def localtime(secs=None) -> tuple:
    """(year, month, mday, hour, minute, second, weekday, yearday) in the module's zone.

    secs is what time() returns; without it, now. weekday 0 is Monday, yearday 1
    is the first of January.
    """
    secs = (time() if secs is None else int(secs)) + _zone * 3600
    days, second = divmod(secs, 86400)
    year, month, mday = _date(days)
    yearday = days - _days(year, 1, 1) + 1
    hour, second = divmod(second, 3600)
    minute, second = divmod(second, 60)
    return year, month, mday, hour, minute, second, (days + 3) % 7, yearday


def mktime(date: tuple) -> int:
    """The seconds that localtime() turns into date, of which the first six parts count."""
    if len(date) not in (8, 9):
        raise TypeError('mktime needs a tuple of length 8 or 9 (%d given)' % len(date))
    year, month, mday, hour, minute, second = date[:6]
    days = _days(year, month, mday)
    return ((days * 24 + hour) * 60 + minute) * 60 + second - _zone * 3600


def _days(year, month, mday):
    """Days from 1970-01-01 to a date; the year is taken to start with March."""
    year -= month <= 2
    months = (month + 9) % 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * months + 2) // 5 + \
        mday - 719469


def _date(days):
    """The date that _days() turns into days."""
    year = 1970 + days // 366
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 1
    while month < 12 and _days(year, month + 1, 1) <= days:
        month += 1
    return year, month, days - _days(year, month, 1) + 1


def getTimeZone() -> int:
    """The zone in hours east of UTC."""
    return _zone


def setTimeZone(offset: int) -> int:
    """Sets the zone in hours east of UTC, -12 to 12. Returns 0."""
    global _zone
    if not -12 <= offset <= 12:
        raise ValueError('invalid value, timezone should be in [-12, +12].')
    _zone = int(offset)
    return 0


def sleep(seconds) -> None:
    """Waits."""
    _time.sleep(seconds)


def sleep_ms(ms: int) -> None:
    """Waits that many milliseconds; a negative number is none."""
    if ms > 0:
        _time.sleep(ms / 1000)


def sleep_us(us: int) -> None:
    """Waits that many microseconds; a negative number is none."""
    if us > 0:
        _time.sleep(us / 1000000)


if hasattr(_time, 'ticks_us'):
    _ms, _us = _time.ticks_ms, _time.ticks_us
else:

    def _us():
        return _time.monotonic_ns() // 1000

    def _ms():
        return _time.monotonic_ns() // 1000000


def ticks_ms() -> int:
    """A counter of milliseconds, for ticks_diff()."""
    return _ms() % _TICKS


def ticks_us() -> int:
    """A counter of microseconds, for ticks_diff()."""
    return _us() % _TICKS


def ticks_cpu() -> int:
    """A counter as fine as there is, here of microseconds, for ticks_diff()."""
    return _us() % _TICKS


def ticks_add(ticks: int, delta: int) -> int:
    """The count `delta` later than `ticks`."""
    return (ticks + delta) % _TICKS


def ticks_diff(ticks1: int, ticks2: int) -> int:
    """How much later ticks1 is than ticks2, right up to half a round of the counter."""
    return (ticks1 - ticks2 + _TICKS // 2) % _TICKS - _TICKS // 2
