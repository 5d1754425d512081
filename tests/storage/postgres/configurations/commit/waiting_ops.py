"""Ops that wait for a lock in PostgreSQL, and the log."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from storage.errors import StorageDefect, StorageUnavailable
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import (
    CommitRequest,
    CommitResult,
)
from storage.postgres.configurations.configurations import Configurations
from storage.postgres.configurations.stored import StoredConfiguration, StoredOperation
from storage.postgres.engine import Database
from tests.storage.conftest import until


@pytest.fixture
async def committer(database: Database) -> AsyncIterator[Committer]:
    async with Committer(database) as committer:
        yield committer


ALL = 100_000


async def log_of(database: Database, configuration: StoredConfiguration) -> list[StoredOperation]:
    return await Configurations(database).operations_since(configuration.id, 0, ALL)


async def all_of(
    committer: Committer, ops: list[CommitRequest]
) -> list[CommitResult | StorageDefect | StorageUnavailable]:
    """Commits all at once; the result or the error of each."""
    results: dict[UUID, CommitResult | StorageDefect | StorageUnavailable] = {}

    async def one(op: CommitRequest) -> None:
        try:
            results[op.op_id] = await committer.commit(op)
        except (StorageDefect, StorageUnavailable) as error:
            results[op.op_id] = error

    async with asyncio.TaskGroup() as tasks:
        for op in ops:
            tasks.create_task(one(op))
    return [results[op.op_id] for op in ops]


async def until_someone_waits(database: Database) -> None:
    async def waits() -> bool:
        return await someone_waits(database)

    await until(waits)


async def someone_waits(database: Database) -> bool:
    async with database.driver() as connection:
        waiting = await connection.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN"
            " (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
        )
    return bool(waiting)
