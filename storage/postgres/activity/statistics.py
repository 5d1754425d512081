"""Today's figures for the live view, counted from the rows, without bots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CursorResult,
    TextClause,
    and_,
    column,
    func,
    not_,
    select,
    table,
    text,
)

from storage.postgres.activity.choices import NOT_CHOSEN, choices
from storage.postgres.engine import Database
from storage.postgres.schema.tables import inquiries, sessions

ZONE = "Europe/Vienna"
"""The zone in which "today" begins for the viewers of the live view."""

activity_minutes = table("activity_minutes", column("minute"), column("n"), column("bot"))

ACTIVE_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Live counts of people on one day in Vienna. `sessions_active`: with activity in 30 minutes."""

    sessions_started: int
    sessions_active: int
    sessions_completed: int
    inquiries: int
    interactions: int
    interactions_last_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Interactions of people per minute: the last half hour with any, and the day's busiest minute.

    `counts` are (Unix minute, interactions), ascending; `peak_at` is a Unix minute.
    """

    counts: tuple[tuple[int, int], ...]
    peak_at: int | None
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFunnel:
    """Sessions of people that began today: how many in all, with a choice in a category, inquired."""

    sessions: int
    chose: Mapping[str, int]
    inquired: int


_MIDNIGHT: Final = "(SELECT date_trunc('day', CAST(:now AS timestamptz), :zone))"
_OF_TODAY: Final = f"sessions.started_at >= {_MIDNIGHT} AND sessions.bot_reason IS NULL"


class Statistics:
    """Read-only figures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def day(self, now: datetime) -> Day:
        """Today's counts, from roll-ups and indexes; `interactions_last_minute`: the last full one."""
        midnight = func.timezone(ZONE, func.date_trunc("day", func.timezone(ZONE, now)))
        minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        person = sessions.c.bot_reason.is_(None)
        today = and_(sessions.c.started_at >= midnight, person)
        by_people = not_(activity_minutes.c.bot)
        counted = func.coalesce(func.sum(activity_minutes.c.n), 0).cast(BigInteger)
        columns = {
            "sessions_started": select(func.count()).select_from(sessions).where(today),
            "sessions_active": select(func.count())
            .select_from(sessions)
            .where(
                sessions.c.last_seen_at > now - ACTIVE_WITHIN,
                sessions.c.status == "ACTIVE",
                person,
            ),
            "sessions_completed": select(func.count())
            .select_from(sessions)
            .where(today, sessions.c.status == "COMPLETED"),
            "inquiries": select(func.count())
            .select_from(inquiries.outerjoin(sessions, sessions.c.id == inquiries.c.session_id))
            .where(inquiries.c.created_at >= midnight, person),
            "interactions": select(counted).where(activity_minutes.c.minute >= midnight, by_people),
            "interactions_last_minute": select(counted).where(
                activity_minutes.c.minute == minute - timedelta(minutes=1), by_people
            ),
        }
        statement = select(
            *(query.scalar_subquery().label(name) for name, query in columns.items())
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return Day(**found.one()._mapping)

    async def minutes(self, now: datetime) -> Minutes:
        """Interactions per minute, for a chart that is updated live."""
        statement = text(
            """
            WITH moments AS (
                SELECT date_trunc('day', CAST(:now AS timestamptz), :zone) AS midnight,
                       CAST(:now AS timestamptz) - interval '30 minutes' AS shown_from
            ), day AS (
                SELECT minute, sum(n)::bigint AS n FROM activity_minutes
                WHERE NOT bot AND minute >= (SELECT least(midnight, shown_from) FROM moments)
                GROUP BY minute
            ), most AS (
                SELECT minute FROM day WHERE minute >= (SELECT midnight FROM moments)
                ORDER BY n DESC, minute DESC LIMIT 1
            )
            SELECT floor(extract(epoch FROM minute) / 60)::bigint AS minute, n,
                   minute > shown_from AS shown, minute IN (SELECT minute FROM most) AS most
            FROM day, moments ORDER BY minute
            """
        )
        found = (await self._read(statement, {"now": now, "zone": ZONE})).all()
        most = [row for row in found if row.most]
        return Minutes(
            counts=tuple((row.minute, row.n) for row in found if row.shown),
            peak_at=most[-1].minute if most else None,
            peak=most[-1].n if most else 0,
        )

    async def day_funnel(self, now: datetime) -> DayFunnel:
        """The number of today's sessions that reached each category; without bots."""
        statement = text(
            f"""
            SELECT '' AS category, count(*) AS n,
                   count(*) FILTER (WHERE status = 'COMPLETED') AS done
            FROM sessions WHERE {_OF_TODAY}
            UNION ALL
            SELECT category, count(DISTINCT session_id), 0
            FROM {choices(_OF_TODAY, since=_MIDNIGHT)} AS choices
            WHERE option NOT IN {NOT_CHOSEN} GROUP BY category
            """
        )
        rows = (await self._read(statement, {"now": now, "zone": ZONE})).all()
        whole = next(row for row in rows if not row.category)
        return DayFunnel(
            sessions=whole.n,
            chose={row.category: row.n for row in rows if row.category},
            inquired=whole.done,
        )

    async def _read(self, statement: TextClause, values: Mapping[str, object]) -> CursorResult[Any]:
        return await self._database.read(
            lambda connection: connection.execute(statement, dict(values))
        )
