"""uvicorn's HTTP protocol, with bounds on the memory and the time of each connection.

`bounded_reading` decides what is read and how much of it is kept; this module answers, and sets the
deadlines.

**Everything has a deadline** (`HttpDeadlines`): a head, a body, an answer that is not read, a
connection that waits for a next request. The time that an endpoint takes has no deadline here. A
peer that leaves keeps its place until the endpoint has ended, so leaving each request early gains
nothing.

**A peer that sends no more may still read** (RFC 9112, 9.6): programs close their side after a
complete request and wait for its answer. A close in the middle of a request ends the connection.

**A refusal is answered in its turn**, as JSON like every refusal; then the connection is closed.
Bytes that still arrive are thrown away for a moment: left unread, they would reset the connection
before the peer sees the answer.
"""

import asyncio
from functools import partial
from typing import cast

from typing_extensions import override
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from configurator.protocol.codes import Refused
from realtime.transports.http.bounded_reading import BoundedReading
from realtime.transports.http.connections import (
    NO_PLACE,
    HttpConnections,
    give_back_after,
)
from realtime.transports.http.deadline import Deadline
from realtime.transports.http.flow import AnswerTransport, HeldFlow
from realtime.transports.http.heads import (
    asks_engine,
    handshake,
)
from realtime.transports.http.refusals import refusal_bytes
from realtime.transports.websocket.uvicorn_protocol import NestWebSocketProtocol


