"""Every op has one fate, versions have no gap, and a revoked person commits nothing.

Cites P1, P2, P3, P7 and I2, I4, I5 of the specification.
"""

import asyncio
import json
from collections import Counter
from uuid import UUID, uuid4

import asyncpg
import pytest

from storage.errors import StorageDefect, StorageUnavailable
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import (
    Gone,
    HeadMoved,
    Repeated,
    Stored,
)
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from tests.storage.conftest import World, request, terminate_backends
from tests.storage.postgres.configurations.commit.waiting_ops import (
    all_of,
    log_of,
    until_someone_waits,
)
from tests.support.waiting import eventually


async def test_a_committed_op_is_state_and_log(
    database: Database, world: World, committer: Committer
) -> None:  # (OP2)
    configuration = await world.configuration()
    op = request(configuration, 0)
    result = await committer.commit(op)
    assert isinstance(result, Stored)
    assert result.version == 1

    loaded = await Configurations(database).load_with_operations(configuration.id, 0, 10)
    assert loaded is not None
    head, operations = loaded
    assert (head.version, head.total_cents) == (1, 18_880_000)
    assert head.selection == {"nest": {"option": "nest120"}}
    assert head.written == {"nest": 1}
    [stored] = operations
    assert stored.op_id == op.op_id
    assert stored.committed_at == result.committed_at
    assert (stored.author_name, stored.author_colour) == ("Ada", 3)
    assert stored.operation == json.loads(op.operation)
    assert stored.changes == json.loads(op.changes)
    assert await Configurations(database).outcome_of(configuration.id, op.op_id) == stored


async def test_a_refused_op_is_remembered_and_changes_nothing(
    database: Database, world: World, committer: Committer
) -> None:  # (OP3)
    configuration = await world.configuration()
    op = request(configuration, takes_version=False, outcome="rejected", selection="", written="")
    result = await committer.commit(op)
    assert isinstance(result, Stored)
    assert result.version is None
    assert await Configurations(database).load(configuration.id) == configuration
    assert await log_of(database, configuration) == []
    outcome = await Configurations(database).outcome_of(configuration.id, op.op_id)
    assert outcome is not None
    assert (outcome.outcome, outcome.version, outcome.judged_at_version) == ("rejected", None, 0)
    assert outcome.total_cents == op.total_cents


@pytest.mark.parametrize("takes_version", [True, False])
async def test_an_op_on_an_old_head_is_told_the_new_one(
    world: World, committer: Committer, takes_version: bool
) -> None:
    configuration = await world.configuration()
    await committer.commit(request(configuration, 0))
    late = request(configuration, 0, takes_version=takes_version)
    assert await committer.commit(late) == HeadMoved(head=1)


async def test_the_same_op_again_gives_the_stored_outcome(
    world: World, committer: Committer
) -> None:  # (OP4)
    configuration = await world.configuration()
    op = request(configuration, 0)
    await committer.commit(op)
    again = await committer.commit(request(configuration, 1, op_id=op.op_id, body_sha256=b"other"))
    assert isinstance(again, Repeated)
    assert again.operation.version == 1
    assert again.operation.body_sha256 == op.body_sha256


async def test_a_configuration_that_is_not_there_is_gone(
    world: World, committer: Committer
) -> None:
    op = request(await world.configuration(), configuration_id=uuid4())
    assert await committer.commit(op) == Gone()


async def test_a_bad_op_does_not_fail_the_others_of_its_batch(
    world: World, database: Database
) -> None:
    configurations = [await world.configuration() for _ in range(9)]
    ops = [request(configuration) for configuration in configurations]
    ops[4] = request(configurations[4], changes="no json")
    ops[7] = request(configurations[7], outcome="nul \x00 byte")
    ops[8] = request(configurations[8], total_cents=2**70)
    async with Committer(database, connections=1) as committer:
        results = await all_of(committer, ops)
    assert [type(result) for result in results] == [
        *[Stored] * 4,
        StorageDefect,
        *[Stored] * 2,
        StorageDefect,
        StorageDefect,
    ]


async def test_two_committers_number_the_ops_without_gap_or_repeat(
    database: Database, world: World
) -> None:  # (OP6)
    configurations = [await world.configuration() for _ in range(3)]
    stored: list[tuple[UUID, UUID, int]] = []

    async def write(committer: Committer, configuration: StoredConfiguration) -> None:
        version = 0
        for _ in range(25):
            op_id = uuid4()
            while True:
                result = await committer.commit(request(configuration, version, op_id=op_id))
                if isinstance(result, HeadMoved):
                    assert result.head is not None
                    version = result.head
                    continue
                assert isinstance(result, Stored)
                assert result.version == version + 1
                version += 1
                stored.append((configuration.id, op_id, version))
                break

    async with (
        Committer(database) as one,
        Committer(database) as other,
        asyncio.TaskGroup() as tasks,
    ):
        for committer in (one, other):
            for configuration in configurations * 2:
                tasks.create_task(write(committer, configuration))

    for configuration in configurations:
        log = await log_of(database, configuration)
        assert [op.version for op in log] == list(range(1, 101))
        assert [op.committed_at for op in log] == sorted(op.committed_at for op in log)
        acknowledged = {(op, v) for c, op, v in stored if c == configuration.id}
        assert acknowledged == {(op.op_id, op.version) for op in log}
        head = await Configurations(database).load(configuration.id)
        assert head is not None
        assert (head.version, head.total_cents) == (100, log[-1].total_cents)


