"""kill -9 right after an acknowledgement, many times; then a search for each acknowledged edit."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID

import asyncpg

from app.programs.server_process import EmbeddedServer
from bench.comparison.contestants import LIMIT_SCALE, Backing, Contestant
from bench.comparison.cores import on_core
from bench.comparison.generator import Figures, generate
from bench.comparison.jobs import Job
from bench.comparison.kill_editors import Seat, Told, author
from bench.comparison.peer_packages import PEERS
from tests.faults.load.houses import house_of
from tests.support.programs.node import find_node
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT, Process
from tests.support.waiting import eventually

HOUSES = 4
AUTHORS_EACH = 2
ACKS_PER_LIFE_MAX = 16
STORE_EVERY = 20
"""One in this many kills hits PostgreSQL, and one Valkey, instead of the web process."""


async def run(
    contestant: Contestant, behind: Backing, job: Job, quick: bool, asked: int | None
) -> Figures:
    """The figures of one contestant."""
    parameters = {**job.full, **(job.quick if quick else {})}
    began = time.monotonic()
    if contestant.kind == "ours":
        figures = await _ours(behind, int(asked or str(parameters["kills"])))
    else:
        figures = await _hocuspocus(int(str(parameters["peer_kills"])))
    return {**figures, "seconds": time.monotonic() - began}


class _Nemesis:
    """Counts acknowledgements, and kills at a random one, in the same turn of the event loop."""

    def __init__(self) -> None:
        self._random = Random(4)
        self._left = 0
        self._victim: int | None = None
        self._struck = asyncio.Event()

    def on_ack(self) -> None:
        if self._victim is not None:
            self._left -= 1
            if self._left <= 0:
                os.kill(self._victim, signal.SIGKILL)
                self._victim = None
                self._struck.set()

    async def strike(self, pid: int) -> None:
        """Kill this process right after one of the next acks; returns once that is done."""
        self._struck.clear()
        self._left = self._random.randint(1, ACKS_PER_LIFE_MAX)
        self._victim = pid
        async with asyncio.timeout(60):
            await self._struck.wait()


async def _ours(behind: Backing, count: int) -> Figures:
    nemesis = _Nemesis()
    told = Told(on_ack=nemesis.on_ack)
    starts: list[float] = []
    took: dict[str, float] = {}
    async with _lives(behind) as (url, new_life), asyncio.TaskGroup() as group:
        pid = await new_life()
        await eventually(lambda: _accepts(url), 20, why="the first life answers")
        for number in range(HOUSES):
            house, tokens = await house_of(url, behind.http, 2)
            for each in range(AUTHORS_EACH):
                seat = Seat(url=url, configuration=house["id"], token=tokens[each])
                group.create_task(author(seat, told), name=f"author {number}.{each}")
        for number in range(count):
            store = _store(behind, number)
            victim = "web process" if store is None else store.recipe.name
            began = time.monotonic()
            if store is not None and store.pid is not None:
                await nemesis.strike(store.pid)
                with on_core("servers"):
                    await store.start_async()
            else:
                await nemesis.strike(pid)
                struck = time.monotonic()
                pid = await new_life()
                await eventually(lambda: _accepts(url), 20, why="the next life answers")
                starts.append(time.monotonic() - struck)
            took[victim] = took.get(victim, 0.0) + time.monotonic() - began
        told.over = True
    print("  kills took: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()))
    stored = await _stored(behind.postgres.url, {house for house, _ in told.asked})
    _prove_that_losses_show(told.acknowledged, stored)
    return {
        "kills": count,
        "acknowledged": len(told.acknowledged),
        "asked": len(told.asked),
        "lost": _lost(told.acknowledged, stored),
        "doubled": len(stored.keys() - told.asked),
        "gaps": _gaps(stored),
        "reconnects": told.reconnects,
        "told_to_come_back": sum(told.refused.values()),
        "start_ms_mean": 1000 * sum(starts) / max(1, len(starts)),
    }


def _store(behind: Backing, number: int) -> EmbeddedServer | None:
    return {5: behind.postgres, 15: behind.valkey}.get(number % STORE_EVERY)


@asynccontextmanager
async def _lives(behind: Backing) -> AsyncIterator[tuple[str, Callable[[], Awaitable[int]]]]:
    """The address of the web process, and a function that starts a new one.

    The function returns the id of the new process.
    """
    port = free_port()
    environ = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DATABASE_URL": behind.postgres.url,
        "REDIS_URL": behind.valkey.url,
        "PORT": str(port),
        "NEST_LIMIT_SCALE": LIMIT_SCALE,
    }
    with on_core("servers"):
        mother = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.comparison.kill_server",
            cwd=CHECKOUT,
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
    assert mother.stdin is not None
    assert mother.stdout is not None
    told, heard = mother.stdin, mother.stdout

    async def new_life() -> int:
        told.write(b"start\n")
        async with asyncio.timeout(30):
            return int(await heard.readline())

    try:
        yield f"http://127.0.0.1:{port}", new_life
    finally:
        told.close()
        await mother.wait()


async def _accepts(url: str) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    except OSError:
        return False
    writer.close()
    return True


Stored = dict[tuple[UUID, UUID], int]


async def _stored(url: str, houses: set[UUID]) -> Stored:
    """All ops of these houses in the log, with the version that each made (or was judged on)."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT configuration_id, op_id, coalesce(version, judged_at_version) AS version"
            " FROM operations WHERE configuration_id = ANY($1)",
            list(houses),
        )
        heads = await connection.fetch(
            "SELECT id, head FROM configurations WHERE id = ANY($1)", list(houses)
        )
    finally:
        await connection.close()
    stored = {(row["configuration_id"], row["op_id"]): row["version"] for row in rows}
    for row in heads:
        top = max(
            (version for (house, _), version in stored.items() if house == row["id"]), default=0
        )
        if top != row["head"]:
            raise RuntimeError(f"the head of {row['id']} is {row['head']}, its log ends at {top}")
    return stored


