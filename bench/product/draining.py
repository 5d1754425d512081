"""Draining of the stream into PostgreSQL: the rate of one worker, and of two."""

import time
from datetime import UTC, datetime
from random import Random

from bench.figures import Run
from bench.machine import cores_used
from bench.product.activity_stand import drained, own_stand
from bench.product.visits import entries, now_ms, visits
from bench.stage import Stage
from configurator.activity.interaction import encode_event
from storage.redis.activity.keys import EVENTS, GROUP
from storage.redis.client import Redis, commands
from tests.faults.load.audit import lag
from tests.faults.load.counts import counts
from tests.support.programs.processes import Process, worker
from tests.support.waiting import eventually

EVENTS_EACH = 240_000
FILL_AT_ONCE = 2_000
HOUR_MS = 3_600_000


async def draining(stage: Stage) -> Run:
    """This number of new events for one worker, then as many for two."""
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
    together = cores["worker-0"] + cores["postgresql"] + cores["valkey"]
    return Run(
        figures={
            "events per second, one worker": alone,
            "events per CPU-second of the worker": alone / cores["worker-0"],
            "events per CPU-second, PostgreSQL and Valkey included": alone / together,
            "events per second, two workers": both,
            "missing and surplus rows": abs(stored.rows - 2 * count),
            "roll-ups or sessions that differ from the rows (1: yes)": 0 if stored.agrees else 1,
        },
        cores=cores,
    )


async def fill(url: str, count: int, *, seed: int) -> None:
    """Add events of the number and order of the last hour's visits."""
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
    """Events per second until nothing is left, and the cores used.

    The start of the workers is not measured: the clock begins when all of them take entries.
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
