"""News between web processes: one process learns something and tells all over the bus.

Each kind of news has a channel and a message type of its own. A message may be lost; every receiver
also finds out by itself, later.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec
import structlog

from configurator.protocol import codec
from storage.redis.bus.bus import Bus

log = structlog.get_logger()

RENAMED: Final = "people"
"""A person has another name now: a `Person`."""

SESSIONS_ENDED: Final = "admin-sessions"
"""Admin sessions have ended: the hashes of their tokens, as base64."""

ACCESS: Final = "access"
"""Roles or links of a configuration changed: an `AccessChange`. Each process then reads the new
ones from PostgreSQL, so a forged message costs a read but takes no role away."""

TOKENS_ENDED: Final = "person-tokens"
"""A person gave up a token: the id of the person."""

Message = TypeVar("Message")


class Channels:
    """The parts of this process that listen to the channels of the bus.

    The bus calls `hear` and `suspect`.
    """

    def __init__(self) -> None:
        self._heard: dict[str, list[Callable[[bytes], None]]] = {}
        self._others: list[Callable[[str, bytes], None]] = []
        self._gaps: list[Callable[[], None]] = []

    def on(self, channel: str, hear: Callable[[bytes], None]) -> None:
        """Have ``hear`` called with every message of this channel."""
        self._heard.setdefault(channel, []).append(hear)

    def otherwise(self, hear: Callable[[str, bytes], None]) -> None:
        """Have ``hear`` called with every message of a channel without a listener of its own."""
        self._others.append(hear)

    def on_gap(self, suspect: Callable[[], None]) -> None:
        """Have ``suspect`` called whenever messages may have been lost."""
        self._gaps.append(suspect)

    def __iter__(self) -> Iterator[str]:
        """The channels that were named."""
        return iter(self._heard)

    def hear(self, channel: str, payload: bytes) -> None:
        """Hand a message of the bus to the subscribers of its channel."""
        heard = self._heard.get(channel)
        if heard is None:
            for other in self._others:
                other(channel, payload)
        else:
            for each in heard:
                each(payload)

    def suspect(self) -> None:
        """Tell the listeners that messages may have been lost."""
        for each in self._gaps:
            each()


class News:
    """The news that this process sends and receives."""

    def __init__(self, bus: Bus, channels: Channels) -> None:
        self._bus = bus
        self._channels = channels

    def on(
        self, channel: str, shape: type[Message], take: Callable[[Message], None]
    ) -> Callable[[Message], None]:
        """Have ``take`` called for every message of the channel.

        Returns the function that sends a message: to this process at once, to the others over the
        bus.
        """

        def hear(payload: bytes) -> None:
            try:
                message = msgspec.json.decode(payload, type=shape)
            except codec.UNREADABLE:
                log.warning("bus_message_unreadable", channel=channel)
                return
            take(message)

        def tell(message: Message) -> None:
            take(message)
            self._bus.publish(channel, msgspec.json.encode(message))

        self._channels.on(channel, hear)
        return tell

    async def subscribe(self) -> None:
        """Subscribe to the channels that were named; the bus must be running."""
        for channel in self._channels:
            await self._bus.subscribe(channel)
