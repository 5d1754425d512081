"""The sum of a series is the figure of its range: in every zone, over every change of its clocks."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from configurator.activity.event_ids import session_uuid, uuid7
from configurator.activity.interaction import Event
from configurator.activity.ranges import Bots, Range, parse_range
from configurator.activity.tracking import Interaction
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.analytics.figures import Figures, units_of
from storage.postgres.engine import Database
from tests.configurator.activity.test_periods import ZONES, changes, utc
from tests.realtime.api.analytics.stage import PATH, opened, sheet_lines
from tests.realtime.sheets.reading import book, table

UNITS = ("hour", "day", "week", "month")
NOTABLE = (
    "Africa/Monrovia",  # 44 minutes 30 seconds until 1972
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",  # changed at one minute past midnight
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Vienna",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)


async def sessions_at(connection: asyncpg.Connection, moments: list[datetime]) -> None:
    """Sessions that began then, every third completed, with two events each, in quarters."""
    rows = [
        (uuid4(), at, "COMPLETED" if place % 3 == 0 else "EXPIRED")
        for place, at in enumerate(moments)
    ]
    await connection.executemany(
        "INSERT INTO sessions (id, started_at, status) VALUES ($1, $2, $3)", rows
    )
    await connection.execute(
        "INSERT INTO interactions (session_id, event_id, received_at, occurred_at, processing_ms,"
        " stream_id, source, event_type, category)"
        " SELECT gen_random_uuid(), gen_random_uuid(), at, at, 0, '1-0', 'test', 'click', 'nest'"
        " FROM unnest($1::timestamptz[]) AS at, generate_series(1, 2)",
        moments,
    )
    await connection.execute(
        "INSERT INTO activity_quarters (quarter, bot, n)"
        " SELECT date_bin('15 minutes', at, 'epoch'), false, 2 * count(*)"
        " FROM unnest($1::timestamptz[]) AS at GROUP BY 1"
        " ON CONFLICT (quarter, bot) DO UPDATE SET n = activity_quarters.n + excluded.n",
        moments,
    )


async def adds_up(figures: Figures, span: Range) -> bool:
    """Whether the sum of each column, in series of every unit, is the figure of the range."""
    kpis = await figures.kpis(span)
    whole = (kpis.outcomes.sessions, kpis.outcomes.completed, kpis.inquiries, kpis.interactions)
    assert whole[0]
    assert whole[1]
    assert whole[3]
    for unit in UNITS:
        points = await figures.series(span, unit)  # type: ignore[arg-type]
        columns = ("sessions", "completed", "inquiries", "interactions")
        sums = tuple(sum(getattr(point, name) for point in points) for name in columns)
        if sums != whole:
            return False
        instants = [point.at.timestamp() for point in points]
        assert instants == sorted(set(instants))
    return True


@pytest.mark.parametrize("notable", [True, False])
async def test_every_series_adds_up_over_every_change(
    database: Database, database_url: str, notable: bool
) -> None:
    chance = random.Random(4)
    asked = []
    zones = NOTABLE if notable else chance.sample(ZONES, 16)
    for zone in zones:
        known = changes(zone)
        recent = [at for at in known if at.year in {2026, 2027}]
        some = known if zone in {"Pacific/Apia", "Africa/Monrovia"} else []
        chosen = [*recent[:2], *chance.sample(known, 1), *some[-6:]]
        asked += [(zone, around.replace(hour=0)) for around in chosen]
    moments = sorted(
        {
            day + timedelta(minutes=15 * quarter, seconds=quarter)
            for _, day in asked
            for quarter in range(-100, 196, 5)
        }
    )
    connection = await asyncpg.connect(database_url)
    try:
        await sessions_at(connection, moments)
    finally:
        await connection.close()
    figures = Figures(database)
    wrong = []
    for zone, day in asked:
        local = day.astimezone(ZoneInfo(zone)).date()
        span = parse_range(
            {"from": f"{local}", "to": f"{local + timedelta(days=1)}", "tz": zone}, day
        )
        if not await adds_up(figures, span):
            wrong.append((zone, day))
    assert wrong == []


@pytest.mark.parametrize(
    ("zone", "at", "hour"),
    [
        ("Europe/Vienna", "2026-10-25T00:30", 2),
        ("America/New_York", "2026-11-01T05:30", 1),
        ("Atlantic/Azores", "2026-10-25T00:30", 0),
    ],
)
async def test_a_repeated_hour_is_two_points_that_can_be_told_apart(
    database_url: str, zone: str, at: str, hour: int
) -> None:
    async with opened(database_url) as (_, client):
        connection = await asyncpg.connect(database_url)
        try:
            await sessions_at(connection, [utc(at), utc(at) + timedelta(hours=1)])
        finally:
            await connection.close()
        asked = {"from": at[:10], "to": at[:10], "tz": zone, "unit": "hour"}
        path = "/api/admin/analytics/series"
        rows = (await client.get(path, params=asked)).json()["rows"]
        twice = [row for row in rows if int(row["at"][11:13]) == hour]
        assert [row["sessions"] for row in twice] == [1, 1]
        assert twice[0]["at"][:19] == twice[1]["at"][:19]
        assert len({row["at"] for row in rows}) == len(rows) == 25
        lines = await sheet_lines(client, "series", asked)
        assert len({line["at"] for line in lines}) == 25
        assert sum(int(line["sessions"]) for line in lines) == 2


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Vienna", "2026-03-29"),
        ("Europe/Vienna", "2026-10-25"),
        ("Europe/Vienna", "2026-10-26"),
        ("America/New_York", "2026-03-08"),
        ("America/Santiago", "2026-09-06"),
        ("Antarctica/Troll", "2026-03-29"),
    ],
)
@pytest.mark.parametrize("unit", ["hour", "day"])
async def test_both_ranges_of_a_comparison_are_whole_side_by_side(
    database_url: str, zone: str, day: str, unit: str
) -> None:
    """Each session of either range is in one row of the file, beside its own hour of the clock."""
    first = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=60)
    async with opened(database_url) as (world, client):
        world.now = first + timedelta(days=30)
        connection = await asyncpg.connect(database_url)
        try:
            await sessions_at(connection, [first + timedelta(minutes=30 * n) for n in range(240)])
        finally:
            await connection.close()
        asked = {"from": day, "to": day, "tz": zone, "compare": "previous"}
        kpis = (await client.get(f"{PATH}/kpis", params=asked)).json()
        series = (await client.get(f"{PATH}/series", params={**asked, "unit": unit})).json()
        whole = {row["name"]: row for row in kpis["rows"]}
        lines = await sheet_lines(client, "series", asked, unit=unit)
        assert len(lines) == len(series["pairs"])
        for column in ("sessions", "completed", "interactions"):
            sums = [
                sum(int(line[name] or 0) for line in lines)
                for name in (column, f"compared_{column}")
            ]
            assert sums == [whole[column]["value"], whole[column]["previous"]]
        for line in lines:
            if unit == "hour" and line["at"] and line["compared_at"]:
                assert line["at"][11:13] == line["compared_at"][11:13]
        form = {**asked, "unit": unit, "lang": "de"}
        text = (await client.get(f"{PATH}/series", params={**form, "format": "csv"})).text
        excel = await client.get(f"{PATH}/series", params={**form, "format": "xlsx"})
        heading, *rows = table(text, ";")
        place = heading.index("Vergleich: Sitzungen")
        assert sum(int(row[place] or 0) for row in rows) == whole["sessions"]["previous"]
        cells = [row[place].value for row in book(excel.content).iter_rows()]
        assert cells[0] == "Vergleich: Sitzungen"
        assert sum(cell or 0 for cell in cells[1:]) == whole["sessions"]["previous"]


async def test_a_day_without_midnight_counts(database_url: str, database: Database) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await sessions_at(connection, [utc("2026-09-06T15:00")])
    finally:
        await connection.close()
    asked = {"from": "2026-09-06", "to": "2026-09-06", "tz": "America/Santiago"}
    span = parse_range(asked, datetime(2026, 11, 1, tzinfo=UTC))
    (day,) = await Figures(database).series(span, "day")
    assert (day.sessions, day.interactions) == (1, 2)
    assert day.at.isoformat() == "2026-09-06T01:00:00-03:00"


# ---- what retention removed

KEPT_DAYS = 30
OLD = datetime(2026, 3, 2, tzinfo=UTC)


async def old_events(database: Database, every_minutes: int = 7) -> int:
    """Six days of events of one session each, a tenth of them bots, with retention's mark."""
    interactions = Interactions(database)
    await interactions.ensure_partitions(OLD.date(), (OLD + timedelta(days=6)).date())
    moments = [OLD + timedelta(minutes=n) for n in range(0, 6 * 1440, every_minutes)]
    await interactions.store(
        [
            Incoming(
                stream_id=f"{n + 1}-0",
                event=Event(
                    event_id=uuid7(int(at.timestamp() * 1000), n),
                    session=f"s{n}",
                    received_at=at,
                    source="test",
                    bot="headless" if n % 10 == 0 else None,
                    interaction=Interaction(event_type="click", category="nest"),
                ),
            )
            for n, at in enumerate(moments)
        ],
        consumer="w",
    )
    return len(moments)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Europe/Vienna"])
