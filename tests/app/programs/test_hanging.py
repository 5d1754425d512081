"""`nest run` notices what hangs, and ends what an earlier run left, whatever state it is in."""

import asyncio
import http.client
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from app.embedded.servers import embedded_postgres
from app.programs.ending import still_running
from app.programs.server_process import EmbeddedServer
from tests.app.stacks import child, children, freeze, nothing_left, stack
from tests.faults.load.away import away
from tests.support.programs.processes import Process
from tests.support.waiting import PATIENT_SECONDS, eventually

pytestmark = pytest.mark.faults


def stall(running: Process) -> None:
    """Make the event loop of a stand-in stall: who asks gets no answer."""
    assert running.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=0.2)
    with suppress(TimeoutError):
        connection.request("POST", "/hang")
        connection.getresponse()
    connection.close()


async def test_whatever_hangs_is_named_and_replaced(home: Path) -> None:
    with stack(home) as running:
        # A child that was never heard may be silent for longer.
        await eventually(lambda: "ready after" in running.log)
        await eventually(lambda: "worker  | working" in running.log)
        worker, valkey = [await child(running, word) for word in ("worker", "valkey-server")]
        stall(running)
        await freeze(worker, valkey)
        killed = "has not answered for 10 s: it is killed and replaced"
        said = {
            f"web {killed}",
            f"worker {killed}",
            "valkey has not answered for 10 s: it is ended and started again",
        }
        await eventually(lambda: all(each in running.log for each in said))
        await running.ready()
        await eventually(lambda: children(running, "worker") not in ([], [worker]))
        await eventually(lambda: children(running, "valkey-server") not in ([], [valkey]))


async def test_the_next_run_ends_processes_that_a_killed_run_left_hanging(home: Path) -> None:
    with stack(home, STANDIN_ALONE="1") as first:
        await first.ready()
        programs = ("web", "worker", "postgres", "valkey-server")
        left = [await child(first, word) for word in programs]
        await freeze(*left)
        first.kill()
        with stack(home, port=first.port) as second:
            await second.ready()
            assert f"(process {left[0].pid})" in second.log
            assert still_running(left, within_seconds=0) == []
    await nothing_left(home)


async def test_several_web_processes_answer_on_one_port(home: Path) -> None:
    with stack(home, STANDIN_WEBS="2") as running:
        await eventually(lambda: "ready after" in running.log)

        def answering() -> str:
            assert running.port is not None
            connection = http.client.HTTPConnection(
                "127.0.0.1", running.port, timeout=PATIENT_SECONDS
            )
            connection.request("GET", "/readyz")
            node = connection.getresponse().read().decode()
            connection.close()
            return node.rpartition("web-")[2]

        first = answering()
        webs = {each.environ()["NEST_NODE"][-1]: each for each in children(running, "web")}
        await freeze(webs[first])
        other = "2" if first == "1" else "1"
        assert [answering() for _ in range(5)] == [other] * 5  # nobody waits for the one that hangs


@pytest.fixture
def impatient(home: Path) -> Iterator[EmbeddedServer]:
    """A PostgreSQL that counts as hanging after two seconds."""
    server = EmbeddedServer(replace(embedded_postgres(home).recipe, silent_seconds=2.0))
    server.start()
    yield server
    server.stop()


async def test_a_postgres_that_stands_still_is_ended_and_has_everything(
    impatient: EmbeddedServer,
) -> None:
    connection = await asyncpg.connect(impatient.url)
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    told: list[str] = []
    first = impatient.pid
    async with asyncio.TaskGroup() as group, away(impatient, "frozen"):
        keeping = group.create_task(impatient.keep_alive(told.append))
        await eventually(lambda: impatient.pid not in {None, first})
        again = await eventually(lambda: connected(impatient))
        assert await again.fetchval("SELECT answer FROM kept") == 42
        await again.close()
        keeping.cancel()
    connection.terminate()
    assert told[0] == "postgres has not answered for 2 s: it is ended and started again"


async def connected(server: EmbeddedServer) -> asyncpg.Connection | None:
    """None while it recovers."""
    try:
        return await asyncpg.connect(server.url)
    except asyncpg.CannotConnectNowError:
        return None


async def test_a_postgres_without_a_free_connection_answers(impatient: EmbeddedServer) -> None:
    async with AsyncExitStack() as taken:
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                connection = await asyncpg.connect(impatient.url)
                taken.push_async_callback(connection.close)
        assert impatient.recipe.answers()
