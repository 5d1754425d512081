"""Dead letters on a real server: one for each entry, none lost, none doubled by a second attempt."""

import asyncio
from collections.abc import Sequence

import pytest

from configurator.activity.entries import decode_event
from configurator.activity.interaction import encode_event
from configurator.activity.untrusted import InteractionInvalid
from storage.errors import StorageUnavailable
from storage.redis.activity.dead_letters import DeadLetter, DeadLetterStream, Letter
from storage.redis.activity.entries import Entry
from storage.redis.activity.keys import DEAD, EVENTS, GROUP
from storage.redis.activity.position import position
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import Redis, commands
from tests.support.activity import event


async def buried(redis: Redis, payloads: Sequence[bytes], reason: str = "wrong_type x") -> None:
    """Takes these payloads from the stream, as a worker does, and buries them."""
    for payload in payloads:
        await commands(redis).xadd(EVENTS, {"s": "x", "e": payload})
    group = StreamGroup(redis, consumer="w")
    taken = await group.read(len(payloads), 10)
    await group.dead_letters.bury([DeadLetter(entry=entry, reason=reason) for entry in taken])


async def all_letters(redis: Redis) -> tuple[Letter, ...]:
    return (await DeadLetterStream(redis).page(limit=200)).letters


async def test_burying_is_done_once_however_often_it_is_tried(redis: Redis) -> None:
    await commands(redis).xadd(EVENTS, {"s": "x", "e": b"\xff\x00broken"})
    group = StreamGroup(redis, consumer="a")
    (entry,) = await group.read(10, 10)
    (entry,) = await group.claim(10, 0)
    letter = DeadLetter(entry=entry, reason="malformed_json")
    await group.dead_letters.bury([letter])
    await group.dead_letters.bury([letter])
    (kept,) = await all_letters(redis)
    assert (kept.entry, kept.reason, kept.deliveries) == (entry, "malformed_json", 2)
    assert abs(kept.buried_ms - int(entry.id.partition("-")[0])) < 60_000
    where = await position(redis)
    assert (where.pending, where.undelivered) == (0, 0)


@pytest.mark.parametrize("then", ["kept", "dropped", "redriven"])
async def test_an_entry_that_comes_again_makes_no_second_letter(redis: Redis, then: str) -> None:
    """The group was lost and made again from the start of the stream."""
    await buried(redis, [b"bad"])
    letters = DeadLetterStream(redis)
    (letter,) = await all_letters(redis)
    if then == "dropped":
        assert await letters.drop(letter.id)
    elif then == "redriven":
        await letters.redrive([letter.id])
    await commands(redis).xgroup_destroy(EVENTS, GROUP)
    group = StreamGroup(redis, consumer="w")
    again = await group.read(10, 10)
    assert again[0] == letter.entry
    await letters.bury([DeadLetter(entry=entry, reason="bad") for entry in again])
    expected = {"kept": 1, "dropped": 0, "redriven": 1}[then]
    assert await letters.count() == expected
    assert (await position(redis)).pending == 0


async def test_buried_ids_are_forgotten_with_the_stream(redis: Redis) -> None:
    await buried(redis, [b"bad"])
    (letter,) = await all_letters(redis)
    letters = DeadLetterStream(redis)
    await letters.forget_buried(letter.entry.id)
    assert await commands(redis).zcard("{activity}:buried") == 1
    milliseconds = int(letter.entry.id.partition("-")[0])
    await letters.forget_buried(f"{milliseconds + 1}-0")
    assert await commands(redis).zcard("{activity}:buried") == 0
    assert await letters.count() == 1


async def test_pages_are_newest_first_and_can_be_of_one_kind(redis: Redis) -> None:
    for n in range(7):
        await buried(redis, [b"%d" % n], "odd x" if n % 2 else "even")
    letters = DeadLetterStream(redis)
    seen: list[bytes] = []
    before: str | None = None
    while True:
        page = await letters.page(before=before, limit=3)
        seen += [letter.entry.payload for letter in page.letters]
        before = page.before
        if before is None:
            break
    assert seen == [b"6", b"5", b"4", b"3", b"2", b"1", b"0"]
    odd = await letters.page(kind="odd", limit=2)
    assert [letter.entry.payload for letter in odd.letters] == [b"5", b"3"]
    rest = await letters.page(kind="odd", limit=2, before=odd.before)
    assert ([letter.entry.payload for letter in rest.letters], rest.before) == ([b"1"], None)