class NestHttpProtocol(HttpToolsProtocol):
    """The protocol of one connection; ``http_protocol`` makes it."""

    _reads: BoundedReading
    """The reading half; set when the connection is made."""

    _deadline: Deadline
    """The moment at which the connection ends unless the peer goes on."""

    _unsent_bytes = 0
    """Bytes that the peer had not read at the last check; 0 if it keeps up."""

    _running: RequestResponseCycle | None = None
    _answering: asyncio.Task[None] | None = None
    """The task that answers the present request; ``cycle`` is the request that was parsed last."""

    _lost = False

    def __init__(
        self, *arguments: object, connections: HttpConnections, **keywords: object
    ) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]  # passed on
        self._all = connections
        self._deadlines = connections.deadlines

    # ---- the connection

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Take a place for the new connection."""
        super().connection_made(transport)
        self.flow = flow = HeldFlow(transport)
        self._deadline = Deadline(self.loop, self._look)
        host = self.client[0] if self.client else None
        self._reads = BoundedReading(
            self,
            flow=flow,
            connections=self._all,
            place=self._all.arrived(self, host),
            from_proxy=self._all.from_proxy(host),
        )
        self._reads.began = self.loop.time()
        self._end_in(self._deadlines.spare if self._reads.place.refused else self._deadlines.head)

    @override
    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn always ends the connection
        """Answer the complete requests of a peer that sends no more, then end."""
        asked = self._reads.framing.in_head and self._reads.unanswered
        # Clients of Engine.IO leave in this way.
        if self._reads.over or not asked or asks_engine(self.url):
            return False
        if self._reads.refused is None:
            self.cycle.keep_alive = False
        return True

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Give the places back, and forget everything about the connection."""
        super().connection_lost(exc)
        self._reads.over = self._lost = True
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        give_back_after(self._answering, (self._reads.place, *self._reads.asked))
        self._forget()

    def hand_over(self, received: bytes) -> None:
        """Let the WebSocket protocol answer, and take over the places.

        ``received`` are the bytes after the head.
        """
        self._reads.over = True
        self.connections.discard(self)
        request = handshake(self.url, self.parser.get_http_version(), self.headers)
        protocol = NestWebSocketProtocol(self.config, self.server_state, self.app_state)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        self._reads.flow.release()
        places = (self._reads.place, *self._reads.asked)
        protocol.begin(request, received, places, answer_seconds=self._deadlines.handshake)
        self._forget()

    def _forget(self) -> None:
        """Break the cycle of parser, requests and this object: the collector seldom runs."""
        self._deadline.stop()
        self._reads.forget()
        self.pipeline.clear()
        for name in ("parser", "scope", "headers", "cycle", "_running", "_deadline"):
            setattr(self, name, None)
        self._answering = None

    @property
    def idle(self) -> bool:
        """Whether a request was answered and none has come since."""
        return self._running is not None and not self._reads.over and self._reads.at_rest

    def give_way(self) -> None:
        """End, and leave the place to another peer of the same network."""
        self._reads.over = True
        self._reads.place.give_back()
        self.transport.close()
        self._end_in(self._deadlines.answer)

    def cut_off(self) -> None:
        """Close the connection at once."""
        self._reads.over = True
        self.transport.abort()

    # ---- reading

    @override
    def data_received(self, data: bytes) -> None:
        """Read what came."""
        self._reads.receive(data)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or a trailer, was parsed."""
        if self._reads.takes_header():
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        """A head was parsed."""
        if self._reads.takes_head():
            super().on_headers_complete()
            self._reads.head_taken()

    @override
    def on_body(self, body: bytes) -> None:
        """A part of a body was parsed."""
        if self._reads.takes_body(len(body)):
            super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """A request was parsed."""
        if self._reads.takes_end():
            super().on_message_complete()

    @override
    def _should_upgrade(self) -> bool:
        return self._reads.opens_websocket()

    # ---- answering

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        if cycle.scope["method"] != "HEAD":
            cycle.transport = cast("asyncio.Transport", AnswerTransport(self.transport, self.loop))
        self._answering = self.loop.create_task(cycle.run_asgi(app))
        self._answering.add_done_callback(self.tasks.discard)
        self.tasks.add(self._answering)

    @override
    def on_response_complete(self) -> None:
        """Turn to the next request after an answer."""
        self.server_state.total_requests += 1
        if self._reads.asked:
            self._reads.asked.popleft().give_back()
        if self.transport.is_closing():
            self._end_in(self._deadlines.answer)
            return
        if self._reads.refused is not None:
            self._end(self._reads.refused)
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._reads.flow.held:
            self._reads.read_on()
        else:
            self._reads.flow.resume_reading()
            self.expect()

    def refuse(self, refused: Refused) -> None:
        """Answer, in its turn, why the rest is not read, and end."""
        if refused.code not in NO_PLACE:  # a refusal for want of a place was counted already
            self._all.refused(refused.code.name)
        self._reads.drop_received()
        if self.pipeline or (self._reads.framing.in_head and self._reads.unanswered):
            self.pipeline.clear()
            self._reads.refused = refused
            self._reads.flow.hold()
            return
        if not self._reads.framing.in_head:  # the connection ends, because the body cannot be read
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.cut_off()
                return
        self._end(refused)

    def _end(self, refused: Refused) -> None:
        self._reads.over = True
        if self.transport.is_closing():
            return
        self._reads.unread_bytes = 0
        self.transport.write(
            refusal_bytes(refused, self.server_state.default_headers, page=self._reads.page)
        )
        self.transport.write_eof()
        self._reads.flow.release()
        self._end_in(self._deadlines.linger)

    # ---- deadlines

    def expect(self) -> None:
        """Set the deadline of the peer's next bytes."""
        if self._reads.over or self.flow.write_paused:
            return
        now, deadlines = self.loop.time(), self._deadlines
        if self._reads.at_rest:
            self._end_in(self.timeout_keep_alive)
        elif not self._reads.framing.in_head:
            self._reads.began = self._reads.began or now
            slowest = (
                self._reads.began + self._reads.framing.body_bytes / deadlines.bytes_per_second
            )
            self._end_in(min(now, slowest) + deadlines.body - now)
        elif self._reads.framing.begun and not self._reads.began:
            self._reads.began = now
            self._end_in(deadlines.head)

    def _end_in(self, seconds: float) -> None:
        if not self._lost:
            self._deadline.within(seconds)

    def _look(self) -> None:
        if self._reads.over and not self.transport.is_closing():
            self.cut_off()
        elif (
            self._reads.over
            or self.flow.write_paused
            or self._reads.at_rest
            or self.transport.is_closing()
            or self._reads.refused is not None
        ):
            self._look_at_answer()
        elif not self._reads.framing.in_head and self._reads.flow.read_paused:
            self._reads.began = 0.0  # the application is slow, not the peer
            self._end_in(self._deadlines.body)
        elif self._reads.framing.begun or not self._reads.framing.in_head:
            self.refuse(Refused("request_too_slow"))
        else:
            self._end_in(self._deadlines.answer)  # the request is being answered

    def _look_at_answer(self) -> None:
        """Cut off a peer that reads too slowly; close when all is read and nothing is asked."""
        before, unsent = self._unsent_bytes, self.transport.get_write_buffer_size()
        least = int(self._deadlines.answer * self._deadlines.bytes_per_second)
        if before and before - unsent < min(before, least):
            self._all.refused("slow_reader")
            self.cut_off()
            return
        self._unsent_bytes = unsent
        if not self.transport.is_closing() and not unsent:
            self._reads.over = True
            self.transport.close()
        self._end_in(self._deadlines.answer)

    @override
    def pause_writing(self) -> None:
        """Set a deadline: the peer reads more slowly than it is answered."""
        super().pause_writing()
        self._unsent_bytes = self.transport.get_write_buffer_size()
        self._end_in(self._deadlines.answer)

    @override
    def resume_writing(self) -> None:
        """Lift that deadline: the peer has read nearly everything."""
        super().resume_writing()
        self._unsent_bytes = 0
        self.expect()


def http_protocol(connections: HttpConnections) -> type[asyncio.Protocol]:
    """The ``http`` of ``uvicorn.Config``: makes a protocol for each connection."""
    return cast("type[asyncio.Protocol]", partial(NestHttpProtocol, connections=connections))
