"""Hints between processes over Redis pub/sub (signatures; the body follows)."""

from collections.abc import Callable
from types import TracebackType
from typing import Self
from uuid import UUID

from storage.redis.client import Redis


def room_channel(configuration_id: UUID) -> str:
    """The channel of a room; the braces are the hash tag of Redis Cluster."""
    return f"room:{{{configuration_id}}}"


class Bus:
    """Async context manager: publish and subscribe without ever waiting for Redis."""

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
    ) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def publish(self, channel: str, payload: bytes) -> None:
        """Queues a message; never blocks, never raises. Full queue: the oldest is dropped."""

    def subscribe(self, channel: str) -> None:
        """Wants messages of `channel`; counted, so every subscribe needs its unsubscribe."""

    def unsubscribe(self, channel: str) -> None:
        """Takes one subscribe back."""

    @property
    def healthy(self) -> bool:
        """Whether the own tick came back within `deaf_after_seconds`."""
        raise NotImplementedError

    @property
    def dropped(self) -> int:
        """How many messages were dropped because the queue was full."""
        raise NotImplementedError
