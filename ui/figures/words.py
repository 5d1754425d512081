"""Numbers, money, spans and times of figures, in one language and one time zone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from configurator.protocol.codes import CODES, Refused
from configurator.text import Language
from ui.figures.names import CatalogueNames, FigureNames
from ui.money import euro
from ui.words import NONE, WEEKDAYS, Words

_READERS_REASONS: Final = ("too_long", "too_far", "unknown_zone")
"""Reasons of refused ranges that a reader can cause, with words of their own."""
_DAYS_OF_THE_WEEK: Final[dict[Language, tuple[str, ...]]] = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "de": (
        *("Jän.", "Feb.", "März", "Apr.", "Mai", "Juni"),
        *("Juli", "Aug.", "Sep.", "Okt.", "Nov.", "Dez."),
    ),
    "en": (
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
        *("Jul", "Aug", "Sept", "Oct", "Nov", "Dec"),
    ),
}
_UNITS: Final[dict[Language, tuple[tuple[int, str, str], ...]]] = {
    "de": ((1440, "Tag", "Tage"), (60, "Stunde", "Stunden"), (1, "Minute", "Minuten")),
    "en": ((1440, "day", "days"), (60, "hour", "hours"), (1, "minute", "minutes")),
}
"""Minutes of a unit, and its name for one and for several."""


@dataclass(frozen=True)
class FigureWords:
    """The words of figures. Times are those of `zone`, a name of the IANA database."""

    words: Words
    catalogue: CatalogueNames
    zone: str

    def in_zone(self, zone: str) -> "FigureWords":
        """The same with the times of another zone."""
        return self if zone == self.zone else replace(self, zone=zone)

    @cached_property
    def names(self) -> FigureNames:
        """The words for ids of the catalogue and of events."""
        return FigureNames(self.catalogue, self.words)

    @property
    def language(self) -> Language:
        """The language of everything that is said."""
        return self.words.language

    def t(self, key: str, **values: object) -> str:
        """The text of this key with its places filled."""
        return self.words.t(key, **values)

    def number(self, value: float | None) -> str:
        """A number with at most one digit after the point; `–` where it is unknown."""
        return NONE if value is None else self.words.number(_tenth(value))

    def percent(self, share: float | None) -> str:
        """A share of 1 in percent: `12,5 %` in German, `12.5%` in English."""
        if share is None:
            return NONE
        space = "\u00a0" if self.language == "de" else ""
        return f"{self.number(share * 100)}{space}%"

    def euro(self, cents: float | None) -> str:
        """Whole euros: `€ 264.290` or `€264,290`."""
        return NONE if cents is None else euro(_whole(cents / 100) * 100, self.language)

    def more(self, difference: float, unit: str = "") -> str:
        """A difference with its sign: `+ 12`, `− 0,5 %-P.`, `± 0`."""
        return f"{_sign(_tenth(difference))}\u00a0{self.number(abs(difference))}{unit}"

    def more_euro(self, cents: float) -> str:
        """A difference in whole euros with its sign."""
        euros = _whole(cents / 100)
        return f"{_sign(euros)}\u00a0{euro(abs(euros) * 100, self.language)}"

    def span(self, ms: float | None) -> str:
        """A duration in seconds, minutes or hours: `12 s`, `7 min`, `1,6 h`."""
        if ms is None:
            return NONE
        seconds = _whole(ms / 1000)
        if seconds < 60:
            return f"{seconds}\u00a0s"
        if seconds < 5400:
            return f"{_whole(seconds / 60)}\u00a0min"
        return f"{self.number(seconds / 3600)}\u00a0h"

    def lasting(self, minutes: int) -> str:
        """A number of minutes in the largest unit that is whole: `1 Tag`, `90 Minuten`."""
        units = _UNITS[self.language]
        size, one, several = next(each for each in units if minutes % each[0] == 0)
        n = minutes // size
        return f"{n} {one if n == 1 else several}"

    def time(self, at: datetime | None) -> str:
        """A moment to the second: `29.03.26, 01:30:00`."""
        return self._moment(at, "%H:%M:%S")

    def minute(self, at: datetime | None) -> str:
        """A moment to the minute: `29.03.26, 01:30`."""
        return self._moment(at, "%H:%M")

    def long_date(self, at: datetime | None) -> str:
        """The day of a moment with its whole year: `29.03.2026` or `29 Mar 2026`."""
        if at is None:
            return NONE
        there = self._there(at)
        if self.language == "de":
            return f"{there:%d.%m.%Y}"
        return f"{there.day} {self._month(there)} {there.year}"

    def day(self, day: date) -> str:
        """A day: `29.03.26` or `29/03/2026`."""
        return f"{day:%d.%m.%y}" if self.language == "de" else f"{day:%d/%m/%Y}"

    def weekday(self, day: int) -> str:
        """The name of a day of the week, 1 is Monday."""
        return _DAYS_OF_THE_WEEK[self.language][day - 1]

    def labels(self, moments: Sequence[datetime], unit: str) -> list[str]:
        """A label for each interval of a series, by its beginning; `unit` is hour, day, week or month.

        An hour that comes twice has its offset behind it, so that both can be told apart.
        """
        said = [self._label(each, unit) for each in moments]
        return [
            f"{text} ({_offset(at)})"
            if unit == "hour" and text in said[max(n - 1, 0) : n] + said[n + 1 : n + 2]
            else text
            for n, (at, text) in enumerate(zip(moments, said, strict=True))
        ]

    def why(self, refused: Refused) -> str:
        """The reason of a refusal, in words.

        Reasons that a reader causes have their own words; others have the sentence of their code
        and its detail.
        """
        if refused.code is CODES["query_unusable"] and refused.reason in _READERS_REASONS:
            return self.t(f"analytics.{refused.reason}")
        return " ".join(filter(None, (self.words.refusal(refused), refused.detail)))

    def _label(self, at: datetime, unit: str) -> str:
        there, german = self._there(at), self.language == "de"
        if unit == "hour":
            weekday = WEEKDAYS[self.language][there.weekday()]
            return f"{weekday}{',' if german else ''} {there:%H:%M}"
        if unit == "month":
            return f"{self._month(there)} {there.year}"
        return f"{there.day}.{there.month}." if german else f"{there:%d/%m}"

    def _month(self, there: date) -> str:
        return _MONTHS[self.language][there.month - 1]

    def _moment(self, at: datetime | None, clock: str) -> str:
        if at is None:
            return NONE
        there = self._there(at)
        return f"{self.day(there)}, {there.strftime(clock)}"

    def _there(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))


def _whole(value: float) -> int:
    """The nearest whole number; halves go up."""
    return math.floor(value + 0.5)


def _tenth(value: float) -> float:
    return value if isinstance(value, int) else _whole(value * 10) / 10


def _sign(value: float) -> str:
    if value == 0:
        return "±"
    return "+" if value > 0 else "−"


def _offset(at: datetime) -> str:
    """The offset of a moment from UTC: `UTC+02:00`."""
    offset = at.utcoffset() or timedelta()
    minutes = abs(offset) // timedelta(minutes=1)
    return f"UTC{'−' if offset < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
