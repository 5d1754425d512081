"""Runs of jobs and their results, and the leader: the worker that holds one advisory lock.

The lock belongs to a connection, not to a transaction: a worker that loses the connection, or dies,
loses it. A pooler between us and PostgreSQL must therefore keep sessions (no transaction pooling).
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError
from storage.postgres.engine import Database
from storage.postgres.failures import storage_errors

JobOutcome = Literal["ok", "failed", "skipped"]
LOCK_KEY = 0x6E657374  # "nest", the second half of the key; the first half is the purpose
LOCK_CLASS = 0x6A6F6273  # "jobs"
ASKED = "asked"
"""The key in the latest run's detail that asks the leader to run the job again at once."""

FAILURES_SHOWN = timedelta(days=7)
RUNS_KEPT = timedelta(days=30)
CHECK_SECONDS = 2.0
OVERDUE = timedelta(minutes=5)
"""A job that is due for longer than this has no worker to run it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One run. `outcome` None: it is running, or was interrupted. `due_at`: the next run."""

    job: str
    node: str
    started_at: datetime
    finished_at: datetime | None
    due_at: datetime | None
    outcome: JobOutcome | None
    detail: dict[str, Any]

    @property
    def asked(self) -> bool:
        """Whether somebody asked for a run at once and it has not begun yet."""
        return ASKED in self.detail


def overdue(latest: Iterable[JobRun], now: datetime) -> int:
    """The number of jobs, given the latest run of each, that have been due for over 5 minutes."""
    return sum(run.due_at is not None and now - run.due_at > OVERDUE for run in latest)


