"""`nest run` notices what hangs, and ends what an earlier run left, whatever state it is in."""

import asyncio
import http.client
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.embedded import embedded_postgres
from app.server_process import EmbeddedServer
from tests.app.stacks import child, freeze, nothing_left, stack
from tests.support.processes import Process
from tests.support.waiting import eventually

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
        await running.ready()
        await eventually(
            lambda: "working" in running.log
        )  # one that starts has two minutes, not 10 s
        worker, valkey = child(running, "worker"), child(running, "valkey-server")
        stall(running)
        await freeze(worker, valkey)
        killed = "has not answered for 10 s: it is killed and replaced"
        said = {
            f"web {killed}",
            f"worker {killed}",
            "valkey has not answered for 10 s: it is ended and started again",
        }
        await eventually(lambda: all(each in running.log for each in said), 60.0)
        await running.ready()
        await eventually(lambda: child(running, "worker").pid != worker.pid)
        await eventually(lambda: child(running, "valkey-server").pid != valkey.pid)


async def test_what_a_killed_run_left_hanging_is_ended_by_the_next(home: Path) -> None:
    with stack(home, STANDIN_ALONE="1") as first:
        await first.ready()
        left = [child(first, word) for word in ("web", "worker", "postgres", "valkey-server")]
        await freeze(*left)
        first.kill()
        with stack(home, port=first.port) as second:
            await second.ready(90.0)
            assert f"(process {left[0].pid})" in second.log
            assert not any(map(_runs, left))
    await nothing_left(home)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


async def test_several_web_processes_answer_on_one_port(home: Path) -> None:
    with stack(home, STANDIN_WEBS="2") as running:
        await eventually(lambda: "ready after" in running.log, 40.0)

        def answering() -> str:
            assert running.port is not None
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=2.0)
            connection.request("GET", "/readyz")
            node = connection.getresponse().read().decode()
            connection.close()
            return node.rpartition("web-")[2]

        first = answering()
        for process in psutil.Process(running.pid).children():
            with suppress(psutil.NoSuchProcess):
                if process.environ().get("NEST_NODE", "").endswith(f"web-{first}"):
                    await freeze(process)
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
    assert impatient.pid is not None
    told: list[str] = []
    frozen = psutil.Process(impatient.pid)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(impatient.keep_alive(told.append))
        await freeze(*frozen.children(), frozen)
        await eventually(lambda: impatient.pid not in {None, frozen.pid}, 60.0)
        again = await eventually(lambda: connected(impatient), 60.0)
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
