"""What Redis takes the time to be."""

from datetime import UTC, datetime

from storage.redis.client import Redis
from storage.redis.stream import call, commands


async def redis_time(redis: Redis) -> datetime:
    """Its clock now. Raises StorageError."""
    async with call(redis):
        seconds, micros = await commands(redis).time()
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