async def test_half_hour_zones_count_the_same_after_retention(
    database: Database, zone: str
) -> None:
    await old_events(database)
    await Interactions(database).fold_minutes(OLD + timedelta(days=20))
    figures = Figures(database)
    now = OLD + timedelta(days=60)
    spans = [
        parse_range({"from": "2026-03-03", "to": "2026-03-06", "tz": zone, "bots": bots}, now)
        for bots in ("none", "only", "all")
    ]
    before = [
        (await figures.kpis(span), [await figures.series(span, unit) for unit in units_of(span)])
        for span in spans
    ]
    assert before[0][0].interactions
    dropped = await Upkeep(database).drop_before((OLD + timedelta(days=30)).date())
    assert dropped.partitions == 7
    after = [
        (await figures.kpis(span), [await figures.series(span, unit) for unit in units_of(span)])
        for span in spans
    ]
    assert after == before


async def test_a_limit_within_a_quarter_is_exact_or_said_not_to_be(database: Database) -> None:
    figures = Figures(database)
    every = 7
    await old_events(database, every)
    await Interactions(database).fold_minutes(OLD + timedelta(days=20))
    asked = {"from": "2026-03-03T10:37Z", "to": "2026-03-04T12:52Z", "bots": "all", "tz": "UTC"}
    span = parse_range(asked, OLD + timedelta(days=60))
    low, high = (round((each - OLD) / timedelta(minutes=1)) for each in (span.start, span.end))
    expected = sum(low <= minute < high for minute in range(0, 6 * 1440, every))
    assert (await figures.kpis(span)).interactions == expected
    assert sum(point.interactions or 0 for point in await figures.series(span, "hour")) == expected
    await Upkeep(database).drop_before((OLD + timedelta(days=30)).date())
    assert (await figures.kpis(span)).interactions is None
    points = await figures.series(span, "hour")
    unknown = [place for place, point in enumerate(points) if point.interactions is None]
    assert unknown == [0, len(points) - 1]


