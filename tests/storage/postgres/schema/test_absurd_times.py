"""Rows of the year 1 or 9999, which an earlier release stored: readable, and mended for good."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.event_ids import LATEST_MS, session_uuid, uuid7
from configurator.activity.interaction import Event
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.ledger import Ledger
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.engine import Database
from tests.support.activity import counts, event, new_id, now

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
_mended = import_module("storage.migrations.versions.0010_times_within_reach")


def absurd(n: int) -> Event:
    """Six kinds of them; in sessions of their own, and beside a good event."""
    received_at, happened_at = [
        (now(), FIRST),
        (now(), LAST),
        (LAST - timedelta(days=1), now()),
        (LAST - timedelta(days=1), FIRST),
        (now() - timedelta(days=20_000), None),
        (now() - timedelta(days=20_000), LAST),
    ][n % 6]
    at = LATEST_MS if n % 2 else 1_000
    made = event(f"s{n % 4}", event_id=uuid7(at, n), received_at=received_at, time_spent_ms=n)
    return Event(
        **{
            **{name: getattr(made, name) for name in made.__struct_fields__},
            "happened_at": happened_at,
        }
    )


async def store(database: Database, events: list[Event]) -> None:
    written = int(now().timestamp() * 1000)
    batch = [Incoming(stream_id=f"{written + n}-0", event=each) for n, each in enumerate(events)]
    await Interactions(database).store(batch, consumer="w")


async def mend(database: Database) -> None:
    async def work(connection: AsyncConnection) -> None:
        for statement in _mended.STATEMENTS:
            await connection.execute(text(statement))

    await database.write(work)


@pytest.mark.parametrize("dropped", [False, True])
async def test_absurd_rows_stop_nobody_and_are_mended(
    database: Database, database_url: str, dropped: bool
) -> None:
    good = [event("s0", event_id=new_id()), event("good", event_id=new_id(), time_spent_ms=5)]
    await store(database, [*good, *(absurd(n) for n in range(24))])
    upkeep, ledger = Upkeep(database), Ledger(database)
    if dropped:
        await upkeep.drop_before(datetime(1990, 1, 1, tzinfo=UTC).date())
    before = await counts(database_url)
    for keep in (0, 90):
        assert await upkeep.drift(kept_days=keep, now=now()) == {}
    assert sum(row.n for row in await ledger.since(now().date() - timedelta(days=1))) > 0

    await mend(database)
    assert await counts(database_url) == before
    for keep in (0, 90):
        assert await upkeep.drift(kept_days=keep, now=now()) == {}
    booked = await ledger.since(now().date() - timedelta(days=1))
    assert sum(row.n for row in booked) == before.ledger == 26
    async with database.driver() as connection:
        for table, columns in {
            "interactions": ("received_at", "occurred_at"),
            "sessions": ("started_at", "last_seen_at", "anchored_at"),
            "session_choices": ("first_at", "last_at"),
            "activity_minutes": ("minute",),
            "activity_hours": ("hour",),
            "activity_dropped": ("hour",),
            "activity_ledger": ("hour",),
        }.items():
            for column in columns:
                far = await connection.fetchval(
                    f"SELECT count(*) FROM {table} WHERE NOT {column}"
                    " BETWEEN now() - interval '2 days' AND now() + interval '2 days'"
                )
                assert (table, column, far) == (table, column, 0)
    for name in ("s0", "s1", "s2", "s3", "good"):
        found = await Interactions(database).of_session(session_uuid(name))
        assert dropped or len(found.latest) == found.count > 0
