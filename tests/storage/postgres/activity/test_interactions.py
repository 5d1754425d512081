"""Interactions in PostgreSQL: exactly once, counted in the same transaction."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from configurator.activity.event_ids import session_uuid, uuid7
from configurator.activity.tracking import DeviceInfo
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions, RowsRefused
from storage.postgres.activity.sessions import Sessions
from storage.postgres.activity.statistics import Statistics
from storage.postgres.engine import Database
from tests.support.activity import ago, counts, event, new_id, now
from tests.support.event_ids import uuid7_floor
from tests.support.patient import PATIENT


def incoming(*events: object) -> list[Incoming]:
    return [Incoming(stream_id=f"{n + 1}-0", event=each) for n, each in enumerate(events)]  # type: ignore[arg-type]


async def test_the_same_events_again_change_nothing(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        twice = event("a")
        batch = incoming(twice, event("a"), event("b"), twice)
        first = await interactions.store(batch, consumer="w")
        again = await interactions.store(batch, consumer="w")
        assert (first.inserted, first.duplicates) == (3, 1)
        assert (again.inserted, again.duplicates) == (0, 4)
        found = await counts(database_url)
        assert (found.rows, found.minutes, found.sessions) == (3, 3, 3)


async def test_a_session_is_brought_up_to_date_by_its_events(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions, sessions = Interactions(database), Sessions(database)
        early, late = ago(minutes=5), ago(minutes=1)
        device = DeviceInfo(type="phone", width=390, height=844)
        await interactions.store(
            incoming(event("client_9", received_at=late, category="fenster")), consumer="w"
        )
        await interactions.store(
            incoming(event("client_9", received_at=early, device_info=device)), consumer="w"
        )
        stored = await sessions.get(session_uuid("client_9"))
        assert stored is not None
        assert stored.external_id == "client_9"
        assert (stored.started_at, stored.last_seen_at) == (early, late)
        assert (stored.interaction_count, stored.last_category) == (2, "fenster")
        assert (stored.device_type, stored.viewport_width) == ("phone", 390)


async def test_a_retry_is_recognised_across_midnight_and_partitions(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        midnight = datetime.combine(now().date(), datetime.min.time(), UTC)
        before = event(event_id=uuid7(uuid7_floor(midnight).int >> 80, 0))
        last = event(event_id=uuid7((uuid7_floor(midnight).int >> 80) - 1, 2**74 - 1))
        for _ in range(2):
            await interactions.store(incoming(before, last), consumer="w")
        assert (await counts(database_url)).rows == 2
        async with database.driver() as connection:
            places = await connection.fetch(
                "SELECT tableoid::regclass::text AS t FROM interactions"
            )
        assert {place["t"] for place in places} == {
            f"interactions_{midnight:%Y%m%d}",
            f"interactions_{midnight - timedelta(days=1):%Y%m%d}",
        }


async def test_rows_of_a_day_without_partition_move_when_it_is_made(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        far = now() + timedelta(days=20)
        batch = incoming(event("a", event_id=uuid7_floor(far)), event("a"))
        await interactions.store(batch, consumer="w")

        async def in_default() -> int:
            async with database.driver() as connection:
                return int(await connection.fetchval("SELECT count(*) FROM interactions_default"))

        async def partitions() -> int:
            async with database.driver() as connection:
                named = (
                    "SELECT count(*) FROM pg_inherits WHERE inhparent = 'interactions'::regclass"
                )
                return int(await connection.fetchval(named))

        assert await in_default() == 1
        days, before = (now().date(), far.date()), await partitions()
        made = await interactions.ensure_partitions(*days)
        assert made == await partitions() - before > 0
        assert await interactions.ensure_partitions(*days) == 0
        assert await in_default() == 0
        assert (await interactions.store(batch, consumer="w")).inserted == 0
        assert (await counts(database_url)).rows == 2


async def test_partitions_are_made_while_rows_are_stored(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        today = now().date()

        async def make() -> int:
            return await interactions.ensure_partitions(
                today + timedelta(days=10), today + timedelta(days=14)
            )

        async with asyncio.TaskGroup() as group:
            stores = [
                group.create_task(interactions.store(incoming(event(), event()), consumer="w"))
                for _ in range(20)
            ]
            makers = [group.create_task(make()) for _ in range(2)]
        assert sum(task.result().inserted for task in stores) == 40
        assert sum(task.result() for task in makers) == 5


async def test_two_workers_with_the_same_events_in_any_order_never_deadlock(
    database_url: str,
) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        events = [event(f"s{n % 7}", category=f"c{n % 5}") for n in range(300)]

        async def work(seed: int) -> int:
            mixed = incoming(*events)
            random.Random(seed).shuffle(mixed)
            stored = 0
            for start in range(0, 300, 60):
                batch = mixed[start : start + 60]
                stored += (await interactions.store(batch, consumer=f"w{seed}")).inserted
            return stored

        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(work(seed)) for seed in range(6)]
        assert sum(worker.result() for worker in workers) == 300
        found = await counts(database_url)
        assert (found.rows, found.minutes, found.sessions) == (300, 300, 300)


async def test_a_value_that_postgres_refuses_is_told_apart_and_nothing_is_stored(
    database_url: str,
) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        with pytest.raises(RowsRefused):
            await interactions.store(
                incoming(event(), event(selection_value="a\x00b")), consumer="w"
            )
        with pytest.raises(RowsRefused):
            await interactions.store(incoming(event(time_spent_ms=2**40)), consumer="w")
        assert (await counts(database_url)).rows == 0
        assert (await interactions.store(incoming(event()), consumer="w")).inserted == 1


async def test_the_timeline_is_the_latest_ascending_and_the_count_is_exact(
    database_url: str,
) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        base = (uuid7_floor(now()).int >> 80) - 10_000
        events = [event("a", event_id=uuid7(base + n, 0), element_id=str(n)) for n in range(150)]
        await interactions.store(incoming(*reversed(events), event("b")), consumer="w")
        asked = [events[0].event_id, new_id()]
        found = await interactions.of_session(events[0].session_id, among=asked)
        assert [each.element_id for each in found.latest] == [str(n) for n in range(50, 150)]
        assert found.count == 150
        assert found.known == {events[0].event_id}
        assert (await interactions.of_session(new_id())).count == 0


async def test_counts_of_the_day_and_watermark(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        assert await interactions.stored_through() is None
        yesterday = uuid7_floor(ago(hours=23))
        batch = incoming(
            event(event_type="view"), event(category="fenster"), event(), event(event_id=yesterday)
        )
        await interactions.store(batch, consumer="a")
        await interactions.store(incoming(event(event_id=yesterday)), consumer="b")
        moment = datetime.now(UTC)
        vienna = moment.astimezone(ZoneInfo("Europe/Vienna"))
        midnight = vienna.replace(hour=0, minute=0, second=0, microsecond=0)
        today = sum(each.event.occurred_at >= midnight for each in batch)
        assert (await Statistics(database).day(moment)).interactions == today
        assert await interactions.stored_through() == "4-0"


NO_CHOICE = (
    ("view_change", "interior"),
    ("adjusted", "kiefer"),
    ("undo", "nest80"),
    ("redo", "nest120"),
    ("selection", "none"),
    ("selection", ""),
    ("selection", None),
    ("click", "card"),
    ("join", None),
)
"""Events that leave a session without a choice, however many values they carry."""


async def test_idle_sessions_end_and_come_back(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions, sessions = Interactions(database), Sessions(database)
        idle = timedelta(minutes=30)
        await interactions.store(
            incoming(
                event("looked", received_at=ago(minutes=31)),
                event(
                    "chose",
                    received_at=ago(minutes=31),
                    event_type="selection",
                    selection_value="nest120",
                ),
                event("here", received_at=ago(minutes=29)),
                *(
                    event(
                        f"no choice {n}",
                        received_at=ago(minutes=31),
                        event_type=kind,
                        selection_value=value,
                    )
                    for n, (kind, value) in enumerate(NO_CHOICE)
                ),
            ),
            consumer="w",
        )
        ended = (1, 1 + len(NO_CHOICE))
        assert await interactions.end_idle_sessions(idle=idle) == ended
        assert await interactions.end_idle_sessions(idle=idle) == (0, 0)

        async def status(name: str) -> str | None:
            found = await sessions.get(session_uuid(name))
            return None if found is None else found.status

        assert await status("looked") == "EXPIRED"
        assert await status("chose") == "ABANDONED"
        assert await status("here") == "ACTIVE"
        await interactions.store(incoming(event("chose")), consumer="w")
        assert await status("chose") == "ACTIVE"


async def test_sql_and_python_agree_about_ids(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for moment in (now(), datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)):
            floor = uuid7_floor(moment)
            assert await connection.fetchval("SELECT uuid7_floor($1)", moment) == floor
            expected = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
            assert await connection.fetchval("SELECT uuid7_time($1)", floor) == expected
    finally:
        await connection.close()


async def test_workers_that_see_a_new_session_at_the_same_moment_all_store(
    database_url: str,
) -> None:
    """The session's row has one unique key, so ON CONFLICT never meets another one."""
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        for visitor in range(40):
            async with asyncio.TaskGroup() as group:
                for _ in range(8):
                    batch = incoming(event(f"visitor {visitor}"))
                    group.create_task(interactions.store(batch, consumer="w"))
        found = await counts(database_url)
        assert (found.rows, found.sessions) == (320, 320)


async def test_referrer_and_language_are_the_first_ones_however_they_were_stored(
    database_url: str,
) -> None:
    """The earliest event decides, not the first of a batch; late and repeated events change nothing else."""
    said = [(5, "https://m.example/", "fr"), (3, "https://z.example/", "de-AT"),
            (9, "https://a.example/", "aa"), (1, None, None)]  # fmt: skip
    made = [
        msgspec.structs.replace(
            event("s", received_at=ago(minutes=10 - minute)), referrer=referrer, language=language
        )
        for minute, referrer, language in said
    ]
    async with Database(database_url, deadlines=PATIENT) as database:
        for number, order in enumerate(permutations(made)):
            events = [
                msgspec.structs.replace(each, session=f"s{number}", event_id=new_id())
                for each in order
            ]
            batches = [events] if number % 2 else [[each] for each in (*events, events[0])]
            for batch in batches:
                await Interactions(database).store(incoming(*batch), consumer="w")
        async with database.driver() as connection:
            rows = await connection.fetch("SELECT DISTINCT referrer, language FROM sessions")
    assert [tuple(each) for each in rows] == [("https://z.example/", "de-AT")]
