"""The ends of the entries of the stream: in total, by day and reason, and one by one."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from storage.postgres.activity.statistics import ZONE
from storage.postgres.engine import Database

OUTCOMES = ("stored", "duplicate", "filtered", "dead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The number of entries of a day (in Vienna) that ended so; `reason` is "" if there is only one."""

    day: date
    outcome: str
    reason: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEnd:
    """The end of one entry. `stored`: its event is kept; `erased`: its session was erased."""

    stored: bool
    erased: bool


class Ledger:
    """Reads the ledger that `Interactions.store` writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def totals(self) -> dict[str, int]:
        """The number of entries with each outcome, since the beginning."""
        statement = text(
            "SELECT outcome, sum(n)::bigint AS n FROM activity_ledger GROUP BY outcome"
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        totals = {row.outcome: int(row.n) for row in found}
        return {outcome: totals.get(outcome, 0) for outcome in OUTCOMES}

    async def since(self, first: date) -> list[Booked]:
        """The counts by day (newest first), outcome and reason, without zeros.

        Entries booked under a future hour are shown under today.
        """
        statement = text(
            """
            SELECT (least(hour, now()) AT TIME ZONE :zone)::date AS day, outcome, reason, sum(n)::bigint AS n
            FROM activity_ledger
            WHERE hour >= CAST(:first AS date)::timestamp AT TIME ZONE :zone
            GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1 DESC, 2, 4 DESC, 3
            """
        )
        asked = {"first": first, "zone": ZONE}
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        return [Booked(**row._mapping) for row in found]

    async def ended(self, session_id: UUID, stream_id: str) -> EntryEnd:
        """The end of an entry of this session; the caller knows that it has ended."""
        statement = text(
            "SELECT EXISTS (SELECT FROM interactions"
            " WHERE session_id = :session AND stream_id = :entry) AS stored,"
            " EXISTS (SELECT FROM erased_sessions WHERE session_id = :session) AS erased"
        )
        asked = {"session": session_id, "entry": stream_id}
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        row = found.one()
        return EntryEnd(stored=row.stored, erased=row.erased)
