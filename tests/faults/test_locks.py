"""A connection that waits holds no lock, and the schema changes beside processes that work."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from storage.postgres.schema.migrate import upgrade
from tests.faults.load.stand import Stand, running_stand
from tests.realtime.clients import Api, Json, select
from tests.storage.conftest import terminate_backends
from tests.support.migrations import ALTERS, INDEXES, migrations
from tests.support.waiting import eventually, grows

pytestmark = pytest.mark.faults

OURS = "FROM pg_stat_activity WHERE application_name LIKE 'nest%'"
COMMITTER_CONNECTIONS = 2
NEVER_TOO_LONG_SECONDS = 30.0


async def quiet(url: str, *, prepared: int = 0) -> bool:
    """This number of connections of the committer is prepared and new, and none is in a transaction."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchval(f"SELECT count(*) {OURS} AND query LIKE '%prepared%'")
        within = await connection.fetchval(f"SELECT count(*) {OURS} AND xact_start IS NOT NULL")
    finally:
        await connection.close()
    return bool(found >= prepared and within == 0)


class Edits:
    """Somebody who edits one house without a pause."""

    def __init__(self, api: Api, house: Json) -> None:
        self._api = api
        self._house = house
        self.versions: list[int] = []

    async def go_on(self) -> None:
        """Keep the lock until cancelled."""
        while True:
            option = ("nest80", "nest100")[len(self.versions) % 2]
            answer = await self._api.submit(self._house["id"], select("nest", option))
            assert answer.status_code == 200, answer.text
            self.versions.append(answer.json()["version"])

    async def some_more(self) -> None:
        """Returns after ten more edits."""
        await eventually(grows(lambda: len(self.versions), 10), why="edits go on")


@asynccontextmanager
async def edits_on(stand: Stand) -> AsyncIterator[Edits]:
    api = Api(stand.urls[0])
    edits = Edits(api, await api.create())
    async with asyncio.TaskGroup() as tasks:
        editing = tasks.create_task(edits.go_on())
        await edits.some_more()
        yield edits
        await edits.some_more()
        editing.cancel()
    assert edits.versions == list(range(1, len(edits.versions) + 1))


async def test_no_connection_waits_in_a_transaction_and_migrations_run_beside(
    home: Path, tmp_path: Path
) -> None:
    async with running_stand(home, webs=1) as stand:
        url = stand.postgres.url
        new = partial(quiet, url, prepared=COMMITTER_CONNECTIONS)
        await eventually(new, why="a quiet web and worker hold no lock")
        assert await terminate_backends(url) >= COMMITTER_CONNECTIONS
        async with edits_on(stand):
            pass
        await eventually(partial(quiet, url), why="nor do they after the connections came back")

        async def migrate(**more: str) -> float:
            began = time.monotonic()
            await asyncio.to_thread(
                upgrade,
                url,
                lock_seconds=NEVER_TOO_LONG_SECONDS,
                scripts=migrations(tmp_path, **more),
            )
            return time.monotonic() - began

        quiet_seconds = await migrate(a1=ALTERS)
        async with edits_on(stand):
            busy_seconds = await migrate(a1=ALTERS, a2=ALTERS, a3=INDEXES)
        print(
            f"\nmigrations: {quiet_seconds:.2f} s beside a quiet web, {busy_seconds:.2f} s beside edits"
        )
        assert list(stand.crashes()) == []
