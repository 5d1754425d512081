"""Interactions in PostgreSQL: stored exactly once, counted in the same transaction, read back.

Invariants, true after every COMMIT: the sum of `activity_minutes.n` and the sum of
`sessions.interaction_count` equal the number of rows of `interactions`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity import Event, Recorded, processing_ms, uuid7_time
from storage.errors import StorageDefect
from storage.postgres.engine import Database

_UNSTORABLE_STATES = ("21", "22", "23")  # cardinality, data and integrity violations


class RowsRefused(StorageDefect):
    """PostgreSQL refuses a value of this batch; halve it until the row is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An event with the id of its entry in the stream, `<ms>-<sequence>`."""

    stream_id: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """What became of a batch: `inserted + duplicates` is its length."""

    inserted: int
    duplicates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInteractions:
    """`latest` ascending by event id; `count` is of all; `known` are the asked ids that exist."""

    latest: tuple[Recorded, ...]
    count: int
    known: frozenset[UUID]


_STAGING = """
CREATE TEMP TABLE IF NOT EXISTS incoming_interactions (
    session_id uuid, event_id uuid, received_at timestamptz, time_spent_ms integer,
    processing_ms integer, stream_id text, source text, event_type text, category text,
    element_id text, selection_value text, previous_value text,
    minute timestamptz, external_id text, device_type text, width integer, height integer
) ON COMMIT DELETE ROWS
"""
_COLUMNS = (
    "session_id, event_id, received_at, time_spent_ms, processing_ms, stream_id, source,"
    " event_type, category, element_id, selection_value, previous_value"
)
# Every step is ordered by its key and sessions come before minutes (`after_sessions`), so two
# workers that store the same events lock the same rows in the same order and cannot deadlock.
_STORE = f"""
WITH inserted AS (
    INSERT INTO interactions ({_COLUMNS})
    SELECT {_COLUMNS} FROM incoming_interactions ORDER BY session_id, event_id
    ON CONFLICT DO NOTHING
    RETURNING session_id, event_id
), fresh AS (
    SELECT incoming_interactions.* FROM incoming_interactions JOIN inserted USING (session_id, event_id)
), visits AS (
    INSERT INTO sessions AS known (
        id, external_id, started_at, last_seen_at, interaction_count, last_category,
        device_type, viewport_width, viewport_height)
    SELECT session_id, min(external_id), min(received_at), max(received_at), count(*),
        (array_agg(category ORDER BY event_id DESC))[1],
        (array_agg(device_type ORDER BY event_id DESC) FILTER (WHERE device_type IS NOT NULL))[1],
        (array_agg(width ORDER BY event_id DESC) FILTER (WHERE width IS NOT NULL))[1],
        (array_agg(height ORDER BY event_id DESC) FILTER (WHERE height IS NOT NULL))[1]
    FROM fresh GROUP BY session_id ORDER BY session_id
    ON CONFLICT (id) DO UPDATE SET
        external_id = coalesce(known.external_id, excluded.external_id),
        started_at = least(known.started_at, excluded.started_at),
        last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
        interaction_count = known.interaction_count + excluded.interaction_count,
        last_category = CASE WHEN excluded.last_seen_at >= known.last_seen_at
            OR known.last_category IS NULL THEN excluded.last_category ELSE known.last_category END,
        device_type = coalesce(excluded.device_type, known.device_type),
        viewport_width = coalesce(excluded.viewport_width, known.viewport_width),
        viewport_height = coalesce(excluded.viewport_height, known.viewport_height),
        status = CASE WHEN known.status IN ('ABANDONED', 'EXPIRED')
            AND excluded.last_seen_at > known.last_seen_at THEN 'ACTIVE' ELSE known.status END
    RETURNING 1
), minutes AS (
    INSERT INTO activity_minutes AS known (minute, event_type, category, n)
    SELECT minute, event_type, category, count(*)
    FROM fresh CROSS JOIN (SELECT count(*) FROM visits) AS after_sessions
    GROUP BY minute, event_type, category ORDER BY minute, event_type, category
    ON CONFLICT (minute, event_type, category) DO UPDATE SET n = known.n + excluded.n
    RETURNING 1
)
SELECT (SELECT count(*) FROM inserted) + 0 * (SELECT count(*) FROM minutes)
"""  # noqa: S608 - built from the constant above
_WATERMARK = """
INSERT INTO stream_watermark AS known (consumer, stream_ms, stream_seq, stored_at)
VALUES ($1, $2, $3, now())
ON CONFLICT (consumer) DO UPDATE
SET stream_ms = excluded.stream_ms, stream_seq = excluded.stream_seq, stored_at = now()
WHERE (known.stream_ms, known.stream_seq) < (excluded.stream_ms, excluded.stream_seq)
"""


class Interactions:
    """Stores batches, makes partitions, reads timelines and counters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, batch: Sequence[Incoming], *, consumer: str) -> StoredBatch:
        """Stores what is new of a batch, counts it, brings the sessions up to date.

        One transaction; the same events again change nothing.

        Raises:
            RowsRefused: a row can never be stored; nothing of the batch was.
            StorageUnavailable: may have been stored; the same batch again is safe.
        """
        rows: dict[tuple[UUID, UUID], tuple[object, ...]] = {}
        for incoming in batch:
            row = _row(incoming)
            rows.setdefault(row[:2], row)
        last = max(_id_pair(incoming.stream_id) for incoming in batch)
        async with self._database.driver() as connection:
            try:
                async with asyncio.timeout(self._database.deadlines.call), connection.transaction():
                    await connection.execute(_STAGING)
                    await connection.copy_records_to_table(
                        "incoming_interactions", records=list(rows.values())
                    )
                    inserted = await connection.fetchval(_STORE)
                    await connection.execute(_WATERMARK, consumer, *last)
            except (asyncpg.DataError, OverflowError, ValueError) as error:
                raise RowsRefused(type(error).__name__) from error
            except asyncpg.PostgresError as error:
                if (error.sqlstate or "").startswith(_UNSTORABLE_STATES):
                    raise RowsRefused(f"{type(error).__name__} {error.sqlstate}") from error
                raise
        return StoredBatch(inserted=inserted, duplicates=len(batch) - inserted)

    async def ensure_partitions(self, first: date, last: date) -> int:
        """Makes the missing daily partitions (UTC) from `first` to `last`; returns how many.

        Rows of these days that had to go to the default partition move over.
        """
        made = 0
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)

            async def make(connection: AsyncConnection, day: date = day) -> int:
                statement = text("SELECT ensure_interactions_partition(:day)")
                return int((await connection.execute(statement, {"day": day})).scalar_one())

            made += await self._database.write(make)
        return made

    async def of_session(
        self, session_id: UUID, *, limit: int = 100, among: Sequence[UUID] = ()
    ) -> SessionInteractions:
        """The latest `limit` interactions, the count of all, and which of `among` are stored."""
        latest = text(
            "SELECT event_id, event_type, category, element_id, selection_value, previous_value,"
            " time_spent_ms, processing_ms FROM interactions WHERE session_id = :session"
            " ORDER BY event_id DESC LIMIT :limit"
        )
        count = text("SELECT interaction_count FROM sessions WHERE id = :session")
        known = text(
            "SELECT event_id FROM interactions WHERE session_id = :session"
            " AND event_id = ANY(CAST(:among AS uuid[]))"
        )

        async def work(connection: AsyncConnection) -> SessionInteractions:
            mine = {"session": session_id}
            rows = (await connection.execute(latest, {**mine, "limit": limit})).all()
            counted = (await connection.execute(count, mine)).scalar_one_or_none() or 0
            found: Sequence[Row[Any]] = ()
            if among:
                found = (await connection.execute(known, {**mine, "among": list(among)})).all()
            return SessionInteractions(
                latest=tuple(_recorded(row) for row in reversed(rows)),
                count=counted,
                known=frozenset(row.event_id for row in found),
            )

        return await self._database.read_snapshot(work)

    async def stored_through(self) -> str | None:
        """The largest stream id that was stored; smaller ones may still be on their way."""
        statement = text(
            "SELECT stream_ms, stream_seq FROM stream_watermark"
            " ORDER BY stream_ms DESC, stream_seq DESC LIMIT 1"
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else f"{row.stream_ms}-{row.stream_seq}"

    async def end_idle_sessions(self, *, idle: timedelta, limit: int = 10_000) -> tuple[int, int]:
        """Ends ACTIVE sessions without activity for `idle`; returns (abandoned, expired).

        One process at a time does it; the others return (0, 0) at once.

        ABANDONED: something was chosen in it. EXPIRED: nothing was. A later interaction makes
        them ACTIVE again. Safe to repeat and to run beside the workers.
        """
        statement = text(
            """
            WITH ended AS (
                SELECT id FROM sessions
                WHERE status = 'ACTIVE' AND last_seen_at < now() - CAST(:idle AS interval)
                ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
            ), judged AS (
                SELECT id,
                    EXISTS (SELECT FROM interactions
                            WHERE session_id = ended.id AND selection_value IS NOT NULL)
                    OR EXISTS (SELECT FROM sessions AS own JOIN configurations
                               ON configurations.id = own.configuration_id
                               WHERE own.id = ended.id AND configurations.head > 0) AS chose
                FROM ended
            ), changed AS (
                UPDATE sessions SET status = CASE WHEN chose THEN 'ABANDONED' ELSE 'EXPIRED' END
                FROM judged WHERE sessions.id = judged.id RETURNING sessions.status
            )
            SELECT count(*) FILTER (WHERE status = 'ABANDONED') AS abandoned,
                   count(*) FILTER (WHERE status = 'EXPIRED') AS expired FROM changed
            """
        )

        leader = text("SELECT pg_try_advisory_xact_lock(hashtext('end_idle_sessions'))")

        async def work(connection: AsyncConnection) -> tuple[int, int]:
            if not (await connection.execute(leader)).scalar_one():
                return 0, 0
            row = (await connection.execute(statement, {"idle": idle, "limit": limit})).one()
            return row.abandoned, row.expired

        return await self._database.write(work)


def _row(incoming: Incoming) -> tuple[UUID, UUID, *tuple[object, ...]]:
    event, interaction = incoming.event, incoming.event.interaction
    session_id = event.session_id
    device = interaction.device_info
    return (
        session_id,
        event.event_id,
        event.received_at,
        interaction.time_spent,
        processing_ms(event, _id_pair(incoming.stream_id)[0]),
        incoming.stream_id,
        event.source,
        interaction.event_type,
        interaction.category,
        interaction.element_id,
        interaction.selection_value,
        interaction.previous_value,
        uuid7_time(event.event_id).replace(second=0, microsecond=0),
        None if event.session == str(session_id) else event.session,
        device.type if device else None,
        device.width if device else None,
        device.height if device else None,
    )


def _recorded(row: Row[Any]) -> Recorded:
    return Recorded(
        event_id=row.event_id,
        event_type=row.event_type,
        category=row.category,
        element_id=row.element_id,
        selection_value=row.selection_value,
        previous_value=row.previous_value,
        time_spent_ms=row.time_spent_ms,
        processing_ms=row.processing_ms,
    )


def _id_pair(stream_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds), int(sequence)
