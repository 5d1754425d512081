"""The messages that arrived on a connection, until its one reader takes them."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Like an ``asyncio.Queue`` with one reader, at a tenth of the memory."""

    __slots__ = ("_events", "_reader")

    def __init__(self) -> None:
        self._events: deque[T] | None = None
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, event: T) -> None:
        """Add a message that arrived."""
        if self._events is None:
            self._events = deque()
        self._events.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> T:
        """The oldest message; waits if there is none."""
        while self._events is None:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        event = self._events.popleft()
        if not self._events:
            self._events = None
        return event

    def __len__(self) -> int:
        return len(self._events) if self._events is not None else 0

    def empty(self) -> bool:
        """Whether no message waits."""
        return self._events is None