def _lost(acknowledged: Stored, stored: Stored) -> int:
    """Acknowledged edits that are not in the log, or not at the version that was told."""
    return sum(stored.get(key) != version for key, version in acknowledged.items())


def _prove_that_losses_show(acknowledged: Stored, stored: Stored) -> None:
    """Check that one missing edit would be noticed: only then a result of zero has a meaning."""
    one = max(acknowledged, key=lambda key: acknowledged[key] if key in stored else 0)
    less = {key: version for key, version in stored.items() if key != one}
    if _lost(acknowledged, less) != _lost(acknowledged, stored) + 1:
        raise RuntimeError("the audit does not notice a missing edit")


def _gaps(stored: Stored) -> int:
    """The number of versions that are missing in the histories of these houses."""
    gaps = 0
    for house in {house for house, _ in stored}:
        versions = {version for (each, _), version in stored.items() if each == house}
        gaps += max(versions) - len(versions - {0})
    return gaps


async def _hocuspocus(count: int) -> Figures:
    """50 edits, all reported as synced; then kill, start, and compare."""
    acknowledged = lost = 0
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as store:
        port = free_port()
        environ = {"PORT": str(port), "STORE": store}
        script = str(PEERS / "servers" / "hocuspocus.mjs")
        with Process(str(find_node().program), script, environ=environ, port=port) as server:
            for number in range(count):
                await eventually(lambda: _accepts(server.url), 20, why="Hocuspocus answers")

                async def act(moment: str) -> None:
                    if moment == "kill":
                        server.kill()
                    else:
                        server.start()
                        await eventually(lambda: _accepts(server.url), 20, why="it answers")

                task = {
                    "job": "durability",
                    "driver": "hocuspocus",
                    "url": server.url,
                    "rooms": [{"id": f"house-{number}"}],
                    "edits": 50,
                }
                found = await generate(task, act)
                acknowledged += int(str(found["acknowledged"]))
                lost += int(str(found["lost"]))
    return {"kills": count, "acknowledged": acknowledged, "lost": lost}
