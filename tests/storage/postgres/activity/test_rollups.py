"""Whatever happens to the entries of the stream, every sum is the count over the rows.

Stories say which events happen, in which entries of the stream they come, who stores which of them
in which order, what goes wrong meanwhile, and who is erased. At the end every entry was offered to a worker at
least once, and then all sums must agree with each other and with a count in Python.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from configurator.activity.event_ids import session_uuid, uuid7
from configurator.activity.interaction import Event
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions, Settled
from storage.postgres.engine import Database
from storage.postgres.people.privacy import Privacy
from tests.storage.postgres.activity.told import Offered, Step, Told, check
from tests.support.activity import ago, counts, event, new_id, now
from tests.support.patient import PATIENT

CLOCKS_OFF_DAYS = (-3650, -400, -2, -1, 0, 0, 0, 1, 20, 40, 3650)
ENTRIES = 24
STORED_IN = (
    "interactions",
    "session_choices",
    "sessions",
    "activity_minutes",
    "activity_hours",
    "activity_quarters",
    "activity_ledger",
    "settled_entries",
    "erased_sessions",
)

SESSIONS = ("anna_1", "ben_2", "c")

happening = st.fixed_dictionaries(
    {
        "session": st.sampled_from(SESSIONS),
        "event_type": st.sampled_from(
            ["selection", "selection", "click", "view", "undo", "adjusted"]
        ),
        "category": st.sampled_from(["nest", "fenster"]),
        "selection_value": st.sampled_from([None, "nest80", "nest80:2", "nest120", "x" * 80]),
        "previous_value": st.sampled_from([None, "", "none", "nest80:1", "nest120", "x" * 80]),
        "time_spent": st.sampled_from([None, 0, 1500]),
        "bot": st.sampled_from([None, None, "headless"]),
        "clock_off_days": st.sampled_from(CLOCKS_OFF_DAYS),
        "hours_ago": st.integers(0, 40),
        "corrected": st.booleans(),
    }
)
entry = st.one_of(
    st.tuples(st.just("event"), st.integers(0, 7), st.integers(0, 40)),
    st.tuples(st.just("event"), st.integers(0, 7), st.integers(0, 40)),
    st.tuples(st.just("event"), st.integers(0, 7), st.integers(0, 40)),
    st.tuples(st.just("filtered"), st.sampled_from(["consent", "gpc"])),
    st.tuples(st.just("dead"), st.sampled_from(["malformed_json"])),
)
some = st.lists(st.integers(0, ENTRIES - 1), min_size=1, max_size=10)
step = st.one_of(
    st.tuples(st.just("store"), some),
    st.tuples(st.just("store"), some),
    st.tuples(st.just("race"), some, some),
    st.tuples(st.just("cancel"), some, st.integers(0, 60)),
    st.tuples(st.just("fold"), st.sampled_from([0, 12, 48])),
    st.tuples(st.just("erase"), st.sampled_from(SESSIONS), some),
)
stories = st.tuples(
    st.lists(happening, min_size=8, max_size=8),
    st.lists(entry, min_size=ENTRIES, max_size=ENTRIES),
    st.lists(step, min_size=1, max_size=6),
)


async def deliver(interactions: Interactions, offered: Offered, worker: str) -> None:
    if offered.batch or offered.settled:
        await interactions.store(offered.batch, consumer=worker, settled=offered.settled)


async def deliver_and_cancel(interactions: Interactions, offered: Offered, turns: int) -> None:
    """The worker is stopped somewhere in between: before, in or after its transaction."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(deliver(interactions, offered, "cancelled"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()


async def happen(database: Database, told: Told, step: Step) -> None:
    interactions = Interactions(database)
    match step:
        case ["store", numbers]:
            await deliver(interactions, told.offer(numbers), "one")
        case ["race", first, second]:
            async with asyncio.TaskGroup() as group:
                for number, numbers in enumerate((first, second, first)):
                    group.create_task(deliver(interactions, told.offer(numbers), f"r{number}"))
        case ["cancel", numbers, turns]:
            await deliver_and_cancel(interactions, told.offer(numbers), turns)
        case ["fold", hours]:
            await interactions.fold_minutes(ago(hours=hours))
        case ["erase", session, numbers]:
            told.erased.add(session_uuid(session))
            privacy = Privacy(database, new_id=new_id, new_secret=lambda: b"")
            async with asyncio.TaskGroup() as group:
                group.create_task(deliver(interactions, told.offer(numbers), "meanwhile"))
                group.create_task(privacy.erase_session(session_uuid(session)))
        case _:
            raise AssertionError(step)


