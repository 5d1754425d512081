"""Sentences, numbers and times in the language of a page; times are those of Vienna."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from configurator.activity.ranges import ZONE
from configurator.protocol.code import Code
from configurator.protocol.codes import Refused
from configurator.text import Language
from ui.texts import Texts

NONE: Final = "–"
_NO_KEY: Final = re.compile(r"\W+", re.ASCII)
"""The characters of our names that keys of texts lack."""
_VIENNA: Final = ZoneInfo(ZONE)
WEEKDAYS: Final[dict[Language, tuple[str, ...]]] = {
    "de": ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


@dataclass(frozen=True)
class Words:
    """The words of a page. `texts` are those of `texts.json`, `now` is the time of day."""

    texts: Texts
    language: Language
    now: Callable[[], datetime]

    def t(self, key: str, **values: object) -> str:
        """The text of this key with its places filled."""
        return self.texts.of(self.language, key, **values)

    def word(self, group: str, name: str, **values: object) -> str | None:
        """The text of `group` for a name of ours, such as a job; None where there is none."""
        key = f"{group}.{_NO_KEY.sub('_', name)}"
        return self.t(key, **values) if key in self.texts.entries() else None

    def number(self, value: float | None) -> str:
        """A number with at most one digit after the point: `1.234,5` in German, `1,234.5` in English."""
        if value is None:
            return NONE
        text = f"{round(value, 1):,.1f}".removesuffix(".0")
        return text.translate(str.maketrans(",.", ".,")) if self.language == "de" else text

    def time(self, at: datetime) -> str:
        """A moment to the second: the time of today, or the day with it."""
        return self._moment(at, "%H:%M:%S")

    def minute(self, at: datetime) -> str:
        """A moment to the minute: the time of today, or the day with it."""
        return self._moment(at, "%H:%M")

    def day(self, day: date) -> str:
        """A day with its weekday: `Mi., 25.11.2026` or `Wed, 25/11/2026`."""
        weekday = WEEKDAYS[self.language][day.weekday()]
        if self.language == "de":
            return f"{weekday}, {day.day}.{day.month}.{day.year}"
        return f"{weekday}, {day:%d/%m/%Y}"

    def span(self, seconds: float) -> str:
        """A duration in one unit: `340 ms`, `12,5 s`, `7 min`, `3 h`, `2 d`."""
        for below, unit, size in (
            (1, "ms", 0.001),
            (90, "s", 1),
            (5_400, "min", 60),
            (129_600, "h", 3_600),
        ):
            if seconds < below:
                shown = round(seconds / size, 1 if unit == "s" else None)
                return f"{self.number(shown)}\u00a0{unit}"
        return f"{self.number(round(seconds / 86_400))}\u00a0d"

    def refusal(self, refused: Refused) -> str:
        """The sentence of a refusal."""
        return self.said(refused.code)

    def said(self, code: Code) -> str:
        """The sentence of a code."""
        return code.text.of(self.language)

    def _moment(self, at: datetime, clock: str) -> str:
        there = at.astimezone(_VIENNA)
        text = there.strftime(clock)
        if there.date() == self.now().astimezone(_VIENNA).date():
            return text
        shape = "%d.%m.%y" if self.language == "de" else "%d/%m/%Y"
        return f"{there.strftime(shape)}, {text}"
