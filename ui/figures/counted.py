"""The time at which figures were counted, and the last entry of the stream stored then."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from ui.figures.words import FigureWords


class Counted(Protocol):
    """The answer of any figure."""

    @property
    def stored_through(self) -> str | None:
        """The newest entry of the stream that is counted."""
        ...

    @property
    def as_of(self) -> datetime | None:
        """The time at which it was counted."""
        ...


def counted(words: FigureWords, answers: Iterable[Counted]) -> str:
    """A sentence about several answers: when the oldest was counted, and through when.

    Times are those of `words`. "" where no answer says it.
    """
    found = list(answers)
    as_of = min((each.as_of for each in found if each.as_of), default=None)
    through = stored_through((each.stored_through for each in found), words.words.now())
    said = [
        words.t("analytics.asOf", time=words.time(as_of)) if as_of else "",
        words.t("analytics.through", time=words.time(through), zone=words.zone) if through else "",
    ]
    return " · ".join(filter(None, said))


def stored_through(entries: Iterable[str | None], now: datetime) -> datetime | None:
    """The time of the oldest of these ids of entries (`1795672800000-0`), at most `now`.

    An id of a Redis whose clock was ahead would name a time in the future. None: there is no id.
    """
    clocks = (entry.partition("-")[0] for entry in entries if entry)
    moments = [int(ms) for ms in clocks if ms.isascii() and ms.isdigit() and int(ms) > 0]
    if not moments:
        return None
    return min(datetime.fromtimestamp(min(moments) / 1000, UTC), now)
