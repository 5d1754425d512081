"""A migration that does not get its locks gives up in words, and goes on where it was."""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from storage.errors import StorageUnavailable
from storage.postgres.schema.migrate import upgrade
from tests.support.migrations import ALTERS, INDEXES, migrations
from tests.support.waiting import eventually

UNFINISHED = "CREATE UNIQUE INDEX CONCURRENTLY of_z1 ON people (colour)"


def holding(connection: asyncpg.Connection) -> AbstractAsyncContextManager[object]:
    """A transaction, in which the test takes what a migration wants."""
    transaction: AbstractAsyncContextManager[object] = connection.transaction()
    return transaction


async def test_a_lock_that_cannot_be_taken_is_reported_in_words(
    database_url: str, tmp_path: Path
) -> None:
    scripts = migrations(tmp_path, z1=ALTERS)
    other = await asyncpg.connect(
        database_url, server_settings={"application_name": "a long report"}
    )
    async with holding(other):
        await other.execute("LOCK TABLE operations IN ACCESS SHARE MODE")
        with pytest.raises(StorageUnavailable, match=r"run `nest migrate` again.*a long report"):
            await asyncio.to_thread(partial(upgrade, database_url, lock_seconds=0, scripts=scripts))
    await asyncio.to_thread(partial(upgrade, database_url, scripts=scripts))
    assert await other.fetchval("SELECT version_num FROM alembic_version") == "z1"
    await other.close()


async def test_a_migration_gets_its_locks_once_they_are_free(
    database_url: str, tmp_path: Path
) -> None:
    scripts = migrations(tmp_path, z1=ALTERS)
    holder, looker = [await asyncpg.connect(database_url) for _ in range(2)]

    async def given_up() -> bool:
        """A try has failed, and another one has begun."""
        lost = "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        return bool(await looker.fetchval(lost) > before)

    before = await looker.fetchval(
        "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    )
    async with asyncio.TaskGroup() as tasks, holding(holder):
        await holder.execute("LOCK TABLE operations IN ACCESS SHARE MODE")
        migrating = tasks.create_task(
            asyncio.to_thread(partial(upgrade, database_url, scripts=scripts))
        )
        await eventually(given_up)
        assert not migrating.done()
    assert await looker.fetchval("SELECT version_num FROM alembic_version") == "z1"
    await holder.close()
    await looker.close()


async def test_an_index_that_was_left_unfinished_is_made_again(
    database_url: str, tmp_path: Path
) -> None:
    other = await asyncpg.connect(database_url)
    await other.execute(
        "INSERT INTO people (id, token_sha256, name, colour)"
        " SELECT gen_random_uuid(), uuid_send(gen_random_uuid()), 'Ada', 1 FROM generate_series(1, 2)"
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await other.execute(UNFINISHED)
    scripts = migrations(tmp_path, z1=INDEXES)
    await asyncio.to_thread(partial(upgrade, database_url, scripts=scripts))
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'of_z1'::regclass"
    assert await other.fetchval(valid)
    await other.close()
