"""The worker process, put together."""

from datetime import UTC, datetime

from app.settings import Settings
from storage.postgres.engine import Database, Deadlines
from storage.postgres.interactions import Interactions
from storage.redis.client import Redis
from storage.redis.stream_group import StreamGroup
from workers.consumer import Consumer
from workers.runner import run_worker
from workers.schedule import chores


async def run(settings: Settings) -> None:
    """Moves interactions to PostgreSQL and does the recurring chores, until cancelled.

    Starts whether or not the servers are there, and waits for them.
    """
    database = Database(
        settings.database_url,
        pool_size=settings.database_pool_size,
        deadlines=Deadlines(call=settings.database_deadline_seconds),
        application_name=f"nest-worker {settings.node}",
    )
    redis = Redis(
        settings.redis_url,
        pool_size=settings.redis_pool_size,
        call_seconds=settings.redis_deadline_seconds,
    )
    async with database, redis:
        interactions = Interactions(database)
        group = StreamGroup(redis, consumer=settings.node)
        consumer = Consumer(group, interactions)
        await run_worker(consumer, chores(interactions, group, now=lambda: datetime.now(UTC)))
