"""Hints between processes are lost, doubled, out of order, or stop for a while: nobody notices.

The bus is the real one; what goes wrong is done to what it publishes, or to its link to Redis.
Clients never reload: their connections stay, and versions come in order.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import pytest
from nest_haus_client import Changed, Client, House, Replaced
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from app.parts.stores import StoresPart
from realtime.rooms.hub import BEACON_SECONDS
from storage.postgres.engine import Database
from storage.redis.bus.bus import Bus
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.storage.link import link_to
from tests.support.waiting import eventually

OPTIONS = ("nest80", "nest100", "nest120", "nest140", "nest160")
EDITS = 60
WHOLE_SECONDS = 60.0
"""Everybody is whole again after a beacon and a read, which a busy machine may delay."""


class SpoiledBus(Bus):
    """Loses 30 % of what is published; 10 % come twice, and 10 % after the next one."""

    def __init__(self, chance: Random, *stores: Any, **named: Any) -> None:
        super().__init__(*stores, **named)
        self._chance = chance
        self._late: list[tuple[str, bytes]] = []

    @override
    def publish(self, channel: str, payload: bytes) -> None:
        chance = self._chance.random()
        if chance < 0.3:
            return
        if chance < 0.4:
            self._late.append((channel, payload))
            return
        super().publish(channel, payload)
        if chance < 0.5:
            super().publish(channel, payload)
        while self._late:
            super().publish(*self._late.pop())


@asynccontextmanager
async def people(*webs: RunningWeb) -> AsyncIterator[list[House]]:
    """One person with a client on every process, twice."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Client.register(webs[0].url))
        code = (await first.create()).code
        houses = [await first.join(code)]
        for web in [*webs[1:], *webs]:
            client = Client(web.url, token=first.token)
            houses.append(await (await stack.enter_async_context(client)).join(code))
        yield houses


async def check_whole(houses: list[House], version: int) -> None:
    """(JN5) Everybody is at this version, with the same house, and got there by ops alone."""
    for house in houses:
        await eventually(
            lambda house=house: house.version == version,  # type: ignore[misc]
            WHOLE_SECONDS,
            why=f"a client is at version {version}",
        )
    first, *others = houses
    for other in others:
        assert other.confirmed.selection == first.confirmed.selection
        assert other.total_cents == first.total_cents


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_bus_that_loses_doubles_and_reorders(start_web: StartWeb, seed: int) -> None:
    """(PS2) (JN5) (OP6)"""
    assert BEACON_SECONDS == 2
    random = Random(seed)
    stores_of = partial(StoresPart.of, bus_of=partial(SpoiledBus, random))
    webs = [await start_web(node, stores_of=stores_of) for node in ("one", "two")]
    async with people(*webs) as houses:
        heard = [house.events() for house in houses]
        for number in range(EDITS):
            author = random.choice(houses)
            await author.select("nest", OPTIONS[number % len(OPTIONS)])
        await check_whole(houses, EDITS)
        for house, events in zip(houses, heard, strict=True):
            await house.leave()
            seen = [event async for event in events if isinstance(event, Changed | Replaced)]
            versions = [event.op.version for event in seen if isinstance(event, Changed)]
            assert versions == list(range(1, EDITS + 1))


async def test_redis_goes_away_and_comes_back(
    start_web: StartWeb, database_url: str, redis_url: str
) -> None:
    """(PS2) (JN5) Editing goes on without it; everybody hears of everything."""
    async with link_to(redis_url) as link:
        one = await start_web("one")
        two = await start_web("two", stores=(database_url, link.url))
        async with people(one, two) as houses:
            await houses[0].select("nest", "nest100")
            await check_whole(houses, 1)
            link.cut(refuse=True)
            for number in range(6):
                await houses[number % len(houses)].select("nest", OPTIONS[number % 5])
            await check_whole(houses, 7)
            link.mend()
            for number in range(6):
                await houses[number % len(houses)].select("nest", OPTIONS[number % 5])
            await check_whole(houses, 13)
            assert all(house.confirmed for house in houses)


async def test_a_restored_database_reaches_everybody_by_itself(start_web: StartWeb) -> None:
    """(PS2) (JN4) Another epoch: everybody has the new history without doing anything."""
    webs = [await start_web("one"), await start_web("two")]
    epoch = UUID(int=9)

    async def renew(connection: AsyncConnection) -> None:
        await connection.execute(text("UPDATE deployment SET epoch = :epoch"), {"epoch": epoch})

    async with people(*webs) as houses:
        await houses[0].select("nest", "nest120")
        await check_whole(houses, 1)
        async with Database(webs[0].owner_url, pool_size=1) as restored:
            await restored.write(renew)
        for house in houses:
            await eventually(
                lambda house=house: house.confirmed.epoch == epoch,  # type: ignore[misc]
                WHOLE_SECONDS,
                why="a client has the new epoch",
            )
        await houses[1].select("nest", "nest80")
        await check_whole(houses, 2)
