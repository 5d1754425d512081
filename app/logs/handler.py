"""The one log handler of a process: writes lines, and folds repeated lines into one with a count.

A line repeats if it comes from the same place in the code with the same text; a line about an error
also if the error has the same type. The first line is written at once, in full. Repeats within
`FOLD_SECONDS` are counted; after that time the latest is written without its traceback, with `again`:
the number of such lines since the previous written one, including itself.

A place whose lines all differ writes `LINES_AT_ONCE` lines, then `LINES_A_SECOND`; its other lines are
counted together, whatever their text. So every line is written or counted, also at the end of the
process, and the number of places in the code bounds the memory.
"""

import logging
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field
from typing import Final, TextIO

from typing_extensions import override

FOLD_SECONDS: Final = 1.0

LINES_AT_ONCE: Final = 20
"""Lines that a place may write at once: an outage shows itself in a few of them."""

LINES_A_SECOND: Final = 1.0
"""Lines per second after that: a flood from one place writes about 300 bytes a second."""

ALL_OTHERS: Final = ""
"""The kind that collects the lines of a place with too many different lines."""

NOT_WHAT_IT_SAYS: Final = frozenset({"ts", "exc_info", "stack_info"})
SAID_CHARACTERS_MAX: Final = 500

Later = Callable[[float, Callable[[], None]], None]
"""Calls a function after a number of seconds, from any thread."""


@dataclass(slots=True)
class _RepeatedLine:
    """Lines with the same text. `again` of them are counted and not written yet, `latest` is the last."""

    due: float
    again: int = 0
    latest: logging.LogRecord | None = None


@dataclass(slots=True)
class _Place:
    """The kinds of a place that had a line within the last `FOLD_SECONDS`."""

    tokens: float
    seen: float
    kinds: dict[str, _RepeatedLine] = field(default_factory=dict)

    def spend(self, now: float) -> bool:
        """Spend a token for one more line of this place; False if there is none."""
        refilled = self.tokens + (now - self.seen) * LINES_A_SECOND
        self.tokens, self.seen = min(LINES_AT_ONCE, refilled), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def in_a_thread(seconds: float, then: Callable[[], None]) -> None:
    """Call `then` in a thread, because lines come from every thread and a handler has no event loop."""
    timer = threading.Timer(seconds, then)
    timer.daemon = True
    timer.start()


class LogHandler(logging.StreamHandler[TextIO]):
    """`monotonic` gives seconds."""

    def __init__(
        self, stream: TextIO, *, monotonic: Callable[[], float], later: Later = in_a_thread
    ) -> None:
        super().__init__(stream)
        self._monotonic = monotonic
        self._later = later
        self._places: dict[tuple[str, int], _Place] = {}
        self._due = False

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, or count it if it repeats."""
        now = self._monotonic()
        place = self._places.setdefault(
            (record.pathname, record.lineno), _Place(tokens=LINES_AT_ONCE, seen=now)
        )
        self._write_counted(place, now)
        said = _said(record)
        kind = place.kinds.get(said)
        if kind is None and ALL_OTHERS not in place.kinds and place.spend(now):
            place.kinds[said] = _RepeatedLine(due=now + FOLD_SECONDS)
            super().emit(record)
            return
        if kind is None:
            kind = place.kinds.setdefault(ALL_OTHERS, _RepeatedLine(due=now + FOLD_SECONDS))
        kind.again += 1
        kind.latest = _without_traceback(record)
        if not self._due:
            self._due = True
            self._later(FOLD_SECONDS, self._write_due)

    @override
    def close(self) -> None:
        """Write the lines that are still only counted."""
        with self.lock or nullcontext():
            for place in self._all_places():
                for kind in list(place.kinds.values()):
                    self._write(kind)
        super().close()

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Write a line about a line that cannot be formatted, such as one with too few arguments.

        The standard library would print a traceback with the arguments to standard error.
        """
        error = sys.exc_info()[1]
        if isinstance(error, OSError) or record.name == __name__:
            return  # standard error is closed: no line can be written
        self.handle(
            _line(
                "log_line_unwritable", of=record.name, line=record.lineno, why=type(error).__name__
            )
        )

    def _write_due(self) -> None:
        with self.lock or nullcontext():
            now = self._monotonic()
            for place in self._all_places():
                self._write_counted(place, now)
            self._due = any(
                kind.again for place in self._places.values() for kind in place.kinds.values()
            )
            if self._due:
                self._later(FOLD_SECONDS, self._write_due)

    def _all_places(self) -> list[_Place]:
        """A copy: a line that cannot be written adds the place of the line that says so."""
        return list(self._places.values())

    def _write_counted(self, place: _Place, now: float) -> None:
        """Write the due lines of this place, as far as allowed; forget kinds that did not repeat."""
        for said, kind in list(place.kinds.items()):
            if kind.due > now:
                continue
            if not kind.again:
                del place.kinds[said]
            elif place.spend(now):
                self._write(kind)
                kind.due = now + FOLD_SECONDS

    def _write(self, kind: _RepeatedLine) -> None:
        if kind.latest is not None:
            _add(kind.latest, again=kind.again)
            super().emit(kind.latest)
        kind.again, kind.latest = 0, None


def _line(event: str, **fields: object) -> logging.LogRecord:
    named = {"name": __name__, "msg": event, "levelno": logging.WARNING, "levelname": "WARNING"}
    return logging.makeLogRecord({**named, **fields})


def _said(record: logging.LogRecord) -> str:
    """The key of a line's kind: its text, or the type of its error.

    The place alone is the key for a library's line, because its text may be anything.
    """
    error = _error_of(record)
    if error is not None:
        return f"error {type(error).__module__}.{type(error).__qualname__}"
    said: object = record.msg
    if not isinstance(said, dict):
        return "line"
    parts = (f"{name}={value}" for name, value in said.items() if name not in NOT_WHAT_IT_SAYS)
    return " ".join(parts)[:SAID_CHARACTERS_MAX]


def _without_traceback(record: logging.LogRecord) -> logging.LogRecord:
    """The line without its error's frames, which would keep the objects they refer to alive."""
    error, kept = _error_of(record), copy(record)
    kept.exc_info = kept.exc_text = None
    if isinstance(kept.msg, dict):
        kept.msg = {name: value for name, value in kept.msg.items() if name != "exc_info"}
    if error is not None:
        _add(kept, error=type(error).__name__)
    return kept


def _add(record: logging.LogRecord, **fields: object) -> None:
    """Add fields to a line of structlog or of the standard library's logging."""
    said: object = record.msg
    (said if isinstance(said, dict) else record.__dict__).update(fields)


def _error_of(record: logging.LogRecord) -> BaseException | None:
    """The error of a line, of the standard library's logging or of structlog's."""
    said: object = record.msg
    thrown = said.get("exc_info") if isinstance(said, dict) else record.exc_info
    if isinstance(thrown, BaseException):
        return thrown
    return (thrown if isinstance(thrown, tuple) else sys.exc_info())[1] if thrown else None
