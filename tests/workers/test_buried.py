"""Entries that nobody can store: dead letters with a reason, and a worker that stops in time."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from configurator.activity.event_ids import LATEST_MS, uuid7
from configurator.activity.interaction import encode_event
from storage.postgres.activity.ledger import Ledger
from storage.postgres.activity.upkeep import Upkeep
from storage.redis.activity.dead_letters import DeadLetter, DeadLetterStream
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.position import position
from storage.redis.activity.stops import WorkerStops
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import commands
from tests.support.activity import all_stored, counts, event, now, parts
from tests.workers.consuming import UNWANTED, check, consuming, fill, made, refuse_some
from workers.consumer import Consumer, ConsumerPace, TooMuchPoison


async def test_poison_stops_nobody_and_says_why(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        await refuse_some(all_parts)
        await fill(all_parts, made(100, 1), 6)
        async with consuming(all_parts) as consumer:
            await all_stored(all_parts)
        letters = (await DeadLetterStream(all_parts.redis).page()).letters
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
        letters = (await DeadLetterStream(all_parts.redis).page()).letters
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
    """An entry that is not stored is booked with its reason: a NUL there would end every worker."""
    async with parts(database_url, redis_url) as all_parts:
        unwanted = {"filtered": "gpc\x00", "received_at": now()}
        await commands(all_parts.redis).xadd(EVENTS, {"s": "", "e": msgspec.json.encode(unwanted)})
        await all_parts.stream.append([event()])
        async with consuming(all_parts):
            await all_stored(all_parts)
        letters = (await DeadLetterStream(all_parts.redis).page()).letters
        assert [each.reason for each in letters] == ["control_characters filtered"]
        assert (await counts(database_url)).rows == 1


@pytest.mark.parametrize(
    ("batch", "good_after"),
    [pytest.param(300, 0, id="in one batch"), pytest.param(40, 0, id="two batches that wait"),
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
            pace=ConsumerPace(batch=batch, block_ms=20),
        )
        with pytest.RaisesGroup(TooMuchPoison):
            await consumer.run(asyncio.Event())
        pending = (await position(all_parts.redis)).pending
        buried = await DeadLetterStream(all_parts.redis).count()
        assert buried + pending == 101 + good_after
        assert buried <= 100
        (stop,) = await WorkerStops(all_parts.redis).latest()
        assert (stop.node, stop.unreadable) == ("w", 101)
        assert stop.of_last >= 101
        assert abs(now() - stop.at) < timedelta(minutes=1)


async def test_entries_that_come_again_are_booked_and_buried_once(
    database_url: str, redis_url: str
) -> None:
    """The group is made again from the start: every entry is delivered a second time."""
    async with parts(database_url, redis_url) as all_parts:
        await refuse_some(all_parts)
        async with consuming(all_parts):
            await fill(all_parts, made(50, 1), 4)
            await commands(all_parts.redis).xadd(EVENTS, {"s": "x", "e": encode_event(UNWANTED)})
            await all_stored(all_parts)
            for _ in range(2):
                await commands(all_parts.redis).xgroup_destroy(EVENTS, "postgres")
                await all_stored(all_parts)
        await check(all_parts, database_url, unique=50, poison=4)
        ended = await Ledger(all_parts.database).totals()
        assert ended == {"stored": 50, "duplicate": 5, "filtered": 1, "dead": 4}


async def test_a_letter_that_goes_back_is_a_new_offer(database_url: str, redis_url: str) -> None:
    async with parts(database_url, redis_url) as all_parts:
        await refuse_some(all_parts)
        async with consuming(all_parts):
            await fill(all_parts, made(50, 1), 3)
            await all_stored(all_parts)
            letters = DeadLetterStream(all_parts.redis)
            oldest = (await letters.page()).letters[-1]
            fixed = await letters.fix(oldest.id, encode_event(event()))
            assert fixed is not None
            ids = [letter.id for letter in (await letters.page()).letters]
            assert len(await letters.redrive(ids)) == 3
            await all_stored(all_parts)
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
        letters = DeadLetterStream(all_parts.redis)
        await letters.bury([DeadLetter(entry=entry, reason="bad") for entry in taken])
        newest = (await letters.page(limit=1)).letters[0]
        assert await letters.redrive_all("bad", newest=newest.id) == 150
        async with consuming(all_parts) as consumer:
            await all_stored(all_parts)
            assert consumer.tally.buried == 150
        assert await letters.count() == 150
