"""Exactly once, whatever happens to workers and servers."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import msgspec
import pytest

from configurator.activity import Event, Filtered, encode_event
from configurator.event_ids import LATEST_MS, uuid7
from storage.postgres.ledger import Ledger
from storage.postgres.upkeep import Upkeep
from storage.redis.dead_letters import DeadLetter, DeadLetters
from storage.redis.stops import WorkerStops
from storage.redis.stream import EVENTS, commands, position
from storage.redis.stream_group import StreamGroup
from tests.activity.parts import Parts, all_stored, counts, drained, event, now, parts, until
from tests.storage.link import link_to
from tests.support.processes import Process
from tests.support.servers import Servers
from tests.support.waiting import eventually
from workers.consumer import Consumer, Pace, TooMuchPoison

QUICK = Pace(batch=300, block_ms=20, claim_idle_ms=100, claim_every_seconds=0.05)
CALM = replace(QUICK, claim_idle_ms=500)
"""On a busy machine a batch takes longer than 100 ms, and is no dead worker's for that."""

SESSIONS = 400
UNWANTED = Filtered(filtered="consent", received_at=now())


REFUSE = """
DO $$ BEGIN
    ALTER TABLE interactions ADD CONSTRAINT refused CHECK (category <> 'refused') NOT VALID;
EXCEPTION WHEN duplicate_object THEN NULL; END $$"""


