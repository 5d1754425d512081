"""Jobs of the workers for admins, and figures for Prometheus."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Permission
from configurator.protocol.codes import Refused
from realtime.api.declared.endpoints import StaffOf, actor
from realtime.api.declared.marks import get, post
from realtime.api.service.metrics import Metrics
from realtime.edge.exchange import body, json
from realtime.people.auth import bearer
from storage.errors import StorageUnavailable
from storage.postgres.service.audit import Audit
from storage.postgres.service.jobs import ASKED, JobRun, Jobs
from storage.redis.activity.stops import Stop, WorkerStops, restarts


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a job. `outcome` is null while it runs, and after it was interrupted.

    `due_at` is the time of the next run, `overdue_seconds` the time since then if it is past;
    `asked` says that an admin asked for a run at once.
    """

    job: str
    outcome: str | None
    node: str
    started_at: datetime
    finished_at: datetime | None
    due_at: datetime | None
    overdue_seconds: float
    asked: bool
    detail: dict[str, Any]


class JobsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The leading worker (null: none, so no job runs), and every job of the last 30 days.

    `failures` are the failed runs of the last seven days, newest first. `stops` are the workers
    that ended in that time without being told to; null if Redis does not answer. `restarts` is the
    number of such ends in the last ten minutes; more than two mean that a worker restarts in a
    loop.
    """

    leader: str | None
    jobs: list[JobRow]
    failures: list[JobRow]
    stops: list[Stop] | None
    restarts: int


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a job in the list of jobs."""

    job: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`asked` is true if the leader will begin within seconds, false if the job already runs."""

    asked: bool


class ServiceEndpoints:
    """The endpoints for jobs and figures. With an empty ``metrics_token`` only admins may read the figures."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        stops: WorkerStops,
        audit: Audit,
        metrics: Metrics,
        metrics_token: str,
        staff_of: StaffOf,
        now: Callable[[], datetime],
    ) -> None:
        self._jobs = jobs
        self._stops = stops
        self._audit = audit
        self._metrics = metrics
        self._metrics_token = metrics_token
        self._staff_of = staff_of
        self._now = now

    @get("/api/admin/jobs", JobsAnswer, needs=Permission.RUN_SERVICE)
    async def jobs(self, _request: Request) -> Response:
        """The recurring jobs: which worker does them, their last runs, and when they are due."""
        runs = await self._jobs.latest()
        try:
            stops = await self._stops.latest()
        except StorageUnavailable:
            stops = None
        return json(
            JobsAnswer(
                leader=await self._jobs.leader(),
                jobs=[self._row(run) for run in runs.values()],
                failures=[self._row(run) for run in await self._jobs.failures()],
                stops=stops,
                restarts=restarts(stops or [], self._now()),
            )
        )

    @post(
        "/api/admin/jobs/run",
        RunAnswer,
        body=RunRequest,
        codes=["page_not_found"],
        needs=Permission.RUN_SERVICE,
    )
    async def run(self, request: Request) -> Response:
        """Ask the leader to run a job now, before it is due.

        Each job is safe to repeat, and the leader does one at a time.
        """
        job = (await body(request, RunRequest)).job
        if job not in await self._jobs.latest():
            raise Refused("page_not_found")
        await self._audit.record(actor=actor(request), action="jobs.run", subject=job)
        return json(RunAnswer(asked=bool(await self._jobs.ask(job))))

    @get(
        "/metrics",
        str,
        media=[CONTENT_TYPE_LATEST.partition(";")[0]],
        codes=["admins_only"],
        tag="health",
        limit="admin",
    )
    async def metrics(self, request: Request) -> Response:
        """Figures in the text format of Prometheus.

        Admins and the bearer of NEST_METRICS_TOKEN may read them.
        """
        # The token is compared first: that works without PostgreSQL, too.
        if not self._is_scraper(request):
            staff = await self._staff_of(request)
            if staff is None or not staff.may(Permission.RUN_SERVICE):
                raise Refused("admins_only")
        return Response(
            await self._metrics.text(),
            headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"},
        )

    def _is_scraper(self, request: Request) -> bool:
        token = bearer(request)
        return bool(
            self._metrics_token
            and token
            and secrets.compare_digest(token.encode(), self._metrics_token.encode())
        )

    def _row(self, run: JobRun) -> JobRow:
        overdue = (self._now() - run.due_at).total_seconds() if run.due_at else 0.0
        return JobRow(
            job=run.job,
            outcome=run.outcome,
            node=run.node,
            started_at=run.started_at,
            finished_at=run.finished_at,
            due_at=run.due_at,
            overdue_seconds=max(0.0, round(overdue, 1)),
            asked=run.asked,
            detail={name: value for name, value in run.detail.items() if name != ASKED},
        )
