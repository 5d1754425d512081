"""The query of the analytics page's address: parsed strictly, and written without defaults.

The names are those of the HTTP API. A value that is unknown, or does not go together with another,
counts as not given.
"""

import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlencode

from configurator.activity.ranges import ZONE, known_zones
from configurator.protocol.codes import CODES, Refused
from configurator.text import LANGUAGES
from ui.figures.figure import Figure
from ui.figures.words import FigureWords

TABS: Final = ("overview", "choices", "ways", "visitors", "sessions", "sharing")
RANGES: Final = ("24h", "7d", "30d", "90d", "all")
COMPARISONS: Final = ("", "previous", "year")
BOTS: Final = ("", "only", "all")
PARTS: Final = ("device", "language", "referrer")
UNITS: Final = ("", "hour", "day", "week", "month")
STEPS_MAX: Final = 16
WINDOW_MINUTES_MAX: Final = 43_200
STEPS_CHARACTERS_MAX: Final = 512

_NAMES: Final = {"time_range": "timeRange", "from_": "from"}
"""Attributes that are called differently in an address."""
_RANGE: Final = frozenset({"time_range", "from_", "to"})
_STEP: Final = re.compile(r"\w[\w-]{0,63}", re.ASCII)
_WINDOW: Final = re.compile(r"[1-9][0-9]{0,4}")
_SESSION: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The query, with the defaults of the plain page. "" means that a value was not given.

    `lang` is set if the address names a language. `replay` is the id of a session.
    """

    lang: str = ""
    tab: str = "overview"
    time_range: str = "7d"
    from_: str = ""
    to: str = ""
    compare: str = "previous"
    bots: str = ""
    by: str = ""
    unit: str = ""
    steps: str = ""
    window: str = ""
    replay: str = ""
    tz: str = ZONE

    @property
    def endless(self) -> bool:
        """Whether the range has no beginning, so that there is nothing to compare it with."""
        return not self.from_ and self.time_range == "all"

    def but(self, **change: str) -> "Asked":
        """The same with these changes. Another range begins with the unit that fits it."""
        unit = {"unit": ""} if change.keys() & _RANGE else {}
        return asked_of(replace(self, **{**unit, **change}).search())

    def search(self) -> str:
        """The query of the address, with its `?`: only what differs from the plain page."""
        given = asdict(self)
        if not self.endless and not self.compare:
            given["compare"] = "none"
        if self.from_:
            given["time_range"] = ""
        plain = asdict(_PLAIN)
        said = {
            _NAMES.get(name, name): value
            for name, value in given.items()
            if value and value != plain[name]
        }
        return f"?{urlencode(said)}" if said else ""

    def range_query(self) -> dict[str, str]:
        """The range as the API takes it."""
        days = {"from": self.from_, "to": self.to} if self.from_ else {"timeRange": self.time_range}
        return _given({**days, "bots": self.bots, "tz": self.tz})

    def own_query(self, figure: type[Figure[Any]]) -> dict[str, str]:
        """The parameters of this figure beside the range."""
        return _given({**figure.fixed, **{name: getattr(self, name) for name in figure.own}})


class Ask(Protocol):
    """Asks for something else: the controls show it at once, and the figures are read."""

    def __call__(self, **change: str) -> Awaitable[None]:
        """`change` are attributes of `Asked`. The result reads the figures."""
        ...


_PLAIN: Final = Asked()


def asked_of(search: str) -> Asked:
    """The query in this text, with or without its `?`."""
    pairs = parse_qsl(search.removeprefix("?"), keep_blank_values=True)
    said = dict(reversed(pairs))  # the first of a name counts
    first, last = _days(said.get("from", ""), said.get("to", ""))
    zone, session = said.get("tz", ""), said.get("replay", "")
    asked = Asked(
        lang=_one(said, "lang", LANGUAGES, ""),
        tab=_one(said, "tab", TABS, _PLAIN.tab),
        time_range=_one(said, "timeRange", RANGES, _PLAIN.time_range),
        from_=first,
        to=last,
        compare="" if said.get("compare") == "none" else _compared(said),
        bots=_one(said, "bots", BOTS, ""),
        by=_one(said, "by", PARTS, ""),
        unit=_one(said, "unit", UNITS, ""),
        steps=_steps(said.get("steps", "")),
        window=_window(said.get("window", "")),
        replay=session if _SESSION.fullmatch(session) else "",
        tz=zone if zone in known_zones() else ZONE,
    )
    return replace(asked, compare="") if asked.endless else asked


def range_text(asked: Asked, words: FigureWords) -> str:
    """The range in words."""
    if not asked.from_:
        return words.t(f"analytics.{asked.time_range}")
    last = words.day(date.fromisoformat(asked.to)) if asked.to else words.t("analytics.now")
    return f"{words.day(date.fromisoformat(asked.from_))} – {last}"


def refuses_unit(refused: Refused) -> bool:
    """Whether it was refused because its range cannot be divided into this unit.

    That depends on the time of the first session, which an address does not know.
    """
    return refused.code is CODES["query_unusable"] and refused.field == "unit"


def _one(said: Mapping[str, str], name: str, known: Sequence[str], plain: str) -> str:
    value = said.get(name, plain)
    return value if value in known else plain


def _compared(said: Mapping[str, str]) -> str:
    return _one(said, "compare", COMPARISONS, _PLAIN.compare)


def _days(first: str, last: str) -> tuple[str, str]:
    if not _is_day(first):
        return "", ""
    return first, last if _is_day(last) and last >= first else ""


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _steps(text: str) -> str:
    """Steps of a funnel in their order, each once; a category that is gone counts as any other."""
    steps = text.split(",") if len(text) <= STEPS_CHARACTERS_MAX else []
    sound = len(steps) <= STEPS_MAX and len(set(steps)) == len(steps)
    return text if sound and all(map(_STEP.fullmatch, steps)) and steps else ""


def _window(text: str) -> str:
    fits = _WINDOW.fullmatch(text) is not None and int(text) <= WINDOW_MINUTES_MAX
    return text if fits else ""


def _given(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}