def made(unique: int, seed: int) -> list[Event]:
    """Events with 10 % repeats, in an order that mixes them."""
    chance = random.Random(seed)
    names = [f"session-{n}" for n in range(SESSIONS)]
    events = [
        event(
            chance.choice(names), category=chance.choice("abcdef"), event_type=chance.choice("xyz")
        )
        for _ in range(unique)
    ]
    events += chance.sample(events, unique // 10)
    chance.shuffle(events)
    return events


async def fill(parts: Parts, events: list[Event], poison: int) -> None:
    """Appends everything, the poison spread between; a third of it only PostgreSQL refuses."""
    async with parts.database.driver() as connection:
        await connection.execute(REFUSE)
    step = max(1, len(events) // max(1, poison))
    for start in range(0, len(events), step):
        await parts.stream.append(events[start : start + step])
        if start // step < poison:
            kind = start // step % 3
            payload = [b"\xff\x00", b"{}", encode_event(event(category="refused"))][kind]
            await commands(parts.redis).xadd(EVENTS, {"s": "x", "e": payload})


@asynccontextmanager
async def consuming(
    parts: Parts, *, name: str = "w", pace: Pace = QUICK
) -> AsyncIterator[Consumer]:
    consumer = Consumer(
        StreamGroup(parts.redis, consumer=name), parts.interactions, now=now, pace=pace
    )
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.run(stopping))
        try:
            yield consumer
        finally:
            stopping.set()


async def check(
    parts: Parts, database_url: str, *, unique: int, poison: int, flushed: int = 0
) -> None:
    """Everything is stored and counted once, and every entry of the stream ended once.

    `flushed`: so many entries were in streams that are gone.
    """
    found = await counts(database_url)
    assert (found.rows, found.minutes, found.sessions) == (unique, unique, unique)
    assert (found.choices, found.ledger) == (unique, unique)
    where = await position(parts.redis)
    assert (where.pending, where.undelivered) == (0, 0)
    assert await DeadLetters(parts.redis).count() == poison
    ended = await Ledger(parts.database).totals()
    assert sum(ended.values()) == await parts.stream.offered() + flushed, ended
    assert await Upkeep(parts.database).drift(kept_days=90, now=now()) == {}


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

            Lives are longer after one that achieved nothing, so that a busy machine gets there, too.
            """
            nonlocal lives
            longest = 0.6
            while not await drained(all_parts):
                lives += 1
                group = StreamGroup(all_parts.redis, consumer=name)
                consumer = Consumer(group, all_parts.interactions, now=now, pace=CALM)
                try:
                    async with asyncio.timeout(chance.uniform(0.01, longest)):
                        await consumer.run(asyncio.Event())
                except TimeoutError:
                    longest = 0.6 if consumer.tally.inserted else longest * 1.3

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
        with (
            Process(*command, environ={**environ, "NEST_NODE": "one"}) as one,
            Process(*command, environ={**environ, "NEST_NODE": "two"}) as two,
        ):
            workers = [one, two]
            await eventually(lambda: all("worker ready" in each.log for each in workers), 20)
            events = made(unique, 7)
            for start in range(0, len(events), 1_000):
                await fill(all_parts, events[start : start + 1_000], 1 if start < 10_000 else 0)
                if kills < 8:
                    victim = chance.choice(workers)
                    before = victim.log.count("worker ready")
                    mark = (await all_parts.stream.lag()).entries
                    await until(partial(progressed, all_parts, mark), 20)
                    os.kill(victim.pid, signal.SIGKILL)
                    victim.wait()
                    victim.start()
                    kills += 1
                    await eventually(partial(lives_again, victim, before), 20)
            await all_stored(all_parts, 60)
            assert kills == 8
            assert [worker.stop(6) for worker in workers] == [0, 0]
        await check(all_parts, database_url, unique=unique, poison=poison)


def lives_again(process: Process, before: int) -> bool:
    return process.log.count("worker ready") > before


async def progressed(parts: Parts, before: int) -> bool:
    left = (await parts.stream.lag()).entries
    return left < before or left == 0


async def test_poison_stops_nobody_and_says_why(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        await fill(all_parts, made(100, 1), 6)
        async with consuming(all_parts) as consumer:
            await all_stored(all_parts)
        letters = (await DeadLetters(all_parts.redis).page()).letters
        assert {letter.kind for letter in letters} == {
            "malformed_json",
            "wrong_type",
            "CheckViolationError",
        }
        assert consumer.tally.buried == 6
        await check(all_parts, database_url, unique=100, poison=6)


ABSURD: dict[str, list[dict[str, object]]] = {
    "received_at": [
        {"received_at": "9999-12-31T23:59:59Z"},
        {"received_at": "9999-12-31T23:59:59-14:00"},
        {"received_at": "0001-01-01T00:00:00Z"},
        {"received_at": "0001-01-01T00:00:00+14:00"},
        {"received_at": (now() - timedelta(days=401)).isoformat()},
        {"received_at": (now() + timedelta(days=2)).isoformat()},
        {"received_at": "9999-12-31T23:59:59Z", "happened_at": "0001-01-01T00:00:00Z"},
    ],
    "happened_at": [
        {"happened_at": "0001-01-01T00:00:00Z"},
        {"happened_at": "9999-12-31T23:59:59.999999Z"},
        {"happened_at": (now() - timedelta(days=33)).isoformat()},
        {"happened_at": (now() + timedelta(days=33)).isoformat()},
    ],
    "event_id": [
        {"happened_at": None, "event_id": "00000000-0000-7000-8000-000000000001"},
        {"happened_at": None, "event_id": str(uuid7(LATEST_MS, 1))},
    ],
}


@pytest.mark.parametrize("place", ABSURD)
async def test_an_entry_of_an_absurd_time_is_a_dead_letter(
    database_url: str, redis_url: str, place: str
) -> None:
    """A readable one, too: the audit of `-infinity` would end every worker from then on."""
    async with parts(database_url, redis_url) as all_parts:
        good = msgspec.to_builtins(event())
        for times in ABSURD[place]:
            payload = msgspec.json.encode({**good, **times})
            await commands(all_parts.redis).xadd(EVENTS, {"s": "x", "e": payload})
        await all_parts.stream.append([event()])
        async with consuming(all_parts):
            await all_stored(all_parts)
        letters = (await DeadLetters(all_parts.redis).page()).letters
        assert [each.reason for each in letters] == [f"time_out_of_range {place}"] * len(
            ABSURD[place]
        )
        assert (await counts(database_url)).rows == 1
        upkeep = Upkeep(all_parts.database)
        assert await upkeep.drift(kept_days=0, now=now()) == {}


TEN_YEARS = timedelta(days=3_650)


@pytest.mark.parametrize("ids", [TEN_YEARS, -TEN_YEARS], ids=["ahead", "behind"])
async def test_no_event_is_lost_to_a_clock_of_redis_that_was_wrong(
    database_url: str, redis_url: str, ids: timedelta
) -> None:
    """XADD never goes back: after a clock that was ahead, every id is of that time."""
    async with parts(database_url, redis_url) as all_parts:
        payloads = [event(), event("same"), event("other")]
        written_ms = int((now() + ids).timestamp() * 1_000)
        entries = [*map(encode_event, payloads), encode_event(payloads[0]), b"bad"]
        for n, each in enumerate([*entries, encode_event(UNWANTED)]):
            fields = {"s": "x", "e": each}
            await commands(all_parts.redis).xadd(EVENTS, fields, id=f"{written_ms}-{n}")
        async with consuming(all_parts) as consumer:
            await all_stored(all_parts)
        assert (consumer.tally.inserted, consumer.tally.moved) == (3, 0)
        booked = await Ledger(all_parts.database).since(now().date() - timedelta(days=4_000))
        assert sum(each.n for each in booked) == 6
        assert all(each.day <= now().date() + timedelta(days=1) for each in booked)
        async with all_parts.database.driver() as connection:
            later = "SELECT count(*) FROM activity_ledger WHERE hour > now()"
            assert await connection.fetchval(later) == 0
            longest = "SELECT max(processing_ms) FROM interactions"
            assert await connection.fetchval(longest) == 0


async def test_a_machine_whose_clock_is_ahead_loses_no_event(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts:
        there = now() + TEN_YEARS
        made_there = [
            msgspec.structs.replace(event("s", received_at=there), event_id=uuid7(ms, n))
            for n, ms in enumerate([int(there.timestamp() * 1_000)] * 200)
        ]
        await all_parts.stream.append(made_there)
        async with consuming(all_parts) as consumer:
            await all_stored(all_parts)
        assert (consumer.tally.inserted, consumer.tally.moved) == (200, 200)
        async with all_parts.database.driver() as connection:
            far = await connection.fetchval(
                "SELECT count(*) FROM interactions WHERE NOT occurred_at"
                " BETWEEN now() - interval '1 minute' AND now()"
            )
        assert far == 0
        assert await Upkeep(all_parts.database).drift(kept_days=0, now=now()) == {}


async def test_a_reason_that_the_ledger_cannot_hold_is_a_dead_letter(
    database_url: str, redis_url: str
) -> None:
    """What is not stored is booked with its reason: a NUL in it would end every worker."""
    async with parts(database_url, redis_url) as all_parts:
        unwanted = {"filtered": "gpc\x00", "received_at": now()}
        await commands(all_parts.redis).xadd(EVENTS, {"s": "", "e": msgspec.json.encode(unwanted)})
        await all_parts.stream.append([event()])
        async with consuming(all_parts):
            await all_stored(all_parts)
        letters = (await DeadLetters(all_parts.redis).page()).letters
        assert [each.reason for each in letters] == ["control_characters filtered"]
        assert (await counts(database_url)).rows == 1


@pytest.mark.parametrize(
    ("batch", "good_after"),
    [pytest.param(300, 0, id="in one batch"), pytest.param(40, 0, id="two batches at hand"),
     pytest.param(2_000, 1_200, id="before many good ones")],
)  # fmt: skip
async def test_too_much_poison_stops_the_worker_before_it_buries_good_data(
    database_url: str, redis_url: str, batch: int, good_after: int
) -> None:
    async with parts(database_url, redis_url) as all_parts:
        for _ in range(101):
            await commands(all_parts.redis).xadd(EVENTS, {"s": "x", "e": b"future format"})
        if good_after:
            await all_parts.stream.append([event() for _ in range(good_after)])
        consumer = Consumer(
            StreamGroup(all_parts.redis, consumer="w"),
            all_parts.interactions,
            now=now,
            pace=Pace(batch=batch, block_ms=20),
        )
        with pytest.RaisesGroup(TooMuchPoison):
            await consumer.run(asyncio.Event())
        pending = (await position(all_parts.redis)).pending
        buried = await DeadLetters(all_parts.redis).count()
        assert buried + pending == 101 + good_after
        assert buried <= 100
        (stop,) = await WorkerStops(all_parts.redis).latest()
        assert (stop.node, stop.unreadable) == ("w", 101)
        assert stop.of_last >= 101
        assert abs(now() - stop.at) < timedelta(minutes=1)


async def test_a_lost_group_and_a_flushed_server_are_no_end(
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


async def test_entries_that_come_again_are_booked_and_buried_once(
    database_url: str, redis_url: str
) -> None:
    """The group is made again from the start: every entry is delivered a second time."""
    async with parts(database_url, redis_url) as all_parts, consuming(all_parts):
        await fill(all_parts, made(50, 1), 4)
        await commands(all_parts.redis).xadd(EVENTS, {"s": "x", "e": encode_event(UNWANTED)})
        await all_stored(all_parts, 20)
        for _ in range(2):
            await commands(all_parts.redis).xgroup_destroy(EVENTS, "postgres")
            await all_stored(all_parts, 20)
        await check(all_parts, database_url, unique=50, poison=4)
        ended = await Ledger(all_parts.database).totals()
        assert ended == {"stored": 50, "duplicate": 5, "filtered": 1, "dead": 4}


async def test_a_letter_that_goes_back_is_a_new_offer(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts, consuming(all_parts):
        await fill(all_parts, made(50, 1), 3)
        await all_stored(all_parts, 20)
        letters = DeadLetters(all_parts.redis)
        oldest = (await letters.page()).letters[-1]
        fixed = await letters.fix(oldest.id, encode_event(event()))
        assert fixed is not None
        ids = [letter.id for letter in (await letters.page()).letters]
        assert len(await letters.redrive(ids)) == 3
        await all_stored(all_parts, 20)
        await check(all_parts, database_url, unique=51, poison=2)
        ended = await Ledger(all_parts.database).totals()
        assert ended == {"stored": 51, "duplicate": 5, "filtered": 0, "dead": 5}


async def test_many_letters_that_are_still_bad_do_not_stop_the_worker(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts:
        for _ in range(150):
            await commands(all_parts.redis).xadd(EVENTS, {"s": "x", "e": b"future format"})
        group = StreamGroup(all_parts.redis, consumer="before")
        taken = await group.read(150, 10)
        letters = DeadLetters(all_parts.redis)
        await letters.bury([DeadLetter(entry=entry, reason="bad") for entry in taken])
        newest = (await letters.page(limit=1)).letters[0]
        assert await letters.redrive_all("bad", newest=newest.id) == 150
        async with consuming(all_parts) as consumer:
            await all_stored(all_parts, 20)
            assert consumer.tally.buried == 150
        assert await letters.count() == 150


async def has_rows(database_url: str, rows: int) -> bool:
    return (await counts(database_url)).rows == rows


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
        await all_stored(all_parts, 20)
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
            await eventually(lambda: consumer.reading.failures, 30, why="a batch takes too long")
            await all_stored(all_parts, 60)
    assert await has_rows(database_url, 2_000)


async def test_a_stopped_worker_finishes_its_batch_within_five_seconds(
    database_url: str, redis_url: str
) -> None:
    async with parts(database_url, redis_url) as all_parts:
        await all_parts.stream.append([event() for _ in range(300)])
        environ = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "NEST_NODE": "w"}
        with Process(sys.executable, "-m", "tests.workers.process", environ=environ) as process:
            await eventually(lambda: "worker ready" in process.log, 20)
            await all_stored(all_parts, 20)
            assert process.stop(5) == 0
            assert "Traceback" not in process.log
        await check(all_parts, database_url, unique=300, poison=0)
