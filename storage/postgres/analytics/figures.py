"""How many sessions, how many completed, what they are worth: in sum, over time, and by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.ranges import Range
from storage.postgres.analytics.cohort import DIMENSIONS, OTHER, cohort, events_of, limits, rows
from storage.postgres.engine import Database

PARTS_MAX: Final = 50
CATALOGUES_MAX: Final = 200

Unit = Literal["hour", "day", "week", "month"]
Dimension = Literal["device", "language", "referrer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Sessions by how they ended.

    `conversion`: completed / (completed + abandoned + expired), null while none has ended.
    `average_order_value_cents`: over completed sessions with a value, null without any.
    """

    sessions: int
    active: int
    completed: int
    abandoned: int
    expired: int
    conversion: float | None
    order_value_cents: int
    average_order_value_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpis:
    """The figures of a range.

    `open_value_cents`: what the houses of sessions that are still active cost now, each house
    once, without those that were inquired. `interactions`: events that happened in the range.
    """

    outcomes: Outcomes
    open_value_cents: int
    interactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One hour, day, week or month; `at` is its beginning where the reader lives."""

    at: datetime
    sessions: int
    completed: int
    interactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The sessions with one value of a dimension; '' is unknown, '(other)' all that is not listed."""

    value: str
    outcomes: Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEffect:
    """The sessions whose house is of one catalogue; '' are sessions without a house."""

    catalogue_id: str
    published_at: datetime | None
    outcomes: Outcomes


class Figures:
    """Reads figures; every method is one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kpis(self, span: Range) -> Kpis:
        """The figures of a range."""
        sums = text(f"SELECT {_OUTCOMES} FROM sessions WHERE {cohort(span.bots)}")  # noqa: S608
        worth = text(_OPEN_VALUE.format(cohort=cohort(span.bots)))
        happened = text(_interactions(span))

        async def work(connection: AsyncConnection) -> Kpis:
            asked = limits(span)
            found = (await connection.execute(sums, asked)).one()
            open_value = (await connection.execute(worth, asked)).scalar_one()
            counted = await connection.execute(happened, _bucketed(span, "year"))
            return Kpis(
                outcomes=_outcomes(found),
                open_value_cents=int(open_value),
                interactions=sum(row.n for row in counted),
            )

        return await self._database.read_snapshot(work)

    async def series(self, span: Range, unit: Unit) -> list[Point]:
        """Every hour, day, week or month of the range, empty ones too, in order.

        Without a beginning (`all`) it starts with the first that is not empty. Sessions and
        completed ones are counted where the session began.
        """
        began = text(
            "SELECT date_trunc(:unit, started_at, :zone) AS at, count(*) AS sessions,"  # noqa: S608
            " count(*) FILTER (WHERE status = 'COMPLETED') AS completed"
            f" FROM sessions WHERE {cohort(span.bots)} GROUP BY 1"
        )
        happened = text(_interactions(span))

        async def work(connection: AsyncConnection) -> list[Point]:
            asked = _bucketed(span, unit)
            counted = {row.at: row for row in await connection.execute(began, asked)}
            events = {row.at: row.n for row in await connection.execute(happened, asked)}
            return [
                Point(
                    at=at.astimezone(ZoneInfo(span.zone)),
                    sessions=counted[at].sessions if at in counted else 0,
                    completed=counted[at].completed if at in counted else 0,
                    interactions=events.get(at, 0),
                )
                for at in _buckets(span, unit, {*counted, *events})
            ]

        return await self._database.read_snapshot(work)

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
            """,  # noqa: S608 - constants
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
            """,  # noqa: S608 - constants
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

_OPEN_VALUE: Final = """
SELECT coalesce(sum(total_cents), 0)::bigint FROM configurations
WHERE status = 'open' AND id IN (
    SELECT configuration_id FROM sessions WHERE {cohort} AND sessions.status = 'ACTIVE')
"""


def _interactions(span: Range) -> str:
    """Events per bucket, as `at` and `n`; binds what `_bucketed` gives.

    Whole hours come from `activity_hours`, what is not folded yet from `activity_minutes`. An hour
    that was folded and does not lie within one bucket of the range as a whole - its ends cut it,
    or days begin at half past - is counted from the events themselves, in all its parts.
    """
    who = events_of(span.bots)
    return f"""
    WITH cut AS (
        SELECT DISTINCT hour FROM activity_hours
        WHERE hour > :start - interval '1 hour' AND hour < :end AND (
            hour < :start OR hour + interval '1 hour' > :end
            OR date_trunc(:unit, hour, :zone)
               <> date_trunc(:unit, hour + interval '59 minutes', :zone))
    ), counted AS (
        SELECT minute AS at, n FROM activity_minutes
        WHERE minute >= :start AND minute < :end{who}
            AND date_trunc('hour', minute) NOT IN (SELECT hour FROM cut)
        UNION ALL
        SELECT hour, n FROM activity_hours
        WHERE hour >= :start AND hour < :end{who} AND hour NOT IN (SELECT hour FROM cut)
        UNION ALL
        SELECT occurred_at, 1 FROM cut JOIN interactions
            ON occurred_at >= greatest(hour, :start)
            AND occurred_at < least(hour + interval '1 hour', :end){who}
    )
    SELECT date_trunc(:unit, at, :zone) AS at, sum(n)::bigint AS n FROM counted GROUP BY 1
    """.replace(":start", "CAST(:start AS timestamptz)").replace(  # noqa: S608 - constants
        ":end", "CAST(:end AS timestamptz)"
    )


def _bucketed(span: Range, unit: str) -> dict[str, Any]:
    return {**limits(span), "unit": unit, "zone": span.zone}


def _buckets(span: Range, unit: Unit, filled: set[datetime]) -> Iterator[datetime]:
    """The beginnings of all buckets of the range."""
    zone = ZoneInfo(span.zone)
    if span.endless and not filled:
        return
    at = _floor((min(filled) if span.endless else span.start).astimezone(zone), unit)
    while at < span.end:
        yield at
        at = _following(at, unit)


def _floor(local: datetime, unit: Unit) -> datetime:
    if unit == "hour":
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _following(at: datetime, unit: Unit) -> datetime:
    """The next bucket: hours pass by the clock of the world, days by the clock on the wall."""
    if unit == "hour":
        zone = at.tzinfo
        return (at.astimezone(ZoneInfo("UTC")) + timedelta(hours=1)).astimezone(zone)
    days = {"day": 1, "week": 7, "month": 32}[unit]
    return _floor(at + timedelta(days=days), unit)


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
