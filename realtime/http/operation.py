"""How the pipeline runs: the jobs for admins, the figures for Prometheus."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.auth import bearer
from realtime.http.edge import body, json
from realtime.http.endpoints import Endpoint, actor
from realtime.metrics import Metrics
from storage.errors import StorageUnavailable
from storage.postgres.audit import Audit
from storage.postgres.jobs import ASKED, JobRun, Jobs
from storage.redis.stops import Stop, WorkerStops, restarts


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a job. `outcome` null: it is running, or was interrupted.

    `due_at` is when it runs next; `overdue_seconds` for how long that has been past; `asked`:
    somebody asked for it at once.
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
    """Who leads (null: nobody, and nothing runs), and every job that ran in the last 30 days.

    `failures` are runs of the last seven days, newest first, `stops` the workers that ended in that
    time without being told to; null: not known now. `restarts`: so many of them in the last ten
    minutes; more than two are a loop.
    """

    leader: str | None
    jobs: list[JobRow]
    failures: list[JobRow]
    stops: list[Stop] | None
    restarts: int


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a job, as the list of jobs says it."""

    job: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`asked`: the leader begins within seconds; else the job is being done at this moment."""

    asked: bool


class OperationEndpoints:
    """The handlers. ``metrics_token`` "": only admins may read the figures."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        stops: WorkerStops,
        audit: Audit,
        metrics: Metrics,
        metrics_token: str,
        is_admin: Callable[[Request], Awaitable[bool]],
        now: Callable[[], datetime],
    ) -> None:
        self._jobs = jobs
        self._stops = stops
        self._audit = audit
        self._metrics = metrics
        self._metrics_token = metrics_token
        self._is_admin = is_admin
        self._now = now

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="GET",
                path="/api/admin/jobs",
                handler=self.jobs,
                summary="The recurring jobs: who does them, how the latest run of each went, and "
                "when it is due again.",
                answer=JobsAnswer,
                tags=["admin"],
                admins=True,
            ),
            Endpoint(
                method="POST",
                path="/api/admin/jobs/run",
                handler=self.run,
                summary="Ask the leader to do a job now instead of when it is due.",
                body=RunRequest,
                answer=RunAnswer,
                codes=["malformed_message", "page_not_found"],
                tags=["admin"],
                away="not_saved",
                admins=True,
            ),
            Endpoint(
                method="GET",
                path="/metrics",
                handler=self.metrics,
                summary="Figures in the text format of Prometheus, for admins and for the bearer "
                "of NEST_METRICS_TOKEN.",
                answer=str,
                media=[CONTENT_TYPE_LATEST.partition(";")[0]],
                codes=["admins_only"],
                tags=["health"],
                limit="admin",
            ),
        ]

    async def jobs(self, _request: Request) -> Response:
        """``GET /api/admin/jobs``."""
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

    async def run(self, request: Request) -> Response:
        """``POST /api/admin/jobs/run``. Each job is safe to repeat, and the leader does one at a time."""
        job = (await body(request, RunRequest)).job
        if job not in await self._jobs.latest():
            raise Refused("page_not_found")
        await self._audit.record(actor=actor(request), action="jobs.run", subject=job)
        return json(RunAnswer(asked=bool(await self._jobs.ask(job))))

    async def metrics(self, request: Request) -> Response:
        """``GET /metrics``. The token is compared first: it also works without PostgreSQL."""
        if not self._is_scraper(request) and not await self._is_admin(request):
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
