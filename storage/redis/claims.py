"""Claims: names with an expiry, for work that one process at a time does, or that is done once.

Data must not depend on a claim as on a lock: if Redis loses it, the work is done twice.
"""

from storage.deadline import within
from storage.redis.client import Redis


class Claims:
    """Claims and releases names. Every method raises StorageUnavailable if Redis is away."""

    def __init__(self, redis: Redis, *, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    async def claim(self, name: str, ttl_seconds: float) -> bool:
        """Claims the name, or renews its expiry if it is taken; returns whether it was free."""
        key, ttl_ms = f"{self._prefix}:{name}", int(ttl_seconds * 1000)
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                if await self._redis.client.set(key, b"1", nx=True, px=ttl_ms):
                    return True
                await self._redis.client.pexpire(key, ttl_ms)
        return False

    async def release(self, name: str) -> bool:
        """Releases the name; returns whether it was taken."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                return bool(await self._redis.client.delete(f"{self._prefix}:{name}"))
