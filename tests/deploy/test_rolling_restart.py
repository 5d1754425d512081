"""One web process after the other is stopped, or ends badly, while people work through the proxy."""

import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from tests.e2e.stage import Stage
from tests.faults.load.audit import audit
from tests.faults.load.ledger import Ledger
from tests.faults.load.load import Load, load_on, nothing_waits
from tests.support.programs.haproxy import all_take_part, servers_of
from tests.support.programs.processes import Process
from tests.support.waiting import eventually, grows

pytestmark = pytest.mark.faults

LOAD = Load(
    seconds=0,
    configurations=4,
    sockets_each=2,
    rest_editors=4,
    edits=80,
    producers=4,
    interactions=25,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Acknowledgements. Those on `sockets` may lose their connection, those of `requests` nothing."""

    sockets: Ledger
    requests: Ledger

    @property
    def count(self) -> int:
        """Edits and interactions."""
        return len(self.sockets.ops) + len(self.requests.ops) + len(self.requests.events)

    async def grow(self, by: int = 40) -> None:
        """Wait until more was acknowledged."""
        await eventually(grows(lambda: self.count, by), 30, why="people work")


@asynccontextmanager
async def load_through(proxy: Process, heard: Ledger, *, seed: int) -> AsyncIterator[Told]:
    """Editors on sockets, editors over REST and browsers that report; `heard` keeps what they hear."""
    told = Told(sockets=Ledger(seed=seed), requests=Ledger(seed=seed))
    try:
        async with load_on([proxy.url], LOAD, told.sockets, requests=told.requests):
            yield told
    finally:
        for each in (told.sockets, told.requests):
            heard.ops |= each.ops
            heard.events |= each.events
            heard.problems += each.problems


def refused_by(proxy: Process) -> str:
    """The lines of its log that say which requests it answered itself, and whom it found away."""
    return "\n".join(line for line in proxy.log.splitlines() if re.search(" 503 | is DOWN", line))


def is_down(proxy: Process) -> bool:
    return servers_of(proxy)["web/web1"].startswith("DOWN")


def ended(process: Process) -> bool:
    return not process.alive


@pytest.fixture(scope="module")
def heard() -> Ledger:
    """Everything that was acknowledged in the tests of this module: they share a database."""
    return Ledger(seed=0)


async def nothing_is_lost(stage: Stage, heard: Ledger) -> None:
    redis_url = stage.servers.redis_url
    stored = partial(nothing_waits, redis_url)
    await eventually(stored, 30, why="the worker has stored everything")
    result = await audit(heard, stage.database_url, redis_url)
    assert result.problems == ()
    assert stage.tracebacks() == []


async def test_nobody_notices_a_rolling_restart(
    stage: Stage, proxy: Process, heard: Ledger
) -> None:
    """(CN9, OP2, OP4, AC1) No request is refused, no acknowledged edit or interaction lost."""
    async with load_through(proxy, heard, seed=1) as told:
        await told.grow()
        for process in (stage.one, stage.two):
            process.signal(signal.SIGTERM)
            await eventually(partial(ended, process), 30, why="it has stopped")
            assert process.wait() == 0
            await told.grow()
            await process.start().ready()
            await eventually(partial(all_take_part, proxy), why="the proxy uses it again")
            await told.grow()
    for attempts in (told.requests.op_attempts, told.requests.event_attempts):
        assert (attempts.later, attempts.unknown) == (0, 0), refused_by(proxy)
    assert told.sockets.op_attempts.later == 0
    assert told.sockets.reconnects > 0, "sockets were handed over"
    await nothing_is_lost(stage, heard)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
async def test_people_of_a_process_that_is_gone_go_on_at_the_other(
    stage: Stage, proxy: Process, heard: Ledger, sign: signal.Signals
) -> None:
    """(OP2, OP4) A frozen process holds nobody: the proxy cuts its connections off."""
    async with load_through(proxy, heard, seed=int(sign)) as told:
        await told.grow()
        reconnects = told.sockets.reconnects
        stage.one.signal(sign)
        try:
            gone = partial(is_down, proxy)
            await eventually(gone, 30, why="the proxy has noticed")
            await eventually(lambda: told.sockets.reconnects > reconnects, 30)
            await told.grow(by=100)
        finally:
            stage.one.signal(signal.SIGCONT) if sign == signal.SIGSTOP else stage.one.restart()
        await stage.one.ready()
        await told.grow()
    await nothing_is_lost(stage, heard)
