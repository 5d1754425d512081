"""Tickets that were handed out and not used yet: whose token opens a connection, once.

Keys: `ticket:{<sha256 of the ticket>}` holds the sha256 of its owner's token and expires by itself.
Neither the ticket nor the token can be found from what is kept.
"""

from storage.deadline import within
from storage.redis.client import Redis


class Tickets:
    """Keeps and redeems. Every method raises StorageUnavailable when Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, ticket_sha256: bytes, owner_sha256: bytes, ttl_ms: int) -> None:
        """From now on, for `ttl_ms`, this ticket stands for its owner's token."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._redis.client.set(_key(ticket_sha256), owner_sha256, px=ttl_ms)

    async def owner(self, ticket_sha256: bytes) -> bytes | None:
        """The hash of the token that this ticket stands for, which stays usable; None: no ticket."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                found = await self._redis.client.get(_key(ticket_sha256))
        return found if isinstance(found, bytes) else None

    async def redeem(self, ticket_sha256: bytes) -> bool:
        """Use the ticket up. True for one caller only, over all processes."""
        return await self._redis.once("GETDEL", _key(ticket_sha256)) is not None


def _key(ticket_sha256: bytes) -> str:
    return f"ticket:{{{ticket_sha256.hex()}}}"
