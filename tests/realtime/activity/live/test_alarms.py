"""A crossed threshold is told once, by the first process that sees it, and its end once more."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from realtime.activity.live.alarms import Alarms
from realtime.activity.live.alerts import AlertLimits, Measured
from storage.postgres.engine import Database
from storage.postgres.service.jobs import Jobs
from storage.redis.activity.keys import DEAD
from storage.redis.activity.stops import WorkerStops
from storage.redis.activity.stream import InteractionStream
from storage.redis.claims import Claims
from storage.redis.client import Redis, commands
from storage.redis.presence import PresenceReports
from tests.support.activity import event, now


@asynccontextmanager
async def operator() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes posts."""
    posts: list[dict[str, Any]] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length: ")[1].split("\r\n")[0])
        posts.append(json.loads(await reader.readexactly(size)))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", posts


def alarms_of(redis: Redis, database: Database, webhook: str, node: str, **limits: Any) -> Alarms:
    return Alarms(
        webhook=webhook,
        limits=AlertLimits(**limits),
        stream=InteractionStream(redis),
        presence=PresenceReports(redis),
        stops=WorkerStops(redis),
        jobs=Jobs(database),
        claims=Claims(redis, prefix="alert"),
        node=node,
        now=now,
    )


async def test_two_processes_tell_of_one_crossing_once(redis_url: str, database_url: str) -> None:
    async with (
        Redis(redis_url) as redis,
        Database(database_url, pool_size=2) as database,
        operator() as (webhook, posts),
    ):
        one, two = (alarms_of(redis, database, webhook, node) for node in ("one", "two"))
        await one.look()
        assert posts == []
        await commands(redis).xadd(DEAD, {"reason": "poison"})
        for alarms in (one, two, one):
            await alarms.look()
        told = {"state": "crossed", "alert": "dead", "value": 1, "limit": 0, "node": "one"}
        assert [{**post, "at": ""} for post in posts] == [{**told, "at": ""}]
        assert datetime.fromisoformat(posts[0]["at"]).tzinfo is not None
        await commands(redis).delete(DEAD)
        for alarms in (two, one):
            await alarms.look()
        assert [(post["state"], post["node"]) for post in posts] == [
            ("crossed", "one"),
            ("over", "two"),
        ]


async def test_a_crash_loop_and_a_job_that_fails_are_told(
    redis_url: str, database_url: str
) -> None:
    async with (
        Redis(redis_url) as redis,
        Database(database_url, pool_size=2) as database,
        operator() as (webhook, posts),
    ):
        alarms, jobs, stops = (
            alarms_of(redis, database, webhook, "one"),
            Jobs(database),
            WorkerStops(redis),
        )
        for _ in range(2):
            await stops.note("w", reason="ValueError")
        await alarms.look()
        assert posts == []
        await stops.note("w", reason="killed")
        run = await jobs.begin("audit all days", "w")
        await jobs.finish(run, "failed", detail={"reason": "ValueError"}, due_at=now())
        await alarms.look()
        run = await jobs.begin("audit all days", "w")
        await alarms.look()  # it is tried again, and nothing is over yet
        assert [(post["state"], post["alert"], post["value"]) for post in posts] == [
            ("crossed", "restarts", 3),
            ("crossed", "jobs", 1),
        ]
        await jobs.finish(run, "ok", detail={}, due_at=now())
        await alarms.look()
        assert [(post["state"], post["alert"]) for post in posts[2:]] == [("over", "jobs")]


async def test_jobs_that_nobody_does_are_told(redis_url: str, database_url: str) -> None:
    """The workers ended before they began a job, so they could not report that they ended."""
    async with (
        Redis(redis_url) as redis,
        Database(database_url, pool_size=2) as database,
        operator() as (webhook, posts),
    ):
        alarms, jobs = alarms_of(redis, database, webhook, "one"), Jobs(database)
        for due_at in (now() - timedelta(minutes=4), now() - timedelta(minutes=6)):
            run = await jobs.begin("audit today", "w")
            await jobs.finish(run, "ok", detail={}, due_at=due_at)
            await alarms.look()
        await jobs.begin("audit today", "w")
        await alarms.look()
        told = [(post["state"], post["alert"], post["value"]) for post in posts]
        assert told == [("crossed", "overdue", 1), ("over", "overdue", 0)]


def test_nothing_flaps_around_its_limit() -> None:
    measured = Measured(lag_seconds=27.0, online=0, dead=0)
    limits = AlertLimits(lag_seconds=30.0)
    assert [each.kind for each in limits.calm(measured, share=0.8)] == [
        "dead",
        "restarts",
        "jobs",
        "overdue",
    ]
    assert limits.crossed(measured) == []


async def test_an_operator_who_does_not_answer_stops_nothing(
    redis_url: str, database_url: str
) -> None:
    async with (
        Redis(redis_url) as redis,
        Database(database_url, pool_size=2) as database,
        InteractionStream(redis) as stream,
    ):
        await stream.append([event()])
        alarms = alarms_of(redis, database, "http://127.0.0.1:1/nobody", "one", lag_seconds=-1.0)
        await alarms.look()
        assert not await Claims(redis, prefix="alert").claim("lag", 1)
