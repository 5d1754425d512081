"""What is waiting to be sent to one connection: bounded in bytes and messages, coalesced by key.

When full, the connection is beyond saving by waiting: ``put`` answers False and the owner closes
it with the resumable code ``slow_reader``; nothing grows, nobody else waits.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

BYTES_MAX = 512 * 1024
MESSAGES_MAX = 1000


@dataclass(slots=True)
class Outbox:
    """A queue of encoded frames with one reader; not safe across threads."""

    bytes_max: int = BYTES_MAX
    messages_max: int = MESSAGES_MAX
    size_bytes: int = 0
    dropped: int = 0
    _frames: OrderedDict[object, bytes] = field(default_factory=OrderedDict)
    _serial: Iterator[int] = field(default_factory=count)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    def put(self, frame: bytes, *, key: object | None = None) -> bool:
        """Queue a frame; one with the same ``key`` that still waits is replaced by it.

        Returns:
            False when the bounds are exceeded: everything that waited is dropped and counted.
        """
        if self._closed:
            return True
        slot = ("serial", next(self._serial)) if key is None else key
        replaced = self._frames.pop(slot, None)
        if replaced is not None:
            self.size_bytes -= len(replaced)
        self._frames[slot] = frame
        self.size_bytes += len(frame)
        if self.size_bytes > self.bytes_max or len(self._frames) > self.messages_max:
            self.dropped += len(self._frames)
            self._clear()
            return False
        self._wake.set()
        return True

    async def take(self) -> list[bytes]:
        """Everything that waits, oldest first; empty only after ``close``."""
        await self._wake.wait()
        return self.drain()

    def drain(self) -> list[bytes]:
        """Everything that waits now, oldest first."""
        frames = list(self._frames.values())
        self._clear()
        if not self._closed:
            self._wake.clear()
        return frames

    def close(self) -> None:
        """Let the reader finish: what waits can still be taken, nothing more is queued."""
        self._closed = True
        self._wake.set()

    def __len__(self) -> int:
        return len(self._frames)

    def _clear(self) -> None:
        self._frames.clear()
        self.size_bytes = 0
