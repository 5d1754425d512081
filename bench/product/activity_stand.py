"""A stand of their own for measurements that fill it with events, and a few reads of it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.stage import Stage
from storage.redis.activity.position import stream_lag
from storage.redis.client import Redis
from tests.faults.load.stand import Stand, running_stand
from tests.support.waiting import eventually

LIMIT_SCALE = "100000"
"""One generator is all visitors, so the limits for people are lifted."""

DRAIN_SECONDS = 240

DATABASE_DEADLINE_SECONDS = 5
"""The default of the product."""


@asynccontextmanager
async def own_stand(
    stage: Stage, *, webs: int = 1, database_deadline_seconds: int = DATABASE_DEADLINE_SECONDS
) -> AsyncIterator[Stage]:
    """An empty product beside the shared one, which is idle meanwhile."""
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as home:
        running = running_stand(
            Path(home) / "nest",
            webs=webs,
            NEST_LOG_LEVEL="warning",
            NEST_LIMIT_SCALE=LIMIT_SCALE,
            NEST_DATABASE_DEADLINE_SECONDS=str(database_deadline_seconds),
        )
        async with running as stand:
            yield Stage(stand=stand, http=stage.http, quick=stage.quick)


async def drained(stand: Stand, seconds: float = DRAIN_SECONDS) -> None:
    """Wait until no entry waits in the stream."""
    async with Redis(stand.valkey.url) as redis:

        async def nothing() -> bool:
            return (await stream_lag(redis)).entries == 0

        await eventually(nothing, seconds, why="everything is stored")