@pytest.mark.parametrize("bots", ["none", "all"])
async def test_hours_of_an_earlier_release_count_whole_or_by_rows(
    database: Database, database_url: str, bots: Bots
) -> None:
    figures = Figures(database)
    await old_events(database)
    await Interactions(database).fold_minutes(OLD + timedelta(days=20))
    asked = {"from": "2026-03-03", "to": "2026-03-06", "bots": bots}
    now = OLD + timedelta(days=60)
    spans = [parse_range({**asked, "tz": zone}, now) for zone in ("Europe/Vienna", "Asia/Kolkata")]
    exact = [await figures.series(span, "day") for span in spans]
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "INSERT INTO activity_hours (hour, event_type, category, bot, n, time_ms)"
            " SELECT date_trunc('hour', quarter), 'click', 'nest', bot, sum(n), 0"
            " FROM activity_quarters GROUP BY 1, 4"
        )
        await connection.execute("DELETE FROM activity_quarters")
        assert [await figures.series(span, "day") for span in spans] == exact
        await connection.execute("TRUNCATE interactions")
        await connection.execute(
            "INSERT INTO activity_dropped (hour, n) SELECT hour, sum(n) FROM activity_hours GROUP BY 1"
        )
    finally:
        await connection.close()
    assert await figures.series(spans[0], "day") == exact[0]
    assert {point.interactions for point in await figures.series(spans[1], "day")} == {None}
    assert (await figures.kpis(spans[0])).interactions == sum(p.interactions or 0 for p in exact[0])


async def test_a_session_says_how_many_of_its_interactions_are_gone(database_url: str) -> None:
    async with opened(database_url) as (world, client):
        await old_events(world.database, every_minutes=60)
        session = session_uuid("s30")
        path = f"/api/admin/analytics/sessions/{session}"
        assert (await client.get(path)).json()["gone"] == 0
        await Upkeep(world.database).drop_before((OLD + timedelta(days=30)).date())
        answer = (await client.get(path)).json()
        assert (answer["gone"], answer["session"]["interactions"], answer["rows"]) == (1, 1, [])
