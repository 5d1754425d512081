"""Retention and the audit of roll-ups: what is dropped is accounted for, what is wrong is seen."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from configurator.activity.event_ids import uuid7
from configurator.activity.interaction import Event
from configurator.activity.tracking import Interaction
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.engine import Database
from tests.support.activity import counts, now

TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def happened(days_ago: int, n: int, session: str = "s") -> Event:
    moment = TODAY - timedelta(days=days_ago) + timedelta(seconds=n)
    return Event(
        event_id=uuid7(int(moment.timestamp() * 1000), n + 7),
        session=session,
        received_at=moment,
        source="test",
        interaction=Interaction(event_type="click", category="nest"),
    )


async def store(database: Database, events: list[Event]) -> None:
    incoming = [
        Incoming(stream_id=f"{n + 1}-{event.event_id.int % 1_000_000}", event=event)
        for n, event in enumerate(events)
    ]
    await Interactions(database).store(incoming, consumer="w")


async def partitions(database: Database, first: date, last: date) -> None:
    await Interactions(database).ensure_partitions(first, last)


async def kept_and_dropped(database: Database) -> tuple[int, int]:
    async with database.driver() as connection:
        kept = await connection.fetchval("SELECT count(*) FROM interactions")
        dropped = await connection.fetchval("SELECT coalesce(sum(n), 0) FROM activity_dropped")
        return int(kept), int(dropped)


async def test_days_are_dropped_and_accounted_for(database: Database, database_url: str) -> None:
    upkeep = Upkeep(database)
    first = (TODAY - timedelta(days=100)).date()
    await partitions(database, first, first + timedelta(days=2))
    for days_ago, session in ((100, "a"), (99, "b"), (98, "c"), (95, "stray"), (0, "today")):
        await store(database, [happened(days_ago, n, session) for n in range(20)])
    before = await counts(database_url)
    assert before.rows == before.minutes == before.sessions == before.choices == 100
    assert await upkeep.drift(kept_days=90, now=now()) == {}

    cutoff = (TODAY - timedelta(days=98)).date()
    async with asyncio.TaskGroup() as tasks:
        twice = [tasks.create_task(upkeep.drop_before(cutoff)) for _ in range(2)]
    assert sum(task.result().partitions for task in twice) == 2
    assert await kept_and_dropped(database) == (60, 40)
    dropped = await upkeep.drop_before((TODAY - timedelta(days=90)).date())
    assert (dropped.partitions, dropped.stray_rows) == (1, 20)
    assert await kept_and_dropped(database) == (20, 80)
    after = await counts(database_url)
    assert (after.minutes, after.sessions, after.choices, after.ledger) == (100, 100, 100, 100)

    await store(database, [happened(97, 500, "late")])  # to the default partition, and counted
    assert await upkeep.drift(kept_days=90, now=now()) == {}
    assert await upkeep.drift_since(TODAY.date(), now=now()) == {}
    await Interactions(database).fold_minutes(now() - timedelta(hours=48))
    assert await upkeep.drift(kept_days=90, now=now()) == {}
    assert (await upkeep.drop_before((TODAY - timedelta(days=90)).date())).stray_rows == 1
    assert await upkeep.drift(kept_days=90, now=now()) == {}


async def test_a_day_that_does_not_add_up_is_named(database: Database) -> None:
    upkeep = Upkeep(database)
    assert await upkeep.drift(kept_days=90, now=now()) == {}
    await store(database, [happened(0, n) for n in range(5)])
    await store(database, [happened(1, n) for n in range(5)])
    async with database.driver() as connection:
        await connection.execute("UPDATE activity_minutes SET n = n + 2 WHERE minute < $1", TODAY)
        await connection.execute("DELETE FROM interactions WHERE occurred_at = $1", TODAY)
    yesterday = (TODAY - timedelta(days=1)).date()
    expected = {yesterday.isoformat(): 2, TODAY.date().isoformat(): 1}
    assert await upkeep.drift(kept_days=90, now=now()) == expected
    assert await upkeep.drift(kept_days=0, now=now()) == expected
    assert await upkeep.drift_since(yesterday, now=now()) == expected


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ([(0, 1), (0, 2), (0, 3)], 0),
        ([(0, 1), (0, 4), (1, 2)], 3),
        ([(0, 2), (0, 2), (None, None)], 1),
        ([(None, None)], None),
    ],
)
async def test_an_idle_session_knows_how_many_events_it_lost(
    database: Database, numbers: list[tuple[int | None, int | None]], lost: int | None
) -> None:
    events = []
    for n, (tab, seq) in enumerate(numbers):
        made = happened(1, n)
        events.append(
            Event(
                event_id=made.event_id,
                session=made.session,
                received_at=made.received_at,
                source=made.source,
                interaction=made.interaction,
                tab=tab,
                seq=seq,
            )
        )
    await store(database, events)
    ended = await Interactions(database).end_idle_sessions(idle=timedelta(minutes=30))
    assert ended == (0, 1)
    async with database.driver() as connection:
        row = await connection.fetchrow("SELECT status, lost_events, last_category FROM sessions")
    assert tuple(row) == ("EXPIRED", lost, "nest")
