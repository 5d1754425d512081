"""Pairs the periods of a range with those of the range that it is compared with.

A day with a change of the clocks has more or fewer hours than the day before, and a leap year has a
day that other years lack. Periods are therefore paired by the time or date that they show, never by
their number. A period without a counterpart is a pair of its own, so the sum of each side is
complete.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final
from zoneinfo import ZoneInfo

from configurator.activity.periods import Unit
from configurator.activity.ranges import Range, shown_on_clocks

Pair = tuple[int | None, int | None]
"""The indices of two periods that belong together; None if there is no counterpart."""

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_CHANGE_MAX: Final = timedelta(hours=2)
"""The most by which clocks are moved for summer time."""

_Key = tuple[datetime, int]


def paired(
    span: Range, unit: Unit, begins: Sequence[datetime], compared: Sequence[datetime]
) -> list[Pair]:
    """The pairs of periods of `span` and `span.compared()`, in order; each period is in one.

    Hours are paired by the hour that clocks show, days by their date: the distance is that of the
    ranges, or a year. If an hour comes twice, the first is paired with the first. Weeks and months,
    which a range may cut, are paired in order: the first with the first, and so on.
    """
    if unit in ("week", "month"):
        return list(zip_longest(range(len(begins)), range(len(compared))))
    zone = ZoneInfo(span.zone)
    shift = _shift(span, unit, zone)
    own = list(_numbered(_shown(at, unit, zone) for at in begins))
    places = {key: place for place, key in enumerate(own)}
    beside: dict[int, int] = {}
    alone: list[tuple[int, int]] = []
    others = (_moved(_shown(at, unit, zone), shift) for at in compared)
    for place, (there, key) in enumerate(_placed(others)):
        found = places.get(key) if there else None
        if found is None:
            before = [nth for nth, (at, _) in enumerate(own) if at <= key[0]]
            alone.append((before[-1] if before else -1, place))
        else:
            beside[found] = place
    pairs: list[Pair] = [(None, other) for after, other in alone if after < 0]
    for place in range(len(begins)):
        pairs.append((place, beside.get(place)))
        pairs += [(None, other) for after, other in alone if after == place]
    return pairs


def _shown(at: datetime, unit: Unit, zone: ZoneInfo) -> datetime:
    """The local hour or date of the moment in the zone."""
    local = at.astimezone(zone).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    return local.replace(hour=0) if unit == "day" else local


def _shift(span: Range, unit: Unit, zone: ZoneInfo) -> timedelta | None:
    """The distance between paired hours or days; None means a year."""
    if span.comparison == "year":
        return None
    length = shown_on_clocks(span.end, zone) - shown_on_clocks(span.start, zone)
    days = round(length / _DAY) * _DAY
    if unit == "day" or (days and abs(length - days) <= _CHANGE_MAX):
        return days
    return round(length / _HOUR) * _HOUR


def _moved(shown: datetime, shift: timedelta | None) -> tuple[bool, datetime]:
    """The counterpart's local time.

    False: that year has no such day, and this is only its place.
    """
    if shift is not None:
        return True, shown + shift
    try:
        return True, shown.replace(year=shown.year + 1)
    except ValueError:  # the 29th of February
        return False, shown.replace(year=shown.year + 1, day=28)


def _numbered(shown: Iterator[datetime]) -> Iterator[_Key]:
    seen: dict[datetime, int] = {}
    for each in shown:
        seen[each] = seen.get(each, -1) + 1
        yield each, seen[each]


def _placed(moved: Iterator[tuple[bool, datetime]]) -> Iterator[tuple[bool, _Key]]:
    seen: dict[datetime, int] = {}
    for there, each in moved:
        if there:
            seen[each] = seen.get(each, -1) + 1
        yield there, (each, seen.get(each, 0))
