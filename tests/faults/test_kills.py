"""kill -9 of everything in turn, under load: no acknowledged edit or interaction is lost or doubled."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import aiohttp
import pytest

from app.server_process import EmbeddedServer
from tests.faults.audit import audit, lag
from tests.faults.editors import Editor, RestEditor, Seat, SocketEditor
from tests.faults.houses import house_id, house_of
from tests.faults.ledger import Ledger
from tests.faults.pace import Pace
from tests.faults.producers import Producer
from tests.faults.stand import Stand, running_stand
from tests.support.processes import Process
from tests.support.servers import execute
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much happens, and for how long. Rates are per second, over all clients together."""

    seconds: float
    configurations: int
    sockets_each: int
    rest_editors: int
    edits: float
    producers: int
    interactions: float
    rounds: int


LOAD = Load(
    seconds=22,
    configurations=10,
    sockets_each=2,
    rest_editors=5,
    edits=50,
    producers=16,
    interactions=500,
    rounds=2,
)

DAMAGES = (
    "UPDATE configurations SET total_cents = total_cents + 1 WHERE code = (SELECT max(code) FROM configurations)",
    "DELETE FROM operations WHERE version = 2 AND configuration_id = (SELECT id FROM configurations ORDER BY code LIMIT 1)",
    "DELETE FROM interactions WHERE event_id = (SELECT event_id FROM interactions LIMIT 1)",
)
"""What the audit has to notice, to show that its silence means something."""


async def test_kill_web_worker_valkey_and_postgresql_under_load(home: Path) -> None:
    """(OP2, OP4, OP6, AC1, CL3)"""
    ledger = Ledger(seed=20251123)
    async with AsyncExitStack() as stack:
        stand = await stack.enter_async_context(running_stand(home))
        connector = aiohttp.TCPConnector(limit=0, force_close=False)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        random = Random(ledger.seed)
        sockets, programs = await editors_of(stand, LOAD, ledger, random, http)
        producers = [
            Producer(
                urls=stand.urls,
                first_url=number % 2,
                ledger=ledger,
                random=Random(random.random()),
                http=http,
                unix_ms=lambda: time.time_ns() // 1_000_000,
            )
            for number in range(LOAD.producers)
        ]
        await work(stand, LOAD, ledger, [*sockets, *programs], producers)
        await eventually(lambda: nothing_waits(stand), 30, why="the worker has stored everything")
        await agree(stand, sockets, ledger)
        for socket in sockets:
            await socket.close()
        ledger.problems += stand.crashes()
        result = await audit(ledger, stand.postgres.url, stand.valkey.url)
        for damage in DAMAGES:
            await execute(stand.postgres.url, damage)
        damaged = await audit(ledger, stand.postgres.url, stand.valkey.url)
    print(f"\n{ledger}\n{result}")  # noqa: T201 - the ledger is what this test is read for
    assert result.problems == ()
    assert len(damaged.problems) >= len(DAMAGES), "the audit itself must see losses"
    assert len(ledger.ops) == LOAD.edits * LOAD.seconds
    assert result.interactions == len(ledger.events) == LOAD.interactions * LOAD.seconds
    assert len(ledger.kills) == 4 * LOAD.rounds
    assert ledger.op_attempts.failed > 0, "no edit was hit by any kill"
    assert ledger.event_attempts.failed > 0, "no interaction was hit by any kill"


async def editors_of(
    stand: Stand, load: Load, ledger: Ledger, random: Random, http: aiohttp.ClientSession
) -> tuple[list[SocketEditor], list[RestEditor]]:
    """In each house its owner on one process and a guest on the other; some houses have programs."""
    sockets: list[SocketEditor] = []
    programs: list[RestEditor] = []
    for number in range(load.configurations):
        house, tokens = await house_of(stand.urls[number % 2], http, load.sockets_each)
        seats = [
            Seat(
                configuration=house_id(house),
                token=token,
                urls=stand.urls,
                first_url=(number + each) % 2,
            )
            for each, token in enumerate(tokens)
        ]
        sockets += [SocketEditor(seat, ledger, Random(random.random())) for seat in seats]
        if len(programs) < load.rest_editors:
            programs.append(RestEditor(seats[-1], ledger, Random(random.random()), http))
    return sockets, programs


async def work(
    stand: Stand,
    load: Load,
    ledger: Ledger,
    editors: Sequence[Editor],
    producers: Sequence[Producer],
) -> None:
    """All clients do what they planned while the nemesis goes around."""
    pace = Pace(asyncio.Event())
    begins = asyncio.get_running_loop().time()
    edits = plans(load.edits, load.seconds, len(editors), begins)
    reports = plans(load.interactions, load.seconds, len(producers), begins)
    async with asyncio.TaskGroup() as group:
        for editor, due in zip(editors, edits, strict=True):
            group.create_task(editor.edit(pace, due))
        for producer, due in zip(producers, reports, strict=True):
            group.create_task(producer.report(pace, due))
        group.create_task(nemesis(stand, load, ledger))


def plans(rate: float, seconds: float, clients: int, begins: float) -> list[list[float]]:
    """When each client acts: together `rate` per second, evenly, in turns."""
    moments = [begins + number / rate for number in range(int(rate * seconds))]
    return [moments[first::clients] for first in range(clients)]


async def nemesis(stand: Stand, load: Load, ledger: Ledger) -> None:
    """Kill one after the other; each is started again once its absence was felt.

    The next one is killed when part of the work has been acknowledged since, so however slow the
    machine is, the load is on at every kill.
    """
    events = ledger.event_attempts

    def grows(count: Callable[[], int], by: int) -> Callable[[], bool]:
        limit = count() + by
        return lambda: count() >= limit

    steps: list[tuple[str, Callable[[], Callable[[], bool]]]] = [
        ("web", lambda: grows(lambda: ledger.reconnects + events.failed, 10)),
        ("worker", lambda: grows(lambda: len(ledger.events), 400)),
        ("valkey", lambda: grows(lambda: events.failed, 30)),
        ("postgresql", lambda: grows(lambda: len(ledger.events), 500)),
    ] * load.rounds
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


async def nothing_waits(stand: Stand) -> bool:
    return (await lag(stand.valkey.url)).entries == 0


async def agree(stand: Stand, sockets: Sequence[SocketEditor], ledger: Ledger) -> None:
    """Every member ends at the version and price that a fresh load gives, without any gap."""
    pace, loop = Pace(asyncio.Event()), asyncio.get_running_loop()
    async with aiohttp.ClientSession() as http:
        for socket in sockets:
            url = f"{stand.urls[0]}/api/configurations/{socket.seat.configuration}"
            headers = {"authorization": f"Bearer {socket.seat.token}"}
            async with http.get(url, headers=headers) as answer:
                fresh = await answer.json()
            deadline = loop.time() + 10
            while socket.view.version < fresh["version"] and loop.time() < deadline:
                await socket.watch_until(pace, loop.time() + 0.05)
            seen = (socket.view.version, socket.view.total_cents)
            if seen != (fresh["version"], fresh["derived"]["price"]["total_cents"]):
                ledger.problems.append(f"a member saw {seen}, a fresh load gives {fresh}")
            ledger.problems += socket.view.gaps
