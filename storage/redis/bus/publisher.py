"""The sending half of the bus: a bounded queue and the one task that empties it into Redis."""

import asyncio
from collections import deque
from collections.abc import Callable

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as ClientConnectionError
from redis.exceptions import RedisError, ResponseError

from storage.outage import Outage
from storage.redis.client import AGAIN, Redis

# Every bus listens here: a message means that the sender had to drop messages.
GAP_CHANNEL = "bus:{gap}"
_MAX_BATCH = 512

BusMessage = tuple[str, bytes]


class Publisher:
    """Sends messages in order, each at least once while Redis is available.

    A full queue drops its oldest message, counts it, calls `on_gap`, and tells all other processes
    on GAP_CHANNEL as soon as Redis is back.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        max_queue: int,
        on_gap: Callable[[], None],
        jitter: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._max_queue = max_queue
        self._on_gap = on_gap
        self._jitter = jitter
        self._queue: deque[BusMessage] = deque()
        self._urgent: dict[str, bytes] = {}
        self._work = asyncio.Event()
        self.dropped = 0
        self.refused = 0
        self.outage = Outage("sending live messages")

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, channel: str, payload: bytes) -> None:
        """Queues a message."""
        self._queue.append((channel, payload))
        self._work.set()
        if len(self._queue) > self._max_queue:
            self._drop()

    def put_first(self, channel: str, payload: bytes) -> None:
        """Sends a message before the queue; a later one of the same channel replaces it."""
        self._urgent[channel] = payload
        self._work.set()

    async def run(self) -> None:
        """Sends until cancelled; losing Redis only makes it wait."""
        while True:
            connection = self._redis.connection()
            try:
                async with asyncio.timeout(self._redis.connect_seconds):
                    await connection.connect()  # type: ignore[no-untyped-call]  # in redis-py
                while True:
                    await self._work.wait()
                    refused = self.refused
                    await self._send_all(connection)
                    if self.refused == refused:
                        self.outage.over()
            except (RedisError, OSError, TimeoutError) as error:
                self.outage.met(self._redis.unavailable(error))
            finally:
                await connection.disconnect(nowait=True)
            await asyncio.sleep(AGAIN.delay_seconds(self.outage.failures, self._jitter()))

    async def _send_all(self, connection: AbstractConnection) -> None:
        self._work.clear()
        while self._urgent or self._queue:
            urgent, self._urgent = self._urgent, {}
            batch = [self._queue.popleft() for _ in range(min(_MAX_BATCH, len(self._queue)))]
            try:
                async with asyncio.timeout(self._redis.call_seconds):
                    await self._send(connection, [*urgent.items(), *batch])
            except BaseException:
                self._urgent = urgent | self._urgent
                self._give_back(batch)
                raise

    async def _send(self, connection: AbstractConnection, messages: list[BusMessage]) -> None:
        commands = [
            ("PUBLISH", self._redis.channel(channel), payload) for channel, payload in messages
        ]
        await connection.send_packed_command(connection.pack_commands(commands))
        for _ in messages:
            try:
                await connection.read_response()
            except ClientConnectionError:
                raise
            except ResponseError as error:  # not allowed, too large: sending again would not help
                self.refused += 1
                self.outage.met(self._redis.unavailable(error))

    def _give_back(self, batch: list[BusMessage]) -> None:
        self._queue.extendleft(reversed(batch))
        self._work.set()
        while len(self._queue) > self._max_queue:
            self._drop()

    def _drop(self) -> None:
        self._queue.popleft()
        self.dropped += 1
        if GAP_CHANNEL not in self._urgent:
            self.put_first(GAP_CHANNEL, b"")
            self._on_gap()
