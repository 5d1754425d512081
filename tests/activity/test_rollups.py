"""Whatever happens to the entries of the stream, every sum is the count over the rows.

Stories say which events happen, in which entries of the stream they come, who stores which of them
in which order, what goes wrong meanwhile, and who is erased. At the end every entry was offered to a worker at
least once, and then all sums must agree with each other and with a count in Python.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from configurator.activity import Event, Interaction
from configurator.event_ids import session_uuid, uuid7
from storage.postgres.engine import Database
from storage.postgres.interactions import Incoming, Interactions, Settled
from storage.postgres.privacy import Privacy
from tests.activity.parts import ago, counts, event, new_id, now

Step = tuple[Any, ...]

DAY_MS = 86_400_000
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


@dataclass(frozen=True, slots=True)
class Offered:
    """Entries as a worker reads them, apart by what they are."""

    batch: list[Incoming]
    settled: list[Settled]


class Told:
    """The entries of one story and the workers' side of it."""

    def __init__(self, happenings: Sequence[dict[str, Any]], entries: Sequence[Step]) -> None:
        self.erased: set[UUID] = set()
        self._began_at = now().replace(microsecond=0)
        self._events = [self._event(n, each) for n, each in enumerate(happenings)]
        self.incoming: dict[int, Incoming] = {}
        self.settled: dict[int, Settled] = {}
        began_ms = int(self._began_at.timestamp() * 1000)
        for number, each in enumerate(entries):
            stream_id = f"{began_ms + number // 3}-{number % 3}"
            if each[0] == "event":
                _, which, hours_later = each
                self.incoming[number] = Incoming(
                    stream_id=stream_id, event=self._retried(which, hours_later)
                )
            else:
                self.settled[number] = Settled(stream_id=stream_id, outcome=each[0], reason=each[1])

    def offer(self, numbers: Sequence[int]) -> Offered:
        return Offered(
            batch=[self.incoming[n] for n in numbers if n in self.incoming],
            settled=[self.settled[n] for n in dict.fromkeys(numbers) if n in self.settled],
        )

    def _event(self, number: int, each: dict[str, Any]) -> Event:
        happened_at = self._began_at - timedelta(hours=each["hours_ago"])
        client_ms = int(happened_at.timestamp() * 1000) + each["clock_off_days"] * DAY_MS
        value = each["selection_value"]
        return Event(
            event_id=uuid7(client_ms, number + 1),
            session=each["session"],
            received_at=happened_at,
            happened_at=happened_at if each["corrected"] else None,
            source="test",
            bot=each["bot"],
            interaction=Interaction(
                event_type=each["event_type"],
                category=each["category"],
                selection_value=value,
                previous_value=each["previous_value"],
                time_spent=each["time_spent"],
            ),
        )

    def _retried(self, which: int, hours_later: int) -> Event:
        """The same event as another request brought it, maybe on another day."""
        first = self._events[which]
        moment = min(self._began_at, first.received_at + timedelta(hours=hours_later))
        happened_at = first.happened_at and first.happened_at + timedelta(seconds=hours_later)
        return msgspec.structs.replace(first, received_at=moment, happened_at=happened_at)


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


async def check(database_url: str, told: Told) -> None:
    found = await counts(database_url)
    distinct = {
        (each.event.session_id, each.event.event_id): each.event.interaction
        for each in told.incoming.values()
        if each.event.session_id not in told.erased
    }
    assert found.rows == len(distinct)
    assert found.minutes == found.sessions == found.choices == found.ledger == found.rows
    connection = await asyncpg.connect(database_url)
    try:
        ended = dict(
            await connection.fetch("SELECT outcome, sum(n)::int FROM activity_ledger GROUP BY 1")
        )
        assert sum(ended.values()) == len(told.incoming) + len(told.settled)
        unwanted = Counter(each.outcome for each in told.settled.values())
        assert ended.get("dead", 0) == unwanted["dead"]
        assert told.erased or ended.get("filtered", 0) == unwanted["filtered"]
        choices = await connection.fetch(
            "SELECT session_id, category, option, n, time_ms, moves, came_from, became"
            " FROM session_choices"
        )
        rows = await connection.fetch("SELECT * FROM interactions")
        assert {tuple(row)[:3]: tuple(row)[3:6] for row in choices} == chosen(distinct)
        assert {tuple(row)[:3]: row["came_from"] for row in choices} == came_from(rows)
        bots = {row["session_id"] for row in rows if row["bot"]}
        assert all(row["bot"] for row in rows if row["session_id"] in bots)
        by_bot = "SELECT bot, sum(n)::int AS n FROM ({}) AS counted GROUP BY 1 HAVING sum(n) <> 0"
        rolled_up = by_bot.format(
            "SELECT bot, n FROM activity_minutes UNION ALL SELECT bot, n FROM activity_quarters"
        )
        assert dict(await connection.fetch(rolled_up)) == dict(Counter(row["bot"] for row in rows))
        assert {tuple(row)[:2]: row["became"] for row in choices if row["became"]} == became(rows)
        assert await connection.fetchval("SELECT count(*) FROM interactions_default") == 0
        early = "FROM sessions JOIN session_choices ON session_id = id AND first_at < started_at"
        assert await connection.fetchval(f"SELECT count(*) {early}") == 0
        by_entry = {each.stream_id: each.event for each in told.incoming.values()}
        for row in rows:
            kept = by_entry[row["stream_id"]]
            assert (row["occurred_at"], row["received_at"]) == (kept.occurred_at, kept.received_at)
    finally:
        await connection.close()


