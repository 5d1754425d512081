"""Brings a database to the schema this code wants."""

import asyncio
import time
from functools import cache
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from storage.errors import StorageUnavailable
from storage.postgres.failures import storage_errors

_SCRIPTS = Path(__file__).parent.parent / "migrations"
_ADVISORY_LOCK = 0x6E657374  # "nest"
_POLL_SECONDS = 0.05
_RETRY_AFTER_SECONDS = 5.0


def upgrade(database_url: str, *, wait_seconds: float = 120.0) -> None:
    """Runs the missing migrations; returns at once when there are none.

    Several processes may call it at the same moment: one migrates, the others wait for it up to
    `wait_seconds`. Starts an event loop of its own, so call it where none is running (a thread).
    Raises StorageUnavailable.
    """
    asyncio.run(_upgrade(database_url, wait_seconds))


@cache
def head_revision() -> str:
    """The newest revision among the migration files."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file; `connection` is what the migrations run on."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


async def _upgrade(database_url: str, wait_seconds: float) -> None:
    async def connect(*_: object, **__: object) -> asyncpg.Connection:
        return await asyncpg.connect(database_url, timeout=10)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        poolclass=NullPool,
    )
    with storage_errors(_RETRY_AFTER_SECONDS):
        async with engine.connect() as connection:
            _same = await connection.execution_options(isolation_level="AUTOCOMMIT")
            if await _current(connection) == head_revision():
                return
            await _take_turn(connection, wait_seconds)
            if await _current(connection) == head_revision():
                return
            await connection.commit()
            _same = await connection.execution_options(isolation_level="READ COMMITTED")
            await connection.run_sync(
                lambda sync: command.upgrade(alembic_config(sync), head_revision())
            )
    await engine.dispose()


async def _current(connection: AsyncConnection) -> str | None:
    known = await connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    if not known.scalar_one():
        return None
    version = await connection.execute(text("SELECT version_num FROM alembic_version"))
    current: str | None = version.scalar_one_or_none()
    return current


async def _take_turn(connection: AsyncConnection, wait_seconds: float) -> None:
    """Takes the lock that the connection holds until it closes.

    Asked again and again instead of waiting inside PostgreSQL: a waiting statement would hold a
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
