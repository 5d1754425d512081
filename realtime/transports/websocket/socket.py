"""Direct access to the transport of a WebSocket: ``scope["extensions"]["nest.socket"]``.

A ``Socket`` writes ready-made frames, and reports when the transport is full and when it takes
bytes again.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from starlette.types import Scope

EXTENSION: Final = "nest.socket"


class Served(Protocol):
    """The parts of the connection's protocol that a socket uses."""

    transport: asyncio.Transport
    handshake_complete: bool

    @property
    def over(self) -> bool:
        """Whether nothing can be sent to the peer any more."""

    def bound(self, message_bytes_max: int) -> None:
        """Accept no larger message, and keep little for a peer that does not read."""

    def forget_headers(self) -> None:
        """Drop the headers of the handshake."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""


class Listener(Protocol):
    """Is told about the transport. All calls come from the event loop, and none may raise."""

    def full(self) -> None:
        """The transport is full: nothing more should be written."""

    def free(self) -> None:
        """The transport takes bytes again."""

    def heard(self) -> None:
        """The peer answered a ping, or sent one."""

    def gone(self) -> None:
        """The connection is over: later writes are dropped."""


class Socket:
    """One open WebSocket, made by the protocol. Call ``claim`` after the ASGI accept was sent."""

    __slots__ = ("_listener", "open", "protocol", "too_large")

    def __init__(self, protocol: Served) -> None:
        self.protocol = protocol
        self._listener: Listener | None = None
        self.open = False
        self.too_large = b""

    def bound(self, message_bytes_max: int, *, too_large: bytes) -> None:
        """Bound the messages of the peer, and the bytes that wait for it.

        ``too_large`` is the last frame for a peer that sends a larger message, which is refused
        by its header, before it is read.
        """
        self.too_large = too_large
        self.protocol.bound(message_bytes_max)

    def claim(self, listener: Listener) -> None:
        """Take over writing, after the connection was accepted."""
        protocol = self.protocol
        if protocol.over or not protocol.handshake_complete:
            listener.gone()
            return
        self._listener = listener
        self.open = True
        protocol.forget_headers()

    @property
    def unsent_bytes(self) -> int:
        """The number of bytes that were written but have not reached the kernel."""
        return self.protocol.transport.get_write_buffer_size()

    def write(self, frame: bytes) -> None:
        """Write a whole frame without copying it; dropped when the connection is over."""
        if self.open:
            self.protocol.transport.write(frame)

    def write_all(self, frames: Sequence[bytes]) -> None:
        """Write several whole frames at once."""
        if self.open:
            self.protocol.transport.writelines(frames)

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake after all written frames; cut off a peer that stops reading."""
        if self.open:
            self.protocol.close(code, reason)

    def full(self) -> None:
        """Called by the protocol."""
        if self._listener is not None:
            self._listener.full()

    def free(self) -> None:
        """Called by the protocol."""
        if self._listener is not None:
            self._listener.free()

    def heard(self) -> None:
        """Called by the protocol."""
        if self._listener is not None:
            self._listener.heard()

    def gone(self) -> None:
        """Called by the protocol."""
        self.open = False
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.gone()


def socket_of(scope: Scope) -> Socket | None:
    """The socket of an ASGI connection; None if another server or protocol class serves it."""
    found = scope.get("extensions", {}).get(EXTENSION)
    return found if isinstance(found, Socket) else None
