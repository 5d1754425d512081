"""Alarms: posts to an address of the operator when a threshold is crossed, and when that ends.

Every web process checks the values; the first one that sees a crossing claims it and posts, so each
crossing is posted once. A crossing ends when the value has fallen to `CALM` of its limit: so two
processes that check at different moments do not contradict each other.

A post that fails is logged and not repeated: the page of the admins shows the threshold anyway.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog
from typing_extensions import override

from configurator.protocol import codec
from realtime.activity.live.alerts import Alert, AlertLimits, Measured
from realtime.activity.service.webhook import WebhookFailed, post
from realtime.process.report import ProcessReport
from storage.errors import StorageError
from storage.outage import Outage
from storage.postgres.service.jobs import Jobs, overdue
from storage.redis.activity.stops import WorkerStops, restarts
from storage.redis.activity.stream import InteractionStream
from storage.redis.claims import Claims
from storage.redis.presence import PresenceReports
from storage.tasks import TaskOwner

log = structlog.get_logger()

LOOK_SECONDS = 5.0
CLAIM_SECONDS = 120.0
CALM = 0.8


class Alarms(TaskOwner):
    """Checks the values while it is entered. An async context manager: it owns its task."""

    def __init__(
        self,
        *,
        webhook: str,
        limits: AlertLimits,
        stream: InteractionStream,
        presence: PresenceReports,
        stops: WorkerStops,
        jobs: Jobs,
        claims: Claims,
        node: str,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self._webhook = webhook
        self._limits = limits
        self._stream = stream
        self._presence = presence
        self._stops = stops
        self._jobs = jobs
        self._claims = claims
        self._node = node
        self._now = now
        self.outage = Outage("comparing figures with the limits of alerts")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        self._tasks.start(self._look_forever(), name="alarms")

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(self.outage.pause(LOOK_SECONDS))
            with self.outage.tolerated():
                await self.look()

    async def look(self) -> None:
        """Compare the present values with the limits, once. Raises StorageUnavailable."""
        lag = await self._stream.lag()
        failing, waiting = await self._unhappy_jobs()
        measured = Measured(
            lag_seconds=lag.seconds,
            online=await self._online(),
            dead=await self._stream.dead_count(),
            restarts=restarts(await self._stops.latest(), self._now()),
            jobs=failing,
            overdue=waiting,
        )
        for alert in self._limits.crossed(measured):
            if await self._claims.claim(alert.kind, CLAIM_SECONDS):
                await self._post("crossed", alert)
        for alert in self._limits.calm(measured, share=CALM):
            if await self._claims.release(alert.kind):
                await self._post("over", alert)

    async def _online(self) -> int:
        people = set()
        for payload in (await self._presence.reports()).values():
            try:
                people |= set(msgspec.json.decode(payload, type=ProcessReport).people)
            except codec.UNREADABLE:
                continue  # a crossing of another release, whose own processes see to its end
        return len(people)

    async def _unhappy_jobs(self) -> tuple[int | None, int | None]:
        """The numbers of jobs whose last run failed and of overdue ones; None if unknown."""
        try:
            waiting = overdue((await self._jobs.latest()).values(), self._now())
            return len(await self._jobs.failing()), waiting
        except StorageError:
            return None, None

    async def _post(self, state: str, alert: Alert) -> None:
        body = {
            "state": state,
            "alert": alert.kind,
            "value": alert.value,
            "limit": alert.limit,
            "at": self._now().isoformat(timespec="seconds"),
            "node": self._node,
        }
        try:
            await post(
                self._webhook, json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
        except WebhookFailed as failed:
            log.warning("alert_not_posted", alert=alert.kind, state=state, why=str(failed))
        else:
            log.info("alert_posted", alert=alert.kind, state=state, value=alert.value)
