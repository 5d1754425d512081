"""Things that one process at a time does, or that are done once: names with an expiry.

A claim is a courtesy, not a lock that data may depend on: when Redis loses it, something is done
twice.
"""

from storage.deadline import within
from storage.redis.client import Redis


class Claims:
    """Names that are taken. Every method raises StorageUnavailable when Redis is away."""

    def __init__(self, redis: Redis, *, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    async def take(self, name: str, ttl_seconds: float) -> bool:
        """Whether the name was free and is ours now; one that is taken lives as long from now."""
        key, ttl_ms = f"{self._prefix}:{name}", int(ttl_seconds * 1000)
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                if await self._redis.client.set(key, b"1", nx=True, px=ttl_ms):
                    return True
                await self._redis.client.pexpire(key, ttl_ms)
        return False

    async def release(self, name: str) -> bool:
        """Whether the name was taken until now."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                return bool(await self._redis.client.delete(f"{self._prefix}:{name}"))
