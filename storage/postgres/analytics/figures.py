"""Numbers of sessions and completed sessions, and their values: in total, over time, and by part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.periods import Unit, beginnings, shown_in
from configurator.activity.ranges import Range
from storage.postgres.analytics.cohort import (
    DIMENSIONS,
    OTHER,
    cohort,
    events_of,
    limits,
    rows,
    sessions_of,
)
from storage.postgres.analytics.happened import interactions
from storage.postgres.engine import Database

PARTS_MAX: Final = 50
CATALOGUES_MAX: Final = 200

Dimension = Literal["device", "language", "referrer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Sessions by their outcome.

    `active`: as of now; null for the range that another is compared with. `conversion`: completed /
    (completed + abandoned + expired), null while no session has ended.
    `average_order_value_cents`: over completed sessions with a value, null if there are no such
    sessions.
    """

    sessions: int
    active: int | None
    completed: int
    abandoned: int
    expired: int
    conversion: float | None
    order_value_cents: int
    average_order_value_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpis:
    """The figures of a range.

    `landing_views`: views of the start page, also by visitors who began no session.
    `inquiries`: inquiries sent in the range, whenever their session began.
    `open_value_cents`: the present prices of the houses of sessions that are still active, each
    house once, without inquired ones; null where `active` is. `interactions`: events that happened
    in the range; null if the exact number is no longer known (`happened`).
    """

    outcomes: Outcomes
    landing_views: int
    inquiries: int
    open_value_cents: int | None
    interactions: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One hour, day, week or month; `at` is its beginning in the reader's time zone.

    `inquiries` and `interactions` as in `Kpis`.
    """

    at: datetime
    sessions: int
    completed: int
    inquiries: int
    interactions: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The sessions with one value of a dimension; '' is unknown, '(other)' all values not listed."""

    value: str
    outcomes: Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEffect:
    """The sessions whose house uses one catalogue; '' stands for sessions without a house."""

    catalogue_id: str
    published_at: datetime | None
    outcomes: Outcomes


