"""Consumers in this process, what they are given, and what must be stored in the end."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from configurator.activity.interaction import Event, Filtered, encode_event
from storage.postgres.activity.ledger import Ledger
from storage.postgres.activity.upkeep import Upkeep
from storage.redis.activity.dead_letters import DeadLetterStream
from storage.redis.activity.keys import EVENTS
from storage.redis.activity.position import position
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import commands
from tests.support.activity import Parts, counts, event, now
from workers.consumer import Consumer, ConsumerPace

QUICK = ConsumerPace(batch=300, block_ms=20, claim_idle_ms=100, claim_every_seconds=0.05)
CALM = replace(QUICK, claim_idle_ms=500)
"""On a busy machine a batch takes longer than 100 ms, and is no dead worker's for that."""

SESSIONS = 400

REFUSED = "refused"
"""The category of events that only PostgreSQL refuses, after `refuse_some`."""


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


async def refuse_some(parts: Parts) -> None:
    """Has PostgreSQL refuse a category. Before any worker starts: the lock that it needs is for all days."""
    async with parts.database.driver() as connection:
        await connection.execute(
            f"ALTER TABLE interactions ADD CONSTRAINT refused CHECK (category <> '{REFUSED}') NOT VALID"
        )


async def fill(parts: Parts, events: list[Event], poison: int) -> None:
    """Appends everything, the poison spread between; a third of it needs `refuse_some`."""
    step = max(1, len(events) // max(1, poison))
    for start in range(0, len(events), step):
        await parts.stream.append(events[start : start + step])
        if start // step < poison:
            kind = start // step % 3
            payload = [b"\xff\x00", b"{}", encode_event(event(category=REFUSED))][kind]
            await commands(parts.redis).xadd(EVENTS, {"s": "x", "e": payload})


@asynccontextmanager
async def consuming(
    parts: Parts, *, name: str = "w", pace: ConsumerPace = QUICK
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

    `flushed`: the number of entries in streams that are gone.
    """
    found = await counts(database_url)
    assert (found.rows, found.minutes, found.sessions) == (unique, unique, unique)
    assert (found.choices, found.ledger) == (unique, unique)
    where = await position(parts.redis)
    assert (where.pending, where.undelivered) == (0, 0)
    assert await DeadLetterStream(parts.redis).count() == poison
    ended = await Ledger(parts.database).totals()
    assert sum(ended.values()) == await parts.stream.offered() + flushed, ended
    assert await Upkeep(parts.database).drift(kept_days=90, now=now()) == {}


async def has_rows(database_url: str, rows: int) -> bool:
    return (await counts(database_url)).rows == rows


UNWANTED = Filtered(filtered="consent", received_at=now())
