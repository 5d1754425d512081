"""The live view: nothing missing, nothing twice, slow watchers are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from realtime.activity.live.feed import ActivityFeed
from realtime.activity.live.watcher import QUIET_SECONDS, WAITING_MAX, Watcher
from storage.errors import StorageUnavailable
from storage.redis.activity.entries import Entry
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.life import Life
from storage.redis.activity.stream import InteractionStream
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import Redis, commands
from tests.support.activity import event, now
from tests.support.programs.servers import Servers
from tests.support.waiting import eventually


@asynccontextmanager
async def feed_of(
    redis_url: str, *, quiet_seconds: float = QUIET_SECONDS
) -> AsyncIterator[tuple[InteractionStream, ActivityFeed]]:
    async with (
        Redis(redis_url) as redis,
        InteractionStream(redis) as stream,
        ActivityFeed(stream, now=now, quiet_seconds=quiet_seconds) as feed,
    ):
        yield stream, feed


class Interrupted(InteractionStream):
    """A stream that answers no reader while it is `away`, as in an outage."""

    away = False

    @override
    async def read_on(self, after_id: str | None, count: int) -> tuple[list[Entry], Life | None]:
        if self.away:
            raise StorageUnavailable("an outage")
        return await super().read_on(after_id, count)


async def seen(watcher: Watcher, count: int) -> list[str]:
    """The session names of the next `count` interactions."""
    names: list[str] = []
    async with asyncio.timeout(60):
        while len(names) < count:
            batch = await anext(watcher)
            assert (batch.skipped, batch.gap) == (0, False)
            names += [str(each["session"]) for each in batch.events]
    return names


async def test_a_watcher_sees_history_then_everything_new_once(redis_url: str) -> None:
    async with feed_of(redis_url) as (stream, feed):
        await stream.append([event(f"{n}") for n in range(130)])
        async with feed.watch() as first:
            assert await seen(first, 100) == [str(n) for n in range(30, 130)]
            await stream.append([event(f"{n}") for n in range(130, 140)])
            feed.hint()
            async with feed.watch(history=5) as second:
                expected = [str(n) for n in range(130, 140)]
                assert await seen(first, 10) == expected
                await stream.append([event("last")])
                later = await seen(second, 6)
                while later[-1] != "last":
                    later += await seen(second, 1)
                assert len(set(later)) == len(later)
                assert later[-2:] == ["139", "last"]


async def test_without_any_hint_it_comes_within_a_second(redis_url: str) -> None:
    async with feed_of(redis_url) as (stream, feed), feed.watch() as watcher:
        await stream.append([event("a")])
        assert await seen(watcher, 1) == ["a"]
        await stream.append([event("b")])
        assert await seen(watcher, 1) == ["b"]


async def test_a_slow_watcher_is_told_what_it_missed_and_does_not_disturb_others(
    redis_url: str,
) -> None:
    """(AC5)"""
    async with (
        feed_of(redis_url) as (stream, feed),
        feed.watch() as slow,
        feed.watch() as quick,
    ):
        await stream.append(
            [event("first")]
        )  # who has seen it gets all that follows, not the newest
        for watcher in (slow, quick):
            assert await seen(watcher, 1) == ["first"]
        for start in range(0, 1_200, 200):
            await stream.append([event(f"{n}") for n in range(start, start + 200)])
            feed.hint()
            assert await seen(quick, 200) == [str(n) for n in range(start, start + 200)]
        batch = await anext(slow)
        assert batch.skipped == 1_200 - WAITING_MAX
        assert [each["session"] for each in batch.events] == [str(n) for n in range(700, 1_200)]


async def test_an_outage_of_redis_leaves_no_gap(redis_url: str, servers: Servers) -> None:
    if servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    async with feed_of(redis_url) as (stream, feed), feed.watch() as watcher:
        await stream.append([event("before")])
        assert await seen(watcher, 1) == ["before"]
        servers.valkey.kill()
        feed.hint()
        servers.revive()
        await stream.append([event("after")])
        names = await seen(watcher, 1)
        assert set(names) == {"after"}


async def test_watchers_come_while_redis_is_away(redis_url: str, servers: Servers) -> None:
    if servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    async with feed_of(redis_url) as (stream, feed):
        await stream.append([event("history")])
        servers.valkey.kill()
        async with feed.watch() as watcher:
            servers.revive()
            assert await seen(watcher, 1) == ["history"]


async def test_entries_that_were_trimmed_unread_are_told_as_a_gap(redis_url: str) -> None:
    async with (
        Redis(redis_url) as redis,
        Interrupted(redis) as stream,
        ActivityFeed(stream, now=now) as feed,
        feed.watch() as watcher,
    ):
        await stream.append([event("seen")])
        assert await seen(watcher, 1) == ["seen"]
        stream.away = True
        feed.hint()
        await eventually(lambda: feed.outage.failures)
        await stream.append([event("lost"), event("found")])
        await commands(redis).xtrim(EVENTS, maxlen=1, approximate=False)
        stream.away = False
        feed.hint()
        async with asyncio.timeout(60):
            batch = await anext(watcher)
        assert batch.gap
        assert [each["session"] for each in batch.events] == ["found"]


async def test_the_lag_of_the_worker_is_known_while_somebody_watches(redis_url: str) -> None:
    async with feed_of(redis_url) as (stream, feed), feed.watch() as watcher:
        await stream.append([event("a"), event("b")])
        await seen(watcher, 2)
        await eventually(lambda: feed.lag is not None and feed.lag.entries == 2)
        async with Redis(redis_url) as redis:
            group = StreamGroup(redis, consumer="w")
            await group.acknowledge(await group.read(10, 10))
        await eventually(lambda: feed.lag is not None and feed.lag.entries == 0)
