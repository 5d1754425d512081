"""A threshold that is crossed is told once, whoever sees it, and again when it is over."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from realtime.alarms import Alarms
from realtime.alerts import AlertLimits, Measured
from storage.redis.claims import Claims
from storage.redis.client import Redis
from storage.redis.presence import Presence
from storage.redis.stream import DEAD, InteractionStream, commands
from tests.activity.parts import event


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


def alarms_of(redis: Redis, webhook: str, node: str, **limits: Any) -> Alarms:
    return Alarms(
        webhook=webhook,
        limits=AlertLimits(**limits),
        stream=InteractionStream(redis),
        presence=Presence(redis),
        claims=Claims(redis, prefix="alert"),
        node=node,
        now=lambda: datetime(2026, 11, 25, tzinfo=UTC),
    )


async def test_two_processes_tell_of_one_crossing_once(redis_url: str) -> None:
    async with Redis(redis_url) as redis, operator() as (webhook, posts):
        one, two = (alarms_of(redis, webhook, node) for node in ("one", "two"))
        await one.look()
        assert posts == []
        await commands(redis).xadd(DEAD, {"reason": "poison"})
        for alarms in (one, two, one):
            await alarms.look()
        assert posts == [
            {
                "state": "crossed",
                "alert": "dead",
                "value": 1,
                "limit": 0,
                "at": "2026-11-25T00:00:00+00:00",
                "node": "one",
            }
        ]
        await commands(redis).delete(DEAD)
        for alarms in (two, one):
            await alarms.look()
        assert [(post["state"], post["node"]) for post in posts] == [
            ("crossed", "one"),
            ("over", "two"),
        ]


def test_nothing_flaps_around_its_limit() -> None:
    measured = Measured(lag_seconds=27.0, online=0, dead=0)
    limits = AlertLimits(lag_seconds=30.0)
    assert [each.kind for each in limits.calm(measured, share=0.8)] == ["dead"]
    assert limits.crossed(measured) == []


async def test_an_operator_who_does_not_answer_stops_nothing(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        await stream.append([event()])
        alarms = alarms_of(redis, "http://127.0.0.1:1/nobody", "one", lag_seconds=-1.0)
        await alarms.look()
        assert not await Claims(redis, prefix="alert").take("lag", 1)
