"""Hints between processes are lost, doubled, out of order, or stop for a while: nobody notices.

The bus is the real one; what goes wrong is done to what it publishes, or to its link to Redis.
Clients never reload: their connections stay, and versions come in order.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from uuid import UUID

import pytest
from nest_haus_client import Changed, Client, House, Replaced
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.redis.bus import Bus
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.storage.link import link_to
from tests.support.waiting import eventually

OPTIONS = ("nest80", "nest100", "nest120", "nest140", "nest160")
EDITS = 60
WHOLE_SECONDS = 5.0
"""(PS2) Within this time everybody is whole again (beacon 2 s, then a read)."""


def spoil(bus: Bus, random: Random) -> None:
    """30 % of what this process publishes is lost, 10 % comes twice, 10 % after the next one."""
    publish: Callable[[str, bytes], None] = bus.publish
    late: list[tuple[str, bytes]] = []

    def spoiled(channel: str, payload: bytes) -> None:
        chance = random.random()
        if chance < 0.3:
            return
        if chance < 0.4:
            late.append((channel, payload))
            return
        publish(channel, payload)
        if chance < 0.5:
            publish(channel, payload)
        while late:
            publish(*late.pop())

    bus.publish = spoiled  # type: ignore[method-assign]


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
    webs = [await start_web("one"), await start_web("two")]
    random = Random(seed)
    for web in webs:
        spoil(web.parts.bus, random)
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
