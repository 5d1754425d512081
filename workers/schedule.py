"""Recurring work; every run is safe to repeat and to run twice at once.

Every worker does the chores, which concern the stream or the worker itself. The leading worker does
the jobs (`workers.leader`), and each of their runs is recorded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from realtime.activity.figures.scheduled_csv import ScheduledCsv
from storage.errors import StorageError, StorageUnavailable
from storage.outage import Outage
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.people.privacy import Privacy, RetentionPeriods
from storage.postgres.service.jobs import JobOutcome, Jobs
from storage.redis.activity.stream_group import StreamGroup
from workers.consumer import stopped_within

log = structlog.get_logger()

PARTITIONS_BEHIND = timedelta(days=2)
PARTITIONS_AHEAD = timedelta(days=32)
"""A visitor's clock may be a month ahead before its day is replaced (`interaction_key`)."""
MINUTES_KEPT = timedelta(hours=48)
SESSION_TIMEOUT = timedelta(minutes=30)
FORGET_CONSUMERS_MS = 24 * 3_600_000

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0

Detail = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """A recurring step, first done at the start; while its store is away, it is tried more often."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A recurring step of the leader. `run` returns the details; None: settings forbid the step."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[Detail | None]]


AUDIT_HEAD = "keep the head of the audit"
HISTORY = "follow the history"
NOTE_OFFERED = "note what the stream took"
CHORES = (
    "say that it is alive",
    "trim the stream",
    "forget consumers",
    HISTORY,
    AUDIT_HEAD,
    NOTE_OFFERED,
)
"""The names of the chores; their failed runs are recorded together with those of the jobs."""


def chores(interactions: Interactions, group: StreamGroup) -> tuple[Chore, ...]:
    """The chores of every worker, in addition to consuming."""
    alive, trimming, forgetting, *_others = CHORES

    async def trim() -> None:
        await group.trim()
        kept_from = await group.kept_from()
        if kept_from is not None:
            await interactions.forget_settled(kept_from)
            await group.dead_letters.forget_buried(kept_from)

    begun = False

    async def say_alive() -> None:
        nonlocal begun
        say = group.stops.alive if begun else group.stops.begun
        gone = await say(group.consumer)
        begun = True
        if gone:
            log.warning("workers_gone", nodes=gone)

    async def forget_consumers() -> None:
        await group.forget_consumers(FORGET_CONSUMERS_MS)

    return (
        Chore(name=alive, every_seconds=5.0, run=say_alive),
        Chore(name=trimming, every_seconds=5.0, run=trim),
        Chore(name=forgetting, every_seconds=HOUR, run=forget_consumers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStores:
    """The stores that the jobs use."""

    interactions: Interactions
    upkeep: Upkeep
    jobs: Jobs
    privacy: Privacy


def jobs(
    stores: JobStores,
    scheduled_csv: ScheduledCsv,
    *,
    keep_days: int,
    kept: RetentionPeriods,
    now: Callable[[], datetime],
) -> tuple[Job, ...]:
    """The leader's jobs. Raw interactions are kept for `keep_days`; 0: without a limit."""
    done = (
        Job(name="scheduled files", every_seconds=MINUTE, run=scheduled_csv.run),
        *_upkeep(stores, now=now),
        *_retention(stores, keep_days=keep_days, kept=kept, now=now),
        *_audits(stores, keep_days, now),
    )
    return (*done, _forgetting_runs(stores, [*CHORES, *(job.name for job in done)]))


def _upkeep(stores: JobStores, *, now: Callable[[], datetime]) -> tuple[Job, ...]:
    async def make_partitions() -> Detail:
        today = now()
        made = await stores.interactions.ensure_partitions(
            (today - PARTITIONS_BEHIND).date(), (today + PARTITIONS_AHEAD).date()
        )
        return {"made": made}

    async def end_sessions() -> Detail:
        abandoned, expired = await stores.interactions.end_idle_sessions(idle=SESSION_TIMEOUT)
        return {"abandoned": abandoned, "expired": expired}

    async def fold() -> Detail:
        return {"folded": await stores.interactions.fold_minutes(now() - MINUTES_KEPT)}

    return (
        Job(name="make partitions", every_seconds=HOUR, run=make_partitions),
        Job(name="end idle sessions", every_seconds=MINUTE, run=end_sessions),
        Job(name="fold minutes", every_seconds=10 * MINUTE, run=fold),
    )


