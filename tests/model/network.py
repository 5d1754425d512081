"""A bus between processes that loses, doubles and reorders what a test tells it to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

Hear = Callable[[str, bytes], None]


@dataclass(slots=True)
class Wire:
    """Messages that were published but not delivered yet, to every process except their sender."""

    links: dict[str, "LossyBus"] = field(default_factory=dict)
    under_way: list[tuple[str, str, bytes]] = field(default_factory=list)

    def deliver(self, index: int, *, copies: int) -> None:
        """Let one message arrive, whatever its turn; no copy is a loss."""
        if not self.under_way:
            return
        receiver, channel, payload = self.under_way.pop(index % len(self.under_way))
        link = self.links.get(receiver)
        for _ in range(copies):
            if link is not None:
                link.arrive(channel, payload)

    def deliver_all(self) -> None:
        while self.under_way:
            self.deliver(0, copies=1)


class LossyBus:
    """The bus of one process, as `storage.redis.bus.bus.Bus` looks to rooms and hub."""

    healthy = True
    outages = ()

    def __init__(self, wire: Wire, process: str, hear: Hear) -> None:
        self._wire = wire
        self._process = process
        self._hear = hear
        self._channels: set[str] = set()
        wire.links[process] = self

    def publish(self, channel: str, payload: bytes) -> None:
        for receiver in self._wire.links:
            if receiver != self._process:
                self._wire.under_way.append((receiver, channel, payload))

    def subscribe(self, channel: str) -> "asyncio.Future[bool]":
        self._channels.add(channel)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        answer.set_result(True)
        return answer

    def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)

    def arrive(self, channel: str, payload: bytes) -> None:
        if channel in self._channels:
            self._hear(channel, payload)
