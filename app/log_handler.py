"""The one handler of a process: writes lines, and bounds how many of one kind it writes.

A kind is a place in the code and the type of the error, if there is one; there are as many as the
code has such places. Of each kind `LINES_AT_ONCE` lines are written, then `LINES_A_SECOND`. What is
left out is counted, and a line `lines_left_out` tells the count at most every `REPORT_SECONDS`: with
the next line of whatever kind, or when the process ends.
"""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TextIO

from typing_extensions import override

LINES_AT_ONCE: Final = 20
"""An outage tells each of its sides a few times; more of the same says nothing new."""

LINES_A_SECOND: Final = 1.0
"""A flood of one kind then writes some 300 bytes a second, or 3 kB where each has a traceback."""

REPORT_SECONDS: Final = 10.0

Kind = tuple[str, int, str]


@dataclass(slots=True)
class _Written:
    """What was written of one kind. `left_out` lines have not been reported since `since`."""

    name: str
    tokens: float
    seen: float
    left_out: int = 0
    since: float = 0.0


class LogHandler(logging.StreamHandler[TextIO]):
    """`monotonic` gives seconds."""

    def __init__(self, stream: TextIO, *, monotonic: Callable[[], float]) -> None:
        super().__init__(stream)
        self._monotonic = monotonic
        self._kinds: dict[Kind, _Written] = {}
        self._report_due = float("inf")

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, unless there were too many of its kind."""
        now = self._monotonic()
        if now >= self._report_due:
            self._report(now)
        if self._admits(record, now):
            super().emit(record)

    @override
    def close(self) -> None:
        """Tell what was left out last."""
        self._report(float("inf"))
        super().close()

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """A line that cannot be written, such as one with too few arguments, is named in another.

        The standard library prints a traceback with the arguments to standard error.
        """
        error = sys.exc_info()[1]
        if isinstance(error, OSError) or record.name == __name__:
            return  # standard error is gone: there is nobody to tell
        self.handle(
            _line(
                "log_line_unwritable", of=record.name, line=record.lineno, why=type(error).__name__
            )
        )

    def _admits(self, record: logging.LogRecord, now: float) -> bool:
        error = _error_of(record)
        kind = (record.pathname, record.lineno, "" if error is None else type(error).__name__)
        written = self._kinds.get(kind)
        if written is None:
            written = _Written(name=_name_of(record), tokens=LINES_AT_ONCE, seen=now)
            self._kinds[kind] = written
        refilled = written.tokens + (now - written.seen) * LINES_A_SECOND
        written.tokens, written.seen = min(LINES_AT_ONCE, refilled), now
        if written.tokens >= 1:
            written.tokens -= 1
            return True
        if written.left_out == 0:
            written.since = now
            self._report_due = min(self._report_due, now + REPORT_SECONDS)
        written.left_out += 1
        return False

    def _report(self, now: float) -> None:
        self._report_due = float("inf")
        for written in self._kinds.values():
            if not written.left_out:
                continue
            due = written.since + REPORT_SECONDS
            if due > now:
                self._report_due = min(self._report_due, due)
                continue
            super().emit(_line("lines_left_out", of=written.name, lines=written.left_out))
            written.left_out = 0


def _line(event: str, **fields: object) -> logging.LogRecord:
    named = {"name": __name__, "msg": event, "levelno": logging.WARNING, "levelname": "WARNING"}
    return logging.makeLogRecord({**named, **fields})


def _error_of(record: logging.LogRecord) -> BaseException | None:
    """The error of a line, of the standard library's logging or of structlog's."""
    said: object = record.msg
    thrown = said.get("exc_info") if isinstance(said, dict) else record.exc_info
    if isinstance(thrown, BaseException):
        return thrown
    return (thrown if isinstance(thrown, tuple) else sys.exc_info())[1] if thrown else None


def _name_of(record: logging.LogRecord) -> str:
    """What a kind is called: the event of ours, the place of others, whose text may be anything."""
    said: object = record.msg
    return str(said.get("event")) if isinstance(said, dict) else f"{record.name}:{record.lineno}"
