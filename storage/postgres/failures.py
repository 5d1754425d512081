"""Tells apart what SQLAlchemy, asyncpg and the operating system raise.

SQLAlchemy wraps asyncpg's errors as DBAPIError only while it executes; during an outage it lets
bare OSError through, and asyncpg used directly raises its own (`research/reliability.md`, row 23).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import asyncpg
from sqlalchemy import exc

from storage.errors import StorageDefect, StorageError, StorageUnavailable

_LOST_STATES = frozenset({"57P01", "57P02", "57P03", "57P05"})  # shut down, crash, starting, idle
_BUSY_STATES = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock_timeout
_AWAY_STATES = frozenset({"57014", "25006", "53000", "53100", "53200", "53300", "53400"})


class Failure(Enum):
    """Who has to act on a database error."""

    LOST = "the connection is gone; a fresh one may work at once"
    BUSY = "another transaction was in the way; the same transaction again may work"
    STALE = "a prepared statement no longer fits the schema; a fresh connection works"
    AWAY = "the server cannot serve us now"
    DEFECT = "the server refused what we sent"
    FOREIGN = "not a database error"


_OTHERS: tuple[tuple[tuple[type[BaseException], ...], Failure], ...] = (
    ((exc.TimeoutError, TimeoutError), Failure.AWAY),
    ((OSError, asyncpg.InterfaceError, asyncpg.InternalClientError), Failure.LOST),
    ((exc.SQLAlchemyError,), Failure.DEFECT),
)


def failure(error: BaseException) -> Failure:
    """Classifies one exception; never raises."""
    if isinstance(error, exc.DBAPIError):
        return _of_dbapi(error)
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return Failure.STALE
    if isinstance(error, asyncpg.PostgresError):
        return _of_state(error.sqlstate)
    if _is_bad_value(error):
        return Failure.DEFECT
    return next((found for kinds, found in _OTHERS if isinstance(error, kinds)), Failure.FOREIGN)


def not_sent(error: exc.DBAPIError) -> bool:
    """Whether a value could not be encoded: the statement was prepared, and not executed."""
    cause = _cause(error)
    return cause is not None and _is_bad_value(cause)


def _cause(error: exc.DBAPIError) -> BaseException | None:
    """What asyncpg raised."""
    return error.orig.__cause__ if error.orig is not None else None


def _of_dbapi(error: exc.DBAPIError) -> Failure:
    original = error.orig
    if not_sent(error):
        return Failure.DEFECT
    cause = _cause(error)
    if isinstance(cause, asyncpg.InvalidCachedStatementError):
        return Failure.STALE
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return _of_state(state)
    if error.connection_invalidated or isinstance(error, exc.InterfaceError | exc.InternalError):
        return Failure.LOST
    return Failure.DEFECT


def _is_bad_value(error: BaseException) -> bool:
    """A value that asyncpg could not encode: also an InterfaceError, but the connection is fine."""
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def _of_state(state: str | None) -> Failure:
    if state is None:
        return Failure.DEFECT
    if state in _LOST_STATES or state.startswith("08"):
        return Failure.LOST
    if state in _BUSY_STATES:
        return Failure.BUSY
    if state in _AWAY_STATES:
        return Failure.AWAY
    return Failure.DEFECT


def unique_violation(error: exc.IntegrityError) -> str | None:
    """The name of the violated unique constraint, or None when it is another violation."""
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, asyncpg.UniqueViolationError):
        name: str | None = cause.constraint_name
        return name
    return None


@contextmanager
def storage_errors(retry_after_seconds: float) -> Iterator[None]:
    """Lets only StorageError, and errors that are none of the database, out of the block."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        match failure(error):
            case Failure.FOREIGN:
                raise
            case Failure.DEFECT:
                raise StorageDefect(describe(error)) from error
            case _:
                raise StorageUnavailable(describe(error), retry_after_seconds) from error


def describe(error: BaseException) -> str:
    """One line without statement or values: those may hold names and addresses."""
    original = error.orig if isinstance(error, exc.DBAPIError) else error
    cause = original.__cause__ if original is not None and original.__cause__ else original
    state = getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {state}" if state else type(cause).__name__
