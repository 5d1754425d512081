"""Brings a database to the schema this code wants, beside running processes.

A statement that needs a table while a migration waits for that table has to wait, too. A migration
therefore waits `LOCK_MS` for a lock, gives up, lets the other statements run and is tried again,
for `lock_seconds` in total. Each migration is one transaction: a failed try leaves behind only the
completed migrations, and perhaps an index that CREATE INDEX CONCURRENTLY could not finish, which
the next try removes first.
"""

import asyncio
import time
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from storage.errors import StorageUnavailable
from storage.postgres.failures import Failure, failure, storage_errors
from storage.postgres.schema.range import Schema, schema_of
from storage.postgres.schema.revisions import SCRIPTS, head_revision

LOCK_MS = 400
"""Milliseconds that one try waits for each lock; other statements wait behind it meanwhile."""

_ADVISORY_LOCK = 0x6E657374  # "nest"
_POLL_SECONDS = 0.05
_RETRY_AFTER_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0


def upgrade(
    database_url: str,
    *,
    wait_seconds: float = 120.0,
    lock_seconds: float = 60.0,
    scripts: Path = SCRIPTS,
) -> Schema:
    """Runs the missing migrations of the directory `scripts`, if any; returns the resulting schema.

    A newer database stays as it is: the caller checks `Schema.compatible`.
    Several processes may call it at the same moment: one migrates, the others wait for it up to
    `wait_seconds`. Starts an event loop of its own, so call it where none is running (a thread).
    Raises StorageUnavailable, also if a lock was not available within `lock_seconds`.
    """
    return asyncio.run(_upgrade(database_url, wait_seconds, lock_seconds, scripts))


def alembic_config(connection: Connection | None = None, scripts: Path = SCRIPTS) -> Config:
    """Alembic's configuration, without a file; the migrations run on `connection`."""
    config = Config(attributes={"connection": connection, "lock_ms": LOCK_MS})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


async def _upgrade(
    database_url: str, wait_seconds: float, lock_seconds: float, scripts: Path
) -> Schema:
    async def connect(*_: object, **__: object) -> asyncpg.Connection:
        return await asyncpg.connect(database_url, timeout=10)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        poolclass=NullPool,
    )
    head = head_revision(scripts)
    try:
        with storage_errors(_RETRY_AFTER_SECONDS):
            async with engine.connect() as connection:
                _same = await connection.execution_options(isolation_level="AUTOCOMMIT")
                schema = await schema_of(connection, head)
                if schema.at_head or schema.newer:
                    return schema
                await _take_turn(connection, wait_seconds)
                schema = await schema_of(connection, head)
                if schema.at_head or schema.newer:
                    return schema
                await connection.commit()
                await _migrate(connection, lock_seconds, scripts)
                return await schema_of(connection, head)
    finally:
        await engine.dispose()


async def _migrate(connection: AsyncConnection, lock_seconds: float, scripts: Path) -> None:
    """Tries until the newest revision is reached. Raises StorageUnavailable after `lock_seconds`."""
    ends = time.monotonic() + lock_seconds
    pause = _PAUSE_SECONDS
    while True:
        await _remove_unfinished_indexes(connection)
        _same = await connection.execution_options(isolation_level="READ COMMITTED")
        try:
            await connection.run_sync(
                lambda sync: command.upgrade(alembic_config(sync, scripts), head_revision(scripts))
            )
        except Exception as error:
            if failure(error) is not Failure.BUSY:
                raise
            await connection.rollback()
            if time.monotonic() > ends:
                raise await _in_use(connection, lock_seconds) from error
        else:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def _remove_unfinished_indexes(connection: AsyncConnection) -> None:
    """Drops indexes left by a failed CREATE INDEX CONCURRENTLY, so that it can be tried again.

    An index that is being built at this moment looks the same, and is not dropped.
    """
    _same = await connection.execution_options(isolation_level="AUTOCOMMIT")
    unfinished = await connection.execute(
        text(
            "SELECT format('%I.%I', nspname, relname) FROM pg_index"
            " JOIN pg_class ON pg_class.oid = indexrelid"
            " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE NOT indisvalid AND relkind = 'i' AND nspname = current_schema()"
            " AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index"
            "  WHERE datname = current_database() AND index_relid IS NOT NULL)"
        )
    )
    for name in unfinished.scalars().all():
        await connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    await connection.commit()


async def _in_use(connection: AsyncConnection, lock_seconds: float) -> StorageUnavailable:
    """The error to raise; it names the other connection with the longest open transaction."""
    found = await connection.execute(
        text(
            "SELECT pid, coalesce(nullif(application_name, ''), 'without a name') AS program,"
            " extract(epoch FROM now() - xact_start)::int AS seconds FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1"
        )
    )
    oldest = found.one_or_none()
    message = (
        f"other connections have used the tables that the migration changes for {lock_seconds:.0f} s;"
        " end what keeps them, then run `nest migrate` again"
    )
    if oldest is not None:
        message += (
            f" (the oldest transaction: {oldest.seconds} s, process {oldest.pid}"
            f" of PostgreSQL, {oldest.program})"
        )
    return StorageUnavailable(message, _RETRY_AFTER_SECONDS)


async def _take_turn(connection: AsyncConnection, wait_seconds: float) -> None:
    """Takes the migration lock, which the connection holds until it closes.

    Polls instead of waiting inside PostgreSQL, because a waiting statement would hold a
    snapshot that CREATE INDEX CONCURRENTLY of the migrating process waits for.
    """
    ends = time.monotonic() + wait_seconds
    while True:
        taken = await connection.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}
        )
        if taken.scalar_one():
            return
        if time.monotonic() > ends:
            raise StorageUnavailable("another process is still migrating", _RETRY_AFTER_SECONDS)
        await asyncio.sleep(_POLL_SECONDS)
