"""The receiving half of the bus: one pub/sub connection that detects when messages stop arriving.

A subscription outlasts sessions. In each session the connection subscribes to all wanted channels.
Once Redis has confirmed them, the session is live and `on_gap` is called: a state that is read after
that call is followed by all later messages. A session ends with the connection, or when the process
does not receive its own tick, because redis-py reports no error for a half-open link.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from storage.errors import StorageUnavailable
from storage.outage import Outage
from storage.redis.client import AGAIN, Redis


class _Deaf(Exception):
    """The bus's own tick did not come back."""


class Subscriber:
    """Receives messages of the wanted channels; `on_message(channel, payload)` runs in order."""

    def __init__(
        self,
        redis: Redis,
        *,
        tick_channel: str,
        gap_channel: str,
        on_message: Callable[[str, bytes], None],
        on_gap: Callable[[], None],
        tick_seconds: float,
        deaf_after_seconds: float,
        jitter: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._tick_channel = tick_channel
        self._gap_channel = gap_channel
        self._on_message = on_message
        self._on_gap = on_gap
        self._tick_seconds = tick_seconds
        self._deaf_after_seconds = deaf_after_seconds
        self._jitter = jitter
        self._wanted: Counter[str] = Counter()
        self._waiters: dict[str, list[asyncio.Future[bool]]] = {}
        self._late: set[str] = set()
        self._changed = asyncio.Event()
        self._asked: set[str] = set()
        self._unconfirmed: Counter[str] = Counter()
        self._live = False
        self._heard = 0.0
        self.sessions = 0
        self.outage = Outage("hearing live messages")

    @property
    def healthy(self) -> bool:
        """Whether messages arrive: the session is live and the last tick is recent."""
        age = asyncio.get_running_loop().time() - self._heard
        return self._live and age < self._deaf_after_seconds

    def subscribe(self, channel: str) -> "asyncio.Future[bool]":
        """Subscribes to the channel; answers True once Redis has confirmed it, False after a timeout.

        After False, `on_gap` is called once messages of the channel arrive. Awaiting is optional.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        self._wanted[channel] += 1
        self._changed.set()
        if not self._live:
            answer.set_result(False)
        elif channel in self._asked and not self._unconfirmed[channel]:
            answer.set_result(True)
        else:
            self._waiters.setdefault(channel, []).append(answer)
            loop.call_later(self._redis.call_seconds, self._give_up, channel, answer)
        return answer

    def wants(self, channel: str) -> bool:
        """Whether `subscribe` was called more often than `unsubscribe`."""
        return channel in self._wanted

    def unsubscribe(self, channel: str) -> None:
        """Cancels one `subscribe`."""
        self._wanted[channel] -= 1
        if self._wanted[channel] <= 0:
            del self._wanted[channel]
            self._changed.set()

    async def run(self) -> None:
        """Receives until cancelled; losing Redis only makes it wait."""
        while True:
            try:
                await self._session()
            except* _Deaf:
                self.outage.met(StorageUnavailable("no messages arrive", store="Redis"))
            except* (RedisError, OSError, TimeoutError) as lost:
                self.outage.met(self._redis.unavailable(_first(lost)))
            finally:
                self._end_session()
            await asyncio.sleep(AGAIN.delay_seconds(self.outage.failures, self._jitter()))

    async def _session(self) -> None:
        connection = self._redis.connection()
        try:
            async with asyncio.timeout(self._redis.connect_seconds):
                await connection.connect()  # type: ignore[no-untyped-call]  # in redis-py
            self._heard = asyncio.get_running_loop().time()
            self._asked = set()
            self._unconfirmed = Counter()
            self._changed.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(connection))
                tasks.create_task(self._keep_asking(connection))
                tasks.create_task(self._watch())
        finally:
            await connection.disconnect(nowait=True)

    def _end_session(self) -> None:
        was_live, self._live = self._live, False
        for channel in list(self._waiters):
            self._answer(channel, confirmed=False)
        if was_live and self._wanted:
            self._on_gap()

    async def _receive(self, connection: AbstractConnection) -> None:
        while True:
            kind, name, value = await connection.read_response(timeout=math.inf)
            channel = name.decode().removeprefix(self._redis.channel(""))
            if kind == b"message":
                self._hear(channel, value)
            elif kind == b"subscribe":
                self._confirm(channel)

    def _hear(self, channel: str, payload: bytes) -> None:
        if channel == self._tick_channel:
            self._heard = asyncio.get_running_loop().time()
        elif channel == self._gap_channel:
            self._on_gap()
        elif channel in self._wanted:
            self._on_message(channel, payload)

    def _confirm(self, channel: str) -> None:
        self._unconfirmed[channel] -= 1
        if self._unconfirmed[channel] > 0:
            return
        del self._unconfirmed[channel]
        self._answer(channel, confirmed=True)
        if not self._live and not self._unconfirmed:
            self._begin_live()
        elif channel in self._late:
            self._late.discard(channel)
            self._on_gap()

    def _answer(self, channel: str, *, confirmed: bool) -> None:
        for answer in self._waiters.pop(channel, []):
            if not answer.done():
                answer.set_result(confirmed)

    def _give_up(self, channel: str, answer: "asyncio.Future[bool]") -> None:
        if not answer.done():
            self._late.add(channel)
            answer.set_result(False)

    def _begin_live(self) -> None:
        self._live = True
        self.outage.over()
        self._late.clear()
        self.sessions += 1
        if self._wanted:
            self._on_gap()

    async def _keep_asking(self, connection: AbstractConnection) -> None:
        """Keeps the subscriptions in Redis equal to the wanted channels."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = {self._tick_channel, self._gap_channel, *self._wanted}
            await self._ask(connection, "SUBSCRIBE", wanted - self._asked)
            await self._ask(connection, "UNSUBSCRIBE", self._asked - wanted)

    async def _ask(self, connection: AbstractConnection, command: str, names: set[str]) -> None:
        if not names:
            return
        if command == "SUBSCRIBE":
            self._asked |= names
            self._unconfirmed.update(names)
        else:
            self._asked -= names
        async with asyncio.timeout(self._redis.call_seconds):
            channels = [self._redis.channel(name) for name in sorted(names)]
            await connection.send_command(command, *channels, check_health=False)

    async def _watch(self) -> None:
        """Raises _Deaf if the tick is missing, unless this process itself stood still."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(self._tick_seconds)
            if loop.time() - before > 2 * self._tick_seconds:
                self._heard = max(self._heard, before)
            if loop.time() - self._heard > self._deaf_after_seconds:
                raise _Deaf


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    """The first error inside; the others have the same cause."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
