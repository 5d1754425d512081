"""The original's own design beside ours: one interaction at a time, and the queue behind it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from random import Random
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp
import asyncpg

from app.programs.server_process import EmbeddedServer
from bench.comparison.contestants import LIMIT_SCALE, Backing, Contestant, Server
from bench.comparison.cores import on_core
from bench.comparison.generator import Figures
from bench.comparison.jobs import Job
from bench.comparison.peer_packages import PEERS
from bench.machine import seconds_of
from bench.product import http_load
from bench.product.draining import fill
from bench.product.intake import CONNECTIONS, HOUR_MS, single
from bench.product.visits import Visit, now_ms, visits
from configurator.activity.event_ids import RANDOM_BITS, uuid7
from realtime.api.tracking import TRACK_PATH
from storage.redis.activity.position import stream_lag
from storage.redis.client import Redis, commands
from tests.support.programs.processes import Process, worker
from tests.support.waiting import eventually

ORIGINAL = "bench_original"
QUEUE = "queue:interactions"
JOB_PATH = "/jobs/process-queues"
JOB_SECONDS, JOB_EVENTS = 300, 100
"""Its job moves at most this many events, and runs once in this many seconds."""

QUEUED = 250
SENT_TWICE = 100
TWICE = "sent-twice"
DRAIN_SECONDS = 120


async def run(contestant: Contestant, behind: Backing, job: Job, quick: bool) -> Figures:
    """The figures of one contestant, on a fresh server; PostgreSQL and Valkey count as its own."""
    asked = {**job.full, **(job.quick if quick else {})}
    seconds, queued = float(str(asked["seconds"])), int(str(asked["queued"]))
    made = list(visits(2_000, random=Random(5), ends_ms=now_ms(), within_ms=HOUR_MS))
    if contestant.kind == "ours":
        return await _ours(contestant, behind, made, seconds, queued)
    return await _original(contestant, behind, made, seconds, queued)


async def _ours(
    contestant: Contestant, behind: Backing, made: list[Visit], seconds: float, queued: int
) -> Figures:
    async with contestant.running(behind) as server:
        with _worker(behind, "bench-1") as first:
            pids = {**server.pids, "worker": first.pid}
            found = await _load(server, pids, made, seconds, lambda: _all_stored(behind))
            twice = await _sent_twice(server, behind.http)
            await _all_stored(behind)
            rows = await _value(
                behind.postgres.url,
                "SELECT count(*) FROM interactions WHERE event_id = ANY($1::uuid[])",
                [UUID(event) for event in twice],
            )
    await fill(behind.valkey.url, queued, seed=13)
    before = await _value(behind.postgres.url, "SELECT count(*) FROM interactions")
    with _worker(behind, "bench-1"):
        await eventually(lambda: _fewer_than(behind, queued), 30, why="the worker has begun")
        left, began = await _waiting(behind), time.perf_counter()
        await _all_stored(behind)
        rate = left / (time.perf_counter() - began)
    await fill(behind.valkey.url, queued, seed=14)
    with _worker(behind, "bench-1"), _worker(behind, "bench-2"):
        await _all_stored(behind)
    stored = await _value(behind.postgres.url, "SELECT count(*) FROM interactions") - before
    return {
        **found,
        "queue_as_designed": rate,
        "queue_without_pause": rate,
        "overlap_lost": max(0, 2 * queued - stored),
        "overlap_doubled": max(0, stored - 2 * queued),
        "rows_of_sent_twice": rows,
    }


async def _original(
    contestant: Contestant, behind: Backing, made: list[Visit], seconds: float, queued: int
) -> Figures:
    async with _database(behind.postgres) as url, contestant.running(behind) as server:
        sessions = [visit.session for visit in made]
        await _execute(
            url,
            'INSERT INTO "UserSession" ("id", "sessionId") SELECT id, id FROM unnest($1::text[]) AS id',
            sessions,
        )
        found = await _load(server, server.pids, made, seconds, _at_once)
        await _sent_twice(server, behind.http, session=sessions[0])
        rows = await _value(
            url, 'SELECT count(*) FROM "InteractionEvent" WHERE "elementId" = $1', TWICE
        )

        async def move() -> int:
            async with behind.http.post(f"{server.url}{JOB_PATH}") as answer:
                answer.raise_for_status()
                return int((await answer.json())["left"])

        await _queue(behind, sessions[0], queued)
        began = time.perf_counter()
        while await move():
            pass
        rate = queued / (time.perf_counter() - began)
        await _queue(behind, sessions[0], QUEUED, name="overlap-")
        await _two_at_once(move)
        # The rows of the second queue.
        overlap = 'FROM "InteractionEvent" WHERE "elementId" LIKE \'overlap-%\''
        stored = await _value(url, f"SELECT count(*) {overlap}")
        unique = await _value(url, f'SELECT count(DISTINCT "elementId") {overlap}')
    return {
        **found,
        "queue_as_designed": JOB_EVENTS / JOB_SECONDS,
        "queue_without_pause": rate,
        "overlap_lost": QUEUED - unique,
        "overlap_doubled": stored - unique,
        "rows_of_sent_twice": rows,
    }


async def _load(
    server: Server,
    pids: dict[str, int],
    made: list[Visit],
    seconds: float,
    settled: Callable[[], Awaitable[None]],
) -> Figures:
    """Single interactions over 50 connections; counts all processor time until they are rows."""
    began, before = time.perf_counter(), seconds_of(pids)
    with on_core("load"):
        load = await http_load.post(
            f"{server.url}{TRACK_PATH}", single(made), connections=CONNECTIONS, seconds=seconds
        )
    await settled()
    took = time.perf_counter() - began
    used = sum(seconds_of(pids).values()) - sum(before.values())
    answered = load.answered - load.failed
    if not answered:
        raise RuntimeError("nothing was answered")
    # Includes those of the warm-up, at the same rate.
    whole = answered * (seconds + http_load.WARM_SECONDS) / seconds
    return {
        "requests_per_s": load.rate,
        "answer_p50_ms": load.p50_ms,
        "answer_p99_ms": load.p99_ms,
        "failed": load.failed,
        "cpu_ms_per_event": 1000 * used / whole,
        "stored_per_s": whole / took,
        "load_cores": load.cores,
    }


async def _sent_twice(
    server: Server, http: aiohttp.ClientSession, *, session: str | None = None
) -> list[str]:
    """Send each of these requests once more, as if its answer was lost; returns the event ids."""
    random = Random(time.time_ns())
    events = [str(uuid7(now_ms(), random.getrandbits(RANDOM_BITS))) for _ in range(SENT_TWICE)]
    for event in events:
        body = {
            "sessionId": session or str(uuid4()),
            "eventId": event,
            "interaction": {"eventType": "click", "category": "nest", "elementId": TWICE},
        }
        for _ in range(2):
            async with http.post(f"{server.url}{TRACK_PATH}", json=body) as answer:
                answer.raise_for_status()
    return events


# ---- ours


def _worker(behind: Backing, node: str) -> Process:
    with on_core("servers"):
        return worker(
            behind.postgres.url,
            behind.valkey.url,
            NEST_NODE=node,
            NEST_LIMIT_SCALE=LIMIT_SCALE,
            NEST_LOG_LEVEL="warning",
        )


async def _waiting(behind: Backing) -> int:
    async with Redis(behind.valkey.url) as redis:
        return (await stream_lag(redis)).entries


async def _fewer_than(behind: Backing, entries: int) -> bool:
    return await _waiting(behind) < entries


async def _all_stored(behind: Backing) -> None:
    async with Redis(behind.valkey.url) as redis:

        async def nothing() -> bool:
            return (await stream_lag(redis)).entries == 0

        await eventually(nothing, DRAIN_SECONDS, why="the worker has stored everything")


# ---- the original's


async def _at_once() -> None:
    """Nothing to wait for: an answered interaction is a row already."""


@asynccontextmanager
async def _database(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """The URL of an empty database with the original's tables."""
    url = urlsplit(postgres.url)._replace(path=f"/{ORIGINAL}").geturl()
    await _execute(postgres.url, f"DROP DATABASE IF EXISTS {ORIGINAL} WITH (FORCE)")
    await _execute(postgres.url, f"CREATE DATABASE {ORIGINAL}")
    tables = (PEERS / "servers" / "original" / "schema.sql").read_text(encoding="utf-8")
    await _execute(url, tables)
    try:
        yield url
    finally:
        await _execute(postgres.url, f"DROP DATABASE {ORIGINAL} WITH (FORCE)")


async def _two_at_once(move: Callable[[], Coroutine[None, None, int]]) -> None:
    """Run two overlapping jobs, as when one takes longer than the pause, until nothing is left."""
    left = 1
    while left:
        async with asyncio.TaskGroup() as group:
            both = [group.create_task(move()) for _ in range(2)]
        left = min(each.result() for each in both)


async def _queue(behind: Backing, session: str, events: int, *, name: str = "queued-") -> None:
    numbers = count()
    items = [
        json.dumps(
            {
                "sessionId": session,
                "eventType": "click",
                "category": "nest",
                "elementId": f"{name}{next(numbers)}",
            }
        )
        for _ in range(events)
    ]
    async with Redis(behind.valkey.url, call_seconds=20) as redis:
        await commands(redis).rpush(QUEUE, *items)


async def _value(url: str, query: str, *values: object) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(query, *values))
    finally:
        await connection.close()


async def _execute(url: str, query: str, *values: object) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(query, *values)
    finally:
        await connection.close()
