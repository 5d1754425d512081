"""Redis comes with an older state: what it took since is told as missing, by its number, for good."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.embedded.servers import embedded_valkey
from app.programs.server_process import EmbeddedServer
from realtime.activity.live.feed import ActivityFeed
from realtime.activity.live.watcher import FeedBatch
from realtime.activity.service.offered import Offered
from storage.redis.activity.life import Life
from storage.redis.activity.stream import InteractionStream
from tests.realtime.activity.live.test_feed import feed_of
from tests.realtime.activity.service.test_flushed import append, empty, process
from tests.support.activity import event, parts, store_all
from tests.support.programs.servers import home_in_memory


@dataclass(kw_only=True)
class Old:
    """A Valkey of which an older append-only file is kept."""

    server: EmbeddedServer
    url: str

    @property
    def _kept(self) -> Path:
        return self.server.recipe.directory.with_name("kept")

    def keep(self) -> None:
        shutil.copytree(self.server.recipe.directory, self._kept)

    async def come_back(self) -> None:
        """Start Redis with the older file, as after damage, a restored disk or a replica that lagged."""
        directory = self.server.recipe.directory
        await asyncio.to_thread(self.server.stop)
        shutil.rmtree(directory)
        shutil.copytree(self._kept, directory)
        await asyncio.to_thread(self.server.start)


@pytest.fixture
def old() -> Iterator[Old]:
    with home_in_memory() as home:
        server = embedded_valkey(home)
        url = server.start()
        try:
            yield Old(server=server, url=url)
        finally:
            server.stop()


async def missing(offered: Offered) -> int:
    return (await offered.balance()).missing


async def test_entries_that_an_older_file_lacks_are_missing_for_good(
    database_url: str, old: Old
) -> None:
    async with parts(database_url, old.url) as each:
        await append(each, 10)
        await store_all(each)
        old.keep()
        await append(each, 8)
        await store_all(each)
        await append(each, 7)
        await process(each, each.stream).note()
    await old.come_back()
    async with parts(database_url, old.url) as each:
        fresh = process(each)
        with capture_logs() as lines:
            said = await fresh.balance()
        assert (said.missing, said.waiting, said.offered, said.renewals) == (7, 0, 0, 1)
        assert "stream_went_back" in [line["event"] for line in lines]
        await append(each, 40)  # as many again, and more
        await store_all(each)
        said = await process(each, each.stream).balance()
        assert (said.missing, said.waiting, said.offered, said.renewals) == (7, 0, 40, 1)
        await append(each, 5)
        empty(old.url)
        assert await missing(process(each, each.stream)) == 12


async def test_a_process_that_goes_on_begins_the_new_life_before_it_appends(
    database_url: str, old: Old
) -> None:
    async with parts(database_url, old.url) as each:
        await append(each, 3)
        old.keep()
        await append(each, 4)
        web = process(each, each.stream)
        await web.note()
        await old.come_back()
        await append(each, 9)  # nobody has noted anything
        said = await web.balance()
        assert (said.missing, said.waiting, said.offered, said.renewals) == (4, 12, 9, 1)
        await store_all(each)
        assert await missing(web) == 4


async def test_several_that_see_it_begin_one_life(database_url: str, old: Old) -> None:
    async with parts(database_url, old.url) as each, InteractionStream(each.redis) as other:
        await append(each, 3)
        old.keep()
        await append(each, 4)
        await old.come_back()
        before = await other.its_life()
        known = Life(before.name, 7)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.stream.begin_anew(known)) for _ in range(4)]
        assert sorted(task.result() for task in tasks) == [False, False, False, True]
        assert not await other.begin_anew(before)
        await other.append([event()])
        now_there = await each.stream.its_life()
        assert (now_there.offered, now_there.name != before.name) == (1, True)


async def test_a_count_that_did_not_fall_means_no_loss(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as each:
        await append(each, 3)
        there_now = await each.stream.its_life()
        assert not await each.stream.begin_anew(there_now)
        assert await each.stream.its_life() == there_now


async def test_an_end_that_was_not_noted_hides_no_later_loss(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as each:
        await append(each, 10)
        await process(each).note()
        await append(each, 5)
        await store_all(each)
    empty(redis_url)  # and the web process is gone
    async with parts(database_url, redis_url) as each:
        web = process(each, each.stream)
        await web.note()
        await append(each, 6)
        empty(redis_url)
        said = await web.balance()
        assert (said.missing, said.renewals) == (6, 2)


async def test_the_last_note_is_written_when_the_process_stops(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as each:
        async with process(each, each.stream):
            await append(each, 5)
        empty(redis_url)
        assert await missing(process(each)) == 5


async def told_until(
    last: str, batches: AsyncIterator[FeedBatch], feed: ActivityFeed
) -> tuple[list[str], bool]:
    """The sessions that were told, up to this one, and whether a gap was."""
    told, gap = [], False
    async with asyncio.timeout(60):
        while last not in told:
            feed.hint()
            batch = await anext(batches)
            told += [str(each["session"]) for each in batch.events]
            gap = gap or batch.gap
    return told, gap


async def test_a_watcher_is_told_of_a_gap_and_nothing_a_second_time(old: Old) -> None:
    """(AC3) Entries that the older state still has are not sent again; of the others a gap is reported."""
    async with feed_of(old.url) as (stream, feed), feed.watch() as watcher:
        await stream.append([event("one"), event("two")])
        old.keep()
        await stream.append([event("three")])
        assert await told_until("three", watcher, feed) == (["one", "two", "three"], False)
        await old.come_back()
        await stream.append([event("four")])
        assert await told_until("four", watcher, feed) == (["four"], True)


async def test_a_returning_follower_is_told_of_a_gap_and_nothing_a_second_time(old: Old) -> None:
    """(AC4) Another process sees them, before and after it notices that entries are lost."""
    async with feed_of(old.url) as (stream, _feed):
        await stream.append([event("one"), event("two")])
        old.keep()
        (third,) = await stream.append([event("three")])
        known = await stream.its_life()
        await old.come_back()
        for last in ("four", "five"):
            async with feed_of(old.url) as (other, returned):
                start = await returned.start(since=third.stream_id)
                async with aclosing(returned.follow(start)) as batches:
                    await other.append([event(last)])
                    told, gap = await told_until(last, batches, returned)
            assert (told[-1:], gap) == ([last], last == "four")
            assert not {"one", "two", "three"} & set(told)
            await stream.begin_anew(known)
