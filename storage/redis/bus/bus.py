"""Hints between processes over Redis pub/sub. A hint may be lost; `on_gap` is called then.

No method raises into a caller or makes it wait until Redis is back; the truth is in PostgreSQL.
"""

import asyncio
import random
from collections.abc import Callable
from uuid import UUID

from typing_extensions import override

from storage.outage import Outage
from storage.redis.bus.publisher import GAP_CHANNEL, Publisher
from storage.redis.bus.subscriber import Subscriber
from storage.redis.client import Redis
from storage.tasks import TaskOwner


def room_channel(configuration_id: UUID) -> str:
    """The channel of a room; the braces are the hash tag of Redis Cluster."""
    return f"room:{{{configuration_id}}}"


class Bus(TaskOwner):
    """Async context manager owning two connections: one sends, one receives.

    `on_message(channel, payload)` is called in the order of each channel. `on_gap()` is called if
    messages may have been lost: the connection ended, a new one is live, the bus's own tick (every
    `tick_seconds`) was missing for `deaf_after_seconds`, or a queue was full, here or in another
    process. Both are plain functions and must be quick. An exception in one of them ends the bus.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        process: str,
        on_message: Callable[[str, bytes], None],
        on_gap: Callable[[], None],
        max_queue: int = 10_000,
        tick_seconds: float = 1.0,
        deaf_after_seconds: float = 3.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__()
        self._tick_channel = f"tick:{{{process}}}"
        self._tick_seconds = tick_seconds
        self._publisher = Publisher(redis, max_queue=max_queue, on_gap=on_gap, jitter=jitter)
        self._subscriber = Subscriber(
            redis,
            tick_channel=self._tick_channel,
            gap_channel=GAP_CHANNEL,
            on_message=on_message,
            on_gap=on_gap,
            tick_seconds=tick_seconds,
            deaf_after_seconds=deaf_after_seconds,
            jitter=jitter,
        )

    @override
    def _begin(self) -> None:
        self._tasks.start(self._publisher.run(), name="bus publisher")
        self._tasks.start(self._subscriber.run(), name="bus subscriber")
        self._tasks.start(self._keep_ticking(), name="bus tick")

    def publish(self, channel: str, payload: bytes) -> None:
        """Queues a message; never blocks, never raises.

        Messages of one process keep their order and may arrive twice. If the queue is full, the
        oldest message is dropped.
        """
        self._publisher.put(channel, payload)

    def subscribe(self, channel: str) -> "asyncio.Future[bool]":
        """Subscribes to `channel`; calls are counted, so each one needs its `unsubscribe`.

        Await the answer and read the state after it. True: messages arrive from now on. False:
        Redis is away, or slower than `call_seconds`; `on_gap` is called once messages arrive.
        """
        return self._subscriber.subscribe(channel)

    def unsubscribe(self, channel: str) -> None:
        """Cancels one `subscribe`, also one that answered False."""
        self._subscriber.unsubscribe(channel)

    def wants(self, channel: str) -> bool:
        """Whether this process subscribes to the channel."""
        return self._subscriber.wants(channel)

    @property
    def outages(self) -> tuple[Outage, Outage]:
        """The outages of sending and of receiving."""
        return self._publisher.outage, self._subscriber.outage

    @property
    def healthy(self) -> bool:
        """Whether messages arrive: the bus's own tick came back within `deaf_after_seconds`."""
        return self._subscriber.healthy

    @property
    def queued(self) -> int:
        """The number of messages that wait to be sent."""
        return len(self._publisher)

    @property
    def dropped(self) -> int:
        """The number of messages that were dropped because the queue was full."""
        return self._publisher.dropped

    @property
    def refused(self) -> int:
        """The number of messages that Redis refused (not allowed, too large)."""
        return self._publisher.refused

    @property
    def sessions(self) -> int:
        """The number of times that the receiving connection became live; above 1, it was lost."""
        return self._subscriber.sessions

    async def _keep_ticking(self) -> None:
        while True:
            self._publisher.put_first(self._tick_channel, b"")
            await asyncio.sleep(self._tick_seconds)
