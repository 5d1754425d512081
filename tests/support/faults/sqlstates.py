"""Every SQLSTATE of PostgreSQL, as asyncpg lists them."""

import asyncpg

NO_ERRORS = ("00", "01", "02", "03")
"""Classes of success, warnings and ends of data; no answer fails with them."""


def _listed() -> dict[str, type[asyncpg.PostgresError]]:
    found = {}
    for kind in vars(asyncpg.exceptions).values():
        state = getattr(kind, "sqlstate", None)
        is_error = isinstance(kind, type) and issubclass(kind, asyncpg.PostgresError)
        if is_error and isinstance(state, str) and not state.startswith(NO_ERRORS):
            found[state] = kind
    return found


_KINDS = _listed()
SQLSTATES = tuple(sorted(_KINDS))


def error_of(sqlstate: str) -> asyncpg.PostgresError:
    """The error that asyncpg raises for it."""
    error = _KINDS.get(sqlstate, asyncpg.PostgresError)("the test says so")
    error.sqlstate = sqlstate
    return error
