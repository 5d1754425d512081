"""Subscriptions to the live interactions over a socket, at the pace at which the admin reads.

A batch is handed over only when the transport has taken the one before. Until then, new
interactions wait in the feed, which is bounded and counts those that it has to skip.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing

import structlog
from typing_extensions import override

from configurator.protocol.watching import Activity, ActivityFilter, Unwatched, Watch
from realtime.activity.live.feed import ActivityFeed
from realtime.activity.live.feed_events import FeedEvent
from realtime.activity.live.watcher import EventFilter, FeedBatch, Start
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Deliver
from storage.tasks import OwnedTasks, TaskOwner

log = structlog.get_logger()

EVENTS_PER_MESSAGE = 100


class Subscriptions(TaskOwner):
    """The subscriptions of a process. An async context manager: it owns their tasks."""

    def __init__(self, feed: ActivityFeed) -> None:
        super().__init__()
        self._feed = feed

    async def begin(self, asked: Watch, deliver: Deliver) -> "Subscription":
        """A subscription that is not started yet. Raises StorageUnavailable."""
        start = await self._feed.start(since=asked.since, history=asked.history)
        return Subscription(
            self._feed, self._tasks, start, wanted=wanted(asked.filter), deliver=deliver
        )


class Subscription:
    """The subscription of one admin's program; it begins after the entry ``since``."""

    def __init__(
        self,
        feed: ActivityFeed,
        tasks: OwnedTasks,
        start: Start,
        *,
        wanted: EventFilter | None,
        deliver: Deliver,
    ) -> None:
        self.since = start.after
        self._feed = feed
        self._tasks = tasks
        self._start = start
        self._wanted = wanted
        self._deliver = deliver
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to deliver ``activity``."""
        self._task = self._tasks.task(self._feed_one(), name="activity subscription")

    def end(self) -> None:
        """Deliver nothing any more. Safe to call twice."""
        if self._task is not None:
            self._task.cancel()

    async def _feed_one(self) -> None:
        try:
            async with aclosing(self._feed.follow(self._start, wanted=self._wanted)) as batches:
                async for batch in batches:
                    for message in messages(batch):
                        await self._hand_over(message)
        except Exception:
            log.exception("subscription_failed")
            self._deliver(Frame.of(Unwatched(code="internal")))

    async def _hand_over(self, message: Activity) -> None:
        taken = asyncio.Event()
        self._deliver(_Signed(Frame.of(message), taken.set))
        await taken.wait()


class _Signed(Frame):
    """A frame that reports when the transport asks for its bytes, and so can take them."""

    __slots__ = ("_taken", "_text")

    def __init__(self, frame: Frame, taken: Callable[[], None]) -> None:
        self._taken = taken
        super().__init__(frame.type, frame.json)

    @override
    def __len__(self) -> int:
        return len(self._text)

    @property  # type: ignore[explicit-override]  # mypy sees no override over an attribute
    @override
    def json(self) -> bytes:
        """The UTF-8 text; asking for it reports that the transport takes the frame."""
        self._taken()
        return self._text

    @json.setter
    def json(self, text: bytes) -> None:
        self._text = text


def messages(batch: FeedBatch) -> Iterator[Activity]:
    """A batch as messages of limited size; the last one has the position where the batch ends."""
    skipped, gap = batch.skipped, batch.gap
    for start in range(0, max(1, len(batch.events)), EVENTS_PER_MESSAGE):
        events = batch.events[start : start + EVENTS_PER_MESSAGE]
        last = start + EVENTS_PER_MESSAGE >= len(batch.events)
        yield Activity(
            events=events,
            last_id=batch.last_id if last else str(events[-1]["stream_id"]),
            skipped=skipped,
            gap=gap,
        )
        skipped, gap = 0, False


def wanted(asked: ActivityFilter | None) -> EventFilter | None:
    """The filter as a function; None lets everything through."""
    if asked is None or (asked.event_types, asked.categories, asked.session_id) == (None,) * 3:
        return None
    types, categories, session = asked.event_types, asked.categories, asked.session_id

    def lets_through(event: FeedEvent) -> bool:
        return (
            (types is None or event["event_type"] in types)
            and (categories is None or event["category"] in categories)
            and (session is None or session in (event["session"], event["session_id"]))
        )

    return lets_through