class Jobs:
    """Writes and reads runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, job: str, node: str) -> int:
        """Records that a run has begun; returns its id. An older unfinished run was interrupted."""
        interrupted = text(
            "UPDATE job_runs SET finished_at = now(), outcome = 'failed',"
            """ detail = '{"reason": "interrupted"}'"""
            " WHERE job = :job AND outcome IS NULL"
        )
        begun = text("INSERT INTO job_runs (job, node) VALUES (:job, :node) RETURNING id")

        async def work(connection: AsyncConnection) -> int:
            await connection.execute(interrupted, {"job": job})
            return int((await connection.execute(begun, {"job": job, "node": node})).scalar_one())

        return await self._database.write(work)

    async def finish(
        self,
        run_id: int,
        outcome: JobOutcome,
        *,
        detail: dict[str, object],
        due_at: datetime | None,
    ) -> None:
        """Records the result of a run and the next due time; `due_at` None: it cannot be asked for."""
        ended = text(
            "UPDATE job_runs SET finished_at = now(), outcome = :outcome,"
            " detail = CAST(:detail AS jsonb), due_at = :due_at WHERE id = :id"
        )
        values = {
            "id": run_id,
            "outcome": outcome,
            "detail": orjson.dumps(detail).decode(),
            "due_at": due_at,
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(ended, values)

        await self._database.write(work)

    async def latest(self) -> dict[str, JobRun]:
        """The latest run of each job that ran in the last 30 days."""
        statement = text(
            """
            WITH RECURSIVE names AS (  -- from job to job by the index, not past every run
                (SELECT job FROM job_runs ORDER BY job LIMIT 1)
                UNION ALL
                SELECT (SELECT job FROM job_runs WHERE job > names.job ORDER BY job LIMIT 1)
                FROM names WHERE names.job IS NOT NULL
            )
            SELECT run.* FROM names CROSS JOIN LATERAL (
                SELECT job, node, started_at, finished_at, due_at, outcome, detail FROM job_runs
                WHERE job = names.job ORDER BY id DESC LIMIT 1
            ) AS run ORDER BY job
            """
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {row.job: JobRun(**row._mapping) for row in found}

    async def ask(self, job: str) -> bool | None:
        """Asks the leader to run the job now; the leader checks every few seconds.

        False: the job is running at this moment, or runs all the time. None: it never ran.
        """
        asked = text(
            "UPDATE job_runs SET due_at = least(due_at, now()),"
            " detail = detail || jsonb_build_object(CAST(:asked AS text), true)"
            " WHERE id = (SELECT max(id) FROM job_runs WHERE job = :job)"
            " AND outcome IS NOT NULL AND due_at IS NOT NULL"
        )
        known = text("SELECT EXISTS (SELECT FROM job_runs WHERE job = :job)")

        async def work(connection: AsyncConnection) -> bool | None:
            if (await connection.execute(asked, {"job": job, "asked": ASKED})).rowcount:
                return True
            return False if (await connection.execute(known, {"job": job})).scalar_one() else None

        return await self._database.write(work)

    async def failures(self, *, limit: int = 20) -> list[JobRun]:
        """Runs that failed in the last seven days, newest first."""
        statement = text(
            "SELECT job, node, started_at, finished_at, due_at, outcome, detail FROM job_runs"
            " WHERE outcome = 'failed' AND started_at > now() - CAST(:shown AS interval)"
            " ORDER BY id DESC LIMIT :limit"
        )
        values = {"shown": FAILURES_SHOWN, "limit": limit}
        found = await self._database.read(lambda connection: connection.execute(statement, values))
        return [JobRun(**row._mapping) for row in found]

    async def failing(self) -> list[str]:
        """The jobs whose last finished run failed."""
        statement = text(
            """
            WITH RECURSIVE names AS (
                (SELECT job FROM job_runs ORDER BY job LIMIT 1)
                UNION ALL
                SELECT (SELECT job FROM job_runs WHERE job > names.job ORDER BY job LIMIT 1)
                FROM names WHERE names.job IS NOT NULL
            )
            SELECT job FROM names CROSS JOIN LATERAL (
                SELECT outcome FROM job_runs
                WHERE job = names.job AND outcome IS NOT NULL ORDER BY id DESC LIMIT 1
            ) AS run WHERE outcome = 'failed' ORDER BY job
            """
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return list(found.scalars())

    async def forget(self, known: Sequence[str]) -> int:
        """Deletes runs older than 30 days, and those of jobs not in `known`; returns how many."""
        statement = text(
            "DELETE FROM job_runs WHERE started_at < now() - CAST(:kept AS interval)"
            " OR job <> ALL(CAST(:known AS text[]))"
        )
        values = {"kept": RUNS_KEPT, "known": list(known)}

        async def work(connection: AsyncConnection) -> int:
            return int((await connection.execute(statement, values)).rowcount)

        return await self._database.write(work)

    async def leader(self) -> str | None:
        """The node of the present leader, or None."""
        statement = text(
            "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND classid = :class AND objid = :key"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        asked = {"class": LOCK_CLASS, "key": LOCK_KEY}
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        name: str | None = found.scalars().first()
        return name


class Leadership:
    """One candidate for the lock. Async context manager; leaving it releases the lock."""

    def __init__(self, database: Database, *, node: str) -> None:
        self._database = database
        self._node = node
        self._connection: asyncpg.Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                with storage_errors(self._database.retry_after_seconds):
                    await connection.close(timeout=CHECK_SECONDS)
            except StorageError:
                connection.terminate()

    async def acquire(self) -> bool:
        """Try to take the lock; True if this candidate leads now. Raises StorageUnavailable."""
        if self._connection is None:
            self._connection = await self._database.connect_alone(self._node)
        return await self._ask("SELECT pg_try_advisory_lock($1, $2)", LOCK_CLASS, LOCK_KEY)

    async def holds(self) -> bool:
        """Whether the lock is still ours, that is, whether its connection answers."""
        if self._connection is None:
            return False
        try:
            return await self._ask("SELECT true")
        except StorageError:
            return False

    async def _ask(self, statement: str, *arguments: object) -> bool:
        connection = self._connection
        assert connection is not None  # noqa: S101 - both callers have a connection
        try:
            with storage_errors(self._database.retry_after_seconds):
                async with asyncio.timeout(CHECK_SECONDS):
                    return bool(await connection.fetchval(statement, *arguments))
        except StorageError:
            self._connection = None
            with contextlib.suppress(OSError):
                connection.terminate()
            raise
