"""Visitors' behaviour: funnel, steps, options and journeys, all from `session_choices`.

`session_choices` has, for every session, category and option, how often and when it was chosen;
option '' means looking without choosing, 'none' means leaving out again. The transaction that stores
the events updates it, so these figures are exact even when events arrive late.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from configurator.activity.ranges import Range
from storage.postgres.activity.choices import NOT_CHOSEN
from storage.postgres.analytics.cohort import (
    DIMENSIONS,
    OTHER,
    choices_of,
    cohort,
    limits,
    rows,
)
from storage.postgres.engine import Database

BEGAN: Final = "began"
CHOSE: Final = "chose"
OPENED: Final = "opened"
COMPLETED: Final = "completed"
"""Steps of a funnel that are not categories: the session began, it chose something, it opened the
inquiry form, the inquiry was sent. `chose_3`: it chose something in three categories."""

INQUIRY: Final = "inquiry"
"""The category of events in the inquiry form."""

LEFT: Final = "left"
ACTIVE: Final = "active"

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
    """The behaviour of sessions in one category.

    `looked`: sessions with any event in it. `chose`: sessions that chose something there.
    `changes_of_mind`: moves from another option back to one which the session started with or had
    moved to before; a new quantity is not a move. `decision_ms_median`:
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

    `kept`: sessions that chose it and neither chose anything else there afterwards, nor took it
    back, nor had it adjusted by a rule. `share`: of the sessions that chose anything in the category.
    """

    category: str
    option: str
    sessions: int
    selections: int
    kept: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Sessions that first entered `went_to` right after first entering `came_from`."""

    came_from: str
    went_to: str
    sessions: int


class Behaviour:
    """Reads figures of visitors' behaviour."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def funnel(
        self, span: Range, steps: Sequence[str], *, window_minutes: int, by: Breakdown
    ) -> list[FunnelPart]:
        """The number of sessions that took `steps` in this order, within the window.

        Definition. A step is a category, or one of `began`, `chose`, `chose_<n>`, `opened` and
        `completed`. A session takes a category's step when it first chooses something there, and
        `chose_<n>` when it has first chosen something in n categories (`chose`: in one). It takes
        `opened` when it opens the form of the inquiry (or sends an inquiry, if the opening was not
        reported), and `completed` when its inquiry is sent. It reaches the first step by taking it.
        It reaches a later step if it has reached the step before, takes this one no earlier than
        that one, and within the window after taking the first. The figures therefore never rise
        from one step to the next.

        The largest parts come first, then all others together; `none` gives one part, ''.
        """
        column = DIMENSIONS[by]
        asked: dict[str, object] = {**limits(span), "window": window_minutes}
        taken: list[str] = []
        for place, step in enumerate(steps):
            when = _taken(step, place)
            taken.append(f"{when} AS t{place}")
            if ":step" in when:
                asked[f"step{place}"] = step
        found = await rows(
            self._database,
            f"""
            WITH parts AS (
                SELECT coalesce({column}, '') AS value FROM sessions WHERE {cohort(span.bots)}
                GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {FUNNEL_PARTS_MAX}
            ), firsts AS (
                SELECT session_id, category, min(first_at) FILTER (WHERE option NOT IN {NOT_CHOSEN})
                    AS chosen_at, min(first_at) AS at
                FROM {choices_of(span.bots)} AS choices GROUP BY 1, 2
            ), taken AS (
                SELECT sessions.id, min(coalesce({column}, '')) AS value, {", ".join(taken)}
                FROM sessions LEFT JOIN firsts ON session_id = sessions.id
                WHERE {cohort(span.bots)} GROUP BY sessions.id
            )
            SELECT parts.value, count(*) AS sessions, {_reached(len(steps))}
            FROM taken LEFT JOIN parts USING (value) GROUP BY 1
            ORDER BY parts.value IS NULL, count(*) DESC, 1
            """,
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
        """The behaviour of sessions in each category, the most looked at first."""
        found = await rows(
            self._database, _STEPS.format(choices=choices_of(span.bots)), limits(span)
        )
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
        found = await rows(
            self._database, _OPTIONS.format(choices=choices_of(span.bots)), limits(span)
        )
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
        """In which order sessions first entered the categories, the most frequent moves first.

        Every session begins at `began` and ends at `completed` or `left`, or at `active` if it has
        not ended. `page` is left out: only measures and errors are reported for it.
        """
        found = await rows(
            self._database, _JOURNEYS.format(choices=choices_of(span.bots)), limits(span)
        )
        return [
            Transition(came_from=row.here, went_to=row.there, sessions=row.sessions)
            for row in found
        ]


_CHOSE_IN: Final = re.compile(rf"{CHOSE}_([1-9]|1[0-6])", re.ASCII)


_STEPS_TAKEN: Final = {
    BEGAN: "min(sessions.started_at)",
    CHOSE: "min(chosen_at)",
    OPENED: f"least(min(at) FILTER (WHERE category = '{INQUIRY}'), max(completed_at))",
    COMPLETED: "max(completed_at)",
}


def _taken(step: str, place: int) -> str:
    """SQL for when a session took a step, over its rows of `firsts`; a category is bound as `:step<n>`."""
    if step in _STEPS_TAKEN:
        return _STEPS_TAKEN[step]
    if found := _CHOSE_IN.fullmatch(step):
        return f"(array_agg(chosen_at ORDER BY chosen_at))[{int(found[1])}]"
    return f"min(chosen_at) FILTER (WHERE category = :step{place})"


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


# The first move to an option leads to something new, unless the session started with it; every
# other one leads back. The counts are therefore enough, and the order of the events does not
# matter.
_STEPS: Final = f"""
WITH by_session AS (
    SELECT category, sum(time_ms) AS time_ms, min(first_at) AS first_at,
        max(last_at) FILTER (WHERE option NOT IN {NOT_CHOSEN}) AS decided_at,
        coalesce(sum(n) FILTER (WHERE option <> ''), 0) AS selections,
        sum(moves) - count(*) FILTER (WHERE moves > 0) AS returns,
        array_agg(option) FILTER (WHERE moves > 0) AS moved_to,
        (array_agg(came_from ORDER BY first_at, came_from COLLATE "C")
            FILTER (WHERE option <> ''))[1] AS initial
    FROM {{choices}} AS choices GROUP BY session_id, category
)
SELECT category, count(*) AS looked, count(decided_at) AS chose,
    sum(time_ms)::bigint AS time_ms, sum(selections)::bigint AS selections,
    (sum(returns) + count(*) FILTER (WHERE initial = ANY(moved_to)))::bigint AS changes_of_mind,
    floor(0.5 + 1000 * percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM decided_at - first_at)::float8))::bigint AS decision_ms_median
