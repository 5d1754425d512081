"""Figures by day: the same as a count over what is stored, also after something came late."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from configurator.activity import Event, Interaction
from configurator.event_ids import uuid7
from storage.postgres.daily import DailyFigures
from storage.postgres.engine import Database
from storage.postgres.interactions import Incoming, Interactions
from tests.storage.conftest import World

VIENNA = ZoneInfo("Europe/Vienna")
DAY = date(2026, 3, 29)  # a day of 23 hours
MIDNIGHT = datetime(2026, 3, 29, tzinfo=VIENNA)


def chose(session: str, moment: datetime, n: int, option: str, bot: str | None = None) -> Event:
    at = moment.astimezone(UTC)
    return Event(
        event_id=uuid7(int(at.timestamp() * 1000), n),
        session=session,
        received_at=at,
        source="test",
        interaction=Interaction(event_type="selection", category="nest", selection_value=option),
        bot=bot,
    )


async def store(database: Database, events: list[Event]) -> None:
    await Interactions(database).store(
        [
            Incoming(stream_id=f"{each.event_id.int >> 80}-{n}", event=each)
            for n, each in enumerate(events)
        ],
        consumer="w",
    )


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.driver() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


STATISTICS = (
    "SELECT day, sessions, completed, abandoned, order_value_cents, interactions, bot_sessions,"
    " bot_interactions FROM daily_statistics ORDER BY day"
)
POPULAR = "SELECT day, category, option, n FROM daily_popular ORDER BY 1, 2, 3"


async def test_days_begin_in_vienna_and_late_events_correct_them(database: Database) -> None:
    figures = DailyFigures(database)
    last_minute = MIDNIGHT - timedelta(minutes=1)
    evening = datetime(2026, 3, 29, 23, 59, tzinfo=VIENNA)
    await store(
        database,
        [
            chose("a", last_minute, 1, "nest80"),
            chose("b", MIDNIGHT, 2, "nest80"),
            chose("b", MIDNIGHT, 3, "nest120"),
            chose("b", MIDNIGHT, 4, "nest120"),
            chose("c", evening, 5, "nest80"),
            chose("robot", evening, 6, "nest140", bot="a crawler"),
        ],
    )
    week = (DAY - timedelta(days=3), DAY + timedelta(days=3))
    assert await figures.refresh(*week) == 5
    before = DAY - timedelta(days=1)
    assert await rows(database, STATISTICS) == [
        (before, 1, 0, 0, 0, 1, 0, 0),
        (DAY, 2, 0, 0, 0, 4, 1, 1),
    ]
    assert await rows(database, POPULAR) == [
        (before, "nest", "nest80", 1),
        (DAY, "nest", "nest120", 1),
        (DAY, "nest", "nest80", 2),
    ]
    assert await figures.refresh(*week) == 0
    async with database.driver() as connection:
        await connection.execute(
            "UPDATE sessions SET status = 'COMPLETED', order_value_cents = 7 WHERE external_id = 'a'"
        )
    await Interactions(database).fold_minutes(evening + timedelta(days=3))
    await store(database, [chose("b", MIDNIGHT, 9, "nest160")])
    assert await figures.refresh(*week) == 3
    assert await rows(database, STATISTICS) == [
        (before, 1, 1, 0, 7, 1, 0, 0),
        (DAY, 2, 0, 0, 0, 5, 1, 1),
    ]


async def test_what_was_erased_leaves_the_figures(database: Database) -> None:
    figures = DailyFigures(database)
    await store(database, [chose("a", MIDNIGHT, 1, "nest80"), chose("b", MIDNIGHT, 2, "nest120")])
    await figures.refresh(DAY, DAY)
    async with database.driver() as connection:
        for table in ("interactions", "activity_minutes", "session_choices", "sessions"):
            await connection.execute(f"DELETE FROM {table}")
    await figures.refresh(DAY, DAY)
    assert await rows(database, STATISTICS) == []
    assert await rows(database, POPULAR) == []


async def test_combinations_are_those_of_the_sessions_of_the_day(
    database: Database, world: World
) -> None:
    figures = DailyFigures(database)
    houses = [await world.configuration() for _ in range(4)]
    async with database.driver() as connection:
        await connection.execute("UPDATE configurations SET head = 1")
        await connection.execute(
            'UPDATE configurations SET selection = \'{"nest": {"option": "nest140"}}\''
            " WHERE id = $1",
            houses[0].id,
        )
        await connection.execute("UPDATE configurations SET head = 0 WHERE id = $1", houses[1].id)
        for n, house in enumerate(houses):
            await connection.execute(
                "INSERT INTO sessions (id, configuration_id, started_at) VALUES ($1, $2, $3)",
                uuid7(n + 1, n),
                house.id,
                MIDNIGHT,
            )
    assert await figures.refresh_combinations(DAY, DAY) == 2
    assert await figures.refresh_combinations(DAY, DAY) == 0
    found = await rows(
        database, "SELECT n, selection->'nest'->>'option' FROM daily_combinations ORDER BY n"
    )
    assert found == [(1, "nest140"), (2, "nest80")]
