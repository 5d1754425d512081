"""A worker as a process of its own, for tests that kill it: `python -m tests.workers.process`.

The worker of `nest worker` with a shorter idle time, so that a dead worker is replaced at once.
"""

import asyncio
import contextlib
import os
import signal

from app.chance import Chance
from app.settings.settings import parse_settings
from app.worker import leader_of
from storage.postgres.activity.interactions import Interactions
from storage.postgres.engine import Database
from storage.postgres.service.jobs import Jobs
from storage.redis.activity.stream_group import StreamGroup
from storage.redis.client import Redis
from tests.support.activity import now
from workers.consumer import Consumer, ConsumerPace
from workers.runner import run_worker
from workers.schedule import chores


async def main() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with (
        Database(os.environ["DATABASE_URL"]) as database,
        Redis(os.environ["REDIS_URL"]) as redis,
    ):
        group = StreamGroup(redis, consumer=os.environ["NEST_NODE"])
        interactions = Interactions(database)
        pace = ConsumerPace(batch=200, block_ms=50, claim_idle_ms=300, claim_every_seconds=0.1)
        await run_worker(
            Consumer(group, interactions, now=now, pace=pace),
            chores(interactions, group),
            leader_of(database, parse_settings(os.environ, node=group.consumer), Chance(now=now)),
            runs=Jobs(database),
            stops=group.stops,
            node=group.consumer,
        )


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main())
