"""How the pipeline runs: the jobs for admins, the figures for Prometheus."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.auth import bearer
from realtime.http.edge import json
from realtime.http.endpoints import Endpoint
from realtime.metrics import Metrics
from storage.postgres.jobs import JobRun, Jobs


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """The latest run of a job. `outcome` null: it is running, or was interrupted.

    `due_at` is when it runs next; `overdue_seconds` for how long that has been past.
    """

    job: str
    outcome: str | None
    node: str
    started_at: datetime
    finished_at: datetime | None
    due_at: datetime | None
    overdue_seconds: float
    detail: dict[str, Any]


class JobsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads (null: nobody, and nothing runs), and every job that ran in the last 30 days."""

    leader: str | None
    jobs: list[JobRow]


class OperationEndpoints:
    """The handlers. ``metrics_token`` "": only admins may read the figures."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        metrics: Metrics,
        metrics_token: str,
        is_admin: Callable[[Request], Awaitable[bool]],
        now: Callable[[], datetime],
    ) -> None:
        self._jobs = jobs
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
                codes=["admins_only"],
                tags=["admin"],
            ),
            Endpoint(
                method="GET",
                path="/metrics",
                handler=self.metrics,
                summary="Figures in the text format of Prometheus, for admins and for the bearer "
                "of NEST_METRICS_TOKEN.",
                answer=str,
                codes=["admins_only"],
                tags=["health"],
            ),
        ]

    async def jobs(self, request: Request) -> Response:
        """``GET /api/admin/jobs``."""
        if not await self._is_admin(request):
            raise Refused("admins_only")
        runs = await self._jobs.latest()
        rows = [self._row(run) for run in runs.values()]
        return json(JobsAnswer(leader=await self._jobs.leader(), jobs=rows))

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
            detail=run.detail,
        )
