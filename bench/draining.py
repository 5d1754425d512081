"""What waits in the stream goes to PostgreSQL: how fast a worker, and how fast two."""

import time
from datetime import UTC, datetime
from random import Random

from bench.activity_stand import drained, own_stand
from bench.figures import Run
from bench.machine import cores_used
from bench.stage import Stage
from bench.visits import entries, now_ms, visits
from configurator.activity import encode_event
from storage.redis.client import Redis
from storage.redis.stream import EVENTS, GROUP, commands
from tests.faults.audit import lag
from tests.faults.counts import counts
from tests.support.processes import Process, worker
from tests.support.waiting import eventually

EVENTS_EACH = 240_000
FILL_AT_ONCE = 2_000
HOUR_MS = 3_600_000


async def draining(stage: Stage) -> Run:
    """So many new events for one worker, then as many for two."""
    count = 20_000 if stage.quick else EVENTS_EACH
    async with own_stand(stage) as own:
        stand = own.stand
        stand.worker.kill()
        await fill(stand.valkey.url, count, seed=6)
        alone, cores = await _timed(own, [stand.worker])
        stand.worker.kill()
        await fill(stand.valkey.url, count, seed=7)
        second = worker(
            stand.postgres.url,
            stand.valkey.url,
            NEST_NODE="worker-2",
            NEST_LOG_LEVEL="warning",
            NEST_LOG_FORMAT="json",
        )
        try:
            both, _ = await _timed(own, [stand.worker, second])
        finally:
            second.stop()
        stored = await counts(stand.postgres.url)
    together = cores["worker"] + cores["postgresql"] + cores["valkey"]
    return Run(
        figures={
            "events per second, one worker": alone,
            "events per CPU-second of the worker": alone / cores["worker"],
            "events per CPU-second, PostgreSQL and Valkey included": alone / together,
            "events per second, two workers": both,
            "rows missing or too many": abs(stored.rows - 2 * count),
            "counted otherwise than rows": 0 if stored.agrees else 1,
        },
        cores=cores,
    )


async def fill(url: str, count: int, *, seed: int) -> None:
    """As many events as visits of the last hour have, in the order in which they happened."""
    made = [
        each
        for visit in visits(count, random=Random(seed), ends_ms=now_ms(), within_ms=HOUR_MS)
        for each in entries(visit, datetime.now(UTC))
    ]
    made.sort(key=lambda event: event.event_id)
    async with Redis(url, call_seconds=20) as redis:
        for place in range(0, count, FILL_AT_ONCE):
            pipe = commands(redis).pipeline(transaction=False)
            for event in made[place : place + FILL_AT_ONCE]:
                fields = ("s", str(event.session_id), "e", encode_event(event))
                pipe.execute_command("XADD", EVENTS, "*", *fields)
            await pipe.execute()


async def _timed(own: Stage, workers: list[Process]) -> tuple[float, dict[str, float]]:
    """Events per second until nothing is left, and the cores meanwhile.

    Their start is not measured: the clock begins when all of them take entries.
    """
    url = own.stand.valkey.url
    for each in workers:
        each.start()
    await eventually(lambda: _at_work(url, len(workers)), 30, why="the workers take entries")
    with cores_used(own.roots()) as cores:
        left, began = (await lag(url)).entries, time.perf_counter()
        await drained(own.stand)
        took = time.perf_counter() - began
    return left / took, cores


async def _at_work(url: str, consumers: int) -> bool:
    async with Redis(url) as redis:
        groups = await commands(redis).xinfo_groups(EVENTS)
    (found,) = (each for each in groups if each["name"] == GROUP.encode())
    return bool(found["pending"] and found["consumers"] >= consumers)
