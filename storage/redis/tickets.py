"""Unused tickets: each opens one connection in the name of its owner's token.

Keys: `ticket:{<sha256 of the ticket>}` holds the sha256 of its owner's token and expires.
Neither the ticket nor the token can be derived from the stored hashes.
"""

from storage.deadline import within
from storage.redis.client import Redis


class TicketStore:
    """Stores and redeems tickets. Every method raises StorageUnavailable if Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, ticket_sha256: bytes, owner_sha256: bytes, ttl_ms: int) -> None:
        """Stores a ticket for its owner's token, for `ttl_ms`."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._redis.client.set(_key(ticket_sha256), owner_sha256, px=ttl_ms)

    async def owner(self, ticket_sha256: bytes) -> bytes | None:
        """The hash of the owner's token, or None if the ticket is unknown; the ticket stays usable."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                found = await self._redis.client.get(_key(ticket_sha256))
        return found if isinstance(found, bytes) else None

    async def redeem(self, ticket_sha256: bytes) -> bool:
        """Use the ticket up. True for one caller only, over all processes."""
        return await self._redis.once("GETDEL", _key(ticket_sha256)) is not None


def _key(ticket_sha256: bytes) -> str:
    return f"ticket:{{{ticket_sha256.hex()}}}"
