"""Figures for the admin page and the original overview endpoint, counted from the rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from storage.postgres.engine import Database
from storage.postgres.tables import configurations, inquiries, operations, people, sessions


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
class Counters:
    """How much is stored."""

    configurations: int
    inquired_configurations: int
    people: int
    operations: int
    refused_operations: int
    sessions: int
    inquiries: int


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

    async def counters(self) -> Counters:
        """Row counts of one moment; reads whole tables, so not for every page view."""
        inquired = configurations.c.status == "inquired"
        refused = operations.c.version.is_(None)
        columns = {
            "configurations": select(func.count()).select_from(configurations),
            "inquired_configurations": select(func.count()).where(inquired),
            "people": select(func.count()).select_from(people),
            "operations": select(func.count()).select_from(operations),
            "refused_operations": select(func.count()).where(refused),
            "sessions": select(func.count()).select_from(sessions),
            "inquiries": select(func.count()).select_from(inquiries),
        }
        statement = select(
            *(query.scalar_subquery().label(name) for name, query in columns.items())
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return Counters(**found.one()._mapping)  # noqa: SLF001 - SQLAlchemy's public name
