"""Interactions per period, from the roll-ups, or from the rows where a roll-up is too coarse.

Minutes are kept for two days, then quarter hours permanently. In every present time zone, hours and
days begin at a quarter hour, so these are exact. `activity_hours` holds the hours that earlier
releases folded. Where a period or the range begins or ends within such a roll-up, the events of that
hour are counted from their rows. If retention has removed some of those, the number is None.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.ranges import Range
from storage.postgres.analytics.cohort import events_of, limits

_HOUR: Final = timedelta(hours=1)
_QUARTER: Final = timedelta(minutes=15)
_FEW: Final = 4
"""Up to this many hours are looked up one by one, by index; for more, one read of all rows is faster."""


async def interactions(
    connection: AsyncConnection, span: Range, begins: Sequence[datetime]
) -> list[int | None]:
    """The number of events in each period of the range, or None if unknown; `begins` are their starts."""
    cut = await _cut_hours(connection, span, begins)
    asked = {**limits(span), "begins": list(begins), "cut": list(cut)}
    counts = [0] * len(begins)
    rows = _ROWS_OF_FEW if len(cut) <= _FEW else _ROWS_OF_MANY
    for statement in (_ROLLED_UP, rows) if cut else (_ROLLED_UP,):
        counting = text(statement.format(who=events_of(span.bots)))
        for row in await connection.execute(counting, asked):
            counts[row.period - 1] += row.n
    gone = [hour for hour, dropped in cut.items() if dropped]
    return [
        None if any(low < hour + _HOUR and hour < high for hour in gone) else n
        for n, (low, high) in zip(counts, pairwise([*begins, span.end]), strict=True)
    ]


async def _cut_hours(
    connection: AsyncConnection, span: Range, begins: Sequence[datetime]
) -> dict[datetime, bool]:
    """The hours whose roll-ups are cut by an edge, and whether retention has removed rows of them."""
    edges = [span.start, *(each for each in begins if each > span.start), span.end]
    asked = {"hours": _within(edges, _HOUR), "quarters": _within(edges, _QUARTER)}
    if not asked["hours"]:
        return {}
    found = await connection.execute(_CUT, asked)
    return {row.hour: row.dropped for row in found}


def _within(edges: Collection[datetime], length: timedelta) -> list[datetime]:
    """The starts of the hours or quarter hours, in UTC, that have an edge inside."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return sorted({edge - (edge - epoch) % length for edge in edges if (edge - epoch) % length})


_CUT: Final = text(
    """
    SELECT hour, coalesce(activity_dropped.n > 0, false) AS dropped
    FROM (
        SELECT hour FROM activity_hours WHERE hour = ANY(CAST(:hours AS timestamptz[]))
        UNION
        SELECT date_trunc('hour', quarter) FROM activity_quarters
        WHERE quarter = ANY(CAST(:quarters AS timestamptz[]))
    ) AS cut LEFT JOIN activity_dropped USING (hour)
    """
)

_ROLLED_UP: Final = """
SELECT width_bucket(at, CAST(:begins AS timestamptz[])) AS period, sum(n)::bigint AS n
FROM (
    SELECT minute AS at, n, bot FROM activity_minutes
    UNION ALL SELECT quarter, n, bot FROM activity_quarters
    UNION ALL SELECT hour, n, bot FROM activity_hours
) AS counted
WHERE at >= :start AND at < :end{who}
    AND date_trunc('hour', at) <> ALL(CAST(:cut AS timestamptz[]))
GROUP BY 1
"""

_ROWS_OF_FEW: Final = """
SELECT width_bucket(occurred_at, CAST(:begins AS timestamptz[])) AS period, count(*) AS n
FROM unnest(CAST(:cut AS timestamptz[])) AS hour JOIN interactions
    ON occurred_at >= greatest(hour, CAST(:start AS timestamptz))
    AND occurred_at < least(hour + interval '1 hour', CAST(:end AS timestamptz)){who}
GROUP BY 1
"""

_ROWS_OF_MANY: Final = """
SELECT width_bucket(occurred_at, CAST(:begins AS timestamptz[])) AS period, count(*) AS n
FROM interactions
WHERE occurred_at >= :start AND occurred_at < :end{who}
    AND date_trunc('hour', occurred_at) = ANY(CAST(:cut AS timestamptz[]))
GROUP BY 1
"""
