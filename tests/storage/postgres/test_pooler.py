"""A pooler that takes away what connections keep is found at start, by name."""

from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from typing_extensions import override

from storage.errors import StorageUnavailable
from storage.postgres.engine import Database
from storage.postgres.pooler import FORGETS, REFUSES, SHARES, pooler_in_the_way
from tests.storage.link import link_to
from tests.support.programs.pgbouncer import pgbouncer


async def test_a_direct_connection_is_not_a_pooler(database_url: str) -> None:
    assert await pooler_in_the_way(Database(database_url)) is None


async def test_a_database_that_is_away_is_not_a_pooler(database_url: str) -> None:
    async with link_to(database_url) as link:
        url = link.url
    with pytest.raises(StorageUnavailable):
        await pooler_in_the_way(Database(url))


class Dropping(Database):
    """A pooler that ignores the parameters of the start."""

    @override
    async def connect_alone(self, application_name: str) -> asyncpg.Connection:
        return await asyncpg.connect(self._url)


class Sharing(Database):
    """A pooler that has one server connection for everybody."""

    _shared: asyncpg.Connection | None = None

    @override
    async def connect_alone(self, application_name: str) -> asyncpg.Connection:
        self._shared = self._shared or await super().connect_alone(application_name)
        return self._shared


async def test_settings_that_are_dropped_are_noticed(database_url: str) -> None:
    assert await pooler_in_the_way(Dropping(database_url)) == FORGETS


async def test_connections_that_are_shared_are_noticed(database_url: str) -> None:
    assert await pooler_in_the_way(Sharing(database_url)) == SHARES


@pytest.mark.parametrize("pool_mode", ["session", "transaction"])
@pytest.mark.parametrize(("drops_settings", "found"), [(False, REFUSES), (True, FORGETS)])
async def test_pgbouncer_is_noticed(
    database_url: str, tmp_path: Path, pool_mode: str, drops_settings: bool, found: str
) -> None:
    async with pgbouncer(
        database_url, tmp_path, pool_mode=pool_mode, drops_settings=drops_settings
    ) as url:
        assert await pooler_in_the_way(Database(url)) == found


async def test_pgbouncer_that_shares_is_noticed_where_the_role_has_the_settings(
    database_url: str, tmp_path: Path
) -> None:
    name = urlsplit(database_url).path[1:]
    owner = await asyncpg.connect(database_url)
    await owner.execute(f'ALTER DATABASE "{name}" SET lock_timeout = 2000')
    await owner.close()
    async with pgbouncer(
        database_url, tmp_path, pool_mode="transaction", drops_settings=True
    ) as url:
        assert await pooler_in_the_way(Database(url)) == SHARES
