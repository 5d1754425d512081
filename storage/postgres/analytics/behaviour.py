"""What visitors did on their way: funnel, steps, options, journeys. All from `session_choices`.

`session_choices` has, for every session, category and option, how often and when it was chosen;
option '' is looking without choosing, 'none' leaving out again. It is kept up to date in the
transaction that stores the events, so these figures are exact however late events come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from configurator.ranges import Range
from storage.postgres.analytics.cohort import (
    CHOICES,
    DIMENSIONS,
    NOT_CHOSEN,
    OTHER,
    cohort,
    limits,
    rows,
)
from storage.postgres.engine import Database

COMPLETED: Final = "completed"
"""The last step of a funnel: the inquiry was sent."""

LEFT: Final = "left"
BEGAN: Final = "began"

STEPS_MAX: Final = 16
FUNNEL_PARTS_MAX: Final = 10
CATEGORIES_MAX: Final = 200
OPTIONS_MAX: Final = 1000
TRANSITIONS_MAX: Final = 500

Breakdown = Literal["none", "device", "language", "referrer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelPart:
    """One part of the sessions: all of them, and how many reached each step in order."""

    value: str
    sessions: int
    reached: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What sessions did in one category.

    `looked`: sessions with any event in it. `chose`: sessions that chose something there.
    `changes_of_mind`: moves from another option back to one which the session came with or had moved
    to before; a new quantity is no move. `decision_ms_median`:
    from the first event of a session in the category to its last selection there.
    """

    category: str
    looked: int
    chose: int
    time_ms: int
    selections: int
    changes_of_mind: int
    decision_ms_median: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionShare:
    """One option: how many sessions chose it, and in how many it was still chosen at the end.

    `share`: of the sessions that chose anything in the category.
    """

    category: str
    option: str
    sessions: int
    selections: int
    kept: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Sessions that first came to `went_to` right after first having come to `came_from`."""

    came_from: str
    went_to: str
    sessions: int


class Behaviour:
    """Reads what visitors did."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def funnel(
        self, span: Range, steps: Sequence[str], *, window_minutes: int, by: Breakdown
    ) -> list[FunnelPart]:
        """How many sessions went through `steps` in this order, within the window.

        Definition. A step is a category, or `completed`. A session takes a category's step when it
        first chooses something there, and `completed` when its inquiry was sent. It has reached
        the first step when it has taken it. It has reached a later one when it has reached the one
        before it, has taken this one not earlier than that, and not later than the window after
        having taken the first. So the figures never rise from one step to the next.

        The largest parts come first, then all others together; `none` gives one part, ''.
        """
        column = DIMENSIONS[by]
        asked: dict[str, object] = {**limits(span), "window": window_minutes}
        taken: list[str] = []
        for place, step in enumerate(steps):
            if step == COMPLETED:
                taken.append(f"max(completed_at) AS t{place}")
            else:
                asked[f"step{place}"] = step
                taken.append(f"min(first_at) FILTER (WHERE category = :step{place}) AS t{place}")
        found = await rows(
            self._database,
            f"""
            WITH parts AS (
                SELECT coalesce({column}, '') AS value FROM sessions WHERE {cohort(span.bots)}
                GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {FUNNEL_PARTS_MAX}
            ), taken AS (
                SELECT sessions.id, min(coalesce({column}, '')) AS value, {", ".join(taken)}
                FROM sessions LEFT JOIN {CHOICES} AND option NOT IN {NOT_CHOSEN}
                WHERE {cohort(span.bots)} GROUP BY sessions.id
            )
            SELECT parts.value, count(*) AS sessions, {_reached(len(steps))}
            FROM taken LEFT JOIN parts USING (value) GROUP BY 1
            ORDER BY parts.value IS NULL, count(*) DESC, 1
            """,  # noqa: S608 - constants; what the caller names is bound
            asked,
        )
        return [
            FunnelPart(
                value=OTHER if row.value is None else row.value,
                sessions=row.sessions,
                reached=tuple(row[2:]),
            )
            for row in found
        ]

    async def steps(self, span: Range) -> list[Step]:
        """What sessions did in each category, the most looked at first."""
        found = await rows(self._database, _STEPS.format(cohort=cohort(span.bots)), limits(span))
        return [
            Step(
                category=row.category,
                looked=row.looked,
                chose=row.chose,
                time_ms=row.time_ms,
                selections=row.selections,
                changes_of_mind=row.changes_of_mind,
                decision_ms_median=row.decision_ms_median,
            )
            for row in found
        ]

    async def options(self, span: Range) -> list[OptionShare]:
        """The options that were chosen, by category, the most popular first."""
        found = await rows(self._database, _OPTIONS.format(cohort=cohort(span.bots)), limits(span))
        return [
            OptionShare(
                category=row.category,
                option=row.option,
                sessions=row.sessions,
                selections=row.selections,
                kept=row.kept,
                share=round(row.sessions / row.of_sessions, 6),
            )
            for row in found
        ]

    async def journeys(self, span: Range) -> list[Transition]:
        """In which order sessions first came to the categories, the most frequent ways first.

        Every session begins at `began` and ends at `completed` or `left`.
        """
        found = await rows(self._database, _JOURNEYS.format(cohort=cohort(span.bots)), limits(span))
        return [
            Transition(came_from=row.here, went_to=row.there, sessions=row.sessions)
            for row in found
        ]


