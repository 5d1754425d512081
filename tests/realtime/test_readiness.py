"""``GET /readyz`` from whoever asks it, as often as they like."""

import asyncio

import httpx
import pytest

from realtime import readiness
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.storage.link import link_to
from tests.support.waiting import eventually

MANY = 50


async def together(web: RunningWeb, number: int) -> list[int]:
    async with (
        httpx.AsyncClient(base_url=web.url, timeout=10, verify=False) as client,
        asyncio.TaskGroup() as group,
    ):
        asking = [group.create_task(client.get("/readyz")) for _ in range(number)]
    return [each.result().status_code for each in asking]


async def asked(web: RunningWeb) -> int:
    return (await together(web, 1))[0]


async def test_asked_often_it_costs_a_query_a_second(web: RunningWeb) -> None:
    """Each request was a transaction of two statements."""
    began = asyncio.get_running_loop().time()
    for _ in range(3):
        assert await together(web, MANY) == [200] * MANY
    seconds = asyncio.get_running_loop().time() - began
    assert web.parts.health.readiness.asked <= 1 + seconds / readiness.KEPT_SECONDS


async def test_an_answer_is_kept_for_a_second(
    web: RunningWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.0)
    assert await together(web, MANY) == [200] * MANY
    assert web.parts.health.readiness.asked < MANY / 2, "they shared their questions"
    before = web.parts.health.readiness.asked
    assert await asked(web) == 200
    assert web.parts.health.readiness.asked == before + 1


async def test_it_answers_in_time_while_postgresql_hangs(
    start_web: StartWeb, database_url: str, redis_url: str
) -> None:
    """(OP16) Each question that hung took a connection of the pool."""
    async with link_to(database_url) as link:
        web = await start_web(stores=(link.url, redis_url))
        assert await asked(web) == 200
        link.freeze()
        loop = asyncio.get_running_loop()
        await eventually(lambda: hangs(web), 5, why="the answer of before is over")
        for _ in range(3):
            began = loop.time()
            assert await together(web, MANY) == [503] * MANY
            assert loop.time() - began < readiness.READY_SECONDS + 1.0
        assert web.parts.health.readiness.asked <= 8, "50 times as many were asked of it"
        link.mend()
        await eventually(lambda: answers(web), 10, why="PostgreSQL answers again")


async def hangs(web: RunningWeb) -> bool:
    return await asked(web) == 503


async def answers(web: RunningWeb) -> bool:
    return await asked(web) == 200
