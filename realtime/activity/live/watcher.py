"""One reader of the live feed: its waiting entries, the number that it missed, and its position.

A watcher that reads too slowly loses the oldest waiting entries, and is told their number
(`skipped`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, TypeAlias

from configurator.activity.entries import id_pair
from realtime.activity.live.feed_events import FeedEvent

WAITING_MAX = 500
QUIET_SECONDS = 5.0
"""A watcher with a filter hears the position of the stream after this time, even if no entry fits."""

EventFilter: TypeAlias = Callable[[FeedEvent], bool]
"""A filter: whether a watcher wants to see an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedBatch:
    """New interactions in the order of the stream; `skipped` entries before them were left out.

    `last_id` is the last entry that was read, even if the filter left it out.
    """

    events: list[FeedEvent]
    skipped: int = 0
    gap: bool = False
    last_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The place where a follower begins: after this entry.

    `gap` says that entries after it are missing. `life` names the life of its stream; None if
    unknown.
    """

    after: str
    gap: bool = False
    life: str | None = field(default=None, compare=False)


class Watcher:
    """An endless async iterator of batches. One task at a time may wait for the next."""

    def __init__(
        self,
        *,
        wanted: EventFilter | None = None,
        after: str | None = None,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._quiet_seconds = quiet_seconds
        self._wanted = wanted
        self._last_id = after
        """The newest entry that was read for this watcher; None if none of this stream was."""
        self._told_id = after
        """The value of `_last_id` at the last batch."""
        self._waiting: deque[FeedEvent] = deque()
        self.skipped = 0
        self._gap = False
        self._ready = asyncio.Event()
        """Set while a batch can be taken."""

    def put(
        self, events: list[FeedEvent], *, last_id: str | None = None, gap: bool = False
    ) -> None:
        """Add the new ones of these events; beyond `WAITING_MAX`, skip and count the oldest."""
        self._waiting.extend(event for event in self._new(events) if self._wants(event))
        if last_id is not None:
            self._last_id = (
                last_id if self._last_id is None else max(self._last_id, last_id, key=id_pair)
            )
        self._gap = self._gap or gap
        while len(self._waiting) > WAITING_MAX:
            self._waiting.popleft()
            self.skipped += 1
        if self._waiting or self._gap:
            self._ready.set()

    def begin_again(self) -> None:
        """Start over on another stream, whose ids say nothing about the entries seen so far."""
        self._last_id = None

    def _new(self, events: list[FeedEvent]) -> list[FeedEvent]:
        if self._last_id is None or not events:
            return events
        seen = id_pair(self._last_id)
        # Ids ascend: if the first is new, all are. Comparing each id would cost more.
        if id_pair(str(events[0]["stream_id"])) > seen:
            return events
        return [event for event in events if id_pair(str(event["stream_id"])) > seen]

    def _wants(self, event: FeedEvent) -> bool:
        return self._wanted is None or self._wanted(event)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedBatch:
        """All waiting events, as soon as there is one."""
        while not (self._ready.is_set() or await self._waited_long()):
            pass
        return self.batch()

    def batch(self) -> FeedBatch:
        """All waiting events."""
        self._ready.clear()
        batch = FeedBatch(
            events=list(self._waiting), skipped=self.skipped, gap=self._gap, last_id=self._last_id
        )
        self._waiting.clear()
        self.skipped, self._gap = 0, False
        self._told_id = self._last_id
        return batch

    async def _waited_long(self) -> bool:
        """Wait for an event; True after a long wait in which the stream went on without one."""
        try:
            async with asyncio.timeout(self._quiet_seconds if self._wanted is not None else None):
                await self._ready.wait()
        except TimeoutError:
            return self._told_id != self._last_id
        return False
