"""kill -9 of everything in turn, under load: no acknowledged edit or interaction is lost or doubled."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random

import pytest

from app.programs.server_process import EmbeddedServer
from tests.faults.load.audit import audit
from tests.faults.load.ledger import Ledger
from tests.faults.load.load import Load, agree, crowd_of, nothing_waits
from tests.faults.load.stand import Stand, running_stand
from tests.support.programs.processes import Process
from tests.support.programs.servers import execute
from tests.support.waiting import eventually, grows

pytestmark = pytest.mark.faults


ROUNDS = 2
"""The number of times that each of the four is killed."""

LOAD = Load(
    seconds=22,
    configurations=10,
    sockets_each=2,
    rest_editors=5,
    edits=50,
    producers=16,
    interactions=500,
)

DAMAGES = (
    "UPDATE configurations SET total_cents = total_cents + 1 WHERE code = (SELECT max(code) FROM configurations)",
    "DELETE FROM operations WHERE version = 2 AND configuration_id = (SELECT id FROM configurations ORDER BY code LIMIT 1)",
    "DELETE FROM interactions WHERE event_id = (SELECT event_id FROM interactions LIMIT 1)",
)
"""Damages that the audit must notice, which shows that its silence has a meaning."""


async def test_kill_web_worker_valkey_and_postgresql_under_load(home: Path) -> None:
    """(OP2, OP4, OP6, AC1, CL3)"""
    ledger = Ledger(seed=20251123)
    async with AsyncExitStack() as stack:
        stand = await stack.enter_async_context(running_stand(home))
        crowd = await stack.enter_async_context(
            crowd_of(stand.urls, LOAD, ledger, Random(ledger.seed))
        )
        async with asyncio.TaskGroup() as group:
            crowd.work(group, LOAD)
            group.create_task(nemesis(stand, LOAD, ledger))
        await eventually(
            lambda: nothing_waits(stand.valkey.url), 30, why="the worker has stored everything"
        )
        await agree(stand.urls[0], crowd.sockets, ledger)
        ledger.problems += stand.crashes()
        result = await audit(ledger, stand.postgres.url, stand.valkey.url)
        for damage in DAMAGES:
            await execute(stand.postgres.url, damage)
        damaged = await audit(ledger, stand.postgres.url, stand.valkey.url)
    print(f"\n{ledger}\n{result}")
    assert result.problems == ()
    assert len(damaged.problems) >= len(DAMAGES), "the audit itself must see losses"
    assert len(ledger.ops) == LOAD.edits * LOAD.seconds
    assert result.interactions == len(ledger.events) == LOAD.interactions * LOAD.seconds
    assert len(ledger.kills) == 4 * ROUNDS
    assert ledger.op_attempts.failed > 0, "no edit was hit by any kill"
    assert ledger.event_attempts.failed > 0, "no interaction was hit by any kill"


async def nemesis(stand: Stand, load: Load, ledger: Ledger) -> None:
    """Kill one after the other; each is started again once its absence was felt.

    The next one is killed when part of the work has been acknowledged since, so however slow the
    machine is, the load is on at every kill.
    """
    events = ledger.event_attempts

    steps: list[tuple[str, Callable[[], Callable[[], bool]]]] = [
        ("web", lambda: grows(lambda: ledger.reconnects + events.failed, 10)),
        ("worker", lambda: grows(lambda: len(ledger.events), 400)),
        ("valkey", lambda: grows(lambda: events.failed, 30)),
        ("postgresql", lambda: grows(lambda: len(ledger.events), 500)),
    ] * ROUNDS
    for number, (victim, felt) in enumerate(steps):
        done = partial(is_done, load, ledger, (number + 0.5) / len(steps) * 0.9)
        await eventually(done, 60, why="the load is on")
        await eventually(partial(is_serving, load, ledger), 20, why="somebody is being served")
        is_felt = felt()
        ledger.kills.append(victim)
        await kill_and_start(stand, victim, number, is_felt)


def is_done(load: Load, ledger: Ledger, part: float) -> bool:
    """Whether this part of the planned work is acknowledged, edits and interactions alike."""
    edits = len(ledger.ops) / (load.edits * load.seconds)
    return min(edits, len(ledger.events) / (load.interactions * load.seconds)) >= part


def is_serving(load: Load, ledger: Ledger) -> bool:
    """Whether edits and interactions are under way; where a slow machine has done all edits before
    the interactions, these alone.
    """
    edited = len(ledger.ops) >= int(load.edits * load.seconds)
    return bool(ledger.event_attempts.in_flight and (edited or ledger.op_attempts.in_flight))


async def kill_and_start(
    stand: Stand, victim: str, number: int, is_felt: Callable[[], bool]
) -> None:
    """SIGKILL, wait until the absence was felt, then start again as the supervisor would."""
    server: EmbeddedServer | None = {"valkey": stand.valkey, "postgresql": stand.postgres}.get(
        victim
    )
    if server is not None:
        server.kill()
        await eventually(is_felt, 20, why=f"somebody misses {victim}")
        await server.start_async()
        return
    process: Process = stand.worker if victim == "worker" else stand.webs[number // 4 % 2]
    process.kill()
    await eventually(is_felt, 20, why=f"somebody misses {victim}")
    process.start()
    if process is not stand.worker:
        await process.ready()
