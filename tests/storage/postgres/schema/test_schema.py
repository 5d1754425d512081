"""Migrations make exactly the tables that the code declares, once, however many start them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageUnavailable
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.schema.migrate import alembic_config, upgrade
from storage.postgres.schema.revisions import head_revision
from tests.support.programs.ports import free_port
from tests.support.programs.servers import Servers, empty_database


@pytest.fixture
def empty_url(servers: Servers) -> Iterator[str]:
    with empty_database(servers) as url:
        yield url


def test_starters_that_migrate_at_the_same_moment_do_not_collide(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, [empty_url] * 4))


async def test_an_empty_database_says_so(empty_url: str) -> None:
    async with Database(empty_url) as database:
        schema = await database.migrated()
    assert schema.current is None
    assert not schema.at_head


async def test_a_migrated_database_is_at_head(database: Database) -> None:
    schema = await database.migrated()
    assert schema.current == schema.head == head_revision()


def test_the_newest_migration_is_alembics_head() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert scripts.get_heads() == [head_revision()]
    for each in scripts.walk_revisions():
        assert Path(each.path).name.startswith(f"{each.revision}_")


async def test_the_declared_tables_are_the_migrated_ones(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(lambda sync: command.check(alembic_config(sync)))


async def test_a_forgotten_migration_would_be_noticed(database: Database) -> None:
    async def forget(connection: AsyncConnection) -> None:
        await connection.execute(text("ALTER TABLE people DROP COLUMN colour"))

    await database.write(forget)
    with pytest.raises(Exception, match="colour"):
        async with database.engine.connect() as connection:
            await connection.run_sync(lambda sync: command.check(alembic_config(sync)))


async def test_the_epoch_stays_until_it_is_renewed(database: Database) -> None:
    deployment = Deployment(database)
    first = await deployment.epoch()
    assert await deployment.epoch() == first
    second = await deployment.renew()
    assert await deployment.epoch() == second != first
    assert await deployment.renew(was=first) == second  # somebody else was faster


def test_migrating_without_a_server_says_unavailable() -> None:
    with pytest.raises(StorageUnavailable):
        upgrade(f"postgresql://postgres@127.0.0.1:{free_port()}/nowhere")


async def test_a_session_has_one_unique_key(database: Database) -> None:
    """On a second unique key, `ON CONFLICT (id)` of two workers at the same moment would fail."""

    async def keys(connection: AsyncConnection) -> list[str]:
        found = await connection.execute(
            text(
                "SELECT indexrelid::regclass::text AS name FROM pg_index"
                " WHERE indrelid = 'sessions'::regclass AND indisunique"
            )
        )
        return [row.name for row in found]

    assert await database.read(keys) == ["pk_sessions"]