def _reached(count: int) -> str:
    """Columns `r0…`: sessions that reached each step."""
    conditions = ["t0 IS NOT NULL"]
    columns = []
    for place in range(count):
        if place:
            conditions.append(f"t{place} >= t{place - 1}")
            conditions.append(f"t{place} <= t0 + :window * interval '1 minute'")
        columns.append(f"count(*) FILTER (WHERE {' AND '.join(conditions)}) AS r{place}")
    return ", ".join(columns)


# Of the moves to an option the first leads to something new, unless the session came with it; every
# other one leads back. So the counts are enough, and the order of the events does not matter.
_STEPS: Final = f"""
WITH by_session AS (
    SELECT category, sum(time_ms) AS time_ms, min(first_at) AS first_at,
        max(last_at) FILTER (WHERE option NOT IN {NOT_CHOSEN}) AS decided_at,
        coalesce(sum(n) FILTER (WHERE option <> ''), 0) AS selections,
        sum(moves) - count(*) FILTER (WHERE moves > 0) AS returns,
        array_agg(option) FILTER (WHERE moves > 0) AS moved_to,
        (array_agg(came_from ORDER BY first_at, came_from COLLATE "C")
            FILTER (WHERE option <> ''))[1] AS initial
    FROM sessions JOIN {CHOICES}
    WHERE {{cohort}} GROUP BY session_id, category
)
SELECT category, count(*) AS looked, count(decided_at) AS chose,
    sum(time_ms)::bigint AS time_ms, sum(selections)::bigint AS selections,
    (sum(returns) + count(*) FILTER (WHERE initial = ANY(moved_to)))::bigint AS changes_of_mind,
    round(1000 * percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM decided_at - first_at)::float8))::bigint AS decision_ms_median
FROM by_session GROUP BY category ORDER BY looked DESC, category LIMIT {CATEGORIES_MAX}
"""  # noqa: S608 - constants

_OPTIONS: Final = f"""
WITH picked AS (
    SELECT session_id, category, option, n, last_at
    FROM sessions JOIN {CHOICES}
    WHERE {{cohort}} AND option <> ''
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY session_id, category
        ORDER BY last_at DESC, option COLLATE "C" DESC) AS from_end
    FROM picked
), chosen AS (
    SELECT category, count(*) AS of_sessions
    FROM (SELECT DISTINCT session_id, category FROM picked WHERE option NOT IN {NOT_CHOSEN})
        AS choosers
    GROUP BY 1
)
SELECT category, option, count(*) AS sessions, sum(n)::bigint AS selections,
    count(*) FILTER (WHERE from_end = 1) AS kept, max(of_sessions) AS of_sessions
FROM placed JOIN chosen USING (category)
WHERE option NOT IN {NOT_CHOSEN} GROUP BY 1, 2
ORDER BY max(of_sessions) DESC, 1, 3 DESC, 2 LIMIT {OPTIONS_MAX}
"""  # noqa: S608 - constants

_JOURNEYS: Final = f"""
WITH visited AS (
    SELECT session_id, category, min(first_at) AS at, bool_or(sessions.status = 'COMPLETED') AS done
    FROM sessions JOIN {CHOICES}
    WHERE {{cohort}} GROUP BY 1, 2
), ordered AS (
    SELECT category, done, lead(category) OVER in_order AS following,
        row_number() OVER in_order AS place
    FROM visited WINDOW in_order AS (PARTITION BY session_id ORDER BY at, category)
), moves AS (
    SELECT category AS here,
        coalesce(following, CASE WHEN done THEN '{COMPLETED}' ELSE '{LEFT}' END) AS there
    FROM ordered
    UNION ALL
    SELECT '{BEGAN}', category FROM ordered WHERE place = 1
)
SELECT here, there, count(*) AS sessions FROM moves GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2 LIMIT {TRANSITIONS_MAX}
"""  # noqa: S608 - constants
