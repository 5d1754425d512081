"""Whether the stream may take more: its entries, its bytes, and the memory that the server may use.

Redis with `maxmemory` and `noeviction` refuses every write once it is full, also writes of presence
and tickets, and single events in the middle of a batch. The stream therefore refuses earlier, and
whole batches, which leaves a fifth of the memory to other keys. Acknowledged events stay.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from storage.errors import StorageUnavailable
from storage.redis.client import Redis

INTAKE_SHARE: Final = 0.8
"""The stream's share of `maxmemory`; presence, tickets, dead letters and marks use the rest."""

TIGHT_SHARE: Final = 0.6
"""Above this share, stored entries leave the stream after `KEPT_TIGHT_MS`, not after ten minutes."""

EVENT_OVERHEAD_BYTES: Final = 200
"""Memory of an event beside its payload: its entry in the stream and in the set of ids."""

LOOK_SECONDS: Final = 5.0
FULL_RETRY_SECONDS: Final = 5.0
"""Seconds between two looks at the server, and the delay that a refused caller is told to wait."""


class StreamFull(StorageUnavailable):
    """The stream has reached its limit; no entry is deleted to make room."""

    def __init__(self, what: str = "the stream is full") -> None:
        super().__init__(f"Redis: {what}", FULL_RETRY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """The limits at which the stream refuses events; 1 GB holds about 3 million events."""

    entries: int = 3_000_000
    stream_bytes: int = 1_000_000_000
    waiting: int = 10_000


class Capacity:
    """Asks the server every few seconds; in between it adds up the events of this process."""

    def __init__(self, redis: Redis, limits: StreamLimits, *, stream: str) -> None:
        self._redis = redis
        self._limits = limits
        self._stream = stream
        self._entries_full = False
        self._look_due = 0.0
        self._free_bytes: float = 0

    async def require(self, payload_bytes: int, events: int) -> None:
        """Raises StreamFull if these events would exceed a limit. Use it only within a `call`."""
        if self._entries_full:
            self._entries_full = await self._length() >= self._limits.entries
        coming = payload_bytes + events * EVENT_OVERHEAD_BYTES
        if asyncio.get_running_loop().time() >= self._look_due or coming > self._free_bytes:
            await self._look()
        if self._entries_full:
            raise StreamFull
        if coming > self._free_bytes:
            self._look_due = 0.0
            raise StreamFull("the memory is full")
        self._free_bytes -= coming

    def note_length(self, entries: int) -> None:
        """Record the present number of entries in the stream."""
        self._entries_full = entries >= self._limits.entries

    async def _length(self) -> int:
        return int(await self._redis.client.xlen(self._stream))

    async def _look(self) -> None:
        used = await self._redis.client.memory_usage(self._stream) or 0
        if used >= self._limits.stream_bytes:
            raise StreamFull
        self._free_bytes = (await self._redis.memory()).free_bytes(INTAKE_SHARE)
        self._look_due = asyncio.get_running_loop().time() + LOOK_SECONDS