class Figures:
    """Reads figures; every method is one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kpis(self, span: Range) -> Kpis:
        """The figures of a range."""
        sums = text(f"SELECT {_OUTCOMES} FROM sessions WHERE {cohort(span.bots)}")
        worth = text(_OPEN_VALUE.format(cohort=cohort(span.bots)))
        sent = text(_INQUIRIES.format(who=sessions_of(span.bots)))
        seen = text(_LANDING_VIEWS.format(who=events_of(span.bots)))

        async def work(connection: AsyncConnection) -> Kpis:
            asked = limits(span)
            whole = {**asked, "begins": [span.start]}
            found = (await connection.execute(sums, asked)).one()
            open_value = (await connection.execute(worth, asked)).scalar_one()
            inquiries = (await connection.execute(sent, whole)).one_or_none()
            views = (await connection.execute(seen, asked)).scalar_one()
            (happened,) = await interactions(connection, span, [span.start])
            return Kpis(
                outcomes=_outcomes(found),
                landing_views=views,
                inquiries=0 if inquiries is None else inquiries.n,
                open_value_cents=int(open_value),
                interactions=happened,
            )

        return await self._database.read_snapshot(work)

    async def outcomes(self, span: Range) -> Outcomes:
        """The outcomes of the sessions of a range."""
        sums = f"SELECT {_OUTCOMES} FROM sessions WHERE {cohort(span.bots)}"
        (found,) = await rows(self._database, sums, limits(span))
        return _outcomes(found)

    async def series(self, span: Range, unit: Unit) -> list[Point]:
        """Every hour, day, week or month of the range, empty ones too, in order.

        A range without a beginning (`all`) starts with the first period that is not empty. Sessions,
        also completed ones, are counted in the period in which they began. The sum of each column
        equals the figure of `kpis`, in every time zone and across changes of daylight saving time.
        """
        zone = ZoneInfo(span.zone)
        begins = beginnings(span.start, span.end, unit, zone)
        began = text(_BEGAN.format(cohort=cohort(span.bots)))
        sent = text(_INQUIRIES.format(who=sessions_of(span.bots)))

        async def work(connection: AsyncConnection) -> list[Point]:
            asked = {**limits(span), "begins": begins}
            counted = {row.period: row for row in await connection.execute(began, asked)}
            inquiries = {row.period: row.n for row in await connection.execute(sent, asked)}
            happened = await interactions(connection, span, begins)
            return [
                Point(
                    at=shown_in(at, zone),
                    sessions=counted[period].sessions if period in counted else 0,
                    completed=counted[period].completed if period in counted else 0,
                    inquiries=inquiries.get(period, 0),
                    interactions=happened[period - 1],
                )
                for period, at in enumerate(begins, 1)
            ]

        points = await self._database.read_snapshot(work)
        return _from_first(points) if span.endless else points

    async def breakdown(self, span: Range, dimension: Dimension) -> list[Part]:
        """The sessions by device, language or referrer: the largest parts, then all others."""
        column = DIMENSIONS[dimension]
        found = await rows(
            self._database,
            f"""
            WITH parts AS (
                SELECT coalesce({column}, '') AS value FROM sessions WHERE {cohort(span.bots)}
                GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {PARTS_MAX}
            )
            SELECT parts.value, {_OUTCOMES}
            FROM sessions LEFT JOIN parts ON parts.value = coalesce({column}, '')
            WHERE {cohort(span.bots)} GROUP BY 1
            ORDER BY parts.value IS NULL, count(*) DESC, 1
            """,
            limits(span),
        )
        return [
            Part(value=OTHER if row.value is None else row.value, outcomes=_outcomes(row))
            for row in found
        ]

    async def catalogues(self, span: Range) -> list[CatalogueEffect]:
        """The sessions by the catalogue of their house, the newest catalogue first."""
        found = await rows(
            self._database,
            f"""
            SELECT configurations.catalogue_id, catalogues.published_at, {_OUTCOMES}
            FROM sessions
            LEFT JOIN configurations ON configurations.id = sessions.configuration_id
            LEFT JOIN catalogues ON catalogues.id = configurations.catalogue_id
            WHERE {cohort(span.bots)} GROUP BY 1, 2
            ORDER BY 2 DESC NULLS LAST, 1 LIMIT {CATALOGUES_MAX}
            """,
            limits(span),
        )
        return [
            CatalogueEffect(
                catalogue_id=row.catalogue_id or "",
                published_at=row.published_at,
                outcomes=_outcomes(row),
            )
            for row in found
        ]


_OUTCOMES: Final = """
    count(*) AS sessions,
    count(*) FILTER (WHERE sessions.status = 'ACTIVE') AS active,
    count(*) FILTER (WHERE sessions.status = 'COMPLETED') AS completed,
    count(*) FILTER (WHERE sessions.status = 'ABANDONED') AS abandoned,
    count(*) FILTER (WHERE sessions.status = 'EXPIRED') AS expired,
    coalesce(sum(order_value_cents) FILTER (WHERE sessions.status = 'COMPLETED'), 0)::bigint
        AS order_value_cents,
    round(avg(order_value_cents) FILTER (WHERE sessions.status = 'COMPLETED'))::bigint
        AS average_order_value_cents"""

_BEGAN: Final = """
SELECT width_bucket(started_at, CAST(:begins AS timestamptz[])) AS period, count(*) AS sessions,
    count(*) FILTER (WHERE status = 'COMPLETED') AS completed
FROM sessions WHERE {cohort} GROUP BY 1
"""

_INQUIRIES: Final = """
SELECT width_bucket(inquiries.created_at, CAST(:begins AS timestamptz[])) AS period, count(*) AS n
FROM inquiries LEFT JOIN sessions ON sessions.id = inquiries.session_id
WHERE inquiries.created_at >= :start AND inquiries.created_at < :end{who} GROUP BY 1
"""

_LANDING_VIEWS: Final = """
SELECT coalesce(sum(n), 0)::bigint FROM page_views
WHERE page = 'landing' AND minute >= :start AND minute < :end{who}
"""

_OPEN_VALUE: Final = """
SELECT coalesce(sum(total_cents), 0)::bigint FROM configurations
WHERE status = 'open' AND id IN (
    SELECT configuration_id FROM sessions WHERE {cohort} AND sessions.status = 'ACTIVE')
"""


def _from_first(points: list[Point]) -> list[Point]:
    """The points without the empty ones at the beginning."""
    filled = (
        place
        for place, point in enumerate(points)
        if point.sessions or point.inquiries or point.interactions != 0
    )
    first = next(filled, len(points))
    return points[first:]


def _outcomes(row: Row[Any]) -> Outcomes:
    ended = row.completed + row.abandoned + row.expired
    return Outcomes(
        sessions=row.sessions,
        active=row.active,
        completed=row.completed,
        abandoned=row.abandoned,
        expired=row.expired,
        conversion=round(row.completed / ended, 6) if ended else None,
        order_value_cents=row.order_value_cents,
        average_order_value_cents=row.average_order_value_cents,
    )


def units_of(span: Range) -> Sequence[Unit]:
    """The units a range may be shown in, the usual one first; at most some 800 points."""
    days = (span.end - span.start) / timedelta(days=1)
    if span.endless:
        return ("month",)
    if days > 32:
        return ("day", "week", "month")
    return ("hour", "day", "week", "month") if days <= 3 else ("day", "hour", "week", "month")