class Teller:
    """A loop and a database that outlive single stories."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._runner = asyncio.Runner()
        self._database = Database(database_url, deadlines=PATIENT)
        self._runner.run(self._database.__aenter__())
        for first, last in ((-3, 1), (18, 21)):  # where the clocks of the stories lead
            days = (now().date() + timedelta(days=each) for each in (first, last))
            self._runner.run(Interactions(self._database).ensure_partitions(*days))

    def tell(self, happenings: list[Any], entries: list[Step], steps: list[Step]) -> None:
        async def run() -> None:
            await empty(self._url)
            told, interactions = Told(happenings, entries), Interactions(self._database)
            for each in steps:
                await happen(self._database, told, each)
            await deliver(interactions, told.offer(range(ENTRIES)), "last")
            await check(self._url, told)
            await interactions.fold_minutes(now() + timedelta(hours=2))
            await deliver(interactions, told.offer(range(ENTRIES)), "again")
            await check(self._url, told)
            for session in SESSIONS:
                found = await interactions.of_session(session_uuid(session))
                assert len(found.latest) == found.count, "looked for in other days than it is in"

        self._runner.run(run())

    def close(self) -> None:
        self._runner.run(self._database.__aexit__(None, None, None))
        self._runner.close()


async def empty(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for table in STORED_IN:
            await connection.execute(f"DELETE FROM {table}")
    finally:
        await connection.close()


@pytest.fixture
def teller(database_url: str) -> Iterator[Teller]:
    teller = Teller(database_url)
    yield teller
    teller.close()


@settings(
    max_examples=15,
    phases=[Phase.generate],  # a story is short enough to read; making it shorter takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories)
def test_every_sum_is_the_count_over_the_rows(teller: Teller, story: tuple[Any, ...]) -> None:
    teller.tell(*story)


def at(number: int, each: Event) -> Incoming:
    return Incoming(stream_id=f"{number}-0", event=each)


async def ended(database_url: str) -> dict[str, int]:
    """The number of entries by outcome."""
    connection = await asyncpg.connect(database_url)
    try:
        return dict(
            await connection.fetch("SELECT outcome, sum(n)::int FROM activity_ledger GROUP BY 1")
        )
    finally:
        await connection.close()


async def test_an_entry_that_comes_twice_is_one_line_of_the_ledger(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        once, repeat = at(1, event("a")), event("a")
        dead = Settled(stream_id="4-0", outcome="dead", reason="malformed_json")
        for worker in ("one", "two", "two"):
            await interactions.store([once, once], consumer=worker, settled=[dead])
            await interactions.store([at(2, repeat), at(3, repeat), at(3, repeat)], consumer=worker)
        assert await ended(database_url) == {"stored": 2, "duplicate": 1, "dead": 1}
        assert (await counts(database_url)).rows == 2


async def test_a_retry_with_the_clock_wrong_by_ten_years_is_one_row(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        for number, years in enumerate((-10, 10)):
            client_ms = int((ago(days=-365 * years).timestamp()) * 1000)
            tried = event(f"s{years}", event_id=uuid7(client_ms, 5), received_at=ago(hours=1))
            again = msgspec.structs.replace(tried, received_at=now())
            await interactions.store([at(10 * number + 1, tried)], consumer="one")
            await interactions.store([at(10 * number + 2, again)], consumer="two")
        found = await counts(database_url)
        assert found.rows == found.ledger == found.minutes == 2
        assert await ended(database_url) == {"stored": 2, "duplicate": 2}
        async with database.driver() as connection:
            assert await connection.fetchval("SELECT count(*) FROM interactions_default") == 0
        early = "FROM sessions JOIN session_choices ON session_id = id AND first_at < started_at"
        assert await connection.fetchval(f"SELECT count(*) {early}") == 0


async def test_a_late_event_opens_its_folded_minute_again(database_url: str) -> None:
    async with Database(database_url, deadlines=PATIENT) as database:
        interactions = Interactions(database)
        moment = ago(hours=50).replace(second=1)
        await interactions.store(
            [at(n, event("a", received_at=moment, event_id=new_id())) for n in (1, 2)],
            consumer="w",
        )
        assert await interactions.fold_minutes(ago(hours=48)) == 1
        await interactions.store(
            [at(3, event("a", received_at=moment, event_id=new_id()))], consumer="w"
        )
        async with database.driver() as connection:
            tables = ("activity_minutes", "activity_quarters")
            assert [await connection.fetchval(f"SELECT sum(n)::int FROM {t}") for t in tables] == [
                1,
                2,
            ]
        assert (await counts(database_url)).minutes == 3
        assert await interactions.fold_minutes(ago(hours=48)) == 1
        assert (await counts(database_url)).minutes == 3
