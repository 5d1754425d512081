"""A pool connection that a committer holds, with its prepared statements."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg

from storage.errors import StorageDefect
from storage.postgres.configurations.commit.statement import (
    COMMIT,
    COMMIT_CHAIN,
    COMMIT_ONE,
    FIND,
    SETTINGS,
    CommitRequest,
    CommitResult,
    Gone,
    HeadMoved,
    NotAllowed,
    Repeated,
    Stored,
    chain_arguments,
    commit_arguments,
    commit_one_arguments,
)
from storage.postgres.configurations.commit.waiting import Waiting
from storage.postgres.configurations.stored import StoredOperation
from storage.postgres.engine import Database


class CommitConnection:
    """A connection that commits ops; `prepare` sets up a connection of the pool for it."""

    def __init__(self, database: Database, lock_seconds: float) -> None:
        self._deadline_seconds = database.deadlines.statement
        self._settings = {**SETTINGS, "lock_timeout": str(int(lock_seconds * 1000))}

    async def prepare(self, driver: asyncpg.Connection) -> None:
        """Set up one connection of the pool. Raises asyncpg's errors."""
        self._driver = driver
        await driver.execute(  # first, because preparing a statement takes locks, too
            "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)",
            list(self._settings),
            list(self._settings.values()),
        )
        self._commit = await driver.prepare(COMMIT)
        self._commit_one = await driver.prepare(COMMIT_ONE)
        self._commit_chain = await driver.prepare(COMMIT_CHAIN)
        self._find = await driver.prepare(FIND)
        # Last, because asyncpg prepares without a Sync: otherwise the connection would stay in a
        # transaction and hold the locks of the prepared statements until the next edit.
        await driver.execute("SELECT 'prepared'")

    async def commit_all(self, items: list[Waiting]) -> list[CommitResult] | None:
        """Runs one statement; results in the order of the items. None: commit the ops singly."""
        if not items:
            return []
        requests = [item.request for item in items]
        if items[-1].after in items:
            return await self._commit_chain_of(requests)
        decided = {row["configuration_id"]: row for row in await self._decide(requests)}
        doubtful = [
            request
            for request in requests
            if decided[request.configuration_id]["verdict"] in {"repeated", "moved"}
        ]
        known = await self._known(doubtful) if doubtful else {}
        return [
            _result(decided[request.configuration_id], known.get(request.configuration_id))
            for request in requests
        ]

    async def _decide(self, requests: list[CommitRequest]) -> list[Any]:
        if len(requests) == 1:
            return await self._fetch(self._commit_one, *commit_one_arguments(requests[0]))
        return await self._fetch(self._commit, *commit_arguments(requests))

    async def _commit_chain_of(self, requests: list[CommitRequest]) -> list[CommitResult] | None:
        rows = await self._fetch(self._commit_chain, *chain_arguments(requests))
        stored = {
            row["op_id"]: Stored(version=row["version"], committed_at=row["committed_at"])
            for row in rows
        }
        return [stored[request.op_id] for request in requests] if stored else None

    async def _known(self, requests: list[CommitRequest]) -> dict[UUID, StoredOperation]:
        rows = await self._fetch(
            self._find,
            [request.configuration_id for request in requests],
            [request.op_id for request in requests],
        )
        return {row["configuration_id"]: StoredOperation(**row) for row in rows}

    async def _fetch(self, statement: Any, *arguments: object) -> list[Any]:  # noqa: ANN401
        """Fetch rows; at the deadline, close the connection without asking PostgreSQL to cancel.

        A cancel request could end the wait for a synchronous standby and make an op visible that
        is not durable yet.
        """
        loop = asyncio.get_running_loop()
        closing = loop.call_later(self._deadline_seconds, self._driver.terminate)
        try:
            rows: list[Any] = await statement.fetch(
                *arguments, timeout=2 * self._deadline_seconds + 60
            )
        finally:
            closing.cancel()
        return rows


def _result(row: Any, known: StoredOperation | None) -> CommitResult:  # noqa: ANN401
    if known is not None:
        return Repeated(operation=known)
    match row["verdict"]:
        case "stored":
            return Stored(version=row["version"], committed_at=row["committed_at"])
        case "moved":
            return HeadMoved(head=row["head"])
        case "not_allowed":
            return NotAllowed()
        case "gone":
            return Gone()
        case verdict:
            raise StorageDefect(f"unknown verdict: {verdict}")
