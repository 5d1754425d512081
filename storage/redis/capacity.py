"""Whether the stream may take more: its entries, its bytes, and the memory that the server may use.

Redis with `maxmemory` and `noeviction` refuses every write once it is full: also those of presence
and tickets, and single events out of the middle of a batch. So the stream refuses earlier, whole
batches, and leaves a fifth of the memory to the others. What was acknowledged stays.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from storage.errors import StorageUnavailable
from storage.redis.client import Redis

INTAKE_SHARE: Final = 0.8
"""Of `maxmemory`; what is above is left to presence, tickets, dead letters and the worker's marks."""

TIGHT_SHARE: Final = 0.6
"""Above this share what is stored leaves the stream at once, not after ten minutes."""

EVENT_OVERHEAD_BYTES: Final = 200
"""What an event needs beside its payload: its place in the stream and in the set of ids."""

LOOK_SECONDS: Final = 5.0
FULL_RETRY_SECONDS: Final = 5.0
"""The server is asked this often, and whoever was refused is told to come back after as much."""


class StreamFull(StorageUnavailable):
    """The stream holds as much as it may; nothing is thrown away to make room."""

    def __init__(self, what: str = "the stream is full") -> None:
        super().__init__(f"Redis: {what}", FULL_RETRY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where the stream refuses to grow; 1 GB holds about 3 million events."""

    entries: int = 3_000_000
    stream_bytes: int = 1_000_000_000
    waiting: int = 10_000


class Capacity:
    """Asks the server every few seconds, and counts in between what this process adds."""

    def __init__(self, redis: Redis, limits: Limits, *, stream: str) -> None:
        self._redis = redis
        self._limits = limits
        self._stream = stream
        self._entries_full = False
        self._look_due = 0.0
        self._free_bytes: float = 0

    async def require(self, payload_bytes: int, events: int) -> None:
        """Raises StreamFull when these events would be too many. Only within a `call`."""
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
        """The stream has so many entries now."""
        self._entries_full = entries >= self._limits.entries

    async def _length(self) -> int:
        return int(await self._redis.client.xlen(self._stream))

    async def _look(self) -> None:
        used = await self._redis.client.memory_usage(self._stream) or 0
        if used >= self._limits.stream_bytes:
            raise StreamFull
        self._free_bytes = (await self._redis.memory()).free_bytes(INTAKE_SHARE)
        self._look_due = asyncio.get_running_loop().time() + LOOK_SECONDS