FROM by_session GROUP BY category ORDER BY looked DESC, category LIMIT {CATEGORIES_MAX}
"""

# A session ends with the option of a category that its last choice, undo or adjustment there set.
_OPTIONS: Final = f"""
WITH changed AS (
    SELECT session_id, category, option, n,
        first_value(CASE WHEN option = '' THEN became ELSE option END) OVER (
            PARTITION BY session_id, category
            ORDER BY CASE WHEN option = '' THEN became_at ELSE last_at END DESC, option COLLATE "C" DESC
        ) AS ended_with
    FROM {{choices}} AS choices WHERE option <> '' OR became_at IS NOT NULL
), picked AS (
    SELECT * FROM changed WHERE option NOT IN {NOT_CHOSEN}
), chosen AS (
    SELECT category, count(*) AS of_sessions
    FROM (SELECT DISTINCT session_id, category FROM picked) AS choosers GROUP BY 1
)
SELECT category, option, count(*) AS sessions, sum(n)::bigint AS selections,
    count(*) FILTER (WHERE ended_with = option) AS kept, max(of_sessions) AS of_sessions
FROM picked JOIN chosen USING (category) GROUP BY 1, 2
ORDER BY max(of_sessions) DESC, 1, 3 DESC, 2 LIMIT {OPTIONS_MAX}
"""

_JOURNEYS: Final = f"""
WITH visited AS (
    SELECT session_id, category, min(first_at) AS at, min(status) AS status
    FROM {{choices}} AS choices WHERE category <> 'page' GROUP BY 1, 2
), ordered AS (
    SELECT category, status, lead(category) OVER in_order AS following,
        row_number() OVER in_order AS place
    FROM visited WINDOW in_order AS (PARTITION BY session_id ORDER BY at, category)
), moves AS (
    SELECT category AS here,
        coalesce(following, CASE status WHEN 'COMPLETED' THEN '{COMPLETED}'
            WHEN 'ACTIVE' THEN '{ACTIVE}' ELSE '{LEFT}' END) AS there
    FROM ordered
    UNION ALL
    SELECT '{BEGAN}', category FROM ordered WHERE place = 1
)
SELECT here, there, count(*) AS sessions FROM moves GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2 LIMIT {TRANSITIONS_MAX}
"""
