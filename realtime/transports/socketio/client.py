"""One Socket.IO client: writing to its Engine.IO connection, ending it, and who is behind it."""

import asyncio
from typing import Any, Final

import msgspec

from configurator.activity.visitor import VisitorTraits
from configurator.protocol.code import Code
from configurator.protocol.codes import CODES
from configurator.protocol.messages import Error
from realtime.connections.connection import Connection
from realtime.connections.drain import handing_over
from realtime.connections.timing import Timing
from realtime.delivery.frame import NAMESPACE, Frame
from realtime.delivery.outbox import SnapshotInstead
from realtime.delivery.peer import Peer
from realtime.limits.connections import ConnectionLimits
from realtime.transports.engineio.connection import EnginePacket

CONNECT: Final = b"40%b," % NAMESPACE.encode()
CONNECT_ERROR: Final = b"44%b," % NAMESPACE.encode()
DISCONNECT: Final = b"41%b," % NAMESPACE.encode()
ACKNOWLEDGEMENT: Final = b"43%b," % NAMESPACE.encode()

_HeldFrame = tuple[Frame, object | None, SnapshotInstead | None]
_errors = msgspec.json.Decoder(Error)


def connect_error(error: bytes) -> bytes:
    """The data of a CONNECT_ERROR: official clients show ``message`` and hand on ``data``."""
    said = _errors.decode(error)
    where = f": {said.detail}" if said.detail else ""
    content = {"message": f"{said.message.en} ({said.code}{where})", "data": msgspec.Raw(error)}
    return msgspec.json.encode(content)


class Link:
    """One Engine.IO connection, and the client in its namespace, if there is one.

    The limits belong to the connection: a client that leaves the namespace and comes back gets no
    new ones.
    """

    def __init__(
        self,
        peer: Peer[Any],
        limits: ConnectionLimits,
        visitor: VisitorTraits,
        timing: Timing,
    ) -> None:
        self.peer = peer
        self._timing = timing
        self.limits = limits
        self.visitor = visitor
        self.connection: Connection | None = None
        self._hello: asyncio.TimerHandle | None = None
        self._opening: list[_HeldFrame] | None = None
        self._answering = False
        self._ending: Code | None = None
        self.expect_hello()

    def deliver(
        self, frame: Frame, *, key: object | None = None, instead: SnapshotInstead | None = None
    ) -> None:
        """Send a frame, or hold it back while the client's hello is being answered."""
        if self._opening is None:
            self.peer.deliver(frame, key=key, instead=instead)
        else:
            self._opening.append((frame, key, instead))

    async def enter(self, connection: Connection, hello: bytes, sid: str) -> bool:
        """Let a client in unless its ``hello`` is refused; returns whether it is in.

        CONNECT is sent only when the client is known: on it, official clients send what they queued
        while offline. A final refusal is a CONNECT_ERROR that says why. A client that may come back
        only loses the connection, and keeps its queue.
        """
        self.connection, self._opening, self._answering = connection, [], True
        connection.watch_life()
        try:
            await connection.receive(hello)
        finally:
            held, self._opening, self._answering = self._opening, None, False
        ending, self._ending = self._ending, None
        if self.connection is connection and not connection.welcomed:
            error = held[-1][0].json
            refused = _errors.decode(error)
            if refused.retryable:
                ending = ending or CODES[refused.code]
            else:
                self.peer.deliver(EnginePacket(CONNECT_ERROR + connect_error(error)))
            await self.leave()
        if ending is not None:
            await self.leave()
            self.peer.hang_up(ending)
        if not connection.welcomed or self.peer.ended:
            return False
        self.peer.deliver(EnginePacket(b'%b{"sid":"%b"}' % (CONNECT, sid.encode())))
        for frame, key, instead in held:
            self.peer.deliver(frame, key=key, instead=instead)
        return True

    def expect_hello(self) -> None:
        """End the connection of a client that is not in the namespace within ``hello_seconds``."""
        if self._hello is not None:
            self._hello.cancel()
        self._hello = asyncio.get_running_loop().call_later(
            self._timing.hello_seconds, self._expire
        )

    async def receive(self, message: bytes, number: int | None) -> None:
        """Handle an event; ``number`` is that of the acknowledgement, None if none is wanted."""
        if self.connection is None:
            return
        self._answering = True
        try:
            reply = await self.connection.receive(message)
        finally:
            self._answering = False
        if number is not None:
            content = reply.json if reply is not None else b""
            self.peer.deliver(EnginePacket(b"%b%d[%b]" % (ACKNOWLEDGEMENT, number, content)))
        if self._ending is not None:
            self.hang_up(self._ending)

    def hang_up(self, code: Code) -> None:
        """End the connection after all frames that were delivered, an acknowledgement included."""
        if self._answering:
            self._ending = self._ending or code
            return
        if self.connection is not None and not code.retryable:
            self.peer.deliver(EnginePacket(DISCONNECT))
        self.peer.hang_up(code)

    async def hand_over(self, retry_after_ms: int) -> None:
        """Tell when to come back, after the answer to the message that is being handled."""
        if self.connection is None:
            self.hang_up(CODES["restarting"])
        else:
            leave = handing_over(self.connection.turn, self.deliver, self.hang_up)
            await leave(retry_after_ms)

    def heard(self) -> None:
        """Note that the client answered a ping of Engine.IO."""
        if self.connection is not None:
            self.connection.heard()

    async def leave(self) -> None:
        """Close the client's connection: it left the namespace."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.close()

    def close(self) -> None:
        """Note that the Engine.IO connection is over."""
        self.peer.gone()
        if self._hello is not None:
            self._hello.cancel()

    def _expire(self) -> None:
        if self.connection is None:
            self.hang_up(CODES["not_authenticated"])  # no event can be sent outside the namespace
