"""Detects a pooler between a process and PostgreSQL that does not keep the state of connections.

Committers, the leader and every pool rely on a connection being one session: it keeps the time limits
and `synchronous_commit` that it asked for, its prepared statements, and an advisory lock. A pooler
that shares connections between transactions (PgBouncer with `pool_mode = transaction`) may give each
transaction another session: edits then occasionally fail with 42P05 or 26000, two workers lead at
once, and commits do not wait for the disk if that is the server's default.
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
"""SQLSTATEs of a prepared statement that no longer exists, and of one that exists already."""

_STARTUP: Final = "startup parameter"
_TRIES: Final = 3

REFUSES: Final = "a pooler stands before PostgreSQL that refuses the settings of a connection"
FORGETS: Final = "a pooler stands before PostgreSQL that drops the settings of a connection"
SHARES: Final = "a pooler stands before PostgreSQL that shares connections between transactions"


async def pooler_in_the_way(database: Database) -> str | None:
    """One of the sentences above; None if connections keep their state.

    Opens two connections for the test. Raises StorageError if PostgreSQL cannot be used at all.
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
    """Prepare and run a statement twice, while `other` may take the session released in between."""
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
