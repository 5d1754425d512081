"""Redis is emptied while interactions come: what is gone is told, by its number, and as a gap."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing

import asyncpg
import redis as blocking_redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from realtime.activity.service.offered import Offered
from storage.postgres.activity.ledger import Ledger
from storage.postgres.activity.stream_lives import StreamLives
from storage.redis.activity.stream import InteractionStream
from tests.realtime.activity.live.test_feed import feed_of
from tests.support.activity import Parts, event, parts, store_all


def empty(redis_url: str) -> None:
    with blocking_redis.Redis.from_url(redis_url) as client:
        client.flushdb()


def process(parts: Parts, stream: InteractionStream | None = None) -> Offered:
    """The count in one process; a process without a stream of its own appended nothing."""
    return Offered(
        stream or InteractionStream(parts.redis),
        Ledger(parts.database),
        StreamLives(parts.database),
    )


async def append(parts: Parts, count: int) -> None:
    await parts.stream.append([event() for _ in range(count)])


async def test_lost_entries_are_counted(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as each:
        web, worker = process(each, each.stream), process(each)
        await append(each, 10)
        await web.note()
        await store_all(each)
        await append(each, 7)  # nobody notes, nobody stores
        empty(redis_url)
        await append(each, 5)
        await web.note()
        await worker.note()
        for said in (await web.balance(), await worker.balance()):
            assert (said.missing, said.waiting, said.offered) == (7, 5, 5)
            assert said.renewals == 1
            assert said.began is not None
        await store_all(each)
        said = await web.balance()
        assert (said.missing, said.waiting, said.earlier) == (7, 0, 10)
        empty(redis_url)
        assert (await worker.balance()).missing == 7  # before anything comes


async def test_without_the_web_process_the_noted_count_is_used(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as each:
        await append(each, 10)
        await process(each).note()
        await append(each, 7)
        empty(redis_url)
        said = await process(each).balance()
        assert (said.missing, said.offered, said.renewals) == (10, 0, 1)


async def test_lives_without_notes_mean_no_loss(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as each:
        await append(each, 10)
        await store_all(each)
        empty(redis_url)  # before this release
        await append(each, 3)
        await store_all(each)
        web = process(each, each.stream)
        each.stream.lives.clear()
        await web.note()
        said = await web.balance()
        assert (said.missing, said.earlier, said.renewals) == (0, 10, 0)
        await append(each, 4)
        await web.note()
        empty(redis_url)
        assert (await web.balance()).missing == 4


class Restored(StreamLives):
    """A backup takes the place of everything while a process notes what ended."""

    @override
    async def note_with_ended(self, lives: Mapping[str, int], ended: int, *, now: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(
                text("DELETE FROM stream_lives WHERE life = :now"), {"now": now}
            )

        await self._database.write(work)
        await super().note_with_ended(lives, ended, now=now)


async def test_notes_that_a_restore_removed_are_not_missing(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as each:
        await append(each, 10)
        await process(each).note()
        await store_all(each)
        empty(redis_url)  # the backup is of this moment
        await append(each, 5)
        await store_all(each)
        ledger, lives = Ledger(each.database), Restored(each.database)
        await Offered(each.stream, ledger, lives).note()
        assert (await process(each, each.stream).balance()).missing == 0


async def test_beside_an_older_schema_nothing_is_noted(database_url: str, redis_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    await owner.execute("DROP TABLE stream_lives")
    await owner.close()
    async with parts(database_url, redis_url) as each:
        await append(each, 2)
        web = process(each, each.stream)
        await web.note()
        said = await web.balance()
        assert (said.missing, said.waiting, said.offered) == (0, 2, 2)


async def test_a_watcher_is_told_of_the_gap_and_sees_all_later_entries(redis_url: str) -> None:
    async with feed_of(redis_url) as (stream, feed), feed.watch() as watcher:
        await stream.append([event("before")])
        feed.hint()
        async with asyncio.timeout(60):
            assert [each["session"] for each in (await anext(watcher)).events] == ["before"]
            empty(redis_url)
            await stream.append([event("after")])
            feed.hint()
            seen: list[object] = []
            gap = False
            while not seen:
                batch = await anext(watcher)
                gap = gap or batch.gap
                seen += [each["session"] for each in batch.events]
            assert (seen, gap) == (["after"], True)
            await stream.append([event("later")])
            feed.hint()
            batch = await anext(watcher)
            assert ([each["session"] for each in batch.events], batch.gap) == (["later"], False)


async def test_a_watcher_is_told_of_the_gap_before_anything_comes(redis_url: str) -> None:
    async with feed_of(redis_url) as (stream, feed), feed.watch() as watcher:
        await stream.append([event("before")])
        feed.hint()
        async with asyncio.timeout(60):
            await anext(watcher)
            empty(redis_url)
            feed.hint()
            batch = await anext(watcher)
            assert (batch.gap, batch.events) == (True, [])


async def test_a_follower_from_an_id_of_the_earlier_stream_is_told(redis_url: str) -> None:
    async with feed_of(redis_url) as (stream, feed):
        (before,) = await stream.append([event("before")])
        known = await feed.start(since=before.stream_id)
        empty(redis_url)
        await stream.append([event("after")])
        fresh = await feed.start(since=before.stream_id)
        for start in (known, fresh):  # told while it was there, and told when it was not any more
            async with aclosing(feed.follow(start)) as batches, asyncio.timeout(60):
                batch = await anext(batches)
                assert batch.gap
                assert [each["session"] for each in batch.events] == ["after"]