@pytest.mark.parametrize("takes_version", [True, False], ids=["committed", "rejected"])
async def test_the_same_op_from_two_committers_is_stored_once(
    database: Database, world: World, takes_version: bool
) -> None:  # (OP4)
    configurations = [await world.configuration() for _ in range(40)]
    async with Committer(database) as one, Committer(database) as other:
        for configuration in configurations:
            op = request(configuration, takes_version=takes_version)
            async with asyncio.TaskGroup() as tasks:
                answers = [tasks.create_task(c.commit(op)) for c in (one, other)]
            kinds = Counter(type(answer.result()) for answer in answers)
            assert kinds == {Stored: 1, Repeated: 1}


async def test_an_op_that_waited_for_the_same_op_is_repeated(
    database: Database, database_url: str, world: World, committer: Committer
) -> None:
    """The op is committed by another process while this one waits for the row."""
    configuration = await world.configuration()
    op = request(configuration, takes_version=False, outcome="rejected")
    other = await asyncpg.connect(database_url)
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT FROM configurations WHERE id = $1 FOR UPDATE", configuration.id)
        async with asyncio.TaskGroup() as tasks:
            answer = tasks.create_task(committer.commit(op))
            await until_someone_waits(database)
            await other.execute(
                """INSERT INTO operations (configuration_id, op_id, judged_at_version,
                       base_version, person_id, outcome, body_sha256, operation, changes, reasons,
                       repairs, guarded)
                   VALUES ($1, $2, 0, 0, $3, 'rejected', $4, '{}', '[]', '[]', '[]', false)""",
                configuration.id,
                op.op_id,
                op.person_id,
                op.body_sha256,
            )
            await transaction.commit()
    finally:
        await other.close()
    assert isinstance(answer.result(), Repeated)


async def test_a_row_that_somebody_holds_stops_only_its_own_ops(
    database: Database, database_url: str, world: World
) -> None:
    held, *others = [await world.configuration() for _ in range(4)]
    other = await asyncpg.connect(database_url)
    try:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM configurations WHERE id = $1 FOR UPDATE", held.id)
        async with (
            Committer(database, connections=1, lock_seconds=0.02) as committer,
            asyncio.TaskGroup() as tasks,
        ):
            stuck = tasks.create_task(committer.commit(request(held)))
            results = await all_of(committer, [request(configuration) for configuration in others])
            assert [type(result) for result in results] == [Stored] * 3
            assert not stuck.done()
            await other.execute("ROLLBACK")
        assert isinstance(stuck.result(), Stored)
    finally:
        await other.close()


async def test_cut_connections_lose_and_double_nothing(
    database: Database, database_url: str, world: World
) -> None:
    configurations = [await world.configuration() for _ in range(12)]
    acknowledged: list[tuple[UUID, int]] = []
    cuts = 0
    done = asyncio.Event()

    async def write(committer: Committer, configuration: StoredConfiguration) -> None:
        version = 0
        while not done.is_set():
            op = request(configuration, version)
            result = await committer.commit(op)
            assert isinstance(result, Stored)  # also when only a retry of the committer told it
            assert result.version == version + 1
            version += 1
            acknowledged.append((op.op_id, version))

    async with (
        Committer(database) as one,
        Committer(database) as other,
        asyncio.TaskGroup() as tasks,
    ):
        for number, configuration in enumerate(configurations):
            tasks.create_task(write((one, other)[number % 2], configuration))
        while cuts < 30:
            before = len(acknowledged)
            await eventually(lambda before=before: len(acknowledged) > before + 20)  # type: ignore[misc]
            cuts += await terminate_backends(database_url)
        done.set()

    logs = [await log_of(database, configuration) for configuration in configurations]
    assert sorted((op.op_id, op.version) for log in logs for op in log) == sorted(acknowledged)
    for log in logs:
        assert [op.version for op in log] == list(range(1, len(log) + 1))


async def test_a_full_queue_says_so(database: Database, world: World) -> None:
    configuration = await world.configuration()
    async with Committer(database, max_waiting=2) as committer:
        results = await all_of(committer, [request(configuration) for _ in range(5)])
    assert Counter(type(result) for result in results)[StorageUnavailable] == 3


async def test_leaving_answers_what_is_waiting(database: Database, world: World) -> None:
    configurations = [await world.configuration() for _ in range(5)]
    async with (
        asyncio.TaskGroup() as tasks,
        Committer(database, connections=1, max_batch=1) as committer,
    ):
        answers = [tasks.create_task(committer.commit(request(c))) for c in configurations]
        await asyncio.sleep(0)
        assert committer.waiting
    assert [type(answer.result()) for answer in answers] == [Stored] * 5
    with pytest.raises(StorageUnavailable):
        await committer.commit(request(configurations[0], 1))


async def test_a_caller_that_goes_away_disturbs_nobody(database: Database, world: World) -> None:
    configurations = [await world.configuration() for _ in range(4)]
    async with Committer(database, connections=1) as committer, asyncio.TaskGroup() as tasks:
        leaving = [tasks.create_task(committer.commit(request(c))) for c in configurations]
        await asyncio.sleep(0)
        for task in leaving[:2]:
            task.cancel()
        staying = await committer.commit(request(await world.configuration()))
    assert isinstance(staying, Stored)
    assert all(isinstance(task.result(), Stored) for task in leaving[2:])
