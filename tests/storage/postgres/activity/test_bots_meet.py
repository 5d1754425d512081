"""A person's event and the first of a bot in one session, stored at one moment by two workers."""

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import permutations

import asyncpg
import msgspec
import pytest

from configurator.activity.interaction import Event
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.engine import Database
from tests.support.activity import event, new_id, now
from tests.support.waiting import eventually

SESSION = "client_1_both"
ENTRIES = iter(range(1, 1_000))


def of_bot(event: Event) -> Event:
    return msgspec.structs.replace(event, bot="headless")


def incoming(*events: Event) -> list[Incoming]:
    return [Incoming(stream_id=f"{next(ENTRIES)}-0", event=each) for each in events]


async def agreed(database: Database, *, rows: int, bot: bool) -> None:
    """Rows, session and counts say the same of who this is."""
    async with database.driver() as connection:
        stored = await connection.fetch("SELECT bot, occurred_at FROM interactions")
        assert [row["bot"] for row in stored] == [bot] * rows
        reason = await connection.fetchval("SELECT bot_reason FROM sessions")
        assert reason == ("headless" if bot else None)
        counted = await connection.fetch(
            "SELECT bot, sum(n)::int AS n FROM activity_minutes GROUP BY bot HAVING sum(n) <> 0"
        )
        assert dict(counted) == dict(Counter(row["bot"] for row in stored))
    assert await Upkeep(database).drift(kept_days=0, now=now()) == {}


async def waiting(connection: asyncpg.Connection, n: int) -> bool:
    """Whether this many others wait for a lock in this database."""
    found = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return bool(found == n)


@pytest.mark.parametrize("known", ["new", "without events", "with events"])
@pytest.mark.parametrize("order", list(permutations(("person", "bot"))), ids=" then ".join)
async def test_two_workers_that_meet_agree_on_who_it_is(
    database: Database, known: str, order: tuple[str, str]
) -> None:
    """Both have begun when the first of them is let go on, so neither saw what the other does."""
    interactions = Interactions(database)
    before = 1 if known == "with events" else 0
    if before:
        await interactions.store(incoming(event(SESSION)), consumer="w")
    batches = {"person": incoming(event(SESSION)), "bot": incoming(of_bot(event(SESSION)))}
    async with database.driver() as gate, database.driver() as looker:
        holding = gate.transaction()
        if known == "without events":
            await gate.execute(
                "INSERT INTO sessions (id, external_id, started_at, last_seen_at, anchored_at)"
                " VALUES ($1, $2, now(), now(), now())",
                event(SESSION).session_id,
                SESSION,
            )
        await holding.start()
        if known == "new":  # the insert of the session waits here
            await gate.execute("LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE")
        else:
            await gate.execute("SELECT FROM sessions FOR UPDATE")
        async with asyncio.TaskGroup() as tasks:
            for n, who in enumerate(order, start=1):
                tasks.create_task(interactions.store(batches[who], consumer=who))

                async def all_wait(n: int = n) -> bool:
                    return await waiting(looker, n)

                await eventually(all_wait)
            await holding.rollback()
    await agreed(database, rows=before + 2, bot=True)


@pytest.mark.parametrize("known", [False, True])
async def test_many_that_meet_agree(database: Database, known: bool) -> None:
    interactions = Interactions(database)
    if known:
        await interactions.store(incoming(event(SESSION)), consumer="w")
    people = [incoming(*(event(SESSION) for _ in range(3))) for _ in range(4)]
    batches = [*people, incoming(event(SESSION), of_bot(event(SESSION)))]
    async with asyncio.TaskGroup() as tasks:
        for n, batch in enumerate(batches):
            tasks.create_task(interactions.store(batch, consumer=f"w{n}"))
    await agreed(database, rows=14 + known, bot=True)


@pytest.mark.parametrize("together", [False, True])
async def test_a_repeat_that_says_it_is_a_bot_turns_rows_and_session_alike(
    database: Database, together: bool
) -> None:
    """The same event once more, now under the name of a crawler: no row of it is new."""
    interactions = Interactions(database)
    first = event(SESSION, event_id=new_id())
    batch = incoming(first, of_bot(first))
    if together:
        await interactions.store(batch, consumer="w")
    else:
        for each in batch:
            await interactions.store([replace(each)], consumer="w")
    await agreed(database, rows=1, bot=True)
    await interactions.store(incoming(event(SESSION)), consumer="w")
    await agreed(database, rows=2, bot=True)
