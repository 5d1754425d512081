"""Figures by day in Vienna: statistics, popular options, popular combinations.

Each refresh counts again and writes what differs, so it may come as often and as late as it likes:
an event that came days later, a session that was completed or erased are in it the next time.
Everything is without bots, and by the day on which a session started.
"""

from datetime import date, timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.statistics import ZONE

DAYS_AT_ONCE = 31
OPTIONS_MAX = 200
"""So many options of a category, the most chosen, are kept for a day."""

COMBINATIONS_MAX = 100

_LOW = f"CAST(:first AS date)::timestamp AT TIME ZONE '{ZONE}'"
_HIGH = f"(CAST(:last AS date) + 1)::timestamp AT TIME ZONE '{ZONE}'"
_STARTED = f"started_at >= {_LOW} AND started_at < {_HIGH}"
_DAY = f"(started_at AT TIME ZONE '{ZONE}')::date"

_STATISTICS = text(
    f"""
    WITH visits AS (
        SELECT {_DAY} AS day,
            count(*) FILTER (WHERE bot_reason IS NULL) AS sessions,
            count(*) FILTER (WHERE bot_reason IS NULL AND status = 'COMPLETED') AS completed,
            count(*) FILTER (WHERE bot_reason IS NULL AND status = 'ABANDONED') AS abandoned,
            coalesce(sum(order_value_cents)
                FILTER (WHERE bot_reason IS NULL AND status = 'COMPLETED'), 0) AS value,
            count(*) FILTER (WHERE bot_reason IS NOT NULL) AS bots
        FROM sessions WHERE {_STARTED} GROUP BY 1
    ), counted AS (
        SELECT (at AT TIME ZONE '{ZONE}')::date AS day,
            coalesce(sum(n) FILTER (WHERE NOT bot), 0) AS n,
            coalesce(sum(n) FILTER (WHERE bot), 0) AS bots
        FROM (SELECT minute AS at, bot, n FROM activity_minutes
              UNION ALL SELECT hour, bot, n FROM activity_hours) AS both_tables
        WHERE at >= {_LOW} AND at < {_HIGH} GROUP BY 1
    ), computed AS (
        SELECT day, coalesce(sessions, 0) AS sessions, coalesce(completed, 0) AS completed,
            coalesce(abandoned, 0) AS abandoned, coalesce(value, 0) AS value,
            coalesce(counted.n, 0) AS n, coalesce(visits.bots, 0) AS bot_sessions,
            coalesce(counted.bots, 0) AS bot_n
        FROM visits FULL JOIN counted USING (day)
    ), gone AS (
        DELETE FROM daily_statistics WHERE day BETWEEN :first AND :last
            AND day NOT IN (SELECT day FROM computed)
    )
    INSERT INTO daily_statistics AS known (day, sessions, completed, abandoned, order_value_cents,
        interactions, bot_sessions, bot_interactions)
    SELECT * FROM computed ORDER BY day
    ON CONFLICT (day) DO UPDATE SET sessions = excluded.sessions, completed = excluded.completed,
        abandoned = excluded.abandoned, order_value_cents = excluded.order_value_cents,
        interactions = excluded.interactions, bot_sessions = excluded.bot_sessions,
        bot_interactions = excluded.bot_interactions, refreshed_at = now()
    WHERE (known.sessions, known.completed, known.abandoned, known.order_value_cents,
           known.interactions, known.bot_sessions, known.bot_interactions)
        IS DISTINCT FROM (excluded.sessions, excluded.completed, excluded.abandoned,
           excluded.order_value_cents, excluded.interactions, excluded.bot_sessions,
           excluded.bot_interactions)
    """  # noqa: S608 - built from the constants above
)

_POPULAR = text(
    f"""
    WITH counted AS (
        SELECT {_DAY} AS day, category, option, count(*) AS n
        FROM sessions JOIN session_choices ON session_id = sessions.id AND first_at >= {_LOW}
        WHERE {_STARTED} AND bot_reason IS NULL AND option <> '' GROUP BY 1, 2, 3
    ), ranked AS (
        SELECT *, row_number() OVER (PARTITION BY day, category ORDER BY n DESC, option) AS place
        FROM counted
    ), computed AS (
        SELECT day, category, option, n FROM ranked WHERE place <= {OPTIONS_MAX}
    ), gone AS (
        DELETE FROM daily_popular AS old WHERE day BETWEEN :first AND :last AND NOT EXISTS (
            SELECT FROM computed WHERE (computed.day, computed.category, computed.option)
                = (old.day, old.category, old.option))
    )
    INSERT INTO daily_popular AS known (day, category, option, n)
    SELECT * FROM computed ORDER BY day, category, option
    ON CONFLICT (day, category, option) DO UPDATE SET n = excluded.n WHERE known.n <> excluded.n
    """  # noqa: S608 - built from the constants above
)

_COMBINATIONS = text(
    f"""
    WITH counted AS (
        SELECT {_DAY} AS day, selection, count(*) AS n
        FROM sessions JOIN configurations ON configurations.id = configuration_id
        WHERE {_STARTED} AND bot_reason IS NULL AND head > 0 GROUP BY 1, 2
    ), ranked AS (
        SELECT *, sha256(convert_to(selection::text, 'UTF8')) AS hash,
            row_number() OVER (PARTITION BY day ORDER BY n DESC, selection) AS place
        FROM counted
    ), computed AS (
        SELECT day, hash, selection, n FROM ranked WHERE place <= {COMBINATIONS_MAX}
    ), gone AS (
        DELETE FROM daily_combinations AS old WHERE day BETWEEN :first AND :last AND NOT EXISTS (
            SELECT FROM computed WHERE (computed.day, computed.hash)
                = (old.day, old.selection_sha256))
    )
    INSERT INTO daily_combinations AS known (day, selection_sha256, selection, n)
    SELECT * FROM computed ORDER BY day, hash
    ON CONFLICT (day, selection_sha256) DO UPDATE SET n = excluded.n WHERE known.n <> excluded.n
    """  # noqa: S608 - built from the constants above
)


class DailyFigures:
    """Keeps `daily_statistics`, `daily_popular` and `daily_combinations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def refresh(self, first: date, last: date) -> int:
        """Counts sessions, interactions and chosen options of these days again.

        Returns how many rows are new or different.
        """
        return await self._refresh((_STATISTICS, _POPULAR), first, last)

    async def refresh_combinations(self, first: date, last: date) -> int:
        """Counts the configurations of the sessions of these days, as they are now.

        A configuration goes on changing after its session, so only refresh days that are just over.
        """
        return await self._refresh((_COMBINATIONS,), first, last)

    async def _refresh(self, statements: tuple[TextClause, ...], first: date, last: date) -> int:
        changed = 0
        while first <= last:
            until = min(last, first + timedelta(days=DAYS_AT_ONCE - 1))
            for statement in statements:
                days = {"first": first, "last": until}

                async def work(
                    connection: AsyncConnection,
                    statement: TextClause = statement,
                    days: dict[str, date] = days,
                ) -> int:
                    return int((await connection.execute(statement, days)).rowcount)

                changed += await self._database.write(work)
            first = until + timedelta(days=1)
        return changed
