"""Final houses: the most frequent selections, and the distribution of prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.ranges import Range
from storage.postgres.analytics.cohort import cohort, limits, rows
from storage.postgres.engine import Database

PERCENTILES: Final = (5, 10, 25, 50, 75, 90, 95)
BUCKETS_MAX: Final = 40
COMBINATIONS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequentHouse:
    """A selection (category to choice) and how many houses ended with it.

    `share`: of all edited houses of the range. `completed`: how many of them were inquired.
    """

    selection: dict[str, object]
    total_cents: int
    catalogue_id: str
    houses: int
    completed: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The number of prices from `from_cents` up to, but not including, `to_cents`."""

    from_cents: int
    to_cents: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """The smallest price such that at least `percent` % of all prices are not above it."""

    percent: int
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices of one kind; empty lists and nulls when there are none."""

    n: int
    lowest_cents: int | None
    highest_cents: int | None
    average_cents: int | None
    percentiles: tuple[Percentile, ...]
    histogram: tuple[Bar, ...]


class Houses:
    """Reads figures of final houses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def combinations(self, span: Range, limit: int = 20) -> list[FrequentHouse]:
        """The present selections of the houses of the range's sessions, the most frequent first.

        Each house once, however many sessions it had; houses in which nothing was ever chosen do
        not count.
        """
        found = await rows(
            self._database,
            f"""
            WITH houses AS (
                SELECT selection, catalogue_id, total_cents, status FROM configurations
                WHERE head > 0 AND id IN (
                    SELECT configuration_id FROM sessions WHERE {cohort(span.bots)})
            )
            SELECT selection, catalogue_id, min(total_cents) AS total_cents, count(*) AS houses,
                count(*) FILTER (WHERE status = 'inquired') AS completed,
                (SELECT count(*) FROM houses) AS of_all
            FROM houses GROUP BY selection, catalogue_id
            ORDER BY count(*) DESC, selection LIMIT :limit
            """,
            {**limits(span), "limit": min(limit, COMBINATIONS_MAX)},
        )
        return [
            FrequentHouse(
                selection=row.selection,
                total_cents=row.total_cents,
                catalogue_id=row.catalogue_id,
                houses=row.houses,
                completed=row.completed,
                share=round(row.houses / row.of_all, 6),
            )
            for row in found
        ]

    async def prices(self, span: Range) -> tuple[Prices, Prices]:
        """The order values of completed sessions, and the prices of the open houses of active ones."""
        completed = (
            "SELECT order_value_cents AS cents FROM sessions"
            f" WHERE {cohort(span.bots)} AND status = 'COMPLETED' AND order_value_cents IS NOT NULL"
        )
        still_open = (
            "SELECT total_cents AS cents FROM configurations WHERE status = 'open' AND id IN ("
            f" SELECT configuration_id FROM sessions WHERE {cohort(span.bots)}"
            " AND sessions.status = 'ACTIVE')"
        )

        async def work(connection: AsyncConnection) -> tuple[Prices, Prices]:
            return (
                await _prices(connection, completed, span),
                await _prices(connection, still_open, span),
            )

        return await self._database.read_snapshot(work)


async def _prices(connection: AsyncConnection, source: str, span: Range) -> Prices:
    fractions = ", ".join(str(percent / 100) for percent in PERCENTILES)
    summary = text(
        f"""
        SELECT count(*) AS n, min(cents) AS lowest, max(cents) AS highest,
            round(avg(cents))::bigint AS average,
            percentile_disc(ARRAY[{fractions}]) WITHIN GROUP (ORDER BY cents) AS percentiles
        FROM ({source}) AS prices
        """
    )
    found = (await connection.execute(summary, limits(span))).one()
    if found.n == 0:
        return Prices(
            n=0,
            lowest_cents=None,
            highest_cents=None,
            average_cents=None,
            percentiles=(),
            histogram=(),
        )
    width_cents = bar_width(found.lowest, found.highest)
    counted = await connection.execute(
        text(
            "SELECT floor(cents::numeric / CAST(:width AS bigint))::bigint AS bar, count(*) AS n"
            f" FROM ({source}) AS prices GROUP BY 1"
        ),
        {**limits(span), "width": width_cents},
    )
    return Prices(
        n=found.n,
        lowest_cents=found.lowest,
        highest_cents=found.highest,
        average_cents=found.average,
        percentiles=tuple(
            Percentile(percent=percent, cents=cents)
            for percent, cents in zip(PERCENTILES, found.percentiles, strict=True)
        ),
        histogram=_histogram(counted.all(), width_cents),
    )


def _histogram(counted: Sequence[Row[Any]], width_cents: int) -> tuple[Bar, ...]:
    """Every bar from the lowest to the highest, empty ones too."""
    by_bar = {row.bar: row.n for row in counted}
    return tuple(
        Bar(from_cents=bar * width_cents, to_cents=(bar + 1) * width_cents, n=by_bar.get(bar, 0))
        for bar in range(min(by_bar), max(by_bar) + 1)
    )


def bar_width(lowest_cents: int, highest_cents: int) -> int:
    """1, 2 or 5 times a power of ten, at least 1,000 euros, such that BUCKETS_MAX bars suffice."""
    width = 100_000
    while True:
        for step in (1, 2, 5):
            if highest_cents // (step * width) - lowest_cents // (step * width) < BUCKETS_MAX:
                return step * width
        width *= 10
