"""Figures for the admin page and the original overview endpoint, counted from the rows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, column, func, select, table

from storage.postgres.engine import Database
from storage.postgres.tables import inquiries, sessions

ZONE = "Europe/Vienna"
"""Where "today" begins for the people who watch."""

activity_minutes = table("activity_minutes", column("minute"), column("n"))

ACTIVE_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Sessions that started since a time.

    `conversion_rate_percent`: completed of all sessions, two decimals, 0 without sessions.
    `average_order_value_cents`: over completed sessions, rounded to a cent, 0 without any.
    """

    total_sessions: int
    completed_configurations: int
    conversion_rate_percent: float
    average_order_value_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The live counts of one day in Vienna. `sessions_active`: somebody did something in 30 minutes."""

    sessions_started: int
    sessions_active: int
    sessions_completed: int
    inquiries: int
    interactions: int
    interactions_last_minute: int


class Statistics:
    """Read-only figures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def overview(self, since: datetime) -> Overview:
        """The summary of the original overview endpoint."""
        completed = sessions.c.status == "COMPLETED"
        statement = select(
            func.count().label("total"),
            func.count().filter(completed).label("completed"),
            func.coalesce(
                func.round(func.avg(sessions.c.order_value_cents).filter(completed)), 0
            ).label("average"),
        ).where(sessions.c.started_at >= since)
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one()
        rate = round(100 * row.completed / row.total, 2) if row.total else 0.0
        return Overview(
            total_sessions=row.total,
            completed_configurations=row.completed,
            conversion_rate_percent=rate,
            average_order_value_cents=int(row.average),
        )

    async def day(self, now: datetime) -> Day:
        """Today's counts, from roll-ups and indexes; `interactions_last_minute`: the last full one."""
        midnight = func.timezone(ZONE, func.date_trunc("day", func.timezone(ZONE, now)))
        minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        today = sessions.c.started_at >= midnight
        counted = func.coalesce(func.sum(activity_minutes.c.n), 0).cast(BigInteger)
        columns = {
            "sessions_started": select(func.count()).select_from(sessions).where(today),
            "sessions_active": select(func.count())
            .select_from(sessions)
            .where(sessions.c.last_seen_at > now - ACTIVE_WITHIN, sessions.c.status == "ACTIVE"),
            "sessions_completed": select(func.count())
            .select_from(sessions)
            .where(today, sessions.c.status == "COMPLETED"),
            "inquiries": select(func.count())
            .select_from(inquiries)
            .where(inquiries.c.created_at >= midnight),
            "interactions": select(counted).where(activity_minutes.c.minute >= midnight),
            "interactions_last_minute": select(counted).where(
                activity_minutes.c.minute == minute - timedelta(minutes=1)
            ),
        }
        statement = select(
            *(query.scalar_subquery().label(name) for name, query in columns.items())
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return Day(**found.one()._mapping)  # noqa: SLF001 - SQLAlchemy's public name
