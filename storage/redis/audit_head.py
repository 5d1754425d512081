"""The newest line of the audit that a worker saw, kept apart from PostgreSQL.

Lines at the end of the audit can be removed so that the rest still fits. This remembers how far it
went, one for each data set (`deployment.epoch`). When Redis is lost, it begins anew.
"""

from typing import Final
from uuid import UUID

from storage.deadline import within
from storage.postgres.audit_chain import Head
from storage.redis.client import Redis

_KEY: Final = "nest:audit:head"


class KeptHeadUnreadable(ValueError):  # noqa: N818 - the sentence is what it is about
    """What is kept is no head of an audit."""


class KeptHead:
    """Keeps and says a head. Every method raises StorageUnavailable when Redis is away."""

    def __init__(self, redis: Redis, epoch: UUID) -> None:
        self._redis = redis
        self._key = f"{_KEY}:{epoch}"

    async def read(self) -> Head | None:
        """The head that was kept; None: none is known. Raises KeptHeadUnreadable."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                kept = await self._redis.client.get(self._key)
        if kept is None:
            return None
        written = kept if isinstance(kept, str) else kept.decode(errors="replace")
        try:
            return Head.parse(written)
        except ValueError:
            raise KeptHeadUnreadable(
                f"the head kept in Redis is {written[:80]!r}, which is none"
            ) from None

    async def keep(self, head: Head) -> None:
        """From now on this is the head."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._redis.client.set(self._key, str(head))

    async def forget(self) -> None:
        """The lines that are there are right, as after a backup was restored."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._redis.client.delete(self._key)
