"""Whether a pooler stands between a process and PostgreSQL that takes away what a connection keeps.

A committer, the leader and every pool rely on it that a connection is one session: with the limits
of time and `synchronous_commit` that it asked for, with statements that were prepared once, with
an advisory lock. A pooler that shares connections between transactions (PgBouncer with `pool_mode =
transaction`) gives each transaction another one: editing then fails with 42P05 or 26000 now and
then, two workers lead at once, and commits wait for no disk where the server's default says so.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

import asyncpg

from storage.postgres.engine import Database
from storage.postgres.failures import storage_errors

_ASKED: Final = (
    "SELECT current_setting('synchronous_commit') || ' ' || current_setting('lock_timeout')"
)
_WHO: Final = "SELECT pg_backend_pid()"
_FORGOTTEN: Final = frozenset({"26000", "42P05"})
"""SQLSTATE of a statement that is not there any more, and of one that is there already."""

_STARTUP: Final = "startup parameter"
_TRIES: Final = 3

REFUSES: Final = "a pooler stands before PostgreSQL that refuses the settings of a connection"
FORGETS: Final = "a pooler stands before PostgreSQL that drops the settings of a connection"
SHARES: Final = "a pooler stands before PostgreSQL that shares connections between transactions"


async def pooler_in_the_way(database: Database) -> str | None:
    """One of the sentences above; None where connections keep what they are told.

    Opens two connections for it. Raises StorageError when PostgreSQL cannot be used at all.
    """
    try:
        async with AsyncExitStack() as stack:
            one, other = [await _connected(database, stack) for _ in range(2)]
            with storage_errors(database.retry_after_seconds):
                async with asyncio.timeout(database.deadlines.call):
                    return await _looked_at(one, other, database)
    except Exception as error:
        if _STARTUP in str(error.__cause__):
            return REFUSES
        raise


async def _connected(database: Database, stack: AsyncExitStack) -> asyncpg.Connection:
    connection = await database.connect_alone("nest start")
    stack.callback(connection.terminate)
    return connection


async def _looked_at(
    one: asyncpg.Connection, other: asyncpg.Connection, database: Database
) -> str | None:
    """A statement prepared and used twice, while the other one takes what was let go in between."""
    expected = f"on {_as_postgres_says(database.deadlines.lock)}"
    try:
        if await one.fetchval(_ASKED) != expected:
            return FORGETS
        who = await one.prepare(_WHO)
        mine = await who.fetchval()
        for _ in range(_TRIES):
            async with other.transaction():
                if await other.fetchval(_WHO) == mine or await who.fetchval() != mine:
                    return SHARES
    except asyncpg.PostgresError as error:
        if error.sqlstate in _FORGOTTEN:
            return SHARES
        raise
    return None


def _as_postgres_says(seconds: float) -> str:
    milliseconds = int(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"
