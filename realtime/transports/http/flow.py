"""Flow of an HTTP connection: reading that can be held, and a head that is sent with its body."""

import asyncio
from typing import Final

from typing_extensions import override
from uvicorn.protocols.http.flow_control import FlowControl


class HeldFlow(FlowControl):
    """Flow control with reading that can be held, even if the application asks to go on."""

    held = False

    def hold(self) -> None:
        """Read nothing until ``release``."""
        self.held = True
        self.pause_reading()

    def release(self) -> None:
        """Read on."""
        self.held = False
        self.resume_reading()

    @override
    def resume_reading(self) -> None:
        """Read on, unless reading is held."""
        if self.read_paused and not self.held:
            super().resume_reading()


CONTINUE: Final = b"HTTP/1.1 100 "


class AnswerTransport:
    """The transport of one answer, which sends the head together with the beginning of the body.

    uvicorn writes head and body one after the other, each with a system call and a packet of its
    own; that is a tenth of the cost of a small request. The head waits until the end of this turn
    of the event loop at most. An answer without a body uses the plain transport: uvicorn writes
    nothing after its head.
    """

    __slots__ = ("_begun", "_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._begun = False
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send data. The first that is no ``100 Continue`` is the head, and waits for more."""
        if self._begun:
            head, self._head = self._head, b""
            self._send(head + data if head else data)
        elif data.startswith(CONTINUE):
            self._send(data)
        else:
            self._begun = True
            self._head = data
            self._loop.call_soon(self._send_head)

    def close(self) -> None:
        """Send the head if it still waits, then close."""
        self._send_head()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport.is_closing()

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._send(head)

    def _send(self, data: bytes) -> None:
        """Send, unless the peer left in the same turn: uvloop raises on a closed transport."""
        if not self._transport.is_closing():
            self._transport.write(data)
