"""One worker at a time does the jobs; if it dies, another one takes over within seconds.

    candidate ──lock──▶ leader ──connection lost──▶ candidate
                          │ each job when it is due: begin, run, finish with the next due time

A leader that lost its connection may finish its current job while the next leader has begun: each job
is safe to run twice at once. The due time of each job is in the database, so a new leader continues
where the last one stopped. Requests to run a job at once are in the database, too.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from storage.errors import StorageError, StorageUnavailable
from storage.outage import Outage
from storage.postgres.service.jobs import JobOutcome, Jobs, Leadership
from workers.consumer import stopped_within
from workers.schedule import Detail, Job

log = structlog.get_logger()

TRY_SECONDS = 2.0
RETRY_SECONDS = 30.0
"""A job that failed because a store was away is tried again after at most this many seconds."""


class Leader:
    """Tries to lead, and does the jobs while it does."""

    def __init__(
        self,
        leadership: Leadership,
        runs: Jobs,
        jobs: Sequence[Job],
        *,
        node: str,
        now: Callable[[], datetime],
        try_seconds: float = TRY_SECONDS,
    ) -> None:
        self._leadership = leadership
        self._runs = runs
        self._jobs = jobs
        self._node = node
        self._now = now
        self._try_seconds = try_seconds
        self._due: dict[str, datetime] = {}
        self.leads = False
        self.outage = Outage("leading, or standing by to lead")

    async def run(self, stopping: asyncio.Event) -> None:
        """Leads whenever possible, until `stopping` is set. A failed job stops no other job."""
        async with self._leadership:
            while not stopping.is_set():
                with self.outage.tolerated():
                    if await self._leadership.acquire():
                        await self._lead(stopping)
                await stopped_within(stopping, self._try_seconds)

    async def _lead(self, stopping: asyncio.Event) -> None:
        self._due = await self._due_times()
        self.leads = True
        self.outage.over()
        log.info("leading")
        try:
            while not stopping.is_set() and await self._leadership.holds():
                now = self._now()
                for job in self._jobs:
                    if self._due[job.name] <= now and not stopping.is_set():
                        await self._do(job)
                await stopped_within(stopping, self._try_seconds)
                await self._hear()
        finally:
            self.leads = False
            log.info("not_leading")

    async def _hear(self) -> None:
        """Make requested jobs due now; they still run one after the other."""
        try:
            latest = await self._runs.latest()
        except StorageError:
            return  # the next round reads the request
        for name in self._due:
            if name in latest and latest[name].asked:
                self._due[name] = self._now()

    async def _due_times(self) -> dict[str, datetime]:
        """The due time of each job; one that was interrupted, or never ran, is due now."""
        now, latest = self._now(), await self._runs.latest()
        due = {}
        for job in self._jobs:
            run = latest.get(job.name)
            at = run.due_at if run is not None and run.due_at is not None else now
            due[job.name] = min(at, now + timedelta(seconds=job.every_seconds))
        return due

    async def _do(self, job: Job) -> None:
        """Runs a job and records the result; an error of our own is a failed run like any other.

        The job is tried again when it is due, so that one unreadable row does not stop the other
        jobs.
        """
        try:
            run_id = await self._runs.begin(job.name, self._node)
        except StorageError as away:
            self._later(job, away)
            return
        try:
            detail = await job.run()
        except StorageUnavailable as away:
            self._later(job, away)
            await self._finish(job, run_id, "failed", {"reason": str(away)})
        except Exception as error:
            self._due[job.name] = self._now() + timedelta(seconds=job.every_seconds)
            log.exception("job_broken", job=job.name, retry_seconds=job.every_seconds)
            await self._finish(job, run_id, "failed", {"reason": type(error).__name__})
        else:
            self._due[job.name] = self._now() + timedelta(seconds=job.every_seconds)
            outcome: JobOutcome = "skipped" if detail is None else "ok"
            await self._finish(job, run_id, outcome, detail or {})
            if detail and any(detail.values()):
                log.info("job_done", job=job.name, **detail)

    def _later(self, job: Job, away: StorageError) -> None:
        wait = min(job.every_seconds, RETRY_SECONDS)
        self._due[job.name] = self._now() + timedelta(seconds=wait)
        log.warning("job_failed", job=job.name, reason=str(away), retry_seconds=wait)

    async def _finish(self, job: Job, run_id: int, outcome: JobOutcome, detail: Detail) -> None:
        """Record the result; if that fails, the run has no end, and the next run marks it so."""
        try:
            await self._runs.finish(run_id, outcome, detail=detail, due_at=self._due[job.name])
        except StorageError as away:
            log.warning("run_not_recorded", job=job.name, outcome=outcome, reason=str(away))
        except Exception:
            log.exception("run_not_recorded", job=job.name, outcome=outcome)
