"""Interactions in PostgreSQL: stored exactly once, counted in the same transaction, read back.

Invariants, true after every COMMIT, each a sum over all rows:

    kept interactions + activity_dropped.n (`upkeep`: rows that retention removed)
        = activity_minutes.n + activity_quarters.n + activity_hours.n, also hour by hour
        = ledger "stored"
        = sessions.interaction_count = session_choices.n, except for sessions that were erased after
          retention had removed some of their rows
    every settled entry of the stream is in the ledger once

The statements are in `store_statements`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.entries import id_pair
from configurator.activity.stored import Recorded
from storage.errors import StorageDefect
from storage.postgres.activity import store_statements as statements
from storage.postgres.activity.batch_rows import COPIED, Incoming, row_of
from storage.postgres.activity.choices import CHOSE, LAST_OP
from storage.postgres.activity.session_keys import OF_SESSION, keys_of
from storage.postgres.engine import Database

_UNSTORABLE_STATES = ("21", "22", "23")  # cardinality, data and integrity violations

_LATEST = text(
    f"SELECT {', '.join(Recorded.__struct_fields__)} FROM interactions WHERE {OF_SESSION}"
    " ORDER BY received_at DESC, stream_id DESC, event_id DESC LIMIT :limit"
)
_KNOWN = text(
    "SELECT asked.id FROM unnest(CAST(:among AS uuid[]), CAST(:ms AS bigint[]))"
    f" AS asked (id, ms) JOIN interactions ON {OF_SESSION}"
    " AND event_id = interaction_key(asked.id, asked.ms, :anchor_ms)"
)
_LOST = text(
    f"""
    SELECT coalesce(sum(lost), 0) FROM (
        SELECT max(seq) - count(*) AS lost FROM (
            SELECT coalesce(tab, 0) AS tab, seq FROM interactions
            WHERE {OF_SESSION} AND seq IS NOT NULL
            UNION
            SELECT * FROM unnest(CAST(:tabs AS integer[]), CAST(:seqs AS integer[]))
        ) AS numbers GROUP BY tab
    ) AS tabs
    """
)


class RowsRefused(StorageDefect):
    """PostgreSQL refuses a value of this batch; halve the batch until the row is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An entry that is not stored: `filtered` or `dead`, and the reason."""

    stream_id: str
    outcome: Literal["filtered", "dead"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """The result of a batch: `inserted` are new; `duplicates` were stored before, or were erased."""

    inserted: int
    duplicates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInteractions:
    """The events of one session: `latest` in order of arrival, `count` of all stored ones.

    `known`: the ids from `among` that are stored. `lost`: how many events its tabs numbered that
    never arrived.
    """

    latest: tuple[Recorded, ...]
    count: int
    known: frozenset[UUID]
    lost: int


class Interactions:
    """Stores batches, makes partitions, reads timelines and counters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(
        self, batch: Sequence[Incoming], *, consumer: str, settled: Sequence[Settled] = ()
    ) -> StoredBatch:
        """Stores the new events of a batch, counts them and updates their sessions.

        Every entry is recorded in the ledger once, a `settled` one with its own outcome. One
        transaction; a repeated entry, also within the batch, changes nothing. Needs at least one
        entry.

        Raises:
            RowsRefused: a row can never be stored; nothing of the batch was stored.
            StorageUnavailable: the batch may have been stored; sending it again is safe.
        """
        rows = [row_of(incoming) for incoming in {each.stream_id: each for each in batch}.values()]
        bots = any(each.event.bot for each in batch)
        ended = [(*id_pair(each.stream_id), each.outcome, each.reason) for each in settled]
        entries = [each.stream_id for each in batch] + [each.stream_id for each in settled]
        last = max(map(id_pair, entries))
        inserted = 0
        async with self._database.driver() as connection:
            try:
                async with asyncio.timeout(self._database.deadlines.call), connection.transaction():
                    if rows:
                        await connection.execute(statements.STAGING)
                        await connection.copy_records_to_table(
                            "incoming_interactions", records=rows, columns=COPIED
                        )
                        await connection.execute(statements.ANCHOR)
                        if bots and await connection.fetchval(statements.TURNING):
                            await connection.execute(statements.TURN)
                        inserted = await connection.fetchval(statements.STORE, consumer)
                    if inserted < len(rows):
                        await connection.execute(statements.SETTLE_REPEATS, consumer)
                    if ended:
                        await connection.execute(
                            statements.SETTLE, consumer, *map(list, zip(*ended, strict=True))
                        )
                    await connection.execute(statements.WATERMARK, consumer, *last)
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

    async def fold_minutes(self, before: datetime) -> int:
        """Adds the minutes of the hours before `before` to their quarter hours; returns how many.

        A reader of both tables counts the same before, during and after it. A late event creates
        its minute again, for the next call. An erasure leaves negative minutes here; quarter hours
        that become empty are removed.
        """
        statement = text(
            """
            WITH old AS (
                DELETE FROM activity_minutes WHERE minute < date_trunc('hour', CAST(:before AS timestamptz))
                RETURNING date_bin('15 minutes', minute, 'epoch') AS quarter, bot, n
            ), added AS (
                INSERT INTO activity_quarters AS known (quarter, bot, n)
                SELECT quarter, bot, sum(n) FROM old GROUP BY 1, 2 ORDER BY 1, 2
                ON CONFLICT (quarter, bot) DO UPDATE SET n = known.n + excluded.n
                RETURNING 1
            )
            SELECT count(*) AS rows, array_agg(DISTINCT quarter) AS quarters
            FROM old WHERE (SELECT count(*) FROM added) >= 0
            """
        )
        nothing = text(
            "DELETE FROM activity_quarters"
            " WHERE n = 0 AND quarter = ANY(CAST(:quarters AS timestamptz[]))"
        )

        async def work(connection: AsyncConnection) -> int:
            folded = (await connection.execute(statement, {"before": before})).one()
            if folded.rows:
                await connection.execute(nothing, {"quarters": folded.quarters})
            return int(folded.rows)

        return await self._database.write(work)

    async def forget_settled(self, before_stream_id: str) -> int:
        """Forgets how entries before this id ended; the stream must no longer hold them."""
        statement = text(
            "DELETE FROM settled_entries WHERE (entry_ms, entry_seq)"
            " < (CAST(:ms AS bigint), CAST(:seq AS bigint))"
        )
        milliseconds, sequence = id_pair(before_stream_id)

        async def work(connection: AsyncConnection) -> int:
            found = await connection.execute(statement, {"ms": milliseconds, "seq": sequence})
            return int(found.rowcount)

        return await self._database.write(work)

    async def of_session(
        self,
        session_id: UUID,
        *,
        limit: int = 100,
        among: Sequence[UUID] = (),
        waiting: Sequence[tuple[int | None, int | None]] = (),
    ) -> SessionInteractions:
        """A session at one moment; `waiting`: tab and number of each event that is not stored yet.

        The loss of a tab's last events is noticed only when its next event arrives; refused and
        filtered events count as lost.
        """
        counted = [(tab or 0, seq) for tab, seq in waiting if seq is not None]
        numbers = {"tabs": [tab for tab, _ in counted], "seqs": [seq for _, seq in counted]}

        async def work(connection: AsyncConnection) -> SessionInteractions:
            keys = await keys_of(connection, session_id)
            nowhere = {"session": session_id, "low": None, "high": None}
            where = nowhere if keys is None else keys.asked
            latest = (await connection.execute(_LATEST, {**where, "limit": limit})).all()
            lost = (await connection.execute(_LOST, {**where, **numbers})).scalar_one()
            known: Sequence[Row[Any]] = ()
            if among and keys is not None:
                asked = {"among": list(among), "ms": [each.int >> 80 for each in among]}
                placed = {**where, **asked, "anchor_ms": keys.anchor_ms}
                known = (await connection.execute(_KNOWN, placed)).all()
            return SessionInteractions(
                latest=tuple(Recorded(**row._mapping) for row in reversed(latest)),
                count=0 if keys is None else keys.count,
                known=frozenset(row.id for row in known),
                lost=int(lost),
            )

        return await self._database.read_snapshot(work)

    async def stored_through(self) -> str | None:
        """The largest stored stream id, or None; entries with smaller ids may not be stored yet."""
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

        ABANDONED: a choice was made in it (`choices`). EXPIRED: no choice was made. In a session
        without interactions, an op of its person counts as activity. A later interaction makes the
        session ACTIVE again. `lost_events` becomes the number of events that never arrived, by the
        numbers that each tab gave its events; unknown without numbers, or when retention removed
        some. Safe to repeat and to run beside the workers.
        """
        statement = text(
            f"""
            WITH ended AS (
                SELECT id, anchored_at, interaction_count, lost_events FROM sessions
                WHERE status = 'ACTIVE' AND last_seen_at < now() - CAST(:idle AS interval)
                ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
            ), judged AS (
                SELECT id, chose, last_op, CASE WHEN seen.kept = interaction_count
                        THEN (seen.lost + least(0, 2147483647 - seen.lost))::integer ELSE lost_events END AS lost
                FROM ended CROSS JOIN LATERAL (
                    SELECT {CHOSE} AS chose, CASE WHEN interaction_count = 0 THEN {LAST_OP} END AS last_op
                    FROM sessions WHERE sessions.id = ended.id
                ) AS did CROSS JOIN LATERAL (
                    SELECT sum(kept) AS kept, sum(lost) AS lost FROM (
                        SELECT count(*) AS kept, max(seq) - count(DISTINCT seq) AS lost
                        FROM interactions WHERE session_id = ended.id
                        AND event_id >= uuid7_floor(ended.anchored_at - interval '2 days')
                        AND event_id < uuid7_floor(ended.anchored_at + interval '32 days')
                        GROUP BY tab
                    ) AS tabs
                ) AS seen
            ), changed AS (
                UPDATE sessions SET lost_events = judged.lost,
                    last_seen_at = greatest(last_seen_at, last_op),
                    status = CASE WHEN last_op >= now() - CAST(:idle AS interval) THEN 'ACTIVE'
                        WHEN chose THEN 'ABANDONED' ELSE 'EXPIRED' END
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
