"""Events of the system, for the time line of the live view, while an admin watches."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from realtime.activity.live.alerts import Alert
from storage.postgres.service.jobs import JobRun
from storage.redis.activity.stops import TOO_MUCH_POISON, Stop

KEPT = 100


class SystemEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event of `subject`; `detail` says what it did, or why.

    `kind`: process_up, process_gone, store_away, store_back, alert, alert_over, job_done, job_failed,
    worker_stopped (it could not read too much) or worker_ended (an error, or it was killed).
    """

    id: str
    at: str
    kind: str
    subject: str
    detail: Mapping[str, object] = {}


class SystemEvents:
    """Notices events by comparing the state now with that before.

    The live view calls it each round.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._kept: deque[SystemEvent] = deque(maxlen=KEPT)
        self._fresh: list[SystemEvent] = []
        self._processes: set[str] | None = None
        self._stores: dict[str, bool] = {}
        self._alerts: frozenset[str] = frozenset()
        self._ended: dict[str, datetime] | None = None
        self._stopped: datetime | None = None
        self._number = 0

    def processes(self, names: set[str]) -> None:
        """Take the names of the processes that report now. The first call makes no event."""
        if self._processes is not None:
            self._note("process_up", names - self._processes)
            self._note("process_gone", self._processes - names)
        self._processes = names

    def looked_away(self) -> None:
        """Forget the state: nobody watched, and events of that time are not told."""
        self._processes = self._ended = self._stopped = None

    def store(self, name: str, *, here: bool) -> None:
        """Take whether a store answers."""
        was = self._stores.get(name, True)
        self._stores[name] = here
        if was != here:
            self._note("store_back" if here else "store_away", [name])

    @property
    def away(self) -> frozenset[str]:
        """The stores that did not answer when they were last asked."""
        return frozenset(name for name, here in self._stores.items() if not here)

    def alerts(self, alerts: Iterable[Alert]) -> None:
        """Take the alerts of now."""
        now = frozenset(alert.kind for alert in alerts)
        self._note("alert", now - self._alerts)
        self._note("alert_over", self._alerts - now)
        self._alerts = now

    def jobs(self, runs: Iterable[JobRun]) -> None:
        """Take the latest run of each job. The first call makes no event.

        A run that found nothing to do makes no event, either.
        """
        before = self._ended
        self._ended = dict(before or {})
        for run in runs:
            if run.finished_at is None or self._ended.get(run.job) == run.finished_at:
                continue
            self._ended[run.job] = run.finished_at
            failed = run.outcome == "failed"
            if before is not None and (failed or any(run.detail.values())):
                kind = "job_failed" if failed else "job_done"
                self._add(kind, run.job, at=run.finished_at, detail=run.detail)

    def stops(self, stops: Sequence[Stop]) -> None:
        """Take the workers that stopped, newest first. The first call makes no event."""
        before = self._stopped
        self._stopped = stops[0].at if stops else (before or datetime.min.replace(tzinfo=UTC))
        if before is not None:
            for stop in reversed([each for each in stops if each.at > before]):
                poison = stop.reason == TOO_MUCH_POISON
                counted = {"unreadable": stop.unreadable, "of_last": stop.of_last}
                self._add(
                    "worker_stopped" if poison else "worker_ended",
                    stop.node,
                    at=stop.at,
                    detail=counted if poison else {"reason": stop.reason},
                )

    def frames(self) -> list[str]:
        """All events that are kept, as frames for a page that opens; empty if there are none."""
        return _frames(self._kept)

    def fresh(self) -> list[str]:
        """The events since the last call of `told`."""
        return _frames(self._fresh)

    def told(self) -> None:
        """Note that all pages were told."""
        self._fresh.clear()

    def _note(self, kind: str, subjects: Iterable[str]) -> None:
        for subject in sorted(subjects):
            self._add(kind, subject, at=self._now())

    def _add(
        self, kind: str, subject: str, *, at: datetime, detail: Mapping[str, object] | None = None
    ) -> None:
        self._number += 1
        moment = at.astimezone(UTC).isoformat(timespec="milliseconds")
        event = SystemEvent(
            id=f"system-{moment}-{self._number}",
            at=moment,
            kind=kind,
            subject=subject,
            detail=detail or {},
        )
        self._kept.append(event)
        self._fresh.append(event)


def _frames(events: Iterable[SystemEvent]) -> list[str]:
    entries = list(events)
    if not entries:
        return []
    return [msgspec.json.encode({"type": "system", "entries": entries}).decode()]
