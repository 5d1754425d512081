"""Hours, days, weeks and months of a time zone, as instants in UTC.

Times are compared as instants only: Python never holds a local time in a repeated or skipped hour
equal to one of another zone (PEP 495). Each period ends where the next begins, so counts by period
include everything once, even when the clocks change:

    hour    begins when the clock shows a whole hour. A repeated hour is two periods. Where clocks
            change by part of an hour, the hour ends there or one hour after its beginning, and
            the next one is as much shorter
    day     begins at the first instant of its date: at midnight, at the first of two midnights, or
            where the clocks jump over midnight. A date that a country skipped is no period
    week    begins with a Monday, month with its first day
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["hour", "day", "week", "month"]

_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which the date in this zone is `day` or later."""
    midnight = datetime.combine(day, time(), zone)
    first, second = (midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    # The clocks jump over midnight, at an instant between `second` (excluded) and `first`
    # (included).
    before, jumped = second, first
    while jumped - before > _SECOND:
        middle = before + (jumped - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            jumped = middle
    return jumped


def beginnings(start: datetime, end: datetime, unit: Unit, zone: ZoneInfo) -> list[datetime]:
    """The beginnings of the periods that overlap `start` to `end`, in UTC and ascending.

    The first is at `start` or before it. The list is empty for an empty range.
    """
    if end <= start:
        return []
    found: list[datetime] = []
    for begin, following in pairwise(_onwards(start, unit, zone)):
        if begin >= end:
            break
        if following > start and following > begin:
            found.append(begin)
    return found


def shown_in(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment with the offset of the zone, or in UTC if that offset has seconds, as before 1972.

    RFC 3339 allows no seconds in an offset: with a rounded one, the text would name another moment.
    """
    local = moment.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return moment.astimezone(UTC) if offset % timedelta(minutes=1) else local


def _onwards(start: datetime, unit: Unit, zone: ZoneInfo) -> Iterator[datetime]:
    """Beginnings without end, the first at `start` or before it; a skipped date repeats one."""
    day = start.astimezone(zone).date()
    if unit == "hour":
        yield from _hours(day_begins(day, zone), zone)
    if unit == "week":
        day -= timedelta(days=day.weekday())
    if unit == "month":
        day = day.replace(day=1)
    while True:
        yield day_begins(day, zone)
        day += timedelta(days={"day": 1, "week": 7, "month": 32}[unit])
        if unit == "month":
            day = day.replace(day=1)


def _hours(at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    while True:
        yield at
        local = at.astimezone(zone)
        at += _HOUR - timedelta(minutes=local.minute, seconds=local.second)
