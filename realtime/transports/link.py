"""One Socket.IO client: how its Engine.IO connection is written to and ended, and who is behind it."""

import asyncio
from typing import Any, Final

import msgspec

from configurator.protocol.codes import CODES, Code
from configurator.protocol.messages import Error
from configurator.visitor import Visitor
from realtime.connection import Connection
from realtime.drain import handing_over
from realtime.frame import NAMESPACE, Frame
from realtime.limits import ConnectionLimits
from realtime.outbox import Lapse
from realtime.transports.engine import EnginePacket
from realtime.transports.peer import Peer
from realtime.transports.websocket import HELLO_SECONDS

CONNECT: Final = b"40%b," % NAMESPACE.encode()
CONNECT_ERROR: Final = b"44%b," % NAMESPACE.encode()
DISCONNECT: Final = b"41%b," % NAMESPACE.encode()
ACKNOWLEDGEMENT: Final = b"43%b," % NAMESPACE.encode()

_Held = tuple[Frame, object | None, Lapse | None]
_errors = msgspec.json.Decoder(Error)


def connect_error(error: bytes) -> bytes:
    """The data of a CONNECT_ERROR: official clients show ``message`` and hand on ``data``."""
    said = _errors.decode(error)
    where = f": {said.detail}" if said.detail else ""
    content = {"message": f"{said.message.en} ({said.code}{where})", "data": msgspec.Raw(error)}
    return msgspec.json.encode(content)


class Link:
    """One Engine.IO connection: how it is written to and ended, and who is behind it.

    Its limits outlive who is behind it: leaving the namespace and coming back gives no new ones.
    """

    def __init__(
        self,
        peer: Peer[Any],
        limits: ConnectionLimits,
        visitor: Visitor,
    ) -> None:
        self.peer = peer
        self.limits = limits
        self.visitor = visitor
        self.connection: Connection | None = None
        self._hello: asyncio.TimerHandle | None = None
        self._opening: list[_Held] | None = None
        self._answering = False
        self._ending: Code | None = None
        self.expect_hello()

    def deliver(
        self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None
    ) -> None:
        """Send a frame; while it is not decided whether the client comes in, hold it back."""
        if self._opening is None:
            self.peer.deliver(frame, key=key, lapse=lapse)
        else:
            self._opening.append((frame, key, lapse))

    async def enter(self, connection: Connection, hello: bytes, sid: str) -> bool:
        """Let a client into the namespace, unless its ``hello`` is refused; whether it is in.

        CONNECT waits until it is known who this is: official clients send with it what waited
        while they were offline. Refused for good is a CONNECT_ERROR that says why; who is to come
        back only loses the connection, and keeps what waits.
        """
        self.connection, self._opening, self._answering = connection, [], True
        connection.watch_life()
        try:
            await connection.receive(hello)
        finally:
            held, self._opening, self._answering = self._opening, None, False
        ending, self._ending = self._ending, None
        if not connection.welcomed:
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
        for frame, key, lapse in held:
            self.peer.deliver(frame, key=key, lapse=lapse)
        return True

    def expect_hello(self) -> None:
        """Let go of a client that is not in the namespace within ``HELLO_SECONDS``."""
        if self._hello is not None:
            self._hello.cancel()
        self._hello = asyncio.get_running_loop().call_later(HELLO_SECONDS, self._expire)

    async def receive(self, message: bytes, number: int | None) -> None:
        """Handle an event; ``number`` is that of its acknowledgement, if it wants one."""
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
        """End the connection after everything that was delivered, an acknowledgement included."""
        if self._answering:
            self._ending = self._ending or code
            return
        if self.connection is not None and not code.retryable:
            self.peer.deliver(EnginePacket(DISCONNECT))
        self.peer.hang_up(code)

    async def hand_over(self, retry_after_ms: int) -> None:
        """The process stops: say when to come back, after the answer to the message that is being handled."""
        if self.connection is None:
            self.hang_up(CODES["restarting"])
        else:
            leave = handing_over(self.connection.turn, self.deliver, self.hang_up)
            await leave(retry_after_ms)

    def heard(self) -> None:
        """The client answered a ping of Engine.IO."""
        if self.connection is not None:
            self.connection.heard()

    async def leave(self) -> None:
        """The client left the namespace."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.close()

    def close(self) -> None:
        """The connection is over."""
        self.peer.gone()
        if self._hello is not None:
            self._hello.cancel()

    def _expire(self) -> None:
        if self.connection is None:
            self.hang_up(CODES["not_authenticated"])  # outside the namespace nothing can be said
