"""Classifies the errors of SQLAlchemy, asyncpg and the operating system.

SQLAlchemy wraps asyncpg's errors as DBAPIError only while it executes; during an outage it lets
bare OSError through, and asyncpg used directly raises its own errors.

One table says what each SQLSTATE means for us. An operator can cause, and end, almost every error of
PostgreSQL while we run: logins, rights, databases, disks, replicas, another schema. An error is our
bug only if nothing but our own value or statement can cause it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import asyncpg
from sqlalchemy import exc

from storage.errors import StorageDefect, StorageError, StorageUnavailable
from storage.reach import not_reached, unanswered
from storage.tls import tls_problem


class NoHostFitsError(OSError):
    """No host of several accepted a connection of the wanted kind. Its text ends a sentence."""


class Failure(Enum):
    """The class of a database error, by who has to act on it."""

    LOST = "the connection is gone; a fresh one may work at once"
    BUSY = "another transaction was in the way; the same transaction again may work"
    STALE = "the session no longer fits the server; a fresh connection may work at once"
    AWAY = "the server cannot serve us now"
    DEFECT = "the server refused what we sent"
    FOREIGN = "not a database error"


_MEANINGS: dict[str, Failure] = {
    # Whole states first, then classes. Every other state, also one that a proxy or a later
    # PostgreSQL invents, is AWAY.
    "25P03": Failure.LOST,  # the transaction was idle for too long
    "25P04": Failure.LOST,  # the transaction took too long
    "40002": Failure.DEFECT,  # a constraint that is checked at the end
    "40003": Failure.LOST,  # the statement may or may not have completed
    "42501": Failure.AWAY,  # a right is missing
    "42P05": Failure.STALE,  # the prepared statement exists already: a pooler before the server
    "42P01": Failure.STALE,  # no such table: another schema, or another search_path
    "42P10": Failure.STALE,  # no such unique key: another schema
    "42703": Failure.STALE,  # no such column
    "42704": Failure.STALE,  # no such type or role
    "42883": Failure.STALE,  # no such function
    "55P03": Failure.BUSY,  # lock_timeout
    "57P01": Failure.LOST,  # shut down
    "57P02": Failure.LOST,  # another session crashed
    "57P03": Failure.LOST,  # starting or stopping
    "57P05": Failure.LOST,  # idle for too long
    "07": Failure.DEFECT,
    "08": Failure.LOST,
    "09": Failure.DEFECT,
    "0A": Failure.STALE,  # not supported; also a plan whose result has another type now
    "20": Failure.DEFECT,
    "21": Failure.DEFECT,
    "22": Failure.DEFECT,  # a value that its column cannot hold
    "23": Failure.DEFECT,  # a constraint; expected violations are caught earlier
    "24": Failure.DEFECT,
    "25": Failure.STALE,  # read only: the server is a replica, or was one at the login
    "26": Failure.STALE,  # no such prepared statement: a pooler before the server
    "27": Failure.DEFECT,
    "2D": Failure.DEFECT,
    "2F": Failure.DEFECT,
    "34": Failure.DEFECT,
    "38": Failure.DEFECT,
    "39": Failure.DEFECT,
    "3B": Failure.DEFECT,
    "3F": Failure.STALE,  # no such schema: another search_path
    "40": Failure.BUSY,  # serialization, deadlock
    "42": Failure.DEFECT,  # an invalid statement
    "44": Failure.DEFECT,
    "54": Failure.DEFECT,  # larger than PostgreSQL allows
    "P0": Failure.DEFECT,  # raised by a function of ours
}


_CLOSED = "This connection is closed"
"""SQLAlchemy's message when it gives up after two connections in a row were closed before use."""

_OTHERS: tuple[tuple[tuple[type[BaseException], ...], Failure], ...] = (
    ((exc.TimeoutError, TimeoutError), Failure.AWAY),
    ((exc.DisconnectionError,), Failure.LOST),
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
    if isinstance(error, exc.InvalidRequestError) and _CLOSED in str(error):
        return Failure.LOST
    return next((found for kinds, found in _OTHERS if isinstance(error, kinds)), Failure.FOREIGN)


def not_sent(error: exc.DBAPIError) -> bool:
    """Whether a value could not be encoded, so that the statement was prepared but not executed."""
    cause = _cause(error)
    return cause is not None and _is_bad_value(cause)


def _cause(error: exc.DBAPIError) -> BaseException | None:
    """The error that asyncpg raised, or None."""
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
    """Whether asyncpg could not encode a value: an InterfaceError, but the connection still works."""
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def _of_state(state: str | None) -> Failure:
    if state is None:
        return Failure.DEFECT
    return _MEANINGS.get(state) or _MEANINGS.get(state[:2], Failure.AWAY)


def unique_violation(error: exc.IntegrityError) -> str | None:
    """The name of the violated unique constraint, or None for any other violation."""
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, asyncpg.UniqueViolationError):
        name: str | None = cause.constraint_name
        return name
    return None


