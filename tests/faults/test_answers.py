"""Whatever PostgreSQL and Redis answer under load, nothing ends, nothing is lost, all goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from tests.faults.audit import audit, lag
from tests.faults.load import load_on
from tests.faults.stand import running_stand
from tests.faults.store_faults import DEFECTS, FAULTS, World
from tests.realtime.clients import Api, select
from tests.support.faulty_postgres import FaultyPostgres, faulty_postgres
from tests.support.faulty_redis import FaultyRedis, faulty_redis
from tests.support.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


async def recovered(world: World) -> float:
    """Seconds until edits, intake and the worker went on."""
    began, before = time.monotonic(), await world.stored()
    await world.edits_go_on()
    await world.interactions_go_on()

    async def more_stored() -> bool:
        return await world.stored() > before

    await eventually(more_stored, 30, why="the worker stores interactions")
    return time.monotonic() - began


async def only_ours_is_a_defect(world: World) -> None:
    """What nothing but our own statement can have caused fails the request, and ends nothing."""
    proxy, api = world.faulty_postgres, Api(world.stand.urls[0])
    house = await api.create()
    proxy.fail(DEFECTS)

    async def answered() -> bool:
        answer = await api.submit(house["id"], select("nest", "nest100"), op_id=uuid4())
        assert answer.status_code in {500, 503}, answer.text
        return all(proxy.answered[each] for each in DEFECTS)

    await eventually(answered, 40)
    proxy.mend()

    async def saved() -> bool:
        answer = await api.submit(house["id"], select("nest", "nest100"), op_id=uuid4())
        return answer.status_code == 200

    await eventually(saved, 30, why="edits are stored again")


async def test_no_answer_of_a_store_ends_a_process_or_loses_anything(home: Path) -> None:
    """(OP2, OP16, AC1, PS2)"""
    async with AsyncExitStack() as stack:
        proxies: list[tuple[FaultyPostgres, FaultyRedis, str, str]] = []

        @asynccontextmanager
        async def between(postgres: str, redis: str) -> AsyncIterator[tuple[str, str]]:
            async with faulty_postgres(postgres) as first, faulty_redis(redis) as second:
                proxies.append((first, second, postgres, redis))
                yield first.url, second.url

        stand = await stack.enter_async_context(
            running_stand(home, webs=1, between=between, NEST_DATABASE_DEADLINE_SECONDS="2")
        )
        [(first, second, postgres, redis)] = proxies
        store = await stack.enter_async_context(Redis.from_url(redis))
        async with load_on(stand, seed=20261130) as going:
            world = World(
                stand=stand,
                going=going,
                faulty_postgres=first,
                faulty_redis=second,
                postgres=postgres,
                redis=redis,
                store=store,
            )
            await recovered(world)
            seconds: dict[str, float] = {}
            for fault in FAULTS:
                await fault(world)
                seconds[fault.__name__] = round(await recovered(world), 1)
                for name, process in stand.processes.items():
                    assert process.alive, f"{name} ended by {fault.__name__}"
        nothing_waits = partial(_nothing_waits, redis)
        await eventually(nothing_waits, 30, why="the worker has stored everything")
        going.ledger.problems += stand.crashes()
        result = await audit(going.ledger, postgres, redis)
        print(f"\n{going.ledger}\n{result}\nback after {seconds}")  # noqa: T201 - figures to look at
        assert result.problems == ()
        await only_ours_is_a_defect(world)
        for name, process in stand.processes.items():
            assert process.alive, f"{name} ended by an error that only we can cause"
            assert await asyncio.to_thread(process.stop) == 0


async def _nothing_waits(redis_url: str) -> bool:
    return (await lag(redis_url)).entries == 0
