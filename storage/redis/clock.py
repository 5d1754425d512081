"""The time by Redis' clock."""

from datetime import UTC, datetime

from storage.redis.client import Redis, call, commands


async def redis_time(redis: Redis) -> datetime:
    """The present time by Redis' clock. Raises StorageError."""
    async with call(redis):
        seconds, micros = await commands(redis).time()
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
