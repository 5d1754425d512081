"""uvicorn's WebSocket protocol with a short way to the transport: ``scope["extensions"]["nest.socket"]``.

ASGI's ``send`` builds a frame for every receiver of every message and cannot say whether the
receiver reads. A ``Socket`` writes frames that were built once, as they are, and says when the
transport is full and when it can go on. Handshake, pings and the closing handshake stay with
uvicorn; a connection that does not ask for its ``Socket`` sees no difference.

What is bounded here for every connection:
- What arrives together is parsed a little at a time, and only once the application has taken what came
  before; the event loop reads 256 kB at once, which may be 32,000 messages.
- A message that comes in many parts is kept as one piece.
- Frames that carry nothing end a connection that sends too many of them.
- Pongs for a peer that does not read are left out (RFC 6455, 5.5.3 allows it).
- A connection that is over but cannot be flushed is cut off.
- A handshake is answered within ``HANDSHAKE_SECONDS``. Its head was parsed and bounded by the HTTP
  protocol (``begin``), so that ``websockets``, with narrower limits and another answer, reads frames
  only. What a peer sends before it was answered waits, ``PARSED_BYTES`` at most.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol, cast

import structlog
from starlette.types import Scope
from typing_extensions import override
from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame as MessageFrame
from websockets.http11 import Request, Response
from websockets.protocol import Protocol as FrameProtocol

from configurator.protocol.codes import Refused
from realtime.transports.http_connections import RETRY_MS, Place
from realtime.transports.http_refusals import (
    handshake_answer,
    handshake_refused,
    refusal_bytes,
)
from realtime.transports.inbox import Inbox

log = structlog.get_logger()

EXTENSION: Final = "nest.socket"
WRITE_HIGH_BYTES: Final = 64 * 1024
WRITE_LOW_BYTES: Final = 16 * 1024
"""Between these the transport is full: what comes then waits where it can still be replaced."""

KERNEL_UNSENT_BYTES: Final = 128 * 1024
"""So much the kernel takes for a peer that does not read; by itself it would take megabytes, which
the peer would then have to read before it saw anything new."""

CLOSE_NOT_UTF8: Final = 1007
CLOSE_FLOODING: Final = 4029

PARSED_BYTES: Final = 4 * 1024
"""This many bytes are parsed at a time: at most 600 messages, about 5 ms."""

NEEDLESS_FRAMES_MAX: Final = 1_000
NEEDLESS_SECONDS: Final = 10.0
"""So many pings, pongs and small parts of messages within this time are answered. A browser sends
one pong in 20 seconds, other clients as many pings."""

SMALL_PART_BYTES: Final = 256

AFTER_CLOSE_BYTES: Final = 64 * 1024
"""Parsed after our close frame at most. Whatever a flood sends on is thrown away as it comes."""

HANDSHAKE_SECONDS: Final = 20.0
"""So long the application has to accept a WebSocket or to refuse it; then the answer is 503."""

LINGER_SECONDS: Final = 2.0
"""So long a connection that is over has to read what it was still sent."""


class Listener(Protocol):
    """Hears what a transport can do. All calls come from the loop, none of them may raise."""

    def full(self) -> None:
        """The transport is full: nothing more should be written."""

    def free(self) -> None:
        """The transport takes bytes again."""

    def heard(self) -> None:
        """The peer answered a ping, or sent one."""

    def gone(self) -> None:
        """The connection is over: whatever is written now is dropped."""


class Socket:
    """One open WebSocket. Made by the protocol; ``claim`` it after the ASGI accept was sent."""

    __slots__ = ("_listener", "_protocol", "open", "too_large")

    def __init__(self, protocol: "NestWebSocketProtocol") -> None:
        self._protocol = protocol
        self._listener: Listener | None = None
        self.open = False
        self.too_large = b""

    def bound(self, message_bytes_max: int, *, too_large: bytes) -> None:
        """Bound what the peer may send and what waits for it.

        ``too_large`` is the last frame for whoever sends a larger message; it is refused by its
        header, before it is read.
        """
        self.too_large = too_large
        self._protocol.bound(message_bytes_max)

    def claim(self, listener: Listener) -> None:
        """Take over writing, once the connection was accepted."""
        protocol = self._protocol
        if protocol.over or not protocol.handshake_complete:
            listener.gone()
            return
        self._listener = listener
        self.open = True
        protocol.forget_headers()

    @property
    def unsent_bytes(self) -> int:
        """What was written and has not reached the kernel."""
        return self._protocol.transport.get_write_buffer_size()

    def write(self, frame: bytes) -> None:
        """Write a whole frame as it is; it is not copied. Dropped when the connection is over."""
        if self.open:
            self._protocol.transport.write(frame)

    def write_all(self, frames: Sequence[bytes]) -> None:
        """Write whole frames at once."""
        if self.open:
            self._protocol.transport.writelines(frames)

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake, after all that was written; cut off who does not read it."""
        if self.open:
            self._protocol.close(code, reason)

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
    """The socket of an ASGI connection; None where another server or protocol class serves it."""
    found = scope.get("extensions", {}).get(EXTENSION)
    return found if isinstance(found, Socket) else None


