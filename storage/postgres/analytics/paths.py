"""Paths of visitors: the order in which sessions made their choices, the most frequent first."""

from dataclasses import dataclass
from typing import Final

from configurator.activity.ranges import Range
from storage.postgres.activity.choices import NOT_CHOSEN
from storage.postgres.analytics.cohort import choices_of, cohort, limits, rows
from storage.postgres.engine import Database

STEPS_MAX: Final = 12
PATHS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The categories in the order in which sessions first chose in them, the first `STEPS_MAX`.

    Empty: nothing was chosen. `completed`: its sessions whose inquiry was sent. `share`: its part
    of all sessions of the range.
    """

    steps: list[str]
    sessions: int
    completed: int
    share: float


class Paths:
    """Reads paths."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def paths(self, span: Range, limit: int = 30) -> list[Path]:
        """The `limit` most frequent paths; every session of the range has exactly one path."""
        found = await rows(
            self._database,
            _PATHS.format(cohort=cohort(span.bots), choices=choices_of(span.bots)),
            {**limits(span), "limit": min(limit, PATHS_MAX)},
        )
        return [
            Path(
                steps=row.steps,
                sessions=row.sessions,
                completed=row.completed,
                share=round(row.sessions / row.of_all, 6),
            )
            for row in found
        ]


_PATHS: Final = f"""
WITH firsts AS (
    SELECT session_id, category, min(first_at) AS at
    FROM {{choices}} AS choices WHERE option NOT IN {NOT_CHOSEN} GROUP BY 1, 2
), ways AS (
    SELECT session_id, (array_agg(category ORDER BY at, category))[1:{STEPS_MAX}] AS steps
    FROM firsts GROUP BY 1
)
SELECT coalesce(steps, ARRAY[]::text[]) AS steps, count(*) AS sessions,
    count(*) FILTER (WHERE sessions.status = 'COMPLETED') AS completed,
    (sum(count(*)) OVER ())::bigint AS of_all
FROM sessions LEFT JOIN ways ON session_id = sessions.id
WHERE {{cohort}} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit
"""
