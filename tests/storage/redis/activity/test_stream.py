"""The stream on a real server: appended together, never lost by trimming, honest when Redis is away."""

import asyncio

import pytest

from configurator.activity.entries import decode_event, id_pair
from configurator.activity.event_ids import moment_of
from configurator.activity.interaction import encode_event
from storage.errors import StorageUnavailable
from storage.redis.activity.capacity import FULL_RETRY_SECONDS, INTAKE_SHARE, StreamLimits
from storage.redis.activity.dead_letters import DeadLetter
from storage.redis.activity.entries import Bounds
from storage.redis.activity.keys import EVENTS, HINTS, WAITING
from storage.redis.activity.life import LIFE
from storage.redis.activity.position import position
from storage.redis.activity.stream import WAITING_MAX, InteractionStream
from storage.redis.activity.stream_group import KEPT_MS, MARKS, StreamGroup
from storage.redis.client import Redis, commands
from tests.support.activity import event
from tests.support.programs.servers import Servers
from tests.support.waiting import PATIENT_SECONDS


async def test_entries_of_one_turn_go_out_together_with_one_hint(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        listener = commands(redis).pubsub()
        await listener.subscribe(redis.channel(HINTS))
        await listener.get_message(timeout=PATIENT_SECONDS)
        sent = [event(f"s{n}") for n in range(50)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(stream.append([each])) for each in sent]
        ids = [task.result()[0].stream_id for task in tasks]
        assert len(set(ids)) == 50
        hint = await listener.get_message(timeout=PATIENT_SECONDS)
        assert hint["data"] == b""
        assert await listener.get_message(timeout=0) is None
        await listener.aclose()
        read = await stream.read_after("0-0", 100)
        assert [decode_event(entry.payload) for entry in read] == sent
        assert [entry.id for entry in read] == ids
        assert await stream.read_after(ids[-2], 100) == read[-1:]
        assert await stream.newest(3) == read[-3:]


async def test_a_repeated_event_id_is_told(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        sent = event()
        first = await stream.append([sent], may_repeat=True)
        mixed = await stream.append([event(), sent], may_repeat=True)
        assert [each.duplicate for each in [*first, *mixed]] == [False, False, True]
        assert not (await stream.append([event()]))[0].duplicate


async def test_a_redis_that_is_away_is_reported_fast(redis_url: str, servers: Servers) -> None:
    if servers.valkey is None:
        pytest.skip("the server is not ours to kill")
    async with Redis(redis_url, call_seconds=60) as redis, InteractionStream(redis) as stream:
        await stream.append([event()])
        servers.valkey.kill()
        async with asyncio.timeout(30):  # no deadline had to pass
            with pytest.raises(StorageUnavailable):
                await stream.append([event()])
        servers.revive()
        await stream.append([event()])
        assert len(await stream.newest(10)) == 2


@pytest.mark.parametrize("limits", [StreamLimits(entries=3), StreamLimits(stream_bytes=1)])
async def test_a_full_stream_refuses_and_keeps_everything(
    redis_url: str, limits: StreamLimits
) -> None:
    async with Redis(redis_url) as redis:
        async with InteractionStream(redis) as stream:
            await stream.append([event(), event(), event()])
        async with InteractionStream(redis, limits=limits) as stream:
            if limits.entries == 3:
                await stream.append([event()])
            for _ in range(2):
                with pytest.raises(StorageUnavailable, match="full"):
                    await stream.append([event()])
            assert len(await stream.newest(10)) >= 3
            await commands(redis).xtrim(EVENTS, maxlen=0)
            if limits.entries == 3:
                assert await stream.append([event()])


async def test_intake_is_refused_before_the_memory_is_full_and_everything_else_goes_on(
    redis_url: str,
) -> None:
    """Nothing that was acknowledged goes, nothing that was refused is there, and room comes back."""
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        used = (await redis.memory()).used_bytes
        await commands(redis).config_set("maxmemory", int((used + 2_000_000) / INTAKE_SHARE))
        try:
            acknowledged, refused = await _appended_until_refused(stream)
            assert acknowledged >= 1_000
            assert "memory" in str(refused)
            assert refused.retry_after_seconds == FULL_RETRY_SECONDS
            assert await commands(redis).xlen(EVENTS) == acknowledged
            memory = await redis.memory()
            assert 0 < memory.share < 0.9
            assert await commands(redis).set("presence", "x" * 1_000)
            group = StreamGroup(redis, consumer="c", kept_tight_ms=0)
            taken = await group.read(acknowledged, 10)
            assert len(taken) == acknowledged
            await group.acknowledge(taken)
            assert await group.trim() > acknowledged / 2  # not after ten minutes
            assert len(await stream.append([event()])) == 1
        finally:
            await commands(redis).config_set("maxmemory", 0)


async def _appended_until_refused(stream: InteractionStream) -> tuple[int, StorageUnavailable]:
    acknowledged = 0
    while acknowledged < 100_000:
        try:
            acknowledged += len(await stream.append([event() for _ in range(200)]))
        except StorageUnavailable as refused:
            return acknowledged, refused
    raise AssertionError("nothing was refused")


async def test_too_many_waiting_are_refused(redis_url: str) -> None:
    async with (
        Redis(redis_url) as redis,
        InteractionStream(redis, limits=StreamLimits(waiting=2)) as stream,
    ):
        async with asyncio.TaskGroup() as group:
            fits = group.create_task(stream.append([event(), event()]))
            refused = group.create_task(_refusal(stream))
        assert len(fits.result()) == 2
        assert "too many events wait" in refused.result()


async def _refusal(stream: InteractionStream) -> str:
    try:
        await stream.append([event()])
    except StorageUnavailable as away:
        return str(away)
    return ""


async def test_a_caller_that_gives_up_disturbs_nobody(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        async with asyncio.TaskGroup() as group:
            impatient = group.create_task(stream.append([event("gone")]))
            patient = group.create_task(stream.append([event("stays")]))
            await asyncio.sleep(0)
            impatient.cancel()
        assert patient.result()
        sessions = {decode_event(entry.payload).session for entry in await stream.newest(10)}
        assert "stays" in sessions


async def test_unacknowledged_follows_the_life_of_an_entry(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        mine, other = event("mine"), event("other")
        await stream.append([mine, other])

        async def waiting() -> list[str]:
            entries = await stream.unacknowledged(mine.session_id)
            return [decode_event(entry.payload).session for entry in entries]

        assert await waiting() == ["mine"]  # no group yet
        group = StreamGroup(redis, consumer="a")
        taken = await group.read(10, 10)
        assert len(taken) == 2
        assert await waiting() == ["mine"]  # delivered
        await group.acknowledge([taken[1]])
        assert await waiting() == ["mine"]  # still pending
        await group.acknowledge([taken[0]])
        assert await waiting() == []


async def test_waiting_entries_of_others_cost_a_session_nothing(redis_url: str) -> None:
    """With 10,000 waiting entries a read took a scan of all of them; it looks at its own now."""
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        mine = event("mine")
        for n in range(20):
            await stream.append([event(f"other {n}") for _ in range(500)])
            if n in {3, 7, 19}:
                await stream.append([mine])
        before = await looked_at(redis)
        found = await stream.unacknowledged(mine.session_id)
        assert await looked_at(redis) - before == 3
        assert [decode_event(entry.payload).session for entry in found] == ["mine"] * 3
        assert [entry.id for entry in found] == sorted((e.id for e in found), key=id_pair)


async def looked_at(redis: Redis) -> int:
    """The number of times that Redis was asked for a range of the stream, by scripts, too."""
    stats = await commands(redis).info("commandstats")
    return int(stats.get("cmdstat_xrange", {"calls": 0})["calls"])


async def test_too_much_of_one_session_is_refused(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        for _ in range(WAITING_MAX // 500):
            await stream.append([event("mine") for _ in range(500)])
        assert len(await stream.unacknowledged(event("mine").session_id)) == WAITING_MAX
        await stream.append([event("mine")])
        with pytest.raises(StorageUnavailable):
            await stream.unacknowledged(event("mine").session_id)


async def test_nothing_is_left_of_a_session_whose_entries_are_stored(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        await stream.append([event("mine"), event("other"), event("mine")])
        kept = [each async for each in commands(redis).scan_iter(match=f"{WAITING}*")]
        assert len(kept) == 2
        group = StreamGroup(redis, consumer="a")
        first, *others = await group.read(10, 10)
        await group.dead_letters.bury([DeadLetter(entry=first, reason="poison")])
        await group.acknowledge(others)
        assert not [each async for each in commands(redis).scan_iter(match=f"{WAITING}*")]
        (letter,) = (await group.dead_letters.page()).letters
        await group.dead_letters.redrive([letter.id])
        assert len(await stream.unacknowledged(event("mine").session_id)) == 1


async def test_a_group_that_is_gone_is_made_again_from_the_start(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        group = StreamGroup(redis, consumer="a")
        await stream.append([event()])
        assert len(await group.read(10, 10)) == 1
        await commands(redis).flushdb()
        await stream.append([event(), event()])
        assert len(await group.read(10, 10)) == 2
        await commands(redis).flushdb()
        assert await group.claim(10, 0) == []
        await commands(redis).flushdb()
        assert await group.left_over(10) == []
        await commands(redis).flushdb()
        assert (await group.trim(), await group.forget_consumers(0)) == (0, 0)
        assert (await stream.lag()).entries == 0


async def test_another_consumer_claims_and_a_returning_one_finds_its_own(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        await stream.append([event() for _ in range(5)])
        dead = StreamGroup(redis, consumer="dead")
        taken = await dead.read(10, 10)
        assert await StreamGroup(redis, consumer="dead").left_over(10) == taken
        heir = StreamGroup(redis, consumer="heir")
        assert await heir.claim(10, 60_000) == []
        claimed = await heir.claim(2, 0)
        assert not heir.claim_complete
        claimed += await heir.claim(10, 0)
        assert await heir.claim(10, 60_000) == []  # from the start again
        assert claimed == taken
        await heir.acknowledge(claimed)
        assert await dead.forget_consumers(-1) == 2


async def test_trimming_keeps_what_is_not_stored_and_the_last_ten_minutes(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        now_ms = (await position(redis)).redis_ms
        hour_ago = now_ms - 3_600_000

        async def old(first: int, last: int) -> None:
            for n in range(first, last):
                await commands(redis).xadd(EVENTS, {"s": "x", "e": b"e"}, id=f"{hour_ago + n}-0")

        await old(0, 1_000)
        group = StreamGroup(redis, consumer="a")
        assert await group.trim() == 0  # nothing delivered
        taken = await group.read(900, 10)
        await group.acknowledge([entry for entry in taken if entry != taken[500]])
        assert 0 < await group.trim() <= 500  # one is pending
        assert (await stream.newest(1_000))[-1].id == f"{hour_ago + 999}-0"
        assert any(entry.id == taken[500].id for entry in await stream.newest(1_000))
        await group.acknowledge([taken[500]])
        rest = await group.read(1_000, 10)
        assert len(rest) == 100
        await group.acknowledge(rest)
        (young,) = await stream.append([event()])
        (entry,) = await group.read(10, 10)
        await group.acknowledge([entry])
        await group.trim()
        assert (await stream.newest(1))[0].id == young.stream_id


async def test_after_a_clock_that_was_ahead_what_is_stored_still_goes(redis_url: str) -> None:
    """No id says how old its entry is then; without trimming the stream would fill up for good."""
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        now_ms = (await position(redis)).redis_ms
        ahead_ms = now_ms + 3_600_000
        await commands(redis).xadd(EVENTS, {"s": "x", "e": b"e"}, id=f"{ahead_ms}-0")
        await stream.append([event() for _ in range(1_000)])
        group = StreamGroup(redis, consumer="a")
        taken = await group.read(901, 10)
        await group.acknowledge(taken)
        assert await group.trim() == 0
        ((noted, at_ms),) = await commands(redis).zrange(MARKS, 0, -1, withscores=True)
        assert noted.decode() == taken[-1].id
        assert now_ms <= at_ms <= now_ms + 60_000
        # Ten minutes later; the rest came meanwhile, and one is not stored.
        await commands(redis).zadd(MARKS, {noted: now_ms - KEPT_MS})
        rest = await group.read(1_000, 10)
        await group.acknowledge(rest)
        assert await group.trim() > 0
        kept = [entry.id for entry in await stream.newest(1_001)]
        assert kept[-100:] == [entry.id for entry in rest]
        assert len(kept) < 300
        assert await group.trim() == 0


async def test_after_a_clock_that_was_ahead_the_lag_is_known(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        now_ms = (await position(redis)).redis_ms
        waits = encode_event(event(received_at=moment_of(now_ms - 90_000)))
        for n, payload in enumerate([waits, b"e"]):
            fields = {"s": "x", "e": payload}
            await commands(redis).xadd(EVENTS, fields, id=f"{now_ms + 3_600_000}-{n}")
        lag = await stream.lag()
        assert lag.entries == 2
        assert 90 <= lag.seconds < 90 + PATIENT_SECONDS
        group = StreamGroup(redis, consumer="a")
        (first,) = await group.read(1, 10)
        await group.acknowledge([first])
        assert (await stream.lag()).seconds == 0  # what cannot be read says nothing


async def test_lag_tells_entries_and_their_age(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        assert (await stream.lag()).entries == 0
        old_ms = (await position(redis)).redis_ms - 90_000
        await commands(redis).xadd(EVENTS, {"s": "x", "e": b"e"}, id=f"{old_ms}-0")
        await stream.append([event()])
        group = StreamGroup(redis, consumer="a")
        lag = await stream.lag()
        assert lag.entries == 2
        assert 90 <= lag.seconds < 90 + PATIENT_SECONDS
        taken = await group.read(1, 10)
        assert (await stream.lag()).entries == 2
        await group.acknowledge([taken[0]])
        lag = await stream.lag()
        assert lag.entries == 1
        assert lag.seconds < PATIENT_SECONDS


async def test_a_stream_that_is_not_there_holds_nothing(redis_url: str) -> None:
    async with Redis(redis_url) as redis, InteractionStream(redis) as stream:
        assert await stream.bounds() == Bounds()
        assert await stream.offered() == 0
        await stream.append([event(), event()])
        assert await stream.offered() == 2
        assert (await stream.bounds()).whole


@pytest.mark.parametrize("key", [EVENTS, LIFE])
async def test_a_key_of_another_type_is_an_outage(redis_url: str, key: str) -> None:
    async with Redis(redis_url) as redis:
        await commands(redis).set(key, "text")
        with pytest.raises(StorageUnavailable, match="WRONGTYPE"):
            await InteractionStream(redis).its_life()
