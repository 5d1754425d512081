"""Retention of raw interactions and ended tokens, and the check of roll-ups against stored rows.

Rows that retention removes are counted by hour in `activity_dropped`, in the same transaction. For
every hour, at every moment, therefore: minutes + quarters + hours = rows that are kept + rows that
were dropped; `activity_hours` has the counts that earlier releases folded.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database

_EARLIEST = date(2000, 1, 1)
"""Earlier days are counted as one: the product never stored a row of them on purpose."""
_PARTITION = re.compile(r"interactions_(\d{8})", re.ASCII)

_DROP_STRAYS = """
WITH gone AS (
    DELETE FROM interactions_default WHERE event_id < uuid7_floor(:midnight) RETURNING occurred_at
), accounted AS (
    INSERT INTO activity_dropped AS known (hour, n)
    SELECT date_trunc('hour', occurred_at), count(*) FROM gone GROUP BY 1 ORDER BY 1
    ON CONFLICT (hour) DO UPDATE SET n = known.n + excluded.n
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + 0 * (SELECT count(*) FROM accounted)
"""
_ENDED_AT_ONCE = 1_000
_ENDED_ROUNDS = 50
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('drop interactions'))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Removed by retention: whole days, and rows that were in no day's partition."""

    partitions: int
    stray_rows: int


class Upkeep:
    """Removes old rows, and compares roll-ups with rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def drop_before(self, day: date) -> Dropped:
        """Removes the interactions whose key is of a day before `day` (UTC).

        Sessions, their choices and all roll-ups stay. One transaction for each day; safe to repeat
        and to run twice at once.
        """
        partitions = 0
        for name, of_day in await self._partitions():
            if of_day < day:
                partitions += await self._drop(name)
        return Dropped(partitions=partitions, stray_rows=await self._drop_strays(day))

    async def forget_ended_tokens(self) -> Counter[str]:
        """Removes the hashes of ended tokens, ways back, admin sessions and admin links.

        Migration 0023 says how long after their end. Returns how many, by kind; hashes left after
        `_ENDED_ROUNDS` transactions wait for the next call. Safe to repeat and to run twice at once.
        """
        statement = text("SELECT kind, n FROM forget_ended_tokens(:at_most)")

        async def work(connection: AsyncConnection) -> dict[str, int]:
            found = await connection.execute(statement, {"at_most": _ENDED_AT_ONCE})
            return {row.kind: row.n for row in found}

        forgotten: Counter[str] = Counter()
        for _ in range(_ENDED_ROUNDS):
            counts = await self._database.write(work)
            forgotten.update(counts)
            if max(counts.values()) < _ENDED_AT_ONCE:
                break
        return +forgotten

    async def drift(self, *, kept_days: int, now: datetime) -> dict[str, int]:
        """Roll-ups minus rows for each day (UTC) where the difference is not 0, since the first day.

        Days without any kept rows are one sum, under the name of the last of them. So are the days
        before the product existed, and those after tomorrow: they should have no rows, but any that
        exist must be counted and must not stop the check.
        """
        first = await self._first_day()
        if first is None:
            return {}
        tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
        start = max(first, tomorrow - timedelta(days=kept_days)) if kept_days else first
        windows = [(date.min, start)]
        while start <= tomorrow:
            windows.append((start, start + timedelta(days=1)))
            start += timedelta(days=1)
        return await self._drift_of([*windows, (start, date.max)])

    async def drift_since(self, day: date, *, now: datetime) -> dict[str, int]:
        """Like `drift`, for this day and later ones."""
        days = (now.astimezone(UTC).date() - day).days + 2
        return await self._drift_of(
            [(day + timedelta(days=n), day + timedelta(days=n + 1)) for n in range(days)]
        )

    async def _drift_of(self, windows: list[tuple[date, date]]) -> dict[str, int]:
        """`drift` of these windows; one statement each, so that its counts are of one moment."""
        statement = text(
            """
            SELECT (SELECT coalesce(sum(n), 0) FROM activity_minutes
                    WHERE minute >= :low AND minute < :high)
                 + (SELECT coalesce(sum(n), 0) FROM activity_quarters
                    WHERE quarter >= :low AND quarter < :high)
                 + (SELECT coalesce(sum(n), 0) FROM activity_hours
                    WHERE hour >= :low AND hour < :high)
                 - (SELECT coalesce(sum(n), 0) FROM activity_dropped
                    WHERE hour >= :low AND hour < :high)
                 - (SELECT count(*) FROM interactions
                    WHERE occurred_at >= :low AND occurred_at < :high)
            """
        )
        found = {}
        for low, high in windows:
            asked = {"low": _midnight(low), "high": _midnight(high)}

            async def count(connection: AsyncConnection, asked: dict[str, datetime] = asked) -> int:
                return int((await connection.execute(statement, asked)).scalar_one())

            drift = await self._database.read(count)
            if drift:
                found[(high - timedelta(days=1)).isoformat()] = drift
        return found

    async def _first_day(self) -> date | None:
        statement = text(
            "SELECT least((SELECT min(minute) FROM activity_minutes WHERE minute >= :earliest),"
            " (SELECT min(quarter) FROM activity_quarters WHERE quarter >= :earliest),"
            " (SELECT min(hour) FROM activity_hours WHERE hour >= :earliest),"
            " (SELECT min(hour) FROM activity_dropped WHERE hour >= :earliest),"
            " (SELECT min(occurred_at) FROM interactions WHERE occurred_at >= :earliest))"
        )
        asked = {"earliest": _midnight(_EARLIEST)}
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        first: datetime | None = found.scalar_one()
        return None if first is None else first.astimezone(UTC).date()

    async def _partitions(self) -> list[tuple[str, date]]:
        statement = text("SELECT relid::regclass::text FROM pg_partition_tree('interactions')")
        found = await self._database.read(lambda connection: connection.execute(statement))
        named = [(name, _PARTITION.fullmatch(name)) for name in found.scalars()]
        return sorted(
            (name, datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC).date())
            for name, match in named
            if match is not None
        )

    async def _drop(self, name: str) -> int:
        """Drop a partition, with the owner's rights; its rows are counted first (migration 0020)."""
        statement = text("SELECT drop_interactions_partition(:name)")

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(statement, {"name": name})).scalar_one())

        return await self._database.write(work)

    async def _drop_strays(self, day: date) -> int:
        statement = text(_DROP_STRAYS)

        async def work(connection: AsyncConnection) -> int:
            await connection.execute(_ONE_AT_A_TIME)
            found = await connection.execute(statement, {"midnight": _midnight(day)})
            return int(found.scalar_one())

        return await self._database.write(work)


def _midnight(day: date) -> datetime:
    """The start of a day in UTC; the smallest and largest date mean minus and plus infinity."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
