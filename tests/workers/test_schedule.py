"""The recurring chores and the runner."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.errors import StorageUnavailable
from storage.redis.stream_group import StreamGroup
from tests.activity.parts import Parts, ago, event, now, parts
from tests.support.waiting import eventually
from workers.consumer import Consumer, Pace
from workers.runner import run_worker
from workers.schedule import Chore, chores, keep_doing


async def test_every_chore_may_run_twice_at_once(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        group = StreamGroup(all_parts.redis, consumer="w")
        soon = now() + timedelta(days=30)
        await all_parts.stream.append([event(received_at=ago(hours=2))])
        jobs = chores(all_parts.interactions, group, now=lambda: soon)
        async with asyncio.TaskGroup() as tasks:
            for job in (*jobs, *jobs):
                tasks.create_task(once(job))
        async with all_parts.database.driver() as connection:
            names = await connection.fetch(
                "SELECT relid::text AS name FROM pg_partition_tree('interactions')"
            )
        made = {row["name"] for row in names}
        for days in range(-2, 8):
            assert f"interactions_{soon + timedelta(days=days):%Y%m%d}" in made


async def once(chore: Chore) -> None:
    await chore.run()


async def test_a_chore_goes_on_when_a_store_was_away() -> None:
    runs = 0
    stopping = asyncio.Event()

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise StorageUnavailable("away")
        stopping.set()

    async with asyncio.timeout(5):
        await keep_doing(Chore(name="x", every_seconds=0.001, run=run), stopping)
    assert runs == 2


async def test_a_chore_that_is_broken_ends_the_worker_loudly(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts:

        async def run() -> None:
            raise ZeroDivisionError

        with pytest.raises(ExceptionGroup) as group:
            async with asyncio.timeout(10):
                await run_worker(
                    consumer_of(all_parts), [Chore(name="x", every_seconds=1, run=run)]
                )
        assert group.group_contains(ZeroDivisionError)


async def test_a_cancelled_worker_leaves_nothing_behind(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        consumer = consumer_of(all_parts)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(
                run_worker(
                    consumer,
                    chores(
                        all_parts.interactions,
                        StreamGroup(all_parts.redis, consumer="w"),
                        now=lambda: datetime.now(UTC),
                    ),
                )
            )
            await all_parts.stream.append([event() for _ in range(50)])
            await eventually(lambda: consumer.tally.inserted == 50)
            running.cancel()
        assert running.cancelled()
        assert (await all_parts.stream.lag()).entries == 0


def consumer_of(parts: Parts) -> Consumer:
    return Consumer(
        StreamGroup(parts.redis, consumer="w"), parts.interactions, pace=Pace(block_ms=20)
    )
