"""``GET /readyz`` answers every caller, as often as they ask, whatever PostgreSQL does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import text

from realtime.limits.allowances import ALLOWANCES
from realtime.process.readiness import LOOK_SECONDS
from storage.errors import StorageUnavailable
from storage.postgres.engine import Database
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.storage.link import link_to
from tests.support.programs.ports import free_port
from tests.support.readiness import readiness, until_it_says
from tests.support.waiting import eventually

MANY = 50
NOWHERE = "postgresql://nest@127.0.0.1:{}/nest"


async def together(web: RunningWeb, number: int) -> list[httpx.Response]:
    async with (
        httpx.AsyncClient(base_url=web.url, timeout=10, verify=False) as client,
        asyncio.TaskGroup() as group,
    ):
        asking = [group.create_task(client.get("/readyz")) for _ in range(number)]
    return [each.result() for each in asking]


@contextmanager
def at_most_a_look_a_second(web: RunningWeb) -> Iterator[None]:
    """However often /readyz is asked in the block, and however long that takes."""
    clock, looks = asyncio.get_running_loop().time, web.parts.stores.health.readiness.looks
    began = clock()
    yield
    seconds = clock() - began
    assert web.parts.stores.health.readiness.looks - looks <= 1 + seconds / LOOK_SECONDS


async def test_a_web_that_works_says_so(web: RunningWeb) -> None:
    assert await until_it_says(web.url, degraded=False, ready=True) == {
        "ready": True,
        "degraded": False,
        "draining": False,
        "database": True,
        "migrated": True,
        "bus": True,
        "problems": [],
    }


async def test_asked_often_it_costs_a_look_a_second(web: RunningWeb) -> None:
    """Each request was a transaction of two statements."""
    await until_it_says(web.url, ready=True)
    with at_most_a_look_a_second(web):
        for _ in range(3):
            assert [each.status_code for each in await together(web, MANY)] == [200] * MANY


async def test_while_postgresql_hangs_it_is_degraded_and_answers_from_memory(
    start_web: StartWeb, database_url: str, redis_url: str
) -> None:
    """(OP16) A restart of PostgreSQL of 2 s took every web out of service at once."""
    async with link_to(database_url) as link:
        web = await start_web(stores=(link.url, redis_url))
        await until_it_says(web.url, ready=True, degraded=False)
        link.freeze()
        away = await until_it_says(web.url, degraded=True)
        assert (away["ready"], away["database"], away["migrated"]) == (True, False, True)
        assert away["problems"][0].startswith("PostgreSQL cannot be used")
        with at_most_a_look_a_second(web):
            for _ in range(3):
                assert {each.status_code for each in await together(web, MANY)} == {200}
        link.mend()
        await until_it_says(web.url, ready=True, degraded=False)


async def test_nobody_waits_for_a_postgresql_that_counts_as_away(
    start_web: StartWeb, database_url: str, redis_url: str
) -> None:
    """Each step of a page waited for a deadline of its own: 3 s for a connection, 5 s for a call."""
    ended = asyncio.Event()

    async def unanswered() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def known() -> str:
        return "Anna"

    async def wrong() -> str:
        raise ValueError("ours")

    async with link_to(database_url) as link:
        web = await start_web(stores=(link.url, redis_url))
        unless_away = web.parts.stores.health.readiness.unless_away
        await until_it_says(web.url, ready=True, degraded=False)
        assert await unless_away(known) == "Anna"
        with pytest.raises(ValueError, match="ours"):
            await unless_away(wrong)
        link.freeze()
        with pytest.raises(StorageUnavailable):  # it began before anybody knew
            await unless_away(unanswered)
        await eventually(ended.is_set)
        ended.clear()
        assert await unless_away(known) == "Anna", "what needs no store is as it was"
        with pytest.raises(StorageUnavailable):
            await unless_away(unanswered)
        await eventually(ended.is_set)


async def test_while_it_is_away_a_request_beyond_the_limit_is_refused_as_such(
    start_web: StartWeb, redis_url: str
) -> None:
    """A request beyond the limit is refused as such, and is not our failure."""
    web = await start_web(stores=(NOWHERE.format(free_port()), redis_url), limit_scale=0.1)
    web.time.stop()
    api, refused = web.api("somebody"), None
    for _ in range(ALLOWANCES["read"].network.burst):
        answer = await api.call("GET", "/api/catalogue")
        if answer.status_code == 429:
            refused = answer.json()["error"]["code"]
            break
    assert refused == "too_many_requests"


async def test_a_web_that_has_not_seen_the_schema_is_starting(
    start_web: StartWeb, redis_url: str
) -> None:
    web = await start_web(stores=(NOWHERE.format(free_port()), redis_url))
    found = await readiness(web.url)
    assert (found["ready"], found["degraded"], found["migrated"]) == (False, False, False)
    assert found["problems"][0] == "starting: PostgreSQL could not be used yet"


async def test_a_web_that_drains_is_not_ready(web: RunningWeb) -> None:
    await until_it_says(web.url, ready=True)
    web.parts.stores.health.readiness.drain()
    found = await readiness(web.url)
    assert (found["ready"], found["draining"], found["degraded"]) == (False, True, False)
    assert found["problems"][0] == "this process is stopping: it takes no new connections"


async def test_problems_degrade_the_answer_and_are_named(web: RunningWeb) -> None:
    await until_it_says(web.url, ready=True)
    told: list[str] = []
    web.parts.stores.health.readiness.add_troubles(lambda: told)
    await until_it_says(web.url, ready=True, degraded=False)
    told.append("the disk of PostgreSQL is full")
    found = await readiness(web.url)
    assert (found["ready"], found["degraded"]) == (True, True)
    assert told[0] in found["problems"]


async def test_a_schema_that_this_code_does_not_work_with_is_not_ready(web: RunningWeb) -> None:
    await until_it_says(web.url, ready=True)
    await become(web, "0099", oldest_code="0098")
    found = await until_it_says(web.url, ready=False, database=True)
    assert (found["migrated"], found["degraded"]) == (False, False)
    problem = found["problems"][0]
    assert problem.startswith("the database is newer than this code (schema 0099, this code knows ")
    assert problem.endswith("it needs code that knows 0098, start the newer release")
    await become(web, "0099", oldest_code="0024")
    await until_it_says(web.url, ready=True, problems=[])


async def become(web: RunningWeb, revision: str, *, oldest_code: str) -> None:
    async with Database(web.owner_url, pool_size=1) as database:
        await database.write(
            lambda connection: connection.execute(
                text(
                    "WITH migrated AS (UPDATE alembic_version SET version_num = :revision)"
                    " UPDATE deployment SET oldest_code = :oldest_code"
                ),
                {"revision": revision, "oldest_code": oldest_code},
            )
        )
