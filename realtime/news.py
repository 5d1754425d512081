"""News between web processes: what one of them learned, told to all of them over the bus.

Each kind of news has a channel and a message type of its own. A message may be lost; every receiver
also finds out by itself, later.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
import structlog

from configurator.protocol import codec
from storage.redis.bus import Bus

log = structlog.get_logger()

RENAMED: Final = "people"
"""Somebody has another name now: a `Person`."""

SESSIONS_ENDED: Final = "admin-sessions"
"""These admin sessions are over: the hashes of their tokens, as base64."""

ACCESS: Final = "access"
"""Roles or links of a configuration changed: an `AccessChange`. What they are now every process reads
from PostgreSQL, so a forged message costs a read and takes nobody's role."""

TOKENS_ENDED: Final = "person-tokens"
"""The token that this person had is nobody's now: the id of the person."""

Message = TypeVar("Message")


class News:
    """What is told and heard by this process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._heard: dict[str, Callable[[bytes], None]] = {}

    def on(
        self, channel: str, shape: type[Message], take: Callable[[Message], None]
    ) -> Callable[[Message], None]:
        """Have ``take`` called for every message of the channel.

        Returns the function that tells one: to this process at once, to the others over the bus.
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

        self._heard[channel] = hear
        return tell

    async def subscribe(self) -> None:
        """Begin to hear; the bus runs."""
        for channel in self._heard:
            await self._bus.subscribe(channel)

    def hear(self, channel: str, payload: bytes) -> bool:
        """Take a message of the bus; False where its channel is not one of news."""
        heard = self._heard.get(channel)
        if heard is None:
            return False
        heard(payload)
        return True