async def test_a_redriven_letter_is_a_new_entry_of_its_session(redis: Redis) -> None:
    made = event()
    await buried(redis, [encode_event(made), b"bad"])
    letters = DeadLetterStream(redis)
    ids = [letter.id for letter in await all_letters(redis)]
    driven = await letters.redrive([*ids, *ids, "1-1"])
    assert sorted(driven) == sorted(ids)
    assert await letters.count() == 0
    group = StreamGroup(redis, consumer="w")
    taken = await group.read(10, 10)
    assert {entry.id for entry in taken} == set(driven.values())
    assert decode_event(taken[1].payload) == made
    fields = (await commands(redis).xrange(EVENTS, taken[1].id, taken[1].id))[0][1]
    assert fields[b"s"].decode() == str(made.session_id)


async def test_redriving_from_two_places_doubles_nothing(redis: Redis) -> None:
    await buried(redis, [b"%d" % n for n in range(300)])
    letters = DeadLetterStream(redis)
    ids = [letter.id for letter in await all_letters(redis)]
    newest = ids[0]
    async with asyncio.TaskGroup() as tasks:
        some = tasks.create_task(letters.redrive(ids))
        kind = tasks.create_task(letters.redrive_all("wrong_type", newest=newest))
    assert len(some.result()) + kind.result() == 300
    assert await commands(redis).xlen(EVENTS) == 600
    payloads = [entry.payload for entry in await StreamGroup(redis, consumer="w").read(600, 10)]
    assert sorted(payloads) == sorted(b"%d" % n for n in range(300))


async def test_only_what_can_be_read_replaces_a_payload(redis: Redis) -> None:
    await buried(redis, [b"bad"])
    letters = DeadLetterStream(redis)
    (letter,) = await all_letters(redis)
    with pytest.raises(InteractionInvalid):
        await letters.fix(letter.id, b"{}")
    assert await all_letters(redis) == (letter,)
    good = encode_event(event())
    fixed = await letters.fix(letter.id, good)
    assert fixed is not None
    assert fixed.entry == Entry(id=letter.entry.id, payload=good)
    assert (fixed.reason, fixed.buried_ms, fixed.fixed) == (letter.reason, letter.buried_ms, True)
    assert await all_letters(redis) == (fixed,)
    assert await letters.fix(letter.id, good) is None
    again = await letters.fix(fixed.id, good)
    assert again is not None
    assert again.fixed


async def test_a_full_stream_of_letters_refuses_and_loses_nothing(redis: Redis) -> None:
    for payload in (b"a", b"b", b"c"):
        await commands(redis).xadd(EVENTS, {"s": "x", "e": payload})
    taken = await StreamGroup(redis, consumer="w").read(3, 10)
    letters = DeadLetterStream(redis, letters_max=2)
    dead = [DeadLetter(entry=entry, reason="x") for entry in taken]
    with pytest.raises(StorageUnavailable, match="dead letters"):
        await letters.bury(dead)
    assert (await letters.count(), (await position(redis)).pending) == (0, 3)
    await letters.bury(dead[:2])
    (_, oldest) = await all_letters(redis)
    await letters.drop(oldest.id)
    await letters.bury(dead[2:])
    assert (await letters.count(), (await position(redis)).pending) == (2, 0)


async def test_kinds_are_counted_over_all_letters(redis: Redis) -> None:
    pipe = commands(redis).pipeline(transaction=False)
    for number in range(1_205):
        reason = "wrong_type a.b" if number % 5 else "too_long"
        pipe.xadd(DEAD, {"id": "1-1", "e": b"x", "reason": reason, "at": 1})
    await pipe.execute()
    assert await DeadLetterStream(redis).kinds() == {"wrong_type": 964, "too_long": 241}
