"""The fixtures give every test servers of its own."""

import asyncpg
import pytest
import redis.asyncio
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.mark.parametrize("_round", [1, 2])
async def test_a_test_starts_with_an_empty_database_of_its_own(
    database_url: str, _round: int
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CREATE TABLE mark (id int)")
    finally:
        await connection.close()


@pytest.mark.parametrize("_round", [1, 2])
async def test_a_test_starts_with_an_empty_valkey(redis_url: str, _round: int) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("mark", "1")


async def test_sqlalchemy_takes_the_same_url(database_url: str) -> None:
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("select 1"))).scalar() == 1
    await engine.dispose()
