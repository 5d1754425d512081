"""Following the stream from an id: everything after it once, in order, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.activity.entries import id_pair
from configurator.protocol.watching import ActivityFilter
from realtime.activity.live.feed_events import FeedEvent
from realtime.activity.live.subscriptions import EVENTS_PER_MESSAGE, messages, wanted
from realtime.activity.live.watcher import WAITING_MAX, FeedBatch, Start, Watcher
from storage.redis.activity.entries import FIRST_ID, Bounds
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.stream import InteractionStream
from storage.redis.client import Redis, commands
from tests.realtime.activity.live.test_feed import feed_of
from tests.support.activity import event
from tests.support.programs.servers import Servers


async def seen(batches: AsyncIterator[FeedBatch], count: int) -> list[str]:
    """The session names of the next interactions, none skipped, no gap."""
    names: list[str] = []
    async with asyncio.timeout(60):
        while len(names) < count:
            batch = await anext(batches)
            assert (batch.skipped, batch.gap) == (0, False)
            names += [str(each["session"]) for each in batch.events]
    return names


async def append(stream: InteractionStream, first: int, end: int) -> str:
    """Interactions of sessions with these numbers; the id of the last one."""
    last = FIRST_ID
    for begin in range(first, end, 500):
        stored = await stream.append([event(f"{n}") for n in range(begin, min(begin + 500, end))])
        last = stored[-1].stream_id
    return last


async def test_a_page_after_the_other_then_live_and_nothing_twice(redis_url: str) -> None:
    """(AC3, AC4)"""
    async with feed_of(redis_url) as (stream, feed):
        since = await append(stream, 0, 10)
        await append(stream, 10, 1_500)
        start = await feed.start(since=since)
        assert start == Start(after=since)
        async with aclosing(feed.follow(start)) as batches:
            assert await seen(batches, 700) == [str(n) for n in range(10, 810)]
            await append(stream, 1_500, 1_600)
            assert await seen(batches, 690) == [str(n) for n in range(810, 1_600)]
            await append(stream, 1_600, 1_601)
            feed.hint()
            assert await seen(batches, 1) == ["1600"]


async def test_while_others_append_and_others_watch(redis_url: str) -> None:
    """(AC4) Each follower, at any time, gets exactly the entries after the id that it names."""
    async with feed_of(redis_url) as (stream, feed):
        ids = [await append(stream, n, n + 1) for n in range(300)]
        writing = True

        async def write() -> None:
            for n in range(300, 1_200):
                ids.append(await append(stream, n, n + 1))
                feed.hint()

        async def follow(first: int) -> list[str]:
            start = await feed.start(since=ids[first])
            async with aclosing(feed.follow(start)) as batches:
                return await seen(batches, 1_199 - first)

        async def glance() -> None:
            while writing:
                async with feed.watch(history=3) as watcher:
                    await anext(watcher)

        async with asyncio.TaskGroup() as tasks:
            others = tasks.create_task(glance())
            following = {n: tasks.create_task(follow(n)) for n in (0, 100, 299)}
            await write()
            later = {n: tasks.create_task(follow(n)) for n in (700, 1_100)}
            for task in (following | later).values():
                await task
            writing = False
            others.cancel()
        for first, task in (following | later).items():
            assert task.result() == [str(n) for n in range(first + 1, 1_200)]


async def test_a_follower_begins_with_the_newest_or_with_nothing(redis_url: str) -> None:
    """(AC3)"""
    async with feed_of(redis_url) as (stream, feed):
        assert await feed.start() == Start(after=FIRST_ID)
        last = await append(stream, 0, 150)
        assert await feed.start(history=0) == Start(after=last)
        for history, first in ((100, 50), (3, 147)):
            start = await feed.start(history=history)
            async with aclosing(feed.follow(start)) as batches:
                assert await seen(batches, history) == [str(n) for n in range(first, 150)]


async def test_trimmed_entries_are_a_gap_and_others_are_not(redis_url: str) -> None:
    """(AC4)"""
    async with feed_of(redis_url) as (stream, feed), Redis(redis_url) as redis:
        ids = [await append(stream, n, n + 1) for n in range(10)]
        assert not (await feed.start(since=FIRST_ID)).gap
        await commands(redis).xtrim(EVENTS, minid=ids[5], approximate=False)
        assert not (await feed.start(since=ids[5])).gap
        assert not (await feed.start(since=ids[9])).gap
        for lost in (FIRST_ID, ids[0], ids[3]):
            start = await feed.start(since=lost)
            assert start == Start(after=lost, gap=True)
            async with aclosing(feed.follow(start)) as batches:
                batch = await anext(batches)
                assert batch.gap
                assert [each["session"] for each in batch.events] == [str(n) for n in range(5, 10)]
        async with aclosing(feed.follow(Start(after=ids[0], gap=True))) as batches:
            assert (await anext(batches)).gap
            await append(stream, 10, 11)
            feed.hint()
            assert await seen(batches, 1) == ["10"]


async def test_another_server_is_a_gap_and_all_of_it_is_new(redis_url: str) -> None:
    """(AC4)"""
    async with feed_of(redis_url) as (stream, feed):
        await append(stream, 0, 5)
        ahead = f"{id_pair((await stream.newest(1))[0].id)[0] + 1_000_000}-0"
        start = await feed.start(since=ahead)
        assert start == Start(after=FIRST_ID, gap=True)
        async with aclosing(feed.follow(start)) as batches:
            batch = await anext(batches)
            assert batch.gap
            assert [each["session"] for each in batch.events] == [str(n) for n in range(5)]


async def test_an_outage_of_redis_leaves_no_hole(redis_url: str, servers: Servers) -> None:
    """(AC4)"""
    if servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    async with feed_of(redis_url) as (stream, feed):
        since = await append(stream, 0, 1)
        await append(stream, 1, 500)
        start = await feed.start(since=since)
        async with aclosing(feed.follow(start)) as batches:
            assert await seen(batches, 1) == [str(n) for n in range(1, 201)]
            servers.valkey.kill()
            servers.revive()
            assert await seen(batches, 299) == [str(n) for n in range(201, 500)]
            await append(stream, 500, 501)
            assert await seen(batches, 1) == ["500"]


async def test_a_filtered_event_moves_the_position_too(redis_url: str) -> None:
    """(AC3, AC4)"""
    only = wanted(ActivityFilter(session_id="7"))
    async with feed_of(redis_url, quiet_seconds=0.05) as (stream, feed):
        last = await append(stream, 0, 450)
        start = await feed.start(since=FIRST_ID)
        async with aclosing(feed.follow(start, wanted=only)) as batches:
            pages = [await anext(batches) for _ in range(3)]
            assert [len(page.events) for page in pages] == [1, 0, 0]
            assert pages[-1].last_id == last
            later = await append(stream, 450, 500)
            feed.hint()
            quiet = await anext(batches)
            assert (quiet.events, quiet.last_id) == ([], later)


async def test_a_slow_follower_is_told_what_it_missed(redis_url: str) -> None:
    """(AC5)"""
    async with feed_of(redis_url) as (stream, feed):
        await append(stream, 0, 1)
        start = await feed.start(history=1)
        async with aclosing(feed.follow(start)) as batches, feed.watch(history=0) as quick:
            assert await seen(batches, 1) == ["0"]
            last = await append(stream, 1, 1_001)
            async with asyncio.timeout(60):
                while (await anext(quick)).last_id != last:
                    pass
            batch = await anext(batches)
            assert batch.skipped == 1_000 - WAITING_MAX
            assert [each["session"] for each in batch.events] == [str(n) for n in range(501, 1_001)]
            assert batch.last_id == last


def feed_event(number: int, **fields: str) -> FeedEvent:
    return {"stream_id": f"{number}-0", "session": "s", "session_id": "u", **fields}


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(0, 5))
def test_a_watcher_takes_every_id_once(numbers: list[int], repeats: int) -> None:
    watcher = Watcher(after=FIRST_ID)
    entries = [feed_event(number) for number in sorted(set(numbers))]
    for begin in range(0, len(entries) + 1, 3):
        part = entries[max(0, begin - repeats) : begin + 3]
        watcher.put(part, last_id=str(part[-1]["stream_id"]) if part else None)
    assert watcher.batch().events == entries


@pytest.mark.parametrize(
    ("asked", "lets_through"),
    [
        ({"event_types": ["click"]}, True),
        ({"event_types": ["view", "click"], "categories": ["nest"]}, True),
        ({"event_types": ["click"], "categories": ["fenster"]}, False),
        ({"session_id": "s"}, True),
        ({"session_id": "u"}, True),
        ({"session_id": "other"}, False),
        ({"categories": []}, False),
    ],
)
def test_events_that_a_filter_lets_through(asked: dict[str, object], lets_through: bool) -> None:
    """(AC3)"""
    lets = wanted(ActivityFilter(**asked))  # type: ignore[arg-type]
    assert lets is not None
    assert lets(feed_event(1, event_type="click", category="nest")) is lets_through
    assert wanted(ActivityFilter()) is wanted(None) is None


@given(st.integers(0, 1_000), st.integers(0, 5), st.booleans())
def test_a_batch_is_told_in_messages_that_resume_anywhere(
    count: int, skipped: int, gap: bool
) -> None:
    """(AC4)"""
    events = [feed_event(number) for number in range(1, count + 1)]
    batch = FeedBatch(events=events, skipped=skipped, gap=gap, last_id="2000-0")
    told = list(messages(batch))
    assert [each for message in told for each in message.events] == events
    assert all(len(message.events) <= EVENTS_PER_MESSAGE for message in told)
    assert [message.last_id for message in told[:-1]] == [
        message.events[-1]["stream_id"] for message in told[:-1]
    ]
    assert told[-1].last_id == "2000-0"
    assert (told[0].skipped, told[0].gap) == (skipped, gap)
    assert all((message.skipped, message.gap) == (0, False) for message in told[1:])


@pytest.mark.parametrize(
    ("bounds", "since", "lost"),
    [
        (Bounds(), "0-0", False),
        (Bounds(first="5-0", last="9-0", whole=True), "0-0", False),
        (Bounds(first="5-0", last="9-0", whole=False), "0-0", True),
        (Bounds(first="5-0", last="9-0", whole=False), "5-0", False),
        (Bounds(first="5-0", last="9-0", whole=False), "4-9", True),
        (Bounds(first=None, last="9-0", whole=False), "9-0", False),
        (Bounds(first=None, last="9-0", whole=False), "8-0", True),
    ],
)
def test_when_something_is_lost(bounds: Bounds, since: str, lost: bool) -> None:
    """(AC4)"""
    assert bounds.lost_after(since) is lost