def chosen(distinct: dict[tuple[UUID, UUID], Interaction]) -> dict[tuple[UUID, str, str], Any]:
    """What `session_choices` must be, counted here: (number, time in ms, moves) for each choice."""
    number: Counter[tuple[UUID, str, str]] = Counter()
    time_ms: Counter[tuple[UUID, str, str]] = Counter()
    moves: Counter[tuple[UUID, str, str]] = Counter()
    for (session_id, _), each in distinct.items():
        key = (session_id, each.category, picked(each.event_type, each.selection_value))
        number[key] += 1
        time_ms[key] += each.time_spent or 0
        moves[key] += bool(key[2]) and key[2] != option_of(each.previous_value)
    return {key: (n, time_ms[key], moves[key]) for key, n in number.items()}


def came_from(rows: Sequence[Any]) -> dict[tuple[UUID, str, str], str | None]:
    """What came before the earliest selection of each choice; None: it is none."""
    found: dict[tuple[UUID, str, str], Any] = {}
    for row in rows:
        key = (
            row["session_id"],
            row["category"],
            picked(row["event_type"], row["selection_value"]),
        )
        place = (row["occurred_at"], option_of(row["previous_value"]))
        found[key] = min(found.get(key, place), place)
    return {key: before if key[2] else None for key, (_, before) in found.items()}


def became(rows: Sequence[Any]) -> dict[tuple[UUID, str], str]:
    """What the latest undo or adjustment left in each category."""
    found: dict[tuple[UUID, str], Any] = {}
    for row in rows:
        if row["event_type"] in {"undo", "adjusted"} and row["selection_value"] is not None:
            key = (row["session_id"], row["category"])
            place = (row["occurred_at"], row["selection_value"].partition(":")[0][:64])
            found[key] = max(found.get(key, place), place)
    return {key: option for key, (_, option) in found.items()}


def picked(event_type: str, selection_value: str | None) -> str:
    return (selection_value or "").partition(":")[0][:64] if event_type == "selection" else ""


def option_of(value: str | None) -> str:
    return (value or "").partition(":")[0][:64] or "none"


class Teller:
    """A loop and a database that outlive single stories."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._runner = asyncio.Runner()
        self._database = Database(database_url)
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
    """How many entries ended how."""
    connection = await asyncpg.connect(database_url)
    try:
        return dict(
            await connection.fetch("SELECT outcome, sum(n)::int FROM activity_ledger GROUP BY 1")
        )
    finally:
        await connection.close()


async def test_an_entry_that_comes_twice_is_one_line_of_the_ledger(database_url: str) -> None:
    async with Database(database_url) as database:
        interactions = Interactions(database)
        once, repeat = at(1, event("a")), event("a")
        dead = Settled(stream_id="4-0", outcome="dead", reason="malformed_json")
        for worker in ("one", "two", "two"):
            await interactions.store([once, once], consumer=worker, settled=[dead])
            await interactions.store([at(2, repeat), at(3, repeat), at(3, repeat)], consumer=worker)
        assert await ended(database_url) == {"stored": 2, "duplicate": 1, "dead": 1}
        assert (await counts(database_url)).rows == 2


async def test_a_retry_with_the_clock_wrong_by_ten_years_is_one_row(database_url: str) -> None:
    async with Database(database_url) as database:
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
    async with Database(database_url) as database:
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
