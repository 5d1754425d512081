"""Only people with a role that edits commit, and nobody after a revocation."""

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from configurator.people.roles import Role
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import (
    NotAllowed,
    Stored,
)
from storage.postgres.configurations.stored import StoredConfiguration
from storage.postgres.engine import Database
from storage.postgres.people.shares import Shares
from tests.storage.conftest import World, request
from tests.storage.postgres.configurations.commit.waiting_ops import log_of, until_someone_waits


@pytest.mark.parametrize(("role", "allowed"), [(Role.VIEWER, False), (Role.EDITOR, True)])
async def test_only_roles_that_edit_may_commit(
    world: World, committer: Committer, role: Role, allowed: bool
) -> None:  # (OP15)
    configuration = await world.configuration()
    member = await world.member(configuration, role)
    result = await committer.commit(request(configuration, person_id=member.id))
    assert isinstance(result, Stored if allowed else NotAllowed)


async def test_a_stranger_may_not_commit(world: World, committer: Committer) -> None:
    stranger = await world.person()
    op = request(await world.configuration(), person_id=stranger.id)
    assert await committer.commit(op) == NotAllowed()


async def test_nothing_of_a_revoked_person_commits_after_the_revocation(
    database: Database, world: World
) -> None:  # (OP15)
    shares = Shares(database)

    async def race(committer: Committer, configuration: StoredConfiguration) -> None:
        member = await world.member(configuration)
        allowed = asyncio.Event()
        revoked = asyncio.Event()
        refused_after = 0

        async def write() -> None:
            nonlocal refused_after
            version = 0
            while True:
                late = revoked.is_set()
                op = request(configuration, version, person_id=member.id)
                result = await committer.commit(op)
                assert not (late and isinstance(result, Stored))
                if isinstance(result, NotAllowed):
                    refused_after += late
                    if late:
                        return
                    continue
                assert isinstance(result, Stored)
                assert result.version is not None
                version = result.version
                if version == 3:
                    allowed.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write())
            await allowed.wait()
            assert await shares.remove(configuration.id, member.id, by=configuration.owner_id)
            revoked.set()
        ended = await revoked_at(database, configuration.id, member.id)
        log = await log_of(database, configuration)
        assert refused_after == 1
        assert len(log) >= 3
        assert max(op.committed_at for op in log) < ended

    configurations = [await world.configuration() for _ in range(20)]
    async with Committer(database) as committer, asyncio.TaskGroup() as tasks:
        for configuration in configurations:
            tasks.create_task(race(committer, configuration))


async def revoked_at(database: Database, configuration_id: UUID, person_id: UUID) -> datetime:
    async with database.driver() as connection:
        ended: datetime = await connection.fetchval(
            "SELECT revoked_at FROM grants WHERE configuration_id = $1 AND person_id = $2",
            configuration_id,
            person_id,
        )
    return ended


async def test_a_revocation_that_came_first_stops_an_op_that_waited_for_it(
    database: Database, database_url: str, world: World, committer: Committer
) -> None:
    """The grant was still there when the statement began: locking it reads it again. (OP15)"""
    configuration = await world.configuration()
    member = await world.member(configuration)
    other = await asyncpg.connect(database_url)
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("UPDATE grants SET revoked_at = now() WHERE person_id = $1", member.id)
        async with asyncio.TaskGroup() as tasks:
            answer = tasks.create_task(
                committer.commit(request(configuration, person_id=member.id))
            )
            await until_someone_waits(database)
            await transaction.commit()
    finally:
        await other.close()
    assert answer.result() == NotAllowed()
    assert await log_of(database, configuration) == []