class NestWebSocketProtocol(WebSocketsSansIOProtocol):
    """Pass this class as ``ws`` to ``uvicorn.Config``."""

    socket: Socket | None = None
    _lingering = False
    _cut_off = False
    _after_close_bytes = 0
    _received = b""
    """Received and not parsed, because the application has not taken what came before."""

    _whole: bytearray | None = None
    """What has come of a message in parts."""

    _needless = 0
    _needless_since = 0.0
    _places: Sequence[Place] = ()
    _answer_by: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: object, **keywords: object) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", Inbox[ASGIReceiveEvent]())

    def begin(self, request: Request, received: bytes, places: Sequence[Place]) -> None:
        """Answer this handshake; ``received`` came after it, ``places`` are given back at the end."""
        self._places = places
        for place in places:
            place.holder = None
        self.conn.parser = FrameProtocol.parse(self.conn)
        next(self.conn.parser)
        self._answer_by = self.loop.call_later(HANDSHAKE_SECONDS, self._give_up)
        self.handle_connect(request)
        if received and not self.handshake_complete:
            self.data_received(received)

    def _reject(self, _status: object, _text: str) -> Response:
        refused = handshake_refused(self.conn.handshake_exc)
        self._count(refused)
        return handshake_answer(refused, self.default_headers)

    def _count(self, refused: Refused) -> None:
        for place in self._places[:1]:
            place.count(refused)

    def _give_up(self) -> None:
        """The application does not answer the handshake."""
        if not (self.over or self.initial_response):
            refused = Refused("unavailable", retry_after_ms=RETRY_MS)
            self._count(refused)
            self.transport.write(refusal_bytes(refused, self.default_headers))
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self.transport.close()

    @override
    def start_keepalive(self) -> None:
        """The handshake was answered: forget it, and read what has come since."""
        del self.request, self.response  # an idle connection would keep them as 50 objects
        if self._answer_by is not None:
            self._answer_by.cancel()
            self._answer_by = None
        super().start_keepalive()
        self._parse()

    @property
    def over(self) -> bool:
        """Whether nothing can be said to the peer any more."""
        return self.close_sent or self.disconnected or self.transport.is_closing()

    @override
    def handle_connect(self, event: Request) -> None:
        """Offer the socket to the application."""
        setattr(self.conn, "reject", self._reject)  # noqa: B010 - only for what it finds itself
        try:
            super().handle_connect(event)
        finally:
            del self.conn.reject
        if not self.handshake_complete:  # else it was refused
            self.socket = Socket(self)
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[EXTENSION] = self.socket
        else:
            self._cut_off_later()

    def bound(self, message_bytes_max: int) -> None:
        """Hold no larger message, and little for a peer that does not read."""
        if self.over:
            return
        self.conn.max_message_size = message_bytes_max
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES, low=WRITE_LOW_BYTES)
        with suppress(OSError, AttributeError):
            self.transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_UNSENT_BYTES
            )

    def forget_headers(self) -> None:
        """They are most of what an idle connection would keep; the application has read them."""
        self.scope["headers"] = []

    def close(self, code: int, reason: str) -> None:
        """What uvicorn does for ``websocket.close``, without waiting for a transport that is full."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._end()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    # ---- what uvicorn calls

    @override
    def pause_writing(self) -> None:
        """The transport is full."""
        super().pause_writing()
        if self.socket is not None:
            self.socket.full()

    @override
    def resume_writing(self) -> None:
        """The transport takes bytes again."""
        super().resume_writing()
        if self.socket is not None:
            self.socket.free()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        if self._answer_by is not None:
            self._answer_by.cancel()
        for place in self._places:
            place.give_back()
        self._end()
        # This object, its socket, its scope and its parser refer to each other, and the collector
        # seldom comes.
        self.socket = None
        self._received = b""
        self.conn.handshake_exc = None
        self.conn.parser.close()
        setattr(self, "scope", None)  # noqa: B010

    @override
    def shutdown(self) -> None:
        """The server stops. It asks one connection after the other: none may keep it from the next."""
        try:
            super().shutdown()
        except Exception:
            log.exception("socket_not_closed")
            self.transport.abort()
        self._end()

    @override
    def data_received(self, data: bytes) -> None:
        """Parse what the application can take now; after our close frame, only to find the peer's."""
        if not self.handshake_complete:
            self._received += data
            if len(self._received) > PARSED_BYTES:
                self.transport.abort()
            return
        if self.close_sent and self._is_over_for_good(len(data)):
            return
        if self._received or len(data) > PARSED_BYTES:
            self._received += data
            self._parse()
        else:
            super().data_received(data)

    def _is_over_for_good(self, n_bytes: int) -> bool:
        """Whether so much came after our close frame that the peer's is looked for no more."""
        self._after_close_bytes += n_bytes
        if self._after_close_bytes <= AFTER_CLOSE_BYTES:
            return False
        if not (self._lingering or self._cut_off):
            self._cut_off = True
            if self.close_timer is not None:
                self.close_timer.cancel()
            self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        return True

    def _parse(self) -> None:
        received, place = self._received, 0
        while place < len(received) and not self.read_paused and not self.transport.is_closing():
            super().data_received(received[place : place + PARSED_BYTES])
            place += PARSED_BYTES
            if self.close_sent and self._is_over_for_good(PARSED_BYTES):
                place = len(received)
        self._received = received[place:]

    @override
    async def receive(self) -> ASGIReceiveEvent:
        """The next event; when nothing else waits, what was received with it is parsed."""
        message = await self.queue.get()
        if self.queue.empty() and self.read_paused:
            self.read_paused = False
            self._parse()
            if not self.read_paused:
                self.transport.resume_reading()
        return message

    @override
    def handle_cont(self, event: MessageFrame) -> None:
        """A part of a message: a piece of each byte would cost fifty times as much as the whole."""
        if not event.fin and len(event.data) < SMALL_PART_BYTES and self._flooded():
            return
        if self._whole is None:
            self._whole = bytearray(b"".join(self.frames))
        self._whole += event.data
        if event.fin:
            self.frames, self._whole = [bytes(self._whole)], None
            self.send_receive_event_to_app()

    def _flooded(self) -> bool:
        """Count a frame that carries nothing; whether the connection is over."""
        now = self.loop.time()
        if now - self._needless_since > NEEDLESS_SECONDS:
            self._needless, self._needless_since = 0, now
        self._needless += 1
        if self._needless > NEEDLESS_FRAMES_MAX and not self.over:
            self.close(CLOSE_FLOODING, "flooding")
        return self.over

    @override
    def send_receive_event_to_app(self) -> None:
        """A message is whole; text that is no UTF-8 ends the connection, without a traceback."""
        if self.curr_msg_data_type == "text" and not _utf8(self.frames):
            self.frames = []
            if not self.close_sent:
                self.conn.send_close(CLOSE_NOT_UTF8)
                self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    @override
    def handle_pong(self, event: MessageFrame) -> None:
        """The peer is there."""
        if self._flooded():
            return
        super().handle_pong(event)
        if self.socket is not None:
            self.socket.heard()

    @override
    def handle_ping(self) -> None:
        """Answer, unless the peer does not read its answers."""
        if self._flooded():
            self.conn.data_to_send()
            return
        if self.socket is not None:
            self.socket.heard()
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    @override
    def handle_close(self, event: object) -> None:
        """The peer closes."""
        super().handle_close(event)  # type: ignore[arg-type]
        self._end()

    @override
    def keepalive_timeout(self) -> None:
        """The peer did not answer a ping."""
        super().keepalive_timeout()
        self._end()
        self._cut_off_later()

    @override
    def handle_parser_exception(self) -> None:
        """The peer sent what is no WebSocket, or too much of it."""
        if self._lingering:
            return
        too_large = self.socket.too_large if self.socket is not None and not self.over else b""
        if not (too_large and isinstance(self.conn.parser_exc, PayloadTooBig)):
            super().handle_parser_exception()
            self._end()
            return
        # Closing while the rest of the message is on its way would reset the connection, and the
        # peer would never read why. What still comes is thrown away for a while.
        self._lingering = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1009})
        self.transport.write(b"".join((too_large, *self.conn.data_to_send())))
        self.close_sent = True
        self._end()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    @override
    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application has finished with the connection."""
        super().on_task_complete(task)
        self._end()
        if self.close_timer is None:
            self._cut_off_later()

    def _end(self) -> None:
        if self.socket is not None:
            self.socket.gone()

    def _cut_off_later(self) -> None:
        """``transport.close()`` waits for a peer that does not read, for ever."""
        if not self.disconnected and self.transport.get_write_buffer_size():
            self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def _utf8(frames: list[bytes]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True
