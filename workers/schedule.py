"""What has to happen from time to time; every run is safe to repeat and to run twice at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from storage.errors import StorageUnavailable
from storage.postgres.interactions import Interactions
from storage.redis.stream_group import StreamGroup
from workers.consumer import stopped_within

log = structlog.get_logger()

PARTITIONS_BEHIND = timedelta(days=2)
PARTITIONS_AHEAD = timedelta(days=7)
MINUTES_KEPT = timedelta(hours=48)
SESSION_TIMEOUT = timedelta(minutes=30)
FORGET_CONSUMERS_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """One recurring step, first done at the start; a store that is away is met by the next round."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]


def chores(
    interactions: Interactions, group: StreamGroup, *, now: Callable[[], datetime]
) -> tuple[Chore, ...]:
    """What a worker does beside consuming."""

    async def make_partitions() -> None:
        today = now()
        made = await interactions.ensure_partitions(
            (today - PARTITIONS_BEHIND).date(), (today + PARTITIONS_AHEAD).date()
        )
        if made:
            log.info("partitions_made", count=made)

    async def end_sessions() -> None:
        abandoned, expired = await interactions.end_idle_sessions(idle=SESSION_TIMEOUT)
        if abandoned or expired:
            log.info("sessions_ended", abandoned=abandoned, expired=expired)

    async def trim() -> None:
        await group.trim()
        kept_from = await group.kept_from()
        if kept_from is not None:
            await interactions.forget_settled(kept_from)

    async def fold() -> None:
        await interactions.fold_minutes(now() - MINUTES_KEPT)

    async def forget_consumers() -> None:
        await group.forget_consumers(FORGET_CONSUMERS_MS)

    return (
        Chore(name="make partitions", every_seconds=3_600.0, run=make_partitions),
        Chore(name="end idle sessions", every_seconds=60.0, run=end_sessions),
        Chore(name="trim the stream", every_seconds=5.0, run=trim),
        Chore(name="fold minutes into hours", every_seconds=600.0, run=fold),
        Chore(name="forget consumers", every_seconds=3_600.0, run=forget_consumers),
    )


async def keep_doing(chore: Chore, stopping: asyncio.Event) -> None:
    """Does the chore at its pace until `stopping` is set."""
    while not stopping.is_set():
        try:
            await chore.run()
        except StorageUnavailable as away:
            log.warning("store_away", step=chore.name, reason=str(away))
        await stopped_within(stopping, chore.every_seconds)
