"""The inbox holds what has come over a connection until its one reader takes it."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """As an ``asyncio.Queue`` of one reader, a tenth its size."""

    __slots__ = ("_events", "_reader")

    def __init__(self) -> None:
        self._events: deque[T] | None = None
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, event: T) -> None:
        """It arrived."""
        if self._events is None:
            self._events = deque()
        self._events.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> T:
        """The oldest; waits for one."""
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
        """Whether nothing waits."""
        return self._events is None
