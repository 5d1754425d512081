"""The recurring chores and the runner."""

import asyncio
from datetime import timedelta
from time import monotonic

import msgspec
import pytest
from typing_extensions import override

from app.parts.analytics import sheets_of, views_over
from app.parts.catalogue import current_catalogue
from realtime.activity.figures.recent import Recent
from realtime.activity.figures.scheduled_csv import ScheduledCsv
from storage.errors import StorageUnavailable
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.analytics.schedules import Schedules
from storage.postgres.engine import Database
from storage.postgres.people.privacy import Privacy, RetentionPeriods
from storage.postgres.service.jobs import Jobs, Leadership
from storage.redis.activity.stops import ALIVE, STOPS, Stop, WorkerStops, restarts
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import Redis, commands
from tests.support.activity import Parts, ago, event, new_id, now, parts
from tests.support.waiting import PATIENT_SECONDS, eventually
from workers.consumer import Consumer, ConsumerPace
from workers.leader import Leader
from workers.runner import run_worker
from workers.schedule import Chore, Job, JobStores, chores, jobs, keep_doing

KEPT = RetentionPeriods(sessions=timedelta(days=400), inquiries=timedelta(days=400))


async def test_everything_may_run_twice_at_once(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        group = StreamGroup(all_parts.redis, consumer="w")
        soon = now() + timedelta(days=30)
        await all_parts.stream.append([event(received_at=ago(hours=2))])
        recurring: list[Chore | Job] = [
            *chores(all_parts.interactions, group),
            *jobs(
                stores_of(all_parts), csv_of(all_parts), keep_days=7, kept=KEPT, now=lambda: soon
            ),
        ]
        for _ in range(2):
            async with asyncio.TaskGroup() as tasks:
                for each in (*recurring, *recurring):
                    tasks.create_task(once(each))
        async with all_parts.database.driver() as connection:
            names = await connection.fetch(
                "SELECT relid::text AS name FROM pg_partition_tree('interactions')"
            )
        made = {row["name"] for row in names}
        for days in range(-2, 33):
            assert f"interactions_{soon + timedelta(days=days):%Y%m%d}" in made
        assert f"interactions_{now():%Y%m%d}" not in made


async def test_nothing_is_dropped_when_interactions_are_kept_without_a_limit(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts:
        far = now() + timedelta(days=9_000)
        found = {
            job.name: job
            for job in jobs(
                stores_of(all_parts), csv_of(all_parts), keep_days=0, kept=KEPT, now=lambda: far
            )
        }
        assert await found["drop old interactions"].run() is None


def stores_of(parts: Parts) -> JobStores:
    return JobStores(
        interactions=parts.interactions,
        upkeep=Upkeep(parts.database),
        jobs=Jobs(parts.database),
        privacy=Privacy(parts.database, new_id=new_id, new_secret=lambda: b"x" * 32),
    )


def csv_of(parts: Parts) -> ScheduledCsv:
    return ScheduledCsv(
        schedules=Schedules(parts.database),
        views=views_over(
            parts.database,
            categories=tuple,
            stored_through=parts.interactions.stored_through,
            recent=Recent(clock=monotonic),
            now=now,
        ),
        sheets=sheets_of(current_catalogue, now),
        post=None,
        now=now,
        new_id=new_id,
    )


def leader_of(parts: Parts, recurring: tuple[Job, ...] = ()) -> Leader:
    return Leader(
        Leadership(parts.database, node="w"), Jobs(parts.database), recurring, node="w", now=now
    )


async def once(step: Chore | Job) -> None:
    await step.run()


async def test_a_chore_goes_on_whatever_happened_and_its_errors_are_told(
    database_url: str,
) -> None:
    async with Database(database_url, pool_size=2) as database:
        await go_on_and_tell(Jobs(database))


async def go_on_and_tell(runs: Jobs) -> None:
    heard: list[list[str]] = []
    stopping = asyncio.Event()
    turns: list[Exception | None] = [StorageUnavailable("away"), ZeroDivisionError(), None, None]

    async def run() -> None:
        heard.append(await runs.failing())
        if len(heard) == len(turns):
            stopping.set()
        elif error := turns[len(heard) - 1]:
            raise error

    async with asyncio.timeout(PATIENT_SECONDS):
        await keep_doing(
            Chore(name="x", every_seconds=0.001, run=run), stopping, runs=runs, node="w"
        )
    assert heard == [[], [], ["x"], []]
    assert await runs.ask("x") is False  # it is done again and again
    assert [run.detail for run in await runs.failures()] == [{"reason": "ZeroDivisionError"}]


async def test_a_chore_whose_store_was_away_does_not_wait_for_its_hour(database_url: str) -> None:
    stopping = asyncio.Event()
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise StorageUnavailable("away")
        stopping.set()

    async with Database(database_url) as database, asyncio.timeout(PATIENT_SECONDS):
        chore = Chore(name="x", every_seconds=3_600.0, run=run)
        await keep_doing(chore, stopping, runs=Jobs(database), node="w")
    assert runs == 2


async def test_a_worker_that_ends_by_itself_is_told(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        stops = WorkerStops(all_parts.redis)

        class Broken(Leader):
            @override
            async def run(self, stopping: asyncio.Event) -> None:
                raise ZeroDivisionError

        leader = Broken(
            Leadership(all_parts.database, node="w"),
            Jobs(all_parts.database),
            [],
            node="w",
            now=now,
        )
        for _ in range(3):
            with pytest.raises(ExceptionGroup) as group:
                async with asyncio.timeout(PATIENT_SECONDS):
                    await run_worker(
                        consumer_of(all_parts),
                        [],
                        leader,
                        runs=Jobs(all_parts.database),
                        stops=stops,
                        node="w",
                    )
            assert group.group_contains(ZeroDivisionError)
        assert [(each.node, each.reason) for each in await stops.latest()] == [
            ("w", "ZeroDivisionError")
        ] * 3


async def test_a_worker_that_was_killed_is_missed(redis_url: str) -> None:
    async with Redis(redis_url) as redis:
        stops = WorkerStops(redis)
        assert await stops.begun("killed at once") == await stops.begun("told to stop") == []
        await stops.ended("told to stop")
        assert await stops.begun("told to stop") == []
        assert await stops.begun("killed at once") == ["killed at once"]
        assert await stops.alive("killed at once") == []
        await commands(redis).zadd(ALIVE, {"never came back": 0})
        assert await stops.alive("told to stop") == ["never came back"]
        assert await stops.alive("told to stop") == []
        latest = await stops.latest()
        assert [(each.node, each.reason) for each in latest] == [
            ("never came back", "killed"),
            ("killed at once", "killed"),
        ]
        assert restarts(latest, now()) == 2
        assert restarts(latest, now() + timedelta(minutes=11)) == 0


async def test_a_cancelled_worker_leaves_nothing_behind(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        consumer = consumer_of(all_parts)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(
                run_worker(
                    consumer,
                    chores(all_parts.interactions, StreamGroup(all_parts.redis, consumer="w")),
                    leader_of(
                        all_parts,
                        jobs(
                            stores_of(all_parts),
                            csv_of(all_parts),
                            keep_days=90,
                            kept=KEPT,
                            now=now,
                        ),
                    ),
                    runs=Jobs(all_parts.database),
                    stops=WorkerStops(all_parts.redis),
                    node="w",
                )
            )
            await all_parts.stream.append([event() for _ in range(50)])
            await eventually(lambda: consumer.tally.inserted == 50)
            running.cancel()
        assert running.cancelled()
        assert (await all_parts.stream.lag()).entries == 0


async def test_a_worker_that_is_told_to_stop_waits_for_no_endless_job(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts:
        begun = asyncio.Event()

        async def endless() -> None:
            begun.set()
            await asyncio.Event().wait()

        leader = leader_of(all_parts, (Job(name="x", every_seconds=1, run=endless),))
        async with asyncio.timeout(PATIENT_SECONDS), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(
                run_worker(
                    consumer_of(all_parts),
                    [],
                    leader,
                    runs=Jobs(all_parts.database),
                    stops=WorkerStops(all_parts.redis),
                    node="w",
                )
            )
            await begun.wait()
            running.cancel()
        assert running.cancelled()


async def test_a_note_by_a_clock_that_was_ahead_stops_counting_as_recent(redis_url: str) -> None:
    """Three stops of next year would be a worker that is started again and again, all year."""
    async with Redis(redis_url) as redis:
        stops = WorkerStops(redis)
        later = now() + timedelta(days=365)
        for n in range(3):
            stop = Stop(node=f"w{n}", at=later, reason="killed")
            await commands(redis).lpush(STOPS, msgspec.json.encode(stop))
        await commands(redis).zadd(ALIVE, {"ghost": later.timestamp() * 1_000})
        await stops.note("mine", reason="ValueError")
        assert [each.node for each in await stops.latest()] == ["mine"]
        assert restarts(await stops.latest(), now()) == 1
        assert await stops.alive("w") == []
        assert await commands(redis).zrange(ALIVE, 0, -1) == [b"w"]


def consumer_of(parts: Parts) -> Consumer:
    return Consumer(
        StreamGroup(parts.redis, consumer="w"),
        parts.interactions,
        now=now,
        pace=ConsumerPace(block_ms=20),
    )
