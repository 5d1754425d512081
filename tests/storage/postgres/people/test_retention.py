"""Data that nobody used for long are removed, together with their share of every sum."""

from datetime import timedelta
from uuid import uuid4

import asyncpg

from configurator.activity.event_ids import session_uuid
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.engine import Database
from storage.postgres.people.privacy import Privacy, RetentionPeriods
from tests.support.activity import ago, counts, event, new_id, now

KEPT = RetentionPeriods(sessions=timedelta(days=400), inquiries=timedelta(days=30))


def privacy_of(database: Database) -> Privacy:
    return Privacy(database, new_id=new_id, new_secret=lambda: uuid4().bytes)


async def test_old_sessions_go_with_their_share_of_every_sum(database_url: str) -> None:
    async with Database(database_url) as database:
        interactions, privacy = Interactions(database), privacy_of(database)
        old, young = ago(days=401), ago(days=399)
        await interactions.ensure_partitions(old.date(), old.date())
        await interactions.ensure_partitions(young.date(), young.date())
        events = [
            event("old", received_at=old, event_id=new_id()),
            event("old", received_at=old, event_id=new_id(), time_spent_ms=70),
            event("young", received_at=young, event_id=new_id()),
            event("comes back", received_at=old, event_id=new_id()),
            event("comes back"),
        ]
        batch = [Incoming(stream_id=f"{n + 1}-0", event=each) for n, each in enumerate(events)]
        await interactions.store(batch, consumer="w")
        await interactions.fold_minutes(ago(hours=48))
        removed = await privacy.apply_retention(now(), KEPT)
        assert removed == {"sessions": 1, "interactions": 2, "choices": 1}
        assert await privacy.apply_retention(now(), KEPT) == {}
        for _ in range(2):
            found = await counts(database_url)
            assert found.rows == found.minutes == found.sessions == found.ledger == 3
            assert found.choices == 3
            await interactions.fold_minutes(ago(hours=48))
        again = Incoming(stream_id="9-0", event=event("old"))
        assert (await interactions.store([again], consumer="w")).inserted == 1


async def test_nothing_is_left_of_hours_that_are_empty(database_url: str) -> None:
    async with Database(database_url) as database:
        interactions, privacy = Interactions(database), privacy_of(database)
        moment = ago(hours=60)
        batch = [
            Incoming(
                stream_id=f"{n + 1}-0", event=event("a", received_at=moment, event_id=new_id())
            )
            for n in range(3)
        ]
        await interactions.store(batch, consumer="w")
        await interactions.fold_minutes(ago(hours=48))
        erasure = await privacy.erase_session(session_uuid("a"))
        assert erasure.counts["interactions"] == 3
        assert (await counts(database_url)).minutes == 0
        await interactions.fold_minutes(ago(hours=48))
        async with database.driver() as connection:
            for table in ("activity_minutes", "activity_quarters", "sessions", "session_choices"):
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_inquiries_are_kept_unless_told_otherwise(database_url: str) -> None:
    async with Database(database_url) as database:
        privacy = privacy_of(database)
        connection = await asyncpg.connect(database_url)
        try:
            await _inquiry(connection, days_old=31)
            await _inquiry(connection, days_old=29)
            forever = RetentionPeriods(sessions=None, inquiries=None)
            assert await privacy.apply_retention(now(), forever) == {}
            assert await privacy.apply_retention(now(), KEPT) == {"inquiries": 1}
            assert await connection.fetchval("SELECT count(*) FROM inquiries") == 1
        finally:
            await connection.close()


async def _inquiry(connection: asyncpg.Connection, *, days_old: int) -> None:
    person, house = uuid4(), uuid4()
    await connection.execute(
        "INSERT INTO catalogues (id, revision, document) VALUES ('c', 'r', '')"
        " ON CONFLICT DO NOTHING"
    )
    await connection.execute(
        "INSERT INTO people (id, token_sha256, name, colour) VALUES ($1, $2, 'Ada', 0)",
        person, person.bytes,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO configurations (id, code, catalogue_id, selection, total_cents, owner_id)"
        " VALUES ($1, $2, 'c', '{}', 0, $3)",
        house, house.hex[:8], person,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO inquiries (id, configuration_id, version, total_cents, selection, person_id,"
        " name, email, message, consent_at, body_sha256, created_at) VALUES"
        " ($1, $2, 0, 0, '{}', $3, 'Ada', 'ada@haus.example', '', now(), '', now() - $4::interval)",
        uuid4(), house, person, timedelta(days=days_old),
    )  # fmt: skip
