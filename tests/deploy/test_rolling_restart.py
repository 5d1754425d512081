"""One web process after the other is stopped, or ends badly, while people work through the proxy."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import Random

import aiohttp
import pytest

from tests.e2e.stage import Stage
from tests.faults.audit import audit, lag
from tests.faults.editors import RestEditor, Seat, SocketEditor
from tests.faults.houses import house_id, house_of
from tests.faults.ledger import Ledger
from tests.faults.pace import Pace
from tests.faults.producers import Producer
from tests.support.haproxy import all_take_part, servers_of
from tests.support.processes import Process
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults

HOUSES = 4
EVERY_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Crowd:
    """People who work until `stopping`; `sockets` may lose their connection, `requests` nothing."""

    sockets: Ledger
    requests: Ledger

    @property
    def done(self) -> int:
        """Edits and interactions that were acknowledged."""
        return len(self.sockets.ops) + len(self.requests.ops) + len(self.requests.events)


@asynccontextmanager
async def crowd(proxy: Process, seed: int) -> AsyncIterator[Crowd]:
    """Editors on sockets, editors over REST and browsers that report, all through the proxy."""
    random, stopping = Random(seed), asyncio.Event()
    working = Crowd(Ledger(seed=seed), Ledger(seed=seed))
    pace = Pace(stopping)
    loop = asyncio.get_running_loop()

    async def again(act: Callable[[Pace, list[float]], Awaitable[None]]) -> None:
        while not stopping.is_set():
            await act(pace, [loop.time() + EVERY_SECONDS])

    async with aiohttp.ClientSession() as http:
        sockets = []
        async with asyncio.TaskGroup() as tasks:
            for _ in range(HOUSES):
                house, tokens = await house_of(proxy.url, http, 3)
                seats = [
                    Seat(configuration=house_id(house), token=token, urls=[proxy.url], first_url=0)
                    for token in tokens
                ]
                for seat in seats[:2]:
                    sockets.append(SocketEditor(seat, working.sockets, Random(random.random())))
                    tasks.create_task(again(sockets[-1].edit))
                program = RestEditor(seats[2], working.requests, Random(random.random()), http)
                tasks.create_task(again(program.edit))
                producer = Producer(
                    urls=[proxy.url],
                    first_url=0,
                    ledger=working.requests,
                    random=Random(random.random()),
                    http=http,
                    unix_ms=lambda: time.time_ns() // 1_000_000,
                )
                tasks.create_task(again(producer.report))
            yield working
            stopping.set()
        for socket in sockets:
            await socket.close()


def is_down(proxy: Process) -> bool:
    return servers_of(proxy)["web/web1"].startswith("DOWN")


def ended(process: Process) -> bool:
    return not process.alive


async def goes_on(working: Crowd, by: int = 40) -> None:
    """Wait until the crowd has done something more."""
    before = working.done
    await eventually(lambda: working.done >= before + by, 30, why="people work")


@pytest.fixture(scope="module")
def heard() -> Ledger:
    """Everything that was acknowledged in the tests of this module: they share a database."""
    return Ledger(seed=0)


async def nothing_is_lost(stage: Stage, working: Crowd, heard: Ledger) -> None:
    for each in (working.sockets, working.requests):
        heard.ops |= each.ops
        heard.events |= each.events
        heard.problems += each.problems
    redis_url = stage.servers.redis_url

    async def stored() -> bool:
        return (await lag(redis_url)).entries == 0

    await eventually(stored, 30, why="the worker has stored everything")
    result = await audit(heard, stage.database_url, redis_url)
    assert result.problems == ()
    assert stage.tracebacks() == []


async def test_nobody_notices_a_rolling_restart(
    stage: Stage, proxy: Process, heard: Ledger
) -> None:
    """(CN9, OP2, OP4, AC1) No request is refused, no acknowledged edit or interaction lost."""
    async with crowd(proxy, seed=1) as working:
        await goes_on(working)
        for process in (stage.one, stage.two):
            process.signal(signal.SIGTERM)
            await eventually(partial(ended, process), 30, why="it has stopped")
            assert process.wait() == 0
            await goes_on(working)
            await process.start().ready()
            await eventually(partial(all_take_part, proxy), why="the proxy uses it again")
            await goes_on(working)
    for attempts in (working.requests.op_attempts, working.requests.event_attempts):
        assert (attempts.later, attempts.unknown) == (0, 0)
    assert working.sockets.op_attempts.later == 0
    assert working.sockets.reconnects > 0, "sockets were handed over"
    await nothing_is_lost(stage, working, heard)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
async def test_people_of_a_process_that_is_gone_go_on_at_the_other(
    stage: Stage, proxy: Process, heard: Ledger, sign: signal.Signals
) -> None:
    """(OP2, OP4) A frozen process holds nobody: the proxy cuts its connections off."""
    async with crowd(proxy, seed=int(sign)) as working:
        await goes_on(working)
        reconnects = working.sockets.reconnects
        stage.one.signal(sign)
        try:
            gone = partial(is_down, proxy)
            await eventually(gone, 30, why="the proxy has noticed")
            await eventually(lambda: working.sockets.reconnects > reconnects, 30)
            await goes_on(working, by=100)
        finally:
            stage.one.signal(signal.SIGCONT) if sign == signal.SIGSTOP else stage.one.restart()
        await stage.one.ready()
        await goes_on(working)
    await nothing_is_lost(stage, working, heard)
