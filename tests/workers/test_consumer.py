"""Exactly once, whatever happens to workers and servers."""

import asyncio
import os
import random
import signal
import sys
from dataclasses import replace
from functools import partial

import pytest

from storage.redis.activity.keys import EVENTS
from storage.redis.activity.position import position
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import commands
from tests.storage.link import link_to
from tests.support.activity import Parts, all_stored, drained, event, now, parts, until
from tests.support.programs.processes import Process
from tests.support.programs.servers import Servers
from tests.support.waiting import eventually
from tests.workers.consuming import CALM, QUICK, check, consuming, fill, has_rows, made, refuse_some
from workers.consumer import Consumer


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_cancelled_consumers_lose_and_double_nothing(
    database_url: str, redis_url: str, seed: int
) -> None:
    unique, poison = 8_000, 10
    chance = random.Random(seed)
    lives = 0
    async with parts(database_url, redis_url) as all_parts:

        async def live_and_die(name: str) -> None:
            """One worker after the other under this name, each cancelled at a random moment.

            The next one lives longer where this one achieved nothing: a slow machine gets there,
            too, and a quick one does not get there in one life.
            """
            nonlocal lives
            longest = 0.1
            while not await drained(all_parts):
                lives += 1
                group = StreamGroup(all_parts.redis, consumer=name)
                consumer = Consumer(group, all_parts.interactions, now=now, pace=CALM)
                try:
                    async with asyncio.timeout(chance.uniform(0.01, longest)):
                        await consumer.run(asyncio.Event())
                except TimeoutError:
                    longest *= 1 if consumer.tally.inserted else 1.3

        await refuse_some(all_parts)
        await fill(all_parts, made(unique, seed), poison)
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            for name in ("a", "b", "c"):
                tasks.create_task(live_and_die(name))
        assert lives >= 5
        await check(all_parts, database_url, unique=unique, poison=poison)


@pytest.mark.faults
async def test_killed_processes_lose_and_double_nothing(database_url: str, redis_url: str) -> None:
    """Two real worker processes, killed by SIGKILL again and again while events come in."""
    unique, poison = 20_000, 10
    chance = random.Random(7)
    environ = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    command = (sys.executable, "-m", "tests.workers.process")
    kills = 0
    async with parts(database_url, redis_url) as all_parts:
        await refuse_some(all_parts)
        with (
            Process(*command, environ={**environ, "NEST_NODE": "one"}) as one,
            Process(*command, environ={**environ, "NEST_NODE": "two"}) as two,
        ):
            workers = [one, two]
            await eventually(lambda: all("worker ready" in each.log for each in workers))
            events = made(unique, 7)
            for start in range(0, len(events), 1_000):
                await fill(all_parts, events[start : start + 1_000], 1 if start < 10_000 else 0)
                if kills < 8:
                    victim = chance.choice(workers)
                    before = victim.log.count("worker ready")
                    mark = (await all_parts.stream.lag()).entries
                    await until(partial(progressed, all_parts, mark))
                    os.kill(victim.pid, signal.SIGKILL)
                    victim.wait()
                    victim.start()
                    kills += 1
                    await eventually(partial(lives_again, victim, before))
            await all_stored(all_parts)
            assert kills == 8
            assert [worker.stop() for worker in workers] == [0, 0]
        await check(all_parts, database_url, unique=unique, poison=poison)


def lives_again(process: Process, before: int) -> bool:
    return process.log.count("worker ready") > before


async def progressed(parts: Parts, before: int) -> bool:
    left = (await parts.stream.lag()).entries
    return left < before or left == 0


async def test_the_worker_survives_a_lost_group_and_a_flushed_server(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts, consuming(all_parts):
        await all_parts.stream.append([event() for _ in range(10)])
        await all_stored(all_parts)
        await commands(all_parts.redis).flushdb()
        await all_parts.stream.append([event() for _ in range(10)])
        await until(lambda: has_rows(database_url, 20))
        await commands(all_parts.redis).xgroup_destroy(EVENTS, "postgres")
        await all_stored(all_parts)
        await check(all_parts, database_url, unique=20, poison=0, flushed=10)


@pytest.mark.parametrize("which", ["postgres", "valkey"])
async def test_a_server_that_comes_back_is_served_on(
    database_url: str, redis_url: str, servers: Servers, which: str
) -> None:
    server = servers.postgres if which == "postgres" else servers.valkey
    if server is None:
        pytest.skip("the server is not ours to kill")
    async with parts(database_url, redis_url) as all_parts, consuming(all_parts) as consumer:
        await all_parts.stream.append([event() for _ in range(500)])
        await eventually(lambda: consumer.tally.inserted > 0)
        server.kill()
        if which == "postgres":
            await all_parts.stream.append([event() for _ in range(500)])
        servers.revive()
        if which == "valkey":
            await all_parts.stream.append([event() for _ in range(500)])
        await all_stored(all_parts)
        await check(all_parts, database_url, unique=1_000, poison=0)


async def test_entries_whose_delivery_was_lost_are_read_again_at_once(
    database_url: str, redis_url: str
) -> None:
    never = replace(QUICK, claim_idle_ms=3_600_000, claim_every_seconds=3_600, block_ms=500)
    async with (
        link_to(redis_url) as link,
        parts(database_url, redis_url) as all_parts,
        parts(database_url, link.url, redis_seconds=1.0) as linked,
        consuming(linked, pace=never) as consumer,
    ):
        await all_parts.stream.append([event()])
        await eventually(lambda: consumer.tally.inserted == 1, why="it reads")

        async def blocked() -> bool:
            return bool((await all_parts.redis.client.info("clients"))["blocked_clients"])

        await eventually(blocked, why="it waits for entries")
        link.lose_replies()
        await all_parts.stream.append([event()])

        async def taken() -> bool:
            return (await position(all_parts.redis)).pending == 1

        await eventually(taken, why="the entry is delivered, and the answer lost")
        await eventually(lambda: consumer.reading.failures, why="the answer is given up")
        link.mend()
        await until(lambda: has_rows(database_url, 2))
        await all_stored(all_parts)


async def test_a_way_to_redis_that_is_too_slow_for_a_full_batch_brings_smaller_ones(
    database_url: str, redis_url: str
) -> None:
    """A restore has the whole stream read again: every batch is full then."""
    pace = replace(QUICK, batch=2_000, claim_idle_ms=3_600_000, claim_every_seconds=3_600)
    async with (
        link_to(redis_url) as link,
        parts(database_url, redis_url) as all_parts,
        parts(database_url, link.url, redis_seconds=0.5) as linked,
    ):
        await all_parts.stream.append([event() for _ in range(2_000)])
        link.slow_down(slice_bytes=4096, pause_seconds=0.02)
        async with consuming(linked, pace=pace) as consumer:
            await eventually(lambda: consumer.reading.failures, why="a batch takes too long")
            await all_stored(all_parts)
    assert await has_rows(database_url, 2_000)


async def test_a_stopped_worker_finishes_its_batch(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        await all_parts.stream.append([event() for _ in range(300)])
        environ = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "NEST_NODE": "w"}
        with Process(sys.executable, "-m", "tests.workers.process", environ=environ) as process:
            await eventually(lambda: "worker ready" in process.log)
            await all_stored(all_parts)
            assert process.stop() == 0
            assert "Traceback" not in process.log
        await check(all_parts, database_url, unique=300, poison=0)
