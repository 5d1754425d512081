"""The statement for one op decides and stores exactly what the statement for many does."""

from uuid import UUID, uuid4

import pytest

from storage.postgres.configurations.commit.statement import (
    COMMIT,
    COMMIT_CHAIN,
    COMMIT_ONE,
    SETTINGS,
    CommitRequest,
    chain_arguments,
    commit_arguments,
    commit_one_arguments,
)
from storage.postgres.engine import Database
from tests.storage.conftest import World, request

STORED = """
SELECT o.version, o.judged_at_version, o.base_version, o.outcome, o.body_sha256,
    o.operation, o.changes, o.reasons, o.repairs, o.total_cents, o.guarded,
    c.head, c.selection, c.written, c.total_cents AS price
FROM configurations c LEFT JOIN operations o ON o.configuration_id = c.id
WHERE c.id = $1 ORDER BY o.version
"""


@pytest.mark.parametrize(
    ("verdict", "changed"),
    [
        ("stored", {}),
        ("stored", {"takes_version": False, "outcome": "rejected", "selection": "", "written": ""}),
        ("stored", {"guarded": True}),
        ("moved", {"expected_version": 7}),
        ("moved", {"expected_version": 7, "takes_version": False}),
        ("moved", {"epoch": uuid4()}),
        ("moved", {"epoch": uuid4(), "takes_version": False}),
        ("not_allowed", {"person_id": uuid4()}),
        ("gone", {"configuration_id": uuid4()}),
    ],
)
async def test_both_statements_agree(
    database: Database, world: World, verdict: str, changed: dict[str, object]
) -> None:  # (OP2) (OP3) (OP6) (OP15)
    one, many = await world.configuration(), await world.configuration()
    first = request(one, 0, **changed)
    second = request(many, 0, op_id=first.op_id, **changed)
    assert await _commit_one(database, first) == (verdict, *(await _commit(database, second))[1:])
    assert await _stored(database, one.id) == await _stored(database, many.id)
    if verdict == "stored":
        assert (await _commit_one(database, first))[0] == "repeated"
        assert (await _commit(database, second))[0] == "repeated"


@pytest.mark.parametrize("epoch", [None, uuid4()])
async def test_a_chain_is_stored_in_the_history_that_it_was_judged_in(
    database: Database, world: World, epoch: UUID | None
) -> None:  # (OP20)
    house = await world.configuration()
    changed = {"epoch": epoch} if epoch else {}
    chain = [request(house, 0, **changed), request(house, 1, **changed)]
    async with database.driver() as driver:
        rows = await driver.fetch(COMMIT_CHAIN, *chain_arguments(chain))
    assert [row["version"] for row in rows] == ([] if epoch else [1, 2])


async def _commit_one(database: Database, op: CommitRequest) -> tuple[object, ...]:
    return await _run(database, COMMIT_ONE, *commit_one_arguments(op))


async def _commit(database: Database, op: CommitRequest) -> tuple[object, ...]:
    return await _run(database, COMMIT, *commit_arguments([op]))


async def _run(database: Database, statement: str, *arguments: object) -> tuple[object, ...]:
    async with database.driver() as driver:
        async with driver.transaction():
            for name, value in SETTINGS.items():
                await driver.execute("SELECT set_config($1, $2, true)", name, value)
            [row] = await driver.fetch(statement, *arguments)
        return (row["verdict"], row["head"], row["version"], row["committed_at"] is not None)


async def _stored(database: Database, configuration_id: UUID) -> list[tuple[object, ...]]:
    async with database.driver() as driver:
        return [tuple(row) for row in await driver.fetch(STORED, configuration_id)]
