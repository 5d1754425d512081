"""One meaning for each word: what was chosen, what stayed, who is a bot, what can be compared."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from configurator.activity.event_ids import session_uuid, uuid7
from configurator.activity.interaction import Event
from configurator.activity.ranges import parse_range
from configurator.activity.tracking import Interaction
from realtime.activity.figures.answers import ended, kpi_rows
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.statistics import Statistics
from storage.postgres.analytics.behaviour import Behaviour
from storage.postgres.analytics.figures import Figures
from storage.postgres.analytics.paths import Paths
from storage.postgres.analytics.visits import Sought, Visits
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from tests.storage.conftest import World
from tests.support.activity import counts

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = (NOW - timedelta(hours=2)).replace(second=0)
"""Whatever happens in its minute happens on its day."""

TODAY = parse_range({"timeRange": "24h"}, NOW)

Told = tuple[str, str, str | None]
"""Event type, category, value."""


async def tell(
    database: Database,
    told: dict[str, Sequence[Told]],
    *,
    bots: Sequence[int] = (),
    batch: int = 99,
) -> None:
    """The events of sessions, a second apart; those with a number in `bots` come from a bot."""
    incoming: list[Incoming] = []
    for name, events in told.items():
        for n, (event_type, category, value) in enumerate(events):
            at = BEGAN + timedelta(seconds=n)
            event = Event(
                event_id=uuid7(int(at.timestamp() * 1000), uuid4().int % 2**74),
                session=name,
                received_at=at,
                source="test",
                bot="headless" if n in bots else None,
                interaction=Interaction(
                    event_type=event_type, category=category, selection_value=value
                ),
            )
            incoming.append(Incoming(stream_id=f"{len(incoming) + 1}-0", event=event))
    interactions = Interactions(database)
    for start in range(0, len(incoming), batch):
        await interactions.store(incoming[start : start + batch], consumer="w")


LOOKS: dict[str, Sequence[Told]] = {
    "views": [
        ("join", "room", None),
        ("view_change", "nest", "inside"),
        ("view_change", "view", "x"),
    ],
    "adjusted": [("adjusted", "innenverkleidung", "kiefer")],
    "left out": [("selection", "pvanlage", "none")],
    "undone elsewhere": [("undo", "nest", "nest80"), ("redo", "nest", "nest120")],
    "hovered": [("hover", "nest", None), ("click", "nest", "nest80")],
}


async def test_a_visitor_who_only_looked_abandons_nothing(database: Database) -> None:
    await tell(database, {**LOOKS, "chose": [("selection", "nest", "nest120")]})
    interactions = Interactions(database)
    assert await interactions.end_idle_sessions(idle=timedelta(minutes=30)) == (1, len(LOOKS))
    (abandoned,) = await Visits(database).abandoned(TODAY, Sought())
    assert abandoned.id == session_uuid("chose")
    ways = {tuple(way.steps): way.sessions for way in await Paths(database).paths(TODAY)}
    assert ways == {("nest",): 1, (): len(LOOKS)}
    steps = ("began", "chose", "pvanlage")
    (part,) = await Behaviour(database).funnel(TODAY, steps, window_minutes=60, by="none")
    assert part.reached == (1 + len(LOOKS), 1, 0)
    live = await Statistics(database).day_funnel(NOW)
    assert set(live.chose) <= {"nest"}


Logged = tuple[str, str | None, str | None, str, str, int]
"""Category, option before and after, cause, kind of op, seconds after the session began."""


async def log(
    connection: asyncpg.Connection, house: StoredConfiguration, person: UUID, ops: Sequence[Logged]
) -> None:
    """Ops of this person, with one change each, beginning with the first version."""
    for version, (category, before, after, cause, kind, seconds) in enumerate(ops, 1):
        change = {
            "category": category,
            "cause": cause,
            "before": before and {"option": before},
            "after": after and {"option": after},
        }
        await connection.execute(
            "INSERT INTO operations (configuration_id, op_id, version, judged_at_version,"
            " base_version, person_id, outcome, body_sha256, operation, changes, reasons, repairs,"
            " total_cents, guarded, committed_at) VALUES ($1, gen_random_uuid(), $2::bigint, $2::bigint - 1, 0, $3,"
            " 'committed', 'x', $4, $5, '[]', '[]', 1, false, $6)",
            house.id,
            version,
            person,
            json.dumps({"kind": kind}),
            json.dumps([change]),
            BEGAN + timedelta(seconds=seconds),
        )


async def visit(
    connection: asyncpg.Connection,
    house: StoredConfiguration,
    person: UUID,
    began: datetime = BEGAN,
) -> UUID:
    """A session that a program named for its person and house, without interactions."""
    session = uuid4()
    await connection.execute(
        "INSERT INTO sessions (id, person_id, configuration_id, started_at, last_seen_at)"
        " VALUES ($1, $2, $3, $4, $4)",
        session,
        person,
        house.id,
        began,
    )
    return session


async def test_choices_without_interactions_mean_the_same_everywhere(
    database: Database, database_url: str, world: World
) -> None:
    """Ops of its person in its time are choices in the status, ways, funnels, steps, options, live."""
    house = await world.configuration()
    friend = await world.member(house)
    ops: list[Logged] = [
        ("nest", "nest80", "nest120", "asked", "select", 10),
        ("pvanlage", None, "pv_panels", "asked", "select", 20),
        ("nest", "nest120", "nest80", "asked", "undo", 30),
        ("fenster", "fichte", "pvc", "rule", "select", 40),
        ("pvanlage", "pv_panels", None, "asked", "clear", 50),
    ]
    connection = await asyncpg.connect(database_url)
    try:
        session = await visit(connection, house, house.owner_id)
        await visit(connection, house, friend.id)
        earlier = await visit(connection, house, house.owner_id, BEGAN - timedelta(hours=5))
        interactions = Interactions(database)
        assert await interactions.end_idle_sessions(idle=timedelta(hours=4)) == (0, 1)
        await log(connection, house, house.owner_id, ops)
        for ended_sessions in ((1, 1), (0, 0)):
            steps = ("began", "chose", "chose_2", "pvanlage")
            (part,) = await Behaviour(database).funnel(TODAY, steps, window_minutes=60, by="none")
            assert part.reached == (3, 1, 1, 1)
            ways = {tuple(way.steps): way.sessions for way in await Paths(database).paths(TODAY)}
            assert ways == {("nest", "pvanlage"): 1, (): 2}
            told = {each.category: each for each in await Behaviour(database).steps(TODAY)}
            assert {
                name: (each.looked, each.chose, each.selections) for name, each in told.items()
            } == {
                "nest": (1, 1, 1),
                "pvanlage": (1, 1, 2),
                "fenster": (1, 0, 0),
            }
            options = {each.option: each for each in await Behaviour(database).options(TODAY)}
            assert {name: (each.sessions, each.kept) for name, each in options.items()} == {
                "nest120": (1, 0),
                "pv_panels": (1, 0),
            }
            came = {each.went_to for each in await Behaviour(database).journeys(TODAY)}
            assert {"nest", "pvanlage"} <= came
            live = await Statistics(database).day_funnel(BEGAN + timedelta(seconds=59))
            assert live.chose == {"nest": 1, "pvanlage": 1}
            idle = timedelta(minutes=30)
            assert await interactions.end_idle_sessions(idle=idle) == ended_sessions
        status = dict(await connection.fetch("SELECT id, status FROM sessions"))
        assert (status[session], status[earlier]) == ("ABANDONED", "EXPIRED")
        assert sorted(status.values()) == ["ABANDONED", "EXPIRED", "EXPIRED"]
        (abandoned,) = await Visits(database).abandoned(TODAY, Sought())
        assert abandoned.id == session
        # As soon as it tells interactions they alone count.
        await connection.execute("UPDATE sessions SET interaction_count = 1 WHERE id = $1", session)
        ways = {tuple(way.steps): way.sessions for way in await Paths(database).paths(TODAY)}
        assert ways == {(): 3}
    finally:
        await connection.close()


async def test_an_op_of_a_person_with_two_tabs_counts_once(
    database: Database, database_url: str, world: World
) -> None:
    """It counts for the tab that reports interactions; if none does, for the first one."""
    house = await world.configuration()
    ops: list[Logged] = [
        ("nest", "nest80", "nest120", "asked", "select", 10),
        ("fenster", "fichte", "pvc", "asked", "select", 300),
    ]

    async def ways() -> dict[tuple[str, ...], int]:
        return {tuple(way.steps): way.sessions for way in await Paths(database).paths(TODAY)}

    async def counted() -> dict[str, int]:
        return {each.option: each.selections for each in await Behaviour(database).options(TODAY)}

    connection = await asyncpg.connect(database_url)
    try:
        first = await visit(connection, house, house.owner_id)
        second = await visit(connection, house, house.owner_id, BEGAN + timedelta(milliseconds=5))
        await log(connection, house, house.owner_id, ops)
        assert await ways() == {("nest", "fenster"): 1, (): 1}
        assert await counted() == {"nest120": 1, "pvc": 1}
        # The second tab reports the first op, and is closed: the other op is of the first tab.
        await connection.execute(
            "UPDATE sessions SET interaction_count = 1, last_seen_at = $2 WHERE id = $1",
            second,
            BEGAN + timedelta(seconds=9),
        )
        assert await ways() == {("fenster",): 1, (): 1}
        assert await counted() == {"pvc": 1}
        await connection.execute(
            "UPDATE sessions SET interaction_count = 1, last_seen_at = $2 WHERE id = $1",
            first,
            BEGAN + timedelta(seconds=299),
        )
        assert await ways() == {(): 2}
    finally:
        await connection.close()


async def test_an_op_keeps_the_session_of_a_program_that_tells_no_interactions(
    database: Database, database_url: str, world: World
) -> None:
    """After half an hour of work its ops still belong to its session; after its end they do not."""
    house = await world.configuration()
    connection = await asyncpg.connect(database_url)
    interactions, idle = Interactions(database), timedelta(minutes=30)
    try:
        await visit(connection, house, house.owner_id)
        lately = int((datetime.now(UTC) - BEGAN).total_seconds()) - 60  # NOW may be long ago
        await log(
            connection,
            house,
            house.owner_id,
            [("nest", None, "nest120", "asked", "select", lately)],
        )
        assert await interactions.end_idle_sessions(idle=idle) == (0, 0)
        seen = await connection.fetchval("SELECT last_seen_at FROM sessions")
        assert seen == BEGAN + timedelta(seconds=lately)
        assert await interactions.end_idle_sessions(idle=timedelta(seconds=1)) == (1, 0)
        await connection.execute(
            "UPDATE operations SET committed_at = committed_at + interval '1 s'"
        )
        ways = [tuple(way.steps) for way in await Paths(database).paths(TODAY)]
        assert ways == [()]
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ([("selection", "nest160")], {"nest160": 1}),
        ([("selection", "nest160"), ("undo", "nest80")], {"nest160": 0}),
        ([("selection", "nest160"), ("undo", "nest80"), ("redo", "nest160")], {"nest160": 1}),
        ([("selection", "nest160"), ("adjusted", "nest120")], {"nest160": 0}),
        ([("adjusted", "nest120"), ("selection", "nest160")], {"nest160": 1}),
        ([("selection", "nest160"), ("selection", "none")], {"nest160": 0}),
        ([("selection", "nest80"), ("selection", "nest160"), ("undo", "nest80")],
         {"nest80": 1, "nest160": 0}),
        ([("selection", "nest160:8"), ("undo", "nest160:4")], {"nest160": 1}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch", [1, 99])
async def test_an_option_is_kept_when_it_was_there_at_the_end(
    database: Database, events: Sequence[tuple[str, str]], kept: dict[str, int], batch: int
) -> None:
    told = [(kind, "nest", value) for kind, value in events]
    await tell(database, {"s": told}, batch=batch)
    found = await Behaviour(database).options(TODAY)
    assert {each.option: each.kept for each in found} == kept


@pytest.mark.parametrize("batch", [1, 99])
async def test_one_event_of_a_bot_marks_the_whole_session(
    database: Database, database_url: str, batch: int
) -> None:
    events: list[Told] = [("click", "nest", None)] * 5
    await tell(database, {"mixed": events}, bots=[2], batch=batch)
    await tell(database, {"person": events})
    figures = Figures(database)
    for bots, expected in (("none", (1, 5)), ("only", (1, 5)), ("all", (2, 10))):
        kpis = await figures.kpis(parse_range({"timeRange": "24h", "bots": bots}, NOW))
        assert (kpis.outcomes.sessions, kpis.interactions) == expected
    found = await counts(database_url)
    assert found.rows == found.minutes == found.sessions == found.choices == 10


async def test_the_way_to_an_inquiry_ends_with_the_inquiries(database: Database) -> None:
    chose = [("selection", category, "x") for category in ("nest", "fenster", "fussboden")]
    opened = [("inquiry", "inquiry", None)]
    await tell(
        database,
        {
            "looked": [("view", "nest", None)],
            "one": chose[:1],
            "two": chose[:2],
            "opened": [*chose, *opened],
            "sent": [*chose[:2], *opened],
            "sent from elsewhere": chose,
        },
    )
    statement = (
        "UPDATE sessions SET status = 'COMPLETED', completed_at = last_seen_at"
        " WHERE external_id LIKE 'sent%'"
    )
    async with database.driver() as connection:
        await connection.execute(statement)
    steps = ("began", "chose", "chose_2", "chose_3", "opened", "completed")
    behaviour = Behaviour(database)
    (part,) = await behaviour.funnel(TODAY, steps, window_minutes=60, by="none")
    assert part.reached == (6, 5, 4, 2, 2, 1)
    plain = tuple(step for step in steps if step != "chose_3")
    (part,) = await behaviour.funnel(TODAY, plain, window_minutes=60, by="none")
    assert part.reached == (6, 5, 4, 3, 2)


async def test_inquiries_count_on_the_day_they_were_sent(
    database: Database, database_url: str, world: World
) -> None:
    house = await world.configuration()
    session = uuid4()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "INSERT INTO sessions (id, started_at, last_seen_at, status) VALUES ($1, $2, $2, 'COMPLETED')",
            session,
            NOW - timedelta(days=3),
        )
        for number in range(2):
            await connection.execute(
                "INSERT INTO inquiries (id, configuration_id, version, total_cents, selection,"
                " person_id, session_id, name, email, message, consent_at, body_sha256, created_at)"
                " VALUES (gen_random_uuid(), $1, 0, 1, '{}', $2, $3, 'A', 'a@b.c', '', $4, 'x', $4)",
                house.id,
                house.owner_id,
                session if number else None,
                BEGAN,
            )
    finally:
        await connection.close()
    figures = Figures(database)
    kpis = await figures.kpis(TODAY)
    assert (kpis.outcomes.completed, kpis.inquiries) == (0, 2)
    assert sum(point.inquiries for point in await figures.series(TODAY, "hour")) == 2
    week = parse_range({"timeRange": "7d"}, NOW)
    assert (await figures.kpis(week)).outcomes.completed == 1
    bots = parse_range({"timeRange": "7d", "bots": "only"}, NOW)
    assert (await figures.kpis(bots)).inquiries == 0


async def test_active_sessions_are_compared_with_nothing(database: Database) -> None:
    await tell(database, {"s": [("selection", "nest", "nest120")]})
    kpis = await Figures(database).kpis(TODAY)
    rows = {row.name: row for row in kpi_rows(kpis, kpis)}
    for name in ("active", "open_value_cents"):
        assert (rows[name].previous, rows[name].difference) == (None, None)
    assert rows["active"].value == 1
    assert rows["sessions"].previous == 1
    before = ended(kpis)
    assert (before.outcomes.active, before.open_value_cents) == (None, None)
