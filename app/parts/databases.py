"""The connections of a process to its servers; each pool has its own login."""

from functools import partial
from typing import Final

from app.chance import Chance
from app.settings.settings import Settings
from realtime.process.clock import Clock
from storage.postgres.clock import database_time
from storage.postgres.engine import Database, Deadlines
from storage.redis.client import Redis
from storage.redis.clock import redis_time

ANALYTICS_CONNECTIONS: Final = 2
ANALYTICS_DEADLINES: Final = Deadlines(pool=15, statement=15, call=20)
"""Long, because figures of a long range are slow; they have their own connections, so no click waits."""

JOB_DEADLINES: Final = Deadlines(statement=110.0, call=120.0)
"""Long, because no user waits for a job, and counting a day with millions of rows is slow."""


def web_database(settings: Settings) -> Database:
    """The database for everything except figures."""
    return Database(
        settings.for_web,
        pool_size=settings.database_pool_size,
        deadlines=Deadlines(call=settings.database_deadline_seconds),
        application_name=f"nest web {settings.node}"[:63],
    )


def analytics_database(settings: Settings) -> Database:
    """The database for figures, which are only read."""
    return Database(
        settings.for_analytics,
        pool_size=ANALYTICS_CONNECTIONS,
        deadlines=ANALYTICS_DEADLINES,
        application_name=f"nest analytics {settings.node}"[:63],
    )


def worker_database(settings: Settings) -> Database:
    """The database of a worker."""
    return Database(
        settings.for_worker,
        pool_size=settings.database_pool_size,
        deadlines=Deadlines(call=settings.database_deadline_seconds),
        application_name=f"nest-worker {settings.node}",
    )


def jobs_database(settings: Settings) -> Database:
    """The database for the jobs of the leading worker."""
    return Database(
        settings.for_worker,
        pool_size=1,
        deadlines=JOB_DEADLINES,
        application_name=f"nest-jobs {settings.node}"[:63],
    )


def redis_of(settings: Settings) -> Redis:
    """The Redis of a process."""
    return Redis(
        settings.redis_url,
        pool_size=settings.redis_pool_size,
        call_seconds=settings.redis_deadline_seconds,
    )


def clock_of(database: Database, redis: Redis, chance: Chance) -> Clock:
    """A clock corrected by PostgreSQL, or else by Redis, if the machine's own clock is wrong.

    Until it is entered, and one of them has answered, it shows the machine's time.
    """
    servers = (partial(database_time, database), partial(redis_time, redis))
    return Clock(servers if chance.follows_servers else (), wall=chance.now)
