"""Which period of a range belongs beside which of the range it is compared with.

A day with a change of the clocks has more or fewer hours than the day before, and a leap year a day
that the other year has not: periods belong together by what the clock and the calendar show there,
never by their number. What has no counterpart stands alone, so the sum of either side is whole.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final
from zoneinfo import ZoneInfo

from configurator.periods import Unit
from configurator.ranges import Range, shown_on_clocks

Pair = tuple[int | None, int | None]
"""The places of two periods that belong together; None: there is no counterpart."""

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_CHANGE_MAX: Final = timedelta(hours=2)
"""The most by which clocks are moved for summer."""

_Key = tuple[datetime, int]


def paired(
    span: Range, unit: Unit, begins: Sequence[datetime], compared: Sequence[datetime]
) -> list[Pair]:
    """The periods of `span` and of `span.compared()` in order; each is in exactly one pair.

    Hours belong together by the hour that clocks show, days by their date: as far apart as the
    ranges are, or a year. Of an hour that comes twice the first belongs to the first. Weeks and
    months, which a range may cut, follow one another: the first and the first, and so on.
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
    """The hour or the date that clocks show there."""
    local = at.astimezone(zone).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    return local.replace(hour=0) if unit == "day" else local


def _shift(span: Range, unit: Unit, zone: ZoneInfo) -> timedelta | None:
    """How far apart hours or days are that belong together; None: a year."""
    if span.comparison == "year":
        return None
    length = shown_on_clocks(span.end, zone) - shown_on_clocks(span.start, zone)
    days = round(length / _DAY) * _DAY
    if unit == "day" or (days and abs(length - days) <= _CHANGE_MAX):
        return days
    return round(length / _HOUR) * _HOUR


def _moved(shown: datetime, shift: timedelta | None) -> tuple[bool, datetime]:
    """Where it belongs; False: only between what is there, as the year has no such day."""
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
