"""uvicorn's WebSocket protocol; with ``scope["extensions"]["nest.socket"]`` to write directly.

ASGI's ``send`` builds a frame for every receiver of every message and cannot say whether the
receiver reads. A ``Socket`` writes ready-made frames, and reports when the transport is full and
when it takes bytes again. Handshake, pings and the closing handshake stay with uvicorn; a
connection that does not ask for its ``Socket`` sees no difference.

Every connection has these bounds:
- Bytes that arrive together are parsed a little at a time, and only once the application has taken
  the messages before them; the event loop reads 256 kB at once, which may be 32,000 messages.
- A message that comes in many parts is kept as one piece.
- Frames that carry nothing end a connection that sends too many of them.
- Pongs for a peer that does not read are left out (RFC 6455, 5.5.3 allows it).
- A connection that is over but cannot be flushed is cut off.
- A handshake is answered within ``HttpDeadlines.handshake``. Its head was parsed and bounded by the HTTP
  protocol (``begin``), so that ``websockets``, with narrower limits and another answer, reads
  frames only. Bytes that the peer sends before the answer wait, ``PARSED_BYTES`` at most.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

import structlog
from typing_extensions import override
from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame as MessageFrame
from websockets.http11 import Request, Response
from websockets.protocol import Protocol as FrameProtocol

from configurator.protocol.codes import Refused
from realtime.delivery.inbox import Inbox
from realtime.transports.http.connections import RETRY_MS, Place
from realtime.transports.http.refusals import (
    handshake_answer,
    handshake_refused,
    refusal_bytes,
)
from realtime.transports.websocket.socket import EXTENSION, Socket

log = structlog.get_logger()

WRITE_HIGH_BYTES: Final = 64 * 1024
WRITE_LOW_BYTES: Final = 16 * 1024
"""Full above the first, free again below the second: meanwhile newer frames can replace others."""

KERNEL_UNSENT_BYTES: Final = 128 * 1024
"""The most bytes that the kernel takes for a peer that does not read. Its default is megabytes, all
of which the peer would have to read before it saw anything new."""

CLOSE_NOT_UTF8: Final = 1007
CLOSE_FLOODING: Final = 4029

PARSED_BYTES: Final = 4 * 1024
"""Bytes that are parsed at a time: at most 600 messages, about 5 ms."""

NEEDLESS_FRAMES_MAX: Final = 1_000
NEEDLESS_SECONDS: Final = 10.0
"""At most ``NEEDLESS_FRAMES_MAX`` pings, pongs and small parts of messages are answered within this
time. A browser sends one pong in 20 seconds, other clients as many pings."""

SMALL_PART_BYTES: Final = 256

AFTER_CLOSE_BYTES: Final = 64 * 1024
"""The most bytes that are parsed after our close frame; later ones are thrown away."""

LINGER_SECONDS: Final = 2.0
"""Seconds that the peer of a closed connection has to read the last bytes."""


class NestWebSocketProtocol(WebSocketsSansIOProtocol):
    """Pass this class as ``ws`` to ``uvicorn.Config``."""

    socket: Socket | None = None
    _lingering = False
    _cut_off = False
    _after_close_bytes = 0
    _received = b""
    """Bytes not parsed yet, because the application has not taken the messages before."""

    _whole: bytearray | None = None
    """The parts so far of a message in several parts."""

    _needless = 0
    _needless_since = 0.0
    _places: Sequence[Place] = ()
    _answer_by: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: object, **keywords: object) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]  # passed on
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", Inbox[ASGIReceiveEvent]())

    def begin(
        self, request: Request, received: bytes, places: Sequence[Place], *, answer_seconds: float
    ) -> None:
        """Have the application answer this handshake within ``answer_seconds``.

        ``received`` came after it, ``places`` are given back at the end.
        """
        self._places = places
        for place in places:
            place.holder = None
        self.conn.parser = FrameProtocol.parse(self.conn)
        next(self.conn.parser)
        self._answer_by = self.loop.call_later(answer_seconds, self._give_up)
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
        """Refuse the handshake, which the application has not answered in time."""
        if not (self.over or self.initial_response):
            refused = Refused("unavailable", retry_after_ms=RETRY_MS)
            self._count(refused)
            self.transport.write(refusal_bytes(refused, self.default_headers))
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self.transport.close()

    @override
    def start_keepalive(self) -> None:
        """Forget the handshake after its answer, and read the bytes that came since."""
        del self.request, self.response  # an idle connection would keep these as 50 objects
        if self._answer_by is not None:
            self._answer_by.cancel()
            self._answer_by = None
        super().start_keepalive()
        self._parse()

    @property
    def over(self) -> bool:
        """Whether nothing can be sent to the peer any more."""
        return self.close_sent or self.disconnected or self.transport.is_closing()

    @override
    def handle_connect(self, event: Request) -> None:
        """Offer the socket to the application."""
        setattr(self.conn, "reject", self._reject)  # noqa: B010 - only for what it finds itself
        try:
            super().handle_connect(event)
        finally:
            del self.conn.reject
        if not self.handshake_complete:  # it may have been refused just now
            self.socket = Socket(self)
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[EXTENSION] = self.socket
        else:
            self._cut_off_later()

    def bound(self, message_bytes_max: int) -> None:
        """Accept no larger message, and keep little for a peer that does not read."""
        if self.over:
            return
        self.conn.max_message_size = message_bytes_max
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES, low=WRITE_LOW_BYTES)
        with suppress(OSError, AttributeError):
            self.transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_UNSENT_BYTES
            )

    def forget_headers(self) -> None:
        """Drop the headers, which fill most of an idle connection; the application has read them."""
        self.scope["headers"] = []

    def close(self, code: int, reason: str) -> None:
        """Close as uvicorn does for ``websocket.close``, without waiting for a full transport."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._linger()

    def _linger(self) -> None:
        """Read on for a while after the close frame was sent: the peer may still be sending."""
        self.close_sent = True
        self._end()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    # ---- calls by uvicorn

    @override
    def pause_writing(self) -> None:
        """Tell the listener that the transport is full."""
        super().pause_writing()
        if self.socket is not None:
            self.socket.full()

    @override
    def resume_writing(self) -> None:
        """Tell the listener that the transport takes bytes again."""
        super().resume_writing()
        if self.socket is not None:
            self.socket.free()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the listener, and release everything that the connection holds."""
        super().connection_lost(exc)
        if self._answer_by is not None:
            self._answer_by.cancel()
        for place in self._places:
            place.give_back()
        self._end()
        # This object, its socket, its scope and its parser refer to each other, and the collector
        # seldom runs.
        self.socket = None
        self._received = b""
        self.conn.handshake_exc = None
        self.conn.parser.close()
        setattr(self, "scope", None)  # noqa: B010

    @override
    def shutdown(self) -> None:
        """Close because the server stops.

        An error here must not keep the server from the next one.
        """
        try:
            super().shutdown()
        except Exception:
            log.exception("socket_not_closed")
            self.transport.abort()
        self._end()

    @override
    def data_received(self, data: bytes) -> None:
        """Parse what the application can take; after our close frame, only look for the peer's."""
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
        """Whether too many bytes followed our close frame to look for the peer's any longer."""
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
        """The next event. If no other waits, the bytes received together with it are parsed."""
        message = await self.queue.get()
        if self.queue.empty() and self.read_paused:
            self.read_paused = False
            self._parse()
            if not self.read_paused:
                self.transport.resume_reading()
        return message

    @override
    def handle_cont(self, event: MessageFrame) -> None:
        """Join a part to those before: parts of 1 byte would take fifty times the memory."""
        if not event.fin and len(event.data) < SMALL_PART_BYTES and self._flooded():
            return
        if self._whole is None:
            self._whole = bytearray(b"".join(self.frames))
        self._whole += event.data
        if event.fin:
            self.frames, self._whole = [bytes(self._whole)], None
            self.send_receive_event_to_app()

    def _flooded(self) -> bool:
        """Count a frame without content; returns whether the connection is over."""
        now = self.loop.time()
        if now - self._needless_since > NEEDLESS_SECONDS:
            self._needless, self._needless_since = 0, now
        self._needless += 1
        if self._needless > NEEDLESS_FRAMES_MAX and not self.over:
            self.close(CLOSE_FLOODING, "flooding")
        return self.over

    @override
    def send_receive_event_to_app(self) -> None:
        """Hand a whole message to the application; text that is not UTF-8 ends the connection."""
        if self.curr_msg_data_type == "text" and not _utf8(self.frames):
            self.frames = []
            if not self.close_sent:
                self.conn.send_close(CLOSE_NOT_UTF8)
                self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    @override
    def handle_pong(self, event: MessageFrame) -> None:
        """Note that the peer is there."""
        if self._flooded():
            return
        super().handle_pong(event)
        if self.socket is not None:
            self.socket.heard()

    @override
    def handle_ping(self) -> None:
        """Answer a ping, unless the peer does not read the answers."""
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
    def handle_close(self, event: MessageFrame) -> None:
        """Answer the peer's close frame."""
        super().handle_close(event)
        self._end()

    @override
    def keepalive_timeout(self) -> None:
        """End the connection: the peer did not answer a ping."""
        super().keepalive_timeout()
        self._end()
        self._cut_off_later()

    @override
    def handle_parser_exception(self) -> None:
        """End the connection: the peer sent bytes that are not WebSocket, or too many."""
        if self._lingering:
            return
        too_large = self.socket.too_large if self.socket is not None and not self.over else b""
        if not (too_large and isinstance(self.conn.parser_exc, PayloadTooBig)):
            super().handle_parser_exception()
            self._end()
            return
        # Closing while the rest of the message is on its way would reset the connection, and the
        # peer would never read why. Bytes that still arrive are thrown away for a while.
        self._lingering = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1009})
        self.transport.write(b"".join((too_large, *self.conn.data_to_send())))
        self._linger()

    @override
    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Close, if the application has finished with an open connection."""
        super().on_task_complete(task)
        self._end()
        if self.close_timer is None:
            self._cut_off_later()

    def _end(self) -> None:
        if self.socket is not None:
            self.socket.gone()

    def _cut_off_later(self) -> None:
        """Cut off later: ``transport.close()`` waits without an end for a peer that does not read."""
        if not self.disconnected and self.transport.get_write_buffer_size():
            self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def _utf8(frames: list[bytes]) -> bool:
    try:
        b"".join(frames).decode()
    except UnicodeDecodeError:
        return False
    return True