@contextmanager
def storage_errors(retry_after_seconds: float) -> Iterator[None]:
    """Translate database errors raised in the block into StorageError; others pass through."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        match failure(error):
            case Failure.FOREIGN:
                raise
            case Failure.DEFECT:
                raise StorageDefect(f"PostgreSQL: {describe(error)}") from error
            case _:
                raise StorageUnavailable(
                    describe(error), retry_after_seconds, store="PostgreSQL"
                ) from error


_WORDS: dict[str, str] = {
    # States that an operator may meet, in words; the others keep asyncpg's name.
    "25006": "it takes no writes: it is a replica, or read only",
    "26000": "a pool before it does not keep prepared statements",
    "28000": "it refuses the login: the role does not exist, may not log in, or pg_hba.conf does not"
    " let it in from here",
    "28P01": "it refuses user or password",
    "3D000": "it has no database of this name",
    "3F000": "it has no such schema: see search_path",
    "42501": "the login lacks a right: `nest migrate` as the owner grants it",
    "42703": "its schema is not the one of this code: see `nest migrate` and search_path",
    "42P01": "its schema is not the one of this code: see `nest migrate` and search_path",
    "42P05": "a pool before it does not keep prepared statements",
    "53100": "its disk is full",
    "53200": "it has no memory left",
    "53300": "all its connections are taken",
    "53400": "one of its limits is reached",
    "55000": "it lets nobody into this database: ALTER DATABASE ... ALLOW_CONNECTIONS true ends that",
    "55P03": "somebody else keeps a lock",
    "57014": "a statement was cancelled or took too long",
    "57P01": "an operator ended the connection or stops the server",
    "57P02": "it starts again after a crash of one of its processes",
    "57P03": "it is starting or stopping",
    "57P04": "the database was dropped",
    "58030": "its disk cannot be read or written",
    "XX001": "its data are damaged: see its log",
    "XX002": "an index of it is damaged: see its log",
}


COMMIT_WAITS = (
    "its disk may not take what is written, or it waits for a standby that synchronous_standby_names "
    "asks for (see pg_stat_replication)"
)
"""The sentence for a COMMIT without an answer from a server that answers everything else."""


def refuses_login(error: StorageError) -> bool:
    """Whether PostgreSQL answered and refused the user or the password."""
    return isinstance(error.__cause__, asyncpg.InvalidAuthorizationSpecificationError)


def answered(error: StorageError) -> bool:
    """Whether the error is PostgreSQL's own answer, so that the server was reached."""
    cause = error.__cause__
    cause = cause.orig if isinstance(cause, exc.DBAPIError) else cause
    return getattr(cause, "sqlstate", None) is not None


def describe(error: BaseException) -> str:
    """The error in one line, without statement or values, which may contain names and addresses."""
    original = error.orig if isinstance(error, exc.DBAPIError) else error
    cause = original.__cause__ if original is not None else None
    if not isinstance(cause, Exception):  # no cause, or the cancellation at a deadline
        cause = original
    state = getattr(cause, "sqlstate", None)
    if state:
        words = _WORDS.get(state)
        return f"{words} ({state})" if words else f"{type(cause).__name__} {state}"
    return _in_words(cause) or type(cause).__name__


def _in_words(error: BaseException | None) -> str | None:
    """The reason why a connection failed, for errors whose name does not say it; else None."""
    if error is None:
        return None
    if isinstance(error, NoHostFitsError):
        return str(error)
    if isinstance(error, ConnectionError) and "rejected SSL" in str(error):
        return "it offers no TLS, which sslmode asks for"
    tls = tls_problem(error, authority="sslrootcert")
    known = tls or not_reached(error) or unanswered(error)
    if known is None and isinstance(error, asyncpg.InterfaceError) and not _is_bad_value(error):
        return "the connection was lost"
    return known
