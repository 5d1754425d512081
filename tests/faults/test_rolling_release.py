"""Two releases on one database: the older code beside a newer schema, and the newer one on an older."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from app.embedded.servers import embedded_postgres, embedded_valkey
from app.release import publish_catalogues, release
from configurator.activity.event_ids import session_uuid
from storage.postgres.engine import Database
from storage.postgres.schema.migrate import upgrade
from storage.postgres.schema.range import OLDEST_SCHEMA
from storage.postgres.schema.revisions import head_revision
from tests.faults.load.stand import PATIENT, Stand, running_stand
from tests.realtime.clients import Api, Json, select
from tests.support.migrations import ALTERS, migrations, migrations_until
from tests.support.programs.processes import Process, web, worker
from tests.support.readiness import readiness, until_it_says
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults


class House:
    """A house that is edited, and a visit in which interactions happen."""

    def __init__(self, api: Api, created: Json) -> None:
        self.api = api
        self.id = created["id"]
        self.session = str(uuid4())
        self.tracked = 0

    async def edit(self, option: str) -> int:
        """The version that an edit made."""
        answer = await self.api.submit(self.id, select("nest", option))
        assert answer.status_code == 200, answer.text
        assert answer.json()["outcome"] == "committed"
        return int(answer.json()["version"])

    async def track(self) -> None:
        interaction = {"eventType": "click", "category": "nest"}
        answer = await self.api.call(
            "POST",
            "/api/sessions/track-interaction",
            json={"sessionId": self.session, "interaction": interaction},
        )
        assert answer.status_code == 200, answer.text
        self.tracked += 1

    async def is_stored(self, url: str) -> bool:
        """Whether the worker has stored each interaction of the visit, once."""
        connection = await asyncpg.connect(url)
        try:
            stored = await connection.fetchval(
                "SELECT count(*) FROM interactions WHERE session_id = $1",
                session_uuid(self.session),
            )
        finally:
            await connection.close()
        return bool(stored == self.tracked)


async def house_at(url: str) -> House:
    api = Api(url)
    return House(api, await api.create())


def _says(process: Process, words: str) -> bool:
    return words in process.log


async def apply(stand: Stand, folder: Path, revision: str, *, oldest_code: str = "") -> None:
    """The migration of a later release."""
    scripts = migrations(folder, oldest_code=oldest_code, **{revision: ALTERS})
    await asyncio.to_thread(partial(upgrade, stand.postgres.url, scripts=scripts))


async def test_beside_an_additive_migration_everything_goes_on(home: Path, tmp_path: Path) -> None:
    """Every web became 503 the moment a migration was applied, though it worked."""
    async with (
        running_stand(home, webs=2, NEST_REDIS_DEADLINE_SECONDS=PATIENT) as stand,
        AsyncExitStack() as stack,
    ):
        house = await house_at(stand.urls[0])
        assert await house.edit("nest100") == 1
        await house.track()
        await apply(stand, tmp_path, "9001")

        for each in stand.webs:
            seen = partial(_says, each, "schema_differs")
            await eventually(seen, why="it has looked at the newer schema")
        for url in stand.urls:
            found = await readiness(url)
            assert (found["ready"], found["degraded"], found["problems"]) == (True, False, [])
        assert await house.edit("nest120") == 2
        await house.track()
        await eventually(partial(house.is_stored, stand.postgres.url), why="the worker goes on")

        another = stack.enter_context(web(stand.postgres.url, stand.valkey.url))
        await another.ready()
        assert (await Api(another.url, house.api.token).read(house.id))["version"] == 2
        stand.worker.restart()
        await house.track()
        await eventually(
            partial(house.is_stored, stand.postgres.url), why="a new worker works, too"
        )
        assert list(stand.crashes()) == []


async def test_a_schema_that_this_code_does_not_work_with_is_waited_for(
    home: Path, tmp_path: Path
) -> None:
    async with running_stand(home, webs=1, NEST_REDIS_DEADLINE_SECONDS=PATIENT) as stand:
        house = await house_at(stand.urls[0])
        await apply(stand, tmp_path, "9001", oldest_code="9001")
        found = await until_it_says(stand.urls[0], ready=False)
        (problem,) = found["problems"]
        assert problem == (
            f"the database is newer than this code (schema 9001, this code knows {head_revision()}):"
            " it needs code that knows 9001, start the newer release"
        )
        await eventually(lambda: "worker_waits" in stand.worker.log, why="the worker says so, too")
        await house.track()

        back = await asyncpg.connect(stand.postgres.url)
        await back.execute("UPDATE deployment SET oldest_code = $1", head_revision())
        await back.close()
        await until_it_says(stand.urls[0], ready=True)
        await eventually(partial(house.is_stored, stand.postgres.url), why="what waited is stored")
        assert await house.edit("nest100") == 1
        assert list(stand.crashes()) == []


@asynccontextmanager
async def stand_before_migrating(home: Path, revision: str) -> AsyncIterator[Stand]:
    """This code on a database that the release before it has migrated."""
    async with AsyncExitStack() as stack:
        postgres, valkey = embedded_postgres(home), embedded_valkey(home)
        urls = [await stack.enter_async_context(server) for server in (postgres, valkey)]
        scripts = migrations_until(home / "before", revision)
        await asyncio.to_thread(partial(upgrade, urls[0], scripts=scripts))
        async with Database(urls[0], pool_size=1) as database:
            await publish_catalogues(database)
        # With the rights of the owner: what the roles had then, only that release knows.
        settings = {
            "NEST_LOG_FORMAT": "json",
            "DATABASE_URL": urls[0],
            "NEST_REDIS_DEADLINE_SECONDS": PATIENT,
        }
        one = web(*urls, port=None, **settings, NEST_ANALYTICS_DATABASE_URL=urls[0])
        processes: list[Process] = [one, worker(*urls, **settings)]
        for process in processes:
            stack.enter_context(process)
        yield Stand(postgres=postgres, valkey=valkey, webs=(one,), workers=(processes[1],))


async def test_newer_code_on_an_older_schema_works_and_is_migrated_while_it_runs(
    home: Path,
) -> None:
    async with stand_before_migrating(home, OLDEST_SCHEMA) as stand:
        await stand.webs[0].ready()
        assert (await readiness(stand.urls[0]))["problems"] == []
        houses = [await house_at(stand.urls[0]) for _ in range(3)]
        for house in houses:
            assert [await house.edit(each) for each in ("nest100", "nest120")] == [1, 2]
            await house.track()
        before = [await house.api.read(house.id) for house in houses]

        released = await release(stand.postgres.url)
        assert released.note == ""
        assert (await readiness(stand.urls[0]))["ready"]
        assert [await house.api.read(house.id) for house in houses] == before
        for house in houses:
            log = (await house.api.call("GET", f"/api/configurations/{house.id}/ops")).json()
            assert [op["version"] for op in log["ops"]] == [1, 2]
            assert await house.edit("nest140") == 3
            await house.track()
            await eventually(
                partial(house.is_stored, stand.postgres.url), why="each is stored once"
            )
        assert list(stand.crashes()) == []


async def test_newer_code_on_a_schema_that_is_too_old_says_what_to_do(home: Path) -> None:
    async with stand_before_migrating(home, "0020") as stand:
        problem = (
            f"the database is older than this code (schema 0020, this code knows {head_revision()}):"
            f" it needs schema {OLDEST_SCHEMA} or newer, run `nest migrate`"
        )

        await until_it_says(stand.urls[0], ready=False, problems=[problem])
        await eventually(lambda: "worker_waits" in stand.worker.log, why="the worker says it, too")
        await release(stand.postgres.url)
        await until_it_says(stand.urls[0], ready=True)
        house = await house_at(stand.urls[0])
        await house.track()
        await eventually(partial(house.is_stored, stand.postgres.url), why="the worker goes on")
        assert list(stand.crashes()) == []
