"""The inbox holds messages of a WebSocket until the application takes them."""

import asyncio
from collections import deque

from uvicorn._types import ASGIReceiveEvent


class Inbox:
    """As an ``asyncio.Queue`` of one reader, a tenth its size."""

    __slots__ = ("_events", "_reader")

    def __init__(self) -> None:
        self._events: deque[ASGIReceiveEvent] | None = None
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        """It arrived."""
        if self._events is None:
            self._events = deque()
        self._events.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> ASGIReceiveEvent:
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

    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._events is None
