"""Ranges of analytics figures, parsed once from untrusted text.

A range is half open and begins and ends at whole minutes. A date means that day in the reader's
zone (`tz`): `from` its beginning, `to` its end. `timeRange` has the names of the original API (24h,
7d, 30d, 90d, all). Such a range ends with the present minute; one longer than a day begins with a
whole hour, so that hourly counts can answer it.

    RangeInvalid    the caller's text is no range; `code` says why, `field` where
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from configurator.activity.periods import day_begins
from configurator.errors import ConfiguratorError

Bots = Literal["none", "only", "all"]
Comparison = Literal["previous", "year"]

T = TypeVar("T")

ZONE = "Europe/Vienna"
DAYS_MAX = 400
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
TIME_RANGES = {"24h": 1, "7d": 7, "30d": 30, "90d": 90}
FIELDS = ("from", "to", "timeRange", "tz", "compare", "bots")
YEARS: Final = range(1900, 2200)
"""The years that are accepted: others mean nothing here, and some zones cannot compute with
them."""

_NO_PLACES: Final = frozenset({"localtime", "Factory"})
"""Names of zones that mean the setting of the machine: each machine would count other days."""

_TEXT_MAX = 64
_DATE_CHARS = len("2026-01-31")
_BOTS: Mapping[str, Bots] = {"none": "none", "only": "only", "all": "all"}
_COMPARISONS: Mapping[str, Comparison] = {"previous": "previous", "year": "year"}

SENTENCES = {
    "unknown_zone": (
        "Diese Zeitzone gibt es nicht. Nimm einen Namen wie Europe/Vienna.",
        "There is no such time zone. Use a name like Europe/Vienna.",
    ),
    "not_a_time": (
        "Das ist kein Datum und keine Zeit nach ISO 8601.",
        "This is not an ISO 8601 date or time.",
    ),
    "too_far": (
        f"Die Zeit muss in den Jahren {YEARS.start} bis {YEARS.stop - 1} liegen.",
        f"The time must be in the years {YEARS.start} to {YEARS.stop - 1}.",
    ),
    "reversed": ("Der Zeitraum endet vor seinem Beginn.", "The range ends before it begins."),
    "too_long": (
        f"Der Zeitraum ist länger als {DAYS_MAX} Tage.",
        f"The range is longer than {DAYS_MAX} days.",
    ),
    "unknown_value": ("Diesen Wert gibt es hier nicht.", "This parameter has no such value."),
    "contradiction": (
        "Diese Angaben passen nicht zusammen: Nimm timeRange oder from und to; all hat keinen Vergleich.",
        "These parameters do not go together: use timeRange, or from and to; all has no comparison.",
    ),
}


class RangeInvalid(ConfiguratorError):
    """The text is no range. `code` is a key of `SENTENCES`, `field` the parameter."""

    def __init__(self, code: str, field: str) -> None:
        self.code = code
        self.field = field
        self.de, self.en = SENTENCES[code]
        super().__init__(f"{field}: {self.en}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The time from `start` up to, but without, `end`; both are aware and in UTC.

    Days begin at midnight in `zone`. `bots` says whether sessions and events of bots count.
    """

    start: datetime
    end: datetime
    zone: str = ZONE
    bots: Bots = "none"
    comparison: Comparison | None = None

    @property
    def endless(self) -> bool:
        """Whether the range has no beginning (`timeRange=all`)."""
        return self.start == BEGINNING

    def compared(self) -> "Range | None":
        """The range to compare with; None if no comparison was asked for.

        Its bounds are computed in local time: a week that begins at midnight is compared with one
        that begins at midnight, even if the clocks changed between them.
        """
        if self.comparison is None:
            return None
        zone = ZoneInfo(self.zone)
        start, end = (shown_on_clocks(moment, zone) for moment in (self.start, self.end))
        if self.comparison == "previous":
            start, end = start - (end - start), start
        else:
            start, end = _year_before(start), _year_before(end)
        start, end = (_instant(moment, zone) for moment in (start, end))
        return replace(self, start=start, end=max(end, start), comparison=None)


def parse_range(asked: Mapping[str, str], now: datetime) -> Range:
    """The range in the query parameters `FIELDS`; others are ignored. Raises RangeInvalid."""
    for field in FIELDS:
        if len(asked.get(field, "")) > _TEXT_MAX:
            raise RangeInvalid("unknown_value", field)
    zone = _zone(asked.get("tz", ZONE))
    start, end = _limits(asked, zone, now)
    if end <= start:
        raise RangeInvalid("reversed", "to")
    if start != BEGINNING and end - start > timedelta(days=DAYS_MAX, hours=1):
        raise RangeInvalid("too_long", "from")
    comparison = _one_of(_COMPARISONS, asked, "compare")
    if comparison and start == BEGINNING:
        raise RangeInvalid("contradiction", "compare")
    bots = _one_of(_BOTS, asked, "bots") or "none"
    return Range(start=start, end=end, zone=zone.key, bots=bots, comparison=comparison)


@cache
def known_zones() -> frozenset[str]:
    """The names of zones that are accepted."""
    return frozenset(available_timezones()) - _NO_PLACES


def _zone(name: str) -> ZoneInfo:
    if name not in known_zones():
        raise RangeInvalid("unknown_zone", "tz")
    return ZoneInfo(name)


def _limits(asked: Mapping[str, str], zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    running_minute = _minute(now) + timedelta(minutes=1)
    if "from" not in asked:
        if "to" in asked:
            raise RangeInvalid("contradiction", "to")
        return _rolling(asked.get("timeRange", "7d"), now), running_minute
    if "timeRange" in asked:
        raise RangeInvalid("contradiction", "timeRange")
    start = _moment(asked["from"], "from", zone)
    end = _moment(asked["to"], "to", zone) if "to" in asked else running_minute
    return start, end


def _rolling(name: str, now: datetime) -> datetime:
    if name == "all":
        return BEGINNING
    if name not in TIME_RANGES:
        raise RangeInvalid("unknown_value", "timeRange")
    start = _minute(now - timedelta(days=TIME_RANGES[name]))
    return start if name == "24h" else start.replace(minute=0)


def _moment(text: str, field: str, zone: ZoneInfo) -> datetime:
    try:
        if len(text) == _DATE_CHARS:
            day = date.fromisoformat(text)
            if day.year in YEARS:
                return day_begins(day + timedelta(days=field == "to"), zone)
        else:
            moment = datetime.fromisoformat(text)
            if moment.year in YEARS:
                return _minute(_utc(moment if moment.tzinfo else moment.replace(tzinfo=zone)))
    except (ValueError, OverflowError):
        raise RangeInvalid("not_a_time", field) from None
    raise RangeInvalid("too_far", field)


def _one_of(known: Mapping[str, T], asked: Mapping[str, str], field: str) -> T | None:
    if field not in asked:
        return None
    if asked[field] not in known:
        raise RangeInvalid("unknown_value", field)
    return known[asked[field]]


def shown_on_clocks(moment: datetime, zone: ZoneInfo) -> datetime:
    """The local time of the moment; midnight for the start of a day whose midnight is skipped."""
    local = moment.astimezone(zone)
    begins = day_begins(local.date(), zone) == moment
    return datetime.combine(local, time()) if begins else local.replace(tzinfo=None)


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    if local.time() == time():
        return day_begins(local.date(), zone)
    return _utc(local.replace(tzinfo=zone))


def _year_before(moment: datetime) -> datetime:
    try:
        return moment.replace(year=moment.year - 1)
    except ValueError:  # the 29th of February
        return moment.replace(year=moment.year - 1, day=28)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
