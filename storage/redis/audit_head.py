"""The newest line of the audit that a worker saw, kept outside PostgreSQL.

Lines at the end of the audit can be removed so that the rest still matches. This key remembers the
end, once per data set (`deployment.epoch`). If Redis loses it, the present end is taken again.
"""

from typing import Final
from uuid import UUID

from storage.deadline import within
from storage.postgres.service.audit_chain import AuditHead
from storage.redis.client import Redis

_KEY: Final = "nest:audit:head"


class KeptHeadUnreadable(ValueError):
    """The kept value is not a head of an audit."""


class KeptHead:
    """Stores and reads a head. Every method raises StorageUnavailable if Redis is away."""

    def __init__(self, redis: Redis, epoch: UUID) -> None:
        self._redis = redis
        self._key = f"{_KEY}:{epoch}"

    async def read(self) -> AuditHead | None:
        """The kept head, or None. Raises KeptHeadUnreadable."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                kept = await self._redis.client.get(self._key)
        if kept is None:
            return None
        written = kept if isinstance(kept, str) else kept.decode(errors="replace")
        try:
            return AuditHead.parse(written)
        except ValueError:
            raise KeptHeadUnreadable(
                f"the head kept in Redis is {written[:80]!r}, which is not a head"
            ) from None

    async def keep(self, head: AuditHead) -> None:
        """Stores this head in place of an earlier one."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._redis.client.set(self._key, str(head))

    async def forget(self) -> None:
        """Deletes the head: the present lines are right, for example after a restore."""
        with self._redis.errors():
            async with within(self._redis.call_seconds):
                await self._redis.client.delete(self._key)
