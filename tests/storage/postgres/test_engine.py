"""Errors say what to do, connections survive a restart, and every wait has an end."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import OutcomeUnknown, StorageDefect, StorageUnavailable
from storage.postgres.engine import Database, Deadlines
from storage.postgres.people.people import People
from tests.storage.conftest import World, terminate_backends, until
from tests.support.programs.ports import free_port
from tests.support.waiting import eventually


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    url = f"postgresql://postgres@127.0.0.1:{free_port()}/nowhere"
    async with Database(url, retry_after_seconds=2.5) as database:
        with pytest.raises(StorageUnavailable) as raised:
            await database.ping()
    assert raised.value.retry_after_seconds == 2.5


async def test_reads_and_writes_go_on_after_all_connections_were_cut(
    database: Database, database_url: str, world: World
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(world.person())
    assert await terminate_backends(database_url) > 1
    person = await world.person()
    assert await People(database).rename(person.id, "Grace") is not None


async def test_a_connection_that_was_closed_meanwhile_is_not_handed_out(
    database: Database, database_url: str
) -> None:
    async with database.driver() as connection:
        pass
    assert await terminate_backends(database_url) == 1
    await eventually(connection.is_closed)
    async with database.driver() as fresh:
        assert await fresh.fetchval("SELECT 7") == 7


async def test_a_cut_inside_a_transaction_is_retried(database: Database, world: World) -> None:
    runs = 0

    async def work(connection: AsyncConnection) -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return int((await connection.execute(text("SELECT 7"))).scalar_one())

    assert await database.write(work) == 7
    assert runs == 2


async def test_a_cut_at_commit_is_unknown_not_failed(database: Database, database_url: str) -> None:
    async def work(connection: AsyncConnection) -> None:
        backend = await connection.execute(text("SELECT pg_backend_pid()"))
        other = await asyncpg.connect(database_url)
        await other.execute("SELECT pg_terminate_backend($1, 5000)", backend.scalar_one())
        await other.close()

    with pytest.raises(OutcomeUnknown):
        await database.write(work)


async def test_deadlocked_transactions_both_succeed(database: Database, world: World) -> None:
    first, second = await world.person(), await world.person()
    both_hold_one = asyncio.Barrier(2)
    met = False

    async def rename(order: tuple[object, object]) -> None:
        async def work(connection: AsyncConnection) -> None:
            nonlocal met
            statement = text("UPDATE people SET name = 'x' WHERE id = :id")
            await connection.execute(statement, {"id": order[0]})
            if not met:
                await both_hold_one.wait()
                met = True
            await connection.execute(statement, {"id": order[1]})

        await database.write(work)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rename((first.id, second.id)))
        tasks.create_task(rename((second.id, first.id)))


async def test_our_own_mistakes_are_defects(database: Database) -> None:
    with pytest.raises(StorageDefect):
        await database.read(lambda connection: connection.execute(text("SELEKT 1")))


async def test_a_value_that_cannot_be_sent_leaves_no_lock(database: Database) -> None:
    """asyncpg prepares a statement, which takes its locks, before it looks at the values."""
    reading = text("SELECT id FROM people WHERE created_at > :since FOR UPDATE")
    with pytest.raises(StorageDefect):
        await database.read(lambda connection: connection.execute(reading, {"since": "no time"}))

    async def free(connection: AsyncConnection) -> bool:
        held = text("SELECT count(*) FROM pg_locks WHERE relation = 'people'::regclass")
        return int((await connection.execute(held)).scalar_one()) == 0

    await until(lambda: database.read(free))


async def test_a_mistake_of_the_caller_passes_through(database: Database) -> None:
    async def work(connection: AsyncConnection) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)


@pytest.mark.parametrize(
    "deadlines", [Deadlines(statement=0.2), Deadlines(call=0.2)], ids=["statement", "call"]
)
async def test_a_slow_statement_ends_at_its_deadline(
    database_url: str, deadlines: Deadlines
) -> None:
    async with Database(database_url, deadlines=deadlines) as database:
        with pytest.raises(StorageUnavailable):
            await database.read(lambda connection: connection.execute(text("SELECT pg_sleep(9)")))
        await until(lambda: answers(database))


async def answers(database: Database) -> bool:
    """Whether PostgreSQL answers within the deadline, in which it may have to be connected first."""
    try:
        await database.ping()
    except StorageUnavailable:
        return False
    return True


async def test_an_exhausted_pool_is_unavailable_after_its_deadline(database_url: str) -> None:
    async with (
        Database(database_url, pool_size=1, deadlines=Deadlines(pool=0.05)) as database,
        database.driver(),
    ):
        with pytest.raises(StorageUnavailable):
            await database.ping()


async def test_every_connection_waits_for_the_disk(database_url: str) -> None:
    async with Database(database_url) as database, database.driver() as connection:
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SHOW statement_timeout") == "4s"


async def test_a_driver_error_leaves_a_usable_pool(database: Database) -> None:
    for statement in ("SELECT nothing", "SELECT pg_terminate_backend(pg_backend_pid())"):
        with pytest.raises((StorageDefect, StorageUnavailable)):
            async with database.driver() as connection:
                await connection.fetch(statement)
    await database.ping()