def _retention(
    stores: JobStores, *, keep_days: int, kept: RetentionPeriods, now: Callable[[], datetime]
) -> tuple[Job, ...]:
    async def drop_old() -> Detail | None:
        if keep_days == 0:
            return None
        dropped = await stores.upkeep.drop_before((now() - timedelta(days=keep_days)).date())
        return {"days": dropped.partitions, "stray_rows": dropped.stray_rows}

    async def forget_old() -> Detail:
        return dict(await stores.privacy.apply_retention(now(), kept))

    async def forget_ended() -> Detail:
        return dict(await stores.upkeep.forget_ended_tokens())

    return (
        Job(name="drop old interactions", every_seconds=HOUR, run=drop_old),
        Job(name="forget old sessions", every_seconds=HOUR, run=forget_old),
        Job(name="forget ended tokens", every_seconds=DAY, run=forget_ended),
    )


def _forgetting_runs(stores: JobStores, names: Sequence[str]) -> Job:
    """A job that deletes old runs, and runs of removed jobs, which would always count as overdue."""
    name = "forget job runs"

    async def forget_runs() -> Detail:
        return {"forgotten": await stores.jobs.forget([*names, name])}

    return Job(name=name, every_seconds=HOUR, run=forget_runs)


def _audits(stores: JobStores, keep_days: int, now: Callable[[], datetime]) -> tuple[Job, ...]:
    async def audit_today() -> Detail:
        yesterday = (now() - timedelta(days=1)).date()
        return _drift(await stores.upkeep.drift_since(yesterday, now=now()))

    async def audit_all() -> Detail:
        return _drift(await stores.upkeep.drift(kept_days=keep_days, now=now()))

    return (
        Job(name="audit today", every_seconds=10 * MINUTE, run=audit_today),
        Job(name="audit all days", every_seconds=DAY, run=audit_all),
    )


def _drift(days: dict[str, int]) -> Detail:
    """The details of an audit; `drift`, the miscounted events of the roll-ups, must be 0."""
    drift = sum(map(abs, days.values()))
    if drift:
        log.critical("rollups_drifted", drift=drift, days=days)
    return {"drift": drift, "days": days}


async def keep_doing(chore: Chore, stopping: asyncio.Event, *, runs: Jobs, node: str) -> None:
    """Does the chore at its pace until `stopping` is set.

    An error of our own stops nothing else. It is recorded as a failed run among those of the jobs,
    and a good run is recorded once the chore works again, so that admins and alerts learn of both.
    """
    told: JobOutcome | None = None
    outage = Outage(chore.name)
    while not stopping.is_set():
        outcome, detail = await _done(chore, outage)
        if outcome not in (None, told):
            if outcome == "failed" or await _is_failing(chore, runs):
                await _note(chore, runs, node, outcome, detail)
            told = outcome
        await stopped_within(stopping, outage.pause(chore.every_seconds))


async def _done(chore: Chore, outage: Outage) -> tuple[JobOutcome | None, Detail]:
    """The outcome and its details; None: a store was away."""
    try:
        await chore.run()
    except StorageUnavailable as away:
        outage.met(away)
        return None, {}
    except Exception as error:
        log.exception("chore_broken", chore=chore.name, retry_seconds=chore.every_seconds)
        return "failed", {"reason": type(error).__name__}
    outage.over()
    return "ok", {}


async def _is_failing(chore: Chore, runs: Jobs) -> bool:
    try:
        return chore.name in await runs.failing()
    except StorageError:
        return False


async def _note(chore: Chore, runs: Jobs, node: str, outcome: JobOutcome, detail: Detail) -> None:
    try:
        await runs.finish(await runs.begin(chore.name, node), outcome, detail=detail, due_at=None)
    except StorageError as away:
        log.warning("run_not_recorded", job=chore.name, outcome=outcome, reason=str(away))
