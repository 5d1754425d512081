"""Every figure is the number that a second engine counts from the raw rows."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.periods import Unit
from configurator.activity.ranges import Range, parse_range
from storage.postgres.activity.interactions import Interactions
from storage.postgres.analytics.behaviour import Behaviour, Breakdown
from storage.postgres.analytics.figures import Figures
from storage.postgres.analytics.houses import Houses, bar_width
from storage.postgres.analytics.paths import PATHS_MAX, Paths
from storage.postgres.engine import Database
from tests.storage.conftest import World
from tests.storage.postgres.analytics.second_count import SecondCount
from tests.storage.postgres.analytics.visitors import DAYS, FIRST_DAY, SHOWN, store, visitors
from tests.support.activity import counts

NOW = FIRST_DAY + timedelta(days=DAYS)
RANGES = (
    {"from": "2026-03-20", "to": "2026-04-05"},
    {"from": "2026-03-28", "to": "2026-03-29"},  # the night in which an hour is missing
    {"from": "2026-03-27T10:17", "to": "2026-03-30T10:43"},
    {"from": "2026-03-27", "to": "2026-03-29", "tz": "Asia/Kolkata"},
)
FUNNELS: tuple[tuple[int, Breakdown], ...] = ((30, "none"), (1440, "device"))
STEPS = ("nest", "gebaeudehuelle", "innenverkleidung", "fenster", "completed")


async def end_some(database: Database) -> None:
    """Completes every sixth session with its own value, ends others; the rest stays active."""
    statement = text(
        """WITH numbered AS (SELECT id, last_seen_at, row_number() OVER (ORDER BY id) AS n FROM sessions)
           UPDATE sessions SET
             status = (ARRAY['COMPLETED', 'ABANDONED', 'ABANDONED', 'EXPIRED', 'ACTIVE', 'ACTIVE'])[1 + n % 6],
             completed_at = CASE WHEN n % 6 = 0 THEN numbered.last_seen_at + interval '1 minute' END,
             order_value_cents = CASE WHEN n % 6 = 0 THEN 15000000 + n * 100001 END
           FROM numbered WHERE numbered.id = sessions.id"""
    )

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(statement)

    await database.write(work)


async def test_figures_are_what_a_second_engine_counts(database_url: str, tmp_path: Path) -> None:
    second = SecondCount()
    async with Database(database_url) as database:
        await store(Interactions(database), visitors(240, seed=7))
        await end_some(database)
        await second.copy(database_url, tmp_path)
        assert (await counts(database_url)).rows > 2000
        for asked in (*RANGES, {**RANGES[2], "bots": "only"}, {**RANGES[3], "bots": "all"}):
            span = parse_range(asked, NOW)
            second.within(span)
            await kpis_agree(database, span, second)
            await series_agree(database, span, second)
            await funnels_agree(database, span, second)
            await choices_agree(database, span, second)


async def kpis_agree(database: Database, span: Range, second: SecondCount) -> None:
    kpis = await Figures(database).kpis(span)
    each = kpis.outcomes
    assert (
        each.sessions,
        each.active,
        each.completed,
        each.abandoned,
        each.expired,
        each.order_value_cents,
        each.average_order_value_cents,
    ) == second.kpis()
    ended = each.completed + each.abandoned + each.expired
    assert each.conversion == (round(each.completed / ended, 6) if ended else None)
    assert kpis.interactions == second.events(span)


async def series_agree(database: Database, span: Range, second: SecondCount) -> None:
    figures = Figures(database)
    kpis = await figures.kpis(span)
    units: tuple[Unit, ...] = ("hour", "day", "week", "month")
    for unit in units:
        points = await figures.series(span, unit)
        begins = [max(point.at, span.start) for point in points]
        limits = list(pairwise([*begins, span.end]))
        counted = [(point.sessions, point.completed, point.interactions) for point in points]
        assert counted == second.between(limits, span.bots)
        assert sum(point.interactions or 0 for point in points) == kpis.interactions
        assert sum(point.sessions for point in points) == kpis.outcomes.sessions


async def funnels_agree(database: Database, span: Range, second: SecondCount) -> None:
    behaviour = Behaviour(database)
    for window, by in FUNNELS:
        parts = await behaviour.funnel(span, STEPS, window_minutes=window, by=by)
        assert sum(part.sessions for part in parts) == second.kpis()[0]
        for part in parts:
            device = part.value if by == "device" else None
            assert list(part.reached) == second.funnel(STEPS, window * 60_000, device)
            assert list(part.reached) == sorted(part.reached, reverse=True)


async def choices_agree(database: Database, span: Range, second: SecondCount) -> None:
    behaviour = Behaviour(database)
    options = await behaviour.options(span)
    expected = second.options()
    assert {(each.category, each.option) for each in options} == set(expected)
    for each in options:
        sessions, selections, kept, choosers = expected[each.category, each.option]
        assert (each.sessions, each.selections, each.kept) == (sessions, selections, kept)
        assert each.share == pytest.approx(sessions / choosers, abs=1e-6)
    steps = {each.category: each for each in await behaviour.steps(span)}
    counted = second.steps()
    assert set(steps) == set(counted) <= set(SHOWN)
    for category, (looked, chose, spent, selections, changed, median) in counted.items():
        step = steps[category]
        assert (step.looked, step.chose, step.time_ms) == (looked, chose, spent)
        assert (step.selections, step.changes_of_mind) == (selections, changed)
        assert (step.decision_ms_median is None) == (median is None)
        if median is not None:
            assert step.decision_ms_median == pytest.approx(median, abs=1)


@pytest.mark.parametrize("by", ["device", "language", "referrer"])
async def test_parts_add_up_to_the_whole(database_url: str, by: str) -> None:
    async with Database(database_url) as database:
        figures = Figures(database)
        await store(Interactions(database), visitors(40, seed=3))
        span = parse_range(RANGES[0], NOW)
        whole = (await figures.kpis(span)).outcomes
        parts = await figures.breakdown(span, by)  # type: ignore[arg-type]
        assert sum(part.outcomes.sessions for part in parts) == whole.sessions > 0
        assert [part.outcomes.sessions for part in parts] == sorted(
            (part.outcomes.sessions for part in parts), reverse=True
        )
        (catalogue,) = await figures.catalogues(span)
        assert (catalogue.catalogue_id, catalogue.outcomes) == ("", whole)


async def test_journeys_begin_and_end(database_url: str) -> None:
    async with Database(database_url) as database:
        await store(Interactions(database), visitors(40, seed=3))
        span = parse_range(RANGES[0], NOW)
        moves = await Behaviour(database).journeys(span)
        began = sum(each.sessions for each in moves if each.came_from == "began")
        ends = {"left", "completed", "active"}
        left = sum(each.sessions for each in moves if each.went_to in ends)
        assert not [each for each in moves if each.went_to in {"left", "completed"}]
        assert began == left == (await Figures(database).kpis(span)).outcomes.sessions


async def test_every_session_has_one_way(database_url: str, tmp_path: Path) -> None:
    second = SecondCount()
    async with Database(database_url) as database:
        await store(Interactions(database), visitors(60, seed=3))
        await end_some(database)
        await second.copy(database_url, tmp_path)
        for asked in (RANGES[0], RANGES[2], {**RANGES[0], "bots": "all"}):
            span = parse_range(asked, NOW)
            second.within(span)
            ways = await Paths(database).paths(span, PATHS_MAX)
            counted = {tuple(way.steps): (way.sessions, way.completed) for way in ways}
            assert counted == second.ways()
            assert sum(way.sessions for way in ways) == second.kpis()[0]
            assert sum(way.share for way in ways) == pytest.approx(1, abs=1e-4)
            top = await Paths(database).paths(span, 2)
            assert top == ways[:2]


async def test_an_open_house_counts_once_and_an_inquired_one_as_its_order(
    database: Database, world: World
) -> None:
    first, second = [await world.configuration() for _ in range(2)]
    statement = text(
        """INSERT INTO sessions (id, configuration_id, status, order_value_cents, completed_at, started_at)
           VALUES (:id, :house, :status, :cents, :done, :at)"""
    )

    async def work(connection: AsyncConnection) -> None:
        for house, status, cents in (
            (first.id, "ACTIVE", None),
            (first.id, "ACTIVE", None),
            (second.id, "COMPLETED", 18_000_000),
            (None, "COMPLETED", 22_000_000),
        ):
            done = FIRST_DAY if cents else None
            values = {"house": house, "status": status, "cents": cents, "done": done}
            await connection.execute(statement, {"id": uuid4(), "at": FIRST_DAY, **values})
        await connection.execute(
            text(
                "UPDATE configurations SET head = 1, status = CASE WHEN id = :id THEN 'inquired' ELSE status END"
            ),
            {"id": second.id},
        )

    await database.write(work)
    span = parse_range(RANGES[0], NOW)
    kpis = await Figures(database).kpis(span)
    assert kpis.open_value_cents == first.total_cents
    assert kpis.outcomes.average_order_value_cents == 20_000_000
    completed, still_open = await Houses(database).prices(span)
    assert (completed.n, completed.lowest_cents, completed.highest_cents) == (
        2,
        18_000_000,
        22_000_000,
    )
    assert {each.percent: each.cents for each in completed.percentiles}[50] == 18_000_000
    assert [bar.n for bar in completed.histogram][:: len(completed.histogram) - 1] == [1, 1]
    assert (still_open.n, still_open.average_cents) == (1, first.total_cents)
    (house,) = await Houses(database).combinations(span)
    assert (house.houses, house.completed, house.share) == (2, 1, 1.0)
    effects = await Figures(database).catalogues(span)
    assert {each.catalogue_id: each.outcomes.sessions for each in effects} == {
        first.catalogue_id: 3,
        "": 1,
    }


@pytest.mark.parametrize(
    ("lowest", "highest", "width"),
    [(0, 0, 100_000), (0, 3_999_999, 100_000), (0, 4_000_000, 200_000), (0, 10**9, 50_000_000)],
)
def test_bars_have_round_limits_and_are_few(lowest: int, highest: int, width: int) -> None:
    assert bar_width(lowest, highest) == width
