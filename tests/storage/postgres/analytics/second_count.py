"""The same figures counted a second time, by DuckDB, from nothing but the raw rows.

Written from the definitions and not from the other SQL: it knows no roll-ups, joins where that
aggregates, and takes lists where that takes windows.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import duckdb

from configurator.activity.ranges import Range

_EVENTS = """SELECT session_id, event_id, (extract(epoch FROM occurred_at) * 1000)::bigint AS ms,
    event_type, category, selection_value, previous_value, coalesce(time_spent_ms, 0) AS spent, bot
    FROM interactions"""
_ENDS = """SELECT id, status, order_value_cents AS cents, coalesce(device_type, '') AS device,
    (extract(epoch FROM completed_at) * 1000)::bigint AS done FROM sessions"""


class SecondCount:
    def __init__(self) -> None:
        self.duck = duckdb.connect(":memory:", config={"threads": 1})

    async def copy(self, database_url: str, folder: Path) -> None:
        connection = await asyncpg.connect(database_url)
        try:
            for name, query in (("raw", _EVENTS), ("ends", _ENDS)):
                file = folder / f"{name}.csv"
                await connection.copy_from_query(query, output=file, format="csv", header=True)
                self.duck.execute(f"CREATE TABLE {name} AS FROM read_csv('{file}')")
        finally:
            await connection.close()
        self.duck.execute(
            """CREATE TABLE visits AS
               SELECT session_id AS id, min(ms) AS began, bool_or(bot) AS is_bot FROM raw
               GROUP BY session_id"""
        )

    def within(self, span: Range) -> None:
        """Count only these sessions from now on."""
        who = {"none": "NOT is_bot", "only": "is_bot", "all": "true"}[span.bots]
        self.duck.execute(
            f"""CREATE OR REPLACE TEMP TABLE mine AS
                SELECT visits.*, ends.* EXCLUDE (id) FROM visits JOIN ends USING (id)
                WHERE began >= {_ms(span.start)} AND began < {_ms(span.end)} AND {who}"""
        )
        self.duck.execute(
            """CREATE OR REPLACE TEMP TABLE picks AS
               SELECT mine.id, category, ms, event_id, string_split(selection_value, ':')[1] AS option,
                   coalesce(string_split(previous_value, ':')[1], 'none') AS previous
               FROM mine JOIN raw ON raw.session_id = mine.id
               WHERE event_type = 'selection' AND selection_value IS NOT NULL"""
        )

    def kpis(self) -> tuple[Any, ...]:
        """Sessions, active, completed, abandoned, expired, order value, average."""
        return self._one(
            """SELECT count(*), count(*) FILTER (WHERE status = 'ACTIVE'), count(*) FILTER (WHERE status = 'COMPLETED'),
                 count(*) FILTER (WHERE status = 'ABANDONED'), count(*) FILTER (WHERE status = 'EXPIRED'),
                 coalesce(sum(CASE WHEN status = 'COMPLETED' THEN cents END), 0)::bigint,
                 round(avg(CASE WHEN status = 'COMPLETED' THEN cents END))::bigint FROM mine"""
        )

    def events(self, span: Range) -> int:
        """Events that happened in the range."""
        return sum(row[2] for row in self.between([(span.start, span.end)], span.bots))

    def between(
        self, limits: Sequence[tuple[datetime, datetime]], bots: str
    ) -> list[tuple[int, int, int]]:
        """Sessions that began, completed ones, events, from each start up to its end."""
        who = {"none": "NOT bot", "only": "bot", "all": "true"}[bots]
        listed = ", ".join(f"({n}, {_ms(a)}, {_ms(b)})" for n, (a, b) in enumerate(limits))
        return self.duck.execute(
            f"""WITH spans AS (FROM (VALUES {listed}) AS given (n, a, b)),
                    began AS (SELECT n, count(*) AS sessions,
                            count(*) FILTER (WHERE status = 'COMPLETED') AS completed
                        FROM spans JOIN mine ON began >= a AND began < b GROUP BY n),
                    happened AS (SELECT n, count(*) AS events
                        FROM spans JOIN raw ON ms >= a AND ms < b AND {who} GROUP BY n)
                SELECT coalesce(sessions, 0), coalesce(completed, 0), coalesce(events, 0)
                FROM spans LEFT JOIN began USING (n) LEFT JOIN happened USING (n) ORDER BY n"""
        ).fetchall()

    def funnel(self, steps: Sequence[str], window_ms: int, device: str | None) -> list[int]:
        """The number of sessions that reach each step."""
        chosen = "SELECT id, category, min(ms) AS ms FROM picks WHERE option <> 'none' GROUP BY ALL"
        self.duck.execute(
            f"CREATE OR REPLACE TEMP TABLE firsts AS {chosen} UNION ALL"
            " SELECT id, 'completed', done FROM mine WHERE done IS NOT NULL"
        )
        part = "true" if device is None else f"device = '{device}'"
        reached = f"SELECT id, ms, ms AS since FROM firsts JOIN mine USING (id) WHERE {part} AND category = '{steps[0]}'"
        counts = []
        for place, step in enumerate(steps):
            if place:
                reached = (
                    f"SELECT f.id, f.ms, r.since FROM ({reached}) r JOIN firsts f USING (id)"
                    f" WHERE f.category = '{step}' AND f.ms >= r.ms AND f.ms - r.since <= {window_ms}"
                )
            counts.append(int(self._one(f"SELECT count(*) FROM ({reached})")[0]))
        return counts

    def options(self) -> dict[tuple[str, str], tuple[int, int, int, int]]:
        """Sessions, selections, kept, and the sessions that chose in the category."""
        found = self.duck.execute(
            """WITH became AS (SELECT mine.id, category,
                        arg_max(string_split(selection_value, ':')[1], ms) AS option
                    FROM mine JOIN raw ON raw.session_id = mine.id
                    WHERE event_type IN ('selection', 'undo', 'redo', 'adjusted')
                        AND selection_value IS NOT NULL GROUP BY ALL),
                    last AS (SELECT DISTINCT became.* FROM became JOIN picks
                        USING (id, category, option)),
                    choosers AS (SELECT category, count(DISTINCT id) AS n FROM picks
                                 WHERE option <> 'none' GROUP BY ALL)
               SELECT picks.category, picks.option, count(DISTINCT picks.id), count(*),
                   (SELECT count(*) FROM last WHERE last.category = picks.category
                        AND last.option = picks.option),
                   any_value(choosers.n)
               FROM picks JOIN choosers ON choosers.category = picks.category
               WHERE picks.option <> 'none' GROUP BY 1, 2"""
        ).fetchall()
        return {(row[0], row[1]): tuple(row[2:]) for row in found}

    def steps(self) -> dict[str, tuple[Any, ...]]:
        """Looked, chose, time, selections, changes of mind, median time to decide."""
        found = self.duck.execute(
            """WITH seen AS (
                   SELECT mine.id, category, min(ms) AS came, sum(spent) AS spent
                   FROM mine JOIN raw ON raw.session_id = mine.id GROUP BY ALL),
               had AS (
                   SELECT id, category, max(ms) FILTER (WHERE option <> 'none') AS decided,
                       count(*) AS picked, [arg_min(previous, ms)]
                           || coalesce(list(option ORDER BY ms) FILTER (WHERE option <> previous), []) AS l
                   FROM picks GROUP BY ALL),
               minds AS (
                   SELECT *, len(list_filter(range(2, len(l) + 1), lambda i:
                       list_contains(l[1:i - 1], l[i]))) AS changed FROM had)
               SELECT category, count(*), count(decided), sum(spent)::bigint,
                   coalesce(sum(picked), 0)::bigint, coalesce(sum(changed), 0)::bigint,
                   median(decided - came)
               FROM seen LEFT JOIN minds USING (id, category) GROUP BY category"""
        ).fetchall()
        return {row[0]: tuple(row[1:]) for row in found}

    def ways(self) -> dict[tuple[str, ...], tuple[int, int]]:
        """Sessions and completed ones by the order of their choices."""
        found = self.duck.execute(
            """WITH firsts AS (SELECT id, category, min(ms) AS ms FROM picks
                               WHERE option <> 'none' GROUP BY ALL),
                    ways AS (SELECT id, list(category ORDER BY ms, category) AS steps
                             FROM firsts GROUP BY id)
               SELECT coalesce(steps, []), count(*), count(*) FILTER (WHERE status = 'COMPLETED')
               FROM mine LEFT JOIN ways USING (id) GROUP BY ALL"""
        ).fetchall()
        return {tuple(row[0]): (row[1], row[2]) for row in found}

    def _one(self, query: str, *values: object) -> tuple[Any, ...]:
        found = self.duck.execute(query, values).fetchone()
        assert found is not None
        return tuple(found)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
