"""Signals about how the page worked: its speed, refusals, adjustments, errors, hovers, links.

Counted from the interactions themselves, because reasons and measures are in no roll-up. The
figures therefore reach back only as far as interactions are kept, to `complete_from`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.ranges import Range
from storage.postgres.analytics.cohort import events_of, limits
from storage.postgres.engine import Database

KINDS: Final = ("web_vital", "refused", "adjusted", "error", "hover", "invite")
SIGNALS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One kind of report, by place (a category, or `page`).

    `name`: for a web vital LCP and INP (ms) or CLS, for a refusal and an adjustment the code of the
    reason, for an error its message, for a hover the option, for a link its kind. `n`: how often,
    in how many `sessions`. For web vitals only: the 50th, 75th and 95th percentiles of the measure,
    and the share that was rated good.
    """

    kind: str
    place: str
    name: str
    n: int
    sessions: int
    p50: float | None
    p75: float | None
    p95: float | None
    good: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Signals of a range, and the time since which all are counted; null: since its beginning."""

    complete_from: datetime | None
    signals: list[Signal]


class SignalReader:
    """Reads signals; one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def signals(self, span: Range) -> Signals:
        """The signals by kind, the most frequent first, at most SIGNALS_MAX."""
        statement = text(_SIGNALS.format(who=events_of(span.bots), most=SIGNALS_MAX))

        async def work(connection: AsyncConnection) -> Signals:
            gone = (await connection.execute(_LAST_GONE, limits(span))).scalar_one()
            found = await connection.execute(statement, {**limits(span), "kinds": list(KINDS)})
            return Signals(
                complete_from=gone + timedelta(hours=1) if gone else None,
                signals=[_signal(row) for row in found],
            )

        return await self._database.read_snapshot(work)


_LAST_GONE: Final = text(
    "SELECT max(hour) FROM activity_dropped"
    " WHERE n > 0 AND hour > CAST(:start AS timestamptz) - interval '1 hour' AND hour < :end"
)

# Values come from strangers: one that is not a number is not counted as a measure.
_SIGNALS: Final = """
SELECT event_type AS kind, category AS place, name, count(*) AS n,
    count(DISTINCT session_id) AS sessions,
    percentile_disc(ARRAY[0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY measure) AS percentiles,
    count(*) FILTER (WHERE measure IS NOT NULL AND props->>'rating' = 'good') AS good,
    count(measure) AS measured
FROM (
    SELECT event_type, category, session_id, props,
        left(coalesce(CASE event_type WHEN 'web_vital' THEN props->>'name'
            WHEN 'error' THEN coalesce(props->>'message', props->>'code')
            WHEN 'hover' THEN element_id WHEN 'invite' THEN element_id
            ELSE props->>'reason' END, ''), 200) AS name,
        CASE WHEN event_type = 'web_vital' AND jsonb_typeof(props->'value') = 'number'
            THEN (props->>'value')::numeric END AS measure
    FROM interactions
    WHERE occurred_at >= :start AND occurred_at < :end{who}
        AND event_type = ANY(CAST(:kinds AS text[]))
) AS told
GROUP BY 1, 2, 3
ORDER BY array_position(CAST(:kinds AS text[]), event_type), n DESC, 2, 3 LIMIT {most}
"""


def _signal(row: Row[Any]) -> Signal:
    p50, p75, p95 = (
        None if each is None else float(each) for each in row.percentiles or [None] * 3
    )
    return Signal(
        kind=row.kind,
        place=row.place,
        name=row.name,
        n=row.n,
        sessions=row.sessions,
        p50=p50,
        p75=p75,
        p95=p95,
        good=round(row.good / row.measured, 6) if row.measured else None,
    )
