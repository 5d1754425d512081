"""A stand of its own for what fills it with events, and a few looks into it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.stage import Stage
from storage.redis.client import Redis
from storage.redis.stream import stream_lag
from tests.faults.stand import Stand, running_stand
from tests.support.waiting import eventually

LIMIT_SCALE = "100000"
"""One generator is all visitors: limits for people do not apply."""

DRAIN_SECONDS = 240


@asynccontextmanager
async def own_stand(stage: Stage, *, webs: int = 1, **environ: str) -> AsyncIterator[Stage]:
    """An empty product beside the shared one, which then has nothing to do."""
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as home:
        settings = {"NEST_LOG_LEVEL": "warning", "NEST_LIMIT_SCALE": LIMIT_SCALE, **environ}
        async with running_stand(Path(home) / "nest", webs=webs, **settings) as stand:
            yield Stage(stand=stand, http=stage.http, quick=stage.quick)


async def drained(stand: Stand, seconds: float = DRAIN_SECONDS) -> None:
    """Until nothing waits in the stream."""
    async with Redis(stand.valkey.url) as redis:

        async def nothing() -> bool:
            return (await stream_lag(redis)).entries == 0

        await eventually(nothing, seconds, why="everything is stored")
