"""Tracebacks for the log: all frames of an error, and its message as one harmless line.

Frames are text of our own and of libraries. The message of an error is not: it may repeat data that
was sent, and a line end in it could imitate the next log line. PostgreSQL's second line (DETAIL)
contains the row, SQLAlchemy's the values, so only the first line of a message is kept; of errors that
quote values in their first line, only class and SQLSTATE are kept.
"""

import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from app.logs.redaction import redacted

CHAIN_MAX: Final = 5
"""The most errors of a chain or a group that are written."""

FRAMES_MAX: Final = 30
"""The most frames that are written of each error, the innermost ones."""

MESSAGE_CHARACTERS_MAX: Final = 300
_OF_OUR_MISTAKES: Final = "42"
"""SQLSTATE class: wrong SQL. Its message names a table or a column, never a value."""

_QUOTES_VALUES: Final = frozenset({"asyncpg", "sqlalchemy"})

Thrown = tuple[type[BaseException], BaseException, TracebackType | None]


def rendered(error: BaseException) -> str:
    """The traceback of an error and its causes, oldest first, as Python writes it."""
    return "\n".join(_chain(error, CHAIN_MAX))


def _chain(error: BaseException, left: int) -> Iterator[str]:
    before, why = _before(error)
    if before is not None and left > 1:
        yield from _chain(before, left - 1)
        yield f"\n{why}\n"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        frames = traceback.extract_tb(error.__traceback__, limit=-FRAMES_MAX)
        yield "".join(frames.format()).rstrip("\n")
    yield described(error)
    if isinstance(error, BaseExceptionGroup):
        for number, each in enumerate(error.exceptions[:left], start=1):
            yield f"--- {number} of {len(error.exceptions)} ---"
            yield from _chain(each, left - 1)


def _before(error: BaseException) -> tuple[BaseException | None, str]:
    if error.__cause__ is not None:
        return (
            error.__cause__,
            "The above exception was the direct cause of the following exception:",
        )
    if error.__suppress_context__:
        return None, ""
    return (
        error.__context__,
        "During handling of the above exception, another exception occurred:",
    )


def described(error: BaseException) -> str:
    """The class and the message of an error in one line."""
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    state = getattr(error, "sqlstate", None)
    if kind.__module__.partition(".")[0] in _QUOTES_VALUES and not str(state).startswith(
        _OF_OUR_MISTAKES
    ):
        return f"{name} {state}" if state else name
    try:
        first = next(iter(str(error).splitlines()), "")
    except Exception:  # noqa: BLE001 - making the message of the error failed
        first = "(its message cannot be read)"
    message = redacted(first[:MESSAGE_CHARACTERS_MAX])
    return f"{name}: {message}" if message else name
