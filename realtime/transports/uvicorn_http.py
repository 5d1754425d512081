"""uvicorn's HTTP protocol, bounded: what one connection can make this process hold, and for how long.

**One request is answered, one waits.** uvicorn parses whatever arrives and queues a request for
every few bytes of it. Here the parser is fed piece by piece: a piece never reaches beyond the end of
one request. Once a request waits behind the one that is being answered, what was received and not
parsed is kept as it is (at most the 256 kB that the event loop reads at once) and nothing more is
read from the socket until the first one is answered.

**A request ends its head, and everything else that is no body, within bounds.** The bytes of a head
are counted before they are parsed, so a header of any length costs `HEAD_BYTES_MAX` at most. Of a
body in chunks the sizes, extensions and trailers are counted in the same way; trailers are dropped.

**Everything has a deadline** (`HttpDeadlines`): a head, a body, an answer that is not read, a
connection that waits for a next request. What an endpoint takes to answer is its own affair; a peer
that leaves keeps its place until the endpoint has ended, so leaving each request early gains nothing.

**A peer that sends no more may still read** (RFC 9112, 9.6): programs close their side behind a complete
request and wait for its answer. In the middle of a request the connection ends.

**A refusal is answered in its turn**, as JSON like every refusal; then the connection is closed. Bytes
that still come are thrown away for a moment: unread, they would reset it before the answer is seen.

**Another protocol that is offered and not spoken here is ignored** (RFC 9110, 7.8): Java's HttpClient
and ``curl --http2`` send ``Upgrade: h2c`` with their first request. The parser (llhttp) cannot ignore
it: where it reads ``Connection: upgrade`` with ``Upgrade`` it takes what follows the head for the
other protocol and stops, and uvicorn throws that away, body and all. Here such a request is not begun
when its head is complete. A new parser is given the same head without the offer, then the bytes from
where the old one stopped. Only WebSocket is spoken, which is a ``GET`` (RFC 6455, 4.1); offered with
any other method it is ignored as well. ``CONNECT``, which also stops the parser, is refused.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Final, cast

import httptools
from typing_extensions import override
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from configurator.protocol.codes import Refused
from realtime.transports.http_connections import (
    ALWAYS_ANSWERED,
    NO_PLACE,
    HttpConnections,
    Place,
    give_back_after,
)
from realtime.transports.http_deadline import Deadline
from realtime.transports.http_flow import AnswerTransport, HeldFlow
from realtime.transports.http_framing import Framing
from realtime.transports.http_heads import (
    HEADERS_MAX,
    asks_engine,
    asks_for_page,
    handshake,
    looked_at,
    offers_websocket,
    without_offer,
)
from realtime.transports.http_refusals import refusal_bytes
from realtime.transports.uvicorn_websocket import NestWebSocketProtocol

UNREAD_BYTES_MAX: Final = 1024 * 1024
"""Bytes of one request, whatever they mean, that are thrown away after it was answered or refused."""

PARSED_BYTES: Final = 16 * 1024
"""Parsed in one turn of the event loop, about 2 ms: a read may hand over 256 kB of 1-byte chunks."""

SOCKET_ALONE: Final = "a WebSocket is opened when everything asked before it was answered"


class NestHttpProtocol(HttpToolsProtocol):
    """Made by what ``http_protocol`` returns."""

    _place: Place
    """Of this connection."""

    _deadline: Deadline
    """When the connection ends unless it goes on."""

    _began = 0.0
    """When the head or the body began that is read now; 0 if none has."""

    _unsent_bytes = 0
    """What the peer had not read when that was looked at last; 0 if it keeps up."""

    _received = b""
    """Received and not parsed, because a request waits."""

    _refused: Refused | None = None
    """Is answered after the request before it; nothing is parsed any more."""

    _page = False
    """It is answered as a page."""

    _parsed: RequestResponseCycle | None = None
    """uvicorn's ``cycle``, which is None as well at first: the request that was parsed last."""

    _running: RequestResponseCycle | None = None
    _answering: asyncio.Task[None] | None = None
    """The request that is being answered, and by what; ``cycle`` is the one that was parsed last."""

    _host: bytes | None = None
    """A Host that was found right on this connection."""

    _over = False
    _lost = False
    _unread_bytes = 0
    """Of a request that was answered, or of whatever comes when all is over."""

    _handing_over = False
    """The head that was read last opens a WebSocket."""

    _ignored = False
    """The head that was read last offers what is not spoken; it is read again without."""

    def __init__(
        self, *arguments: object, connections: HttpConnections, **keywords: object
    ) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]
        self._all = connections
        self._deadlines = connections.deadlines
        self._asked: deque[Place] = deque()
        self._framing = Framing()

    # ---- the connection

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected."""
        super().connection_made(transport)
        self.flow = self._reading = HeldFlow(transport)
        self._deadline = Deadline(self.loop, self._look)
        host = self.client[0] if self.client else None
        self._from_proxy = self._all.from_proxy(host)
        self._place = self._all.arrived(self, host)
        self._began = self.loop.time()
        self._end_in(self._deadlines.spare if self._place.refused else self._deadlines.head)

    @override
    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn always ends the connection
        """The peer sends no more: what it asked for completely is answered, then the connection ends."""
        asked = self._framing.in_head and self._unanswered
        if self._over or not asked or asks_engine(self.url):  # whose clients leave in this way
            return False
        if self._refused is None:
            self.cycle.keep_alive = False
        return True

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, and nothing of it stays."""
        super().connection_lost(exc)
        self._over = self._lost = True
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        give_back_after(self._answering, (self._place, *self._asked))
        self._forget()

    def _hand_over(self, received: bytes) -> None:
        """Let the WebSocket protocol answer, which takes the places; ``received`` came after the head."""
        self._over = True
        self.connections.discard(self)
        request = handshake(self.url, self.parser.get_http_version(), self.headers)
        protocol = NestWebSocketProtocol(self.config, self.server_state, self.app_state)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        self._reading.release()
        protocol.begin(request, received, (self._place, *self._asked))
        self._forget()

    def _forget(self) -> None:
        """Parser, requests and this object refer to each other, and the collector seldom comes."""
        self._deadline.stop()
        self._received = b""
        self.pipeline.clear()
        for name in ("parser", "scope", "headers", "cycle", "_parsed", "_running", "_deadline"):
            setattr(self, name, None)
        self._answering = None

    @property
    def idle(self) -> bool:
        """It was answered and has asked nothing since."""
        return self._running is not None and not self._over and self._at_rest

    def give_way(self) -> None:
        """End, for somebody else of the same network."""
        self._over = True
        self._place.give_back()
        self.transport.close()
        self._end_in(self._deadlines.answer)

    def cut_off(self) -> None:
        """End at once."""
        self._over = True
        self.transport.abort()

    # ---- reading

    @override
    def data_received(self, data: bytes) -> None:
        """Parse as far as requests are taken; keep the rest until one was answered."""
        if self._over:
            self._throw_away(len(data))
        elif self._reading.held:
            self._received += data
        else:
            self._read(data)
            if self._framing.begun or not self._framing.in_head:
                self._expect()

    def _read(self, data: bytes) -> None:
        now, later = data[:PARSED_BYTES], data[PARSED_BYTES:]
        view, place, length = memoryview(now), 0, len(now)
        try:
            while place < length and not self._over:
                if self._unanswered and self._waits():
                    self._reading.hold()
                    self._received = data[place:]
                    return
                end = self._framing.end_of_piece(now, place)
                if not (self._framing.in_head or self._unanswered):
                    self._throw_away(end - place)
                place += self._parse(view[place:end])
                if self._handing_over:
                    self._hand_over(data[place:])
                    return
        except Refused as refused:
            self._refuse(refused)
        except httptools.HttpParserError as error:
            raised = error.__context__  # by what the parser called
            self._refuse(raised if isinstance(raised, Refused) else Refused("request_unreadable"))
        if later and not (self._over or self._refused):
            self._reading.hold()
            self._received = later
            self.loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        """Parse what was kept, once the requests before it, or other connections, had their turn."""
        if self._over or self._refused is not None or not self._reading.held:
            return
        self._reading.release()
        received, self._received = self._received, b""
        self._read(received)
        self._expect()

    def _waits(self) -> bool:
        """Whether what comes next is not for now: a request waits, or the connection ends before."""
        return bool(self.pipeline) or (
            self._framing.in_head and self._unanswered and not self.cycle.keep_alive
        )

    @property
    def _unanswered(self) -> bool:
        cycle: RequestResponseCycle | None = self._parsed
        return cycle is not None and not cycle.response_complete

    @property
    def _at_rest(self) -> bool:
        begun = self._framing.begun or self._received
        return self._framing.in_head and not (self._unanswered or begun)

    def _parse(self, piece: memoryview) -> int:
        """Feed the parser; returns how many bytes it took, the next parser gets the others."""
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as stopped:
            if self._ignored:
                self._read_head_again()
                return int(stopped.args[0])
            if not self._should_upgrade():
                raise Refused("request_unreadable", detail="CONNECT is not served") from None
            if self._unanswered:
                raise Refused("request_unreadable", detail=SOCKET_ALONE) from None
            self._handing_over = True
            return int(stopped.args[0])
        self._framing.check()
        return len(piece)

    def _throw_away(self, n_bytes: int) -> None:
        self._unread_bytes += n_bytes
        if self._unread_bytes > UNREAD_BYTES_MAX:
            self.cut_off()

    # ---- what the parser calls

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field; a trailer is nothing that anybody asks for."""
        if not self._framing.in_head:
            return
        if len(self.headers) >= HEADERS_MAX:
            raise Refused("head_too_large", detail=f"at most {HEADERS_MAX} header fields")
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    @override
    def on_headers_complete(self) -> None:
        """The head is complete."""
        offers = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        self._ignored = offers and not self._should_upgrade()
        if self._ignored:
            return
        length = self._look_at_head()
        if length != 0 and self._should_upgrade() and self.parser.should_upgrade():
            raise Refused("request_unreadable", detail="a WebSocket handshake has no body")
        super().on_headers_complete()
        self._framing.head_parsed(length)
        self._began, self._unread_bytes = 0.0, 0
        self._parsed = self.cycle
        if self._place.refused is not None and self._parsed is not None:
            self._parsed.keep_alive = False

    def _look_at_head(self) -> int | None:
        """The length of the body, None: in chunks. Raises Refused."""
        head = looked_at(self.url, self.parser.get_http_version(), self.headers, self._host)
        self._host = head.host
        self._take_place()
        return head.length

    def _take_place(self) -> None:
        to_sockets = self._all.socket_refusal() if self._should_upgrade() else None
        refused = self._place.refused or to_sockets
        if self._from_proxy:
            self._asked.append(self._all.asked(self.headers))
            refused = refused or self._asked[-1].refused
        if refused is not None and (
            self._should_upgrade() or self.url.partition(b"?")[0] not in ALWAYS_ANSWERED
        ):
            self._page = asks_for_page(self.parser.get_method(), self.headers)
            raise refused

    @override
    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._ignored:
            return
        self._framing.body_parsed(len(body))
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """The request is complete; the parser says so of one that it will not read, too."""
        if not self._ignored:
            self._framing.request_parsed()
            self._began = 0.0
            super().on_message_complete()

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
        """A request was answered: it is the turn of the next."""
        self.server_state.total_requests += 1
        if self._asked:
            self._asked.popleft().give_back()
        if self.transport.is_closing():
            self._end_in(self._deadlines.answer)
            return
        if self._refused is not None:
            self._end(self._refused)
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._reading.held:
            self._read_on()
        else:
            self._reading.resume_reading()
            self._expect()

    def _refuse(self, refused: Refused) -> None:
        """Answer in its turn why something is not read, and end."""
        if refused.code.name not in NO_PLACE:  # counted already
            self._all.refused(refused.code.name)
        self._received = b""
        if self.pipeline or (self._framing.in_head and self._unanswered):
            self.pipeline.clear()
            self._refused = refused
            self._reading.hold()
            return
        if not self._framing.in_head:  # its body cannot be read
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.cut_off()
                return
        self._end(refused)

    def _end(self, refused: Refused) -> None:
        self._over = True
        if self.transport.is_closing():
            return
        self._unread_bytes = 0
        self.transport.write(
            refusal_bytes(refused, self.server_state.default_headers, page=self._page)
        )
        self.transport.write_eof()
        self._reading.release()
        self._end_in(self._deadlines.linger)

    # ---- deadlines

    def _expect(self) -> None:
        """Say by when the peer must go on."""
        if self._over or self.flow.write_paused:
            return
        now, deadlines = self.loop.time(), self._deadlines
        if self._at_rest:
            self._end_in(self.timeout_keep_alive)
        elif not self._framing.in_head:
            self._began = self._began or now
            slowest = self._began + self._framing.body_bytes / deadlines.bytes_per_second
            self._end_in(min(now, slowest) + deadlines.body - now)
        elif self._framing.begun and not self._began:
            self._began = now
            self._end_in(deadlines.head)

    def _end_in(self, seconds: float) -> None:
        if not self._lost:
            self._deadline.within(seconds)

    def _look(self) -> None:
        if self._over and not self.transport.is_closing():
            self.cut_off()
        elif (
            self._over
            or self.flow.write_paused
            or self._at_rest
            or self.transport.is_closing()
            or self._refused is not None
        ):
            self._look_at_answer()
        elif not self._framing.in_head and self._reading.read_paused:
            self._began = 0.0  # the application takes its time, not the peer
            self._end_in(self._deadlines.body)
        elif self._framing.begun or not self._framing.in_head:
            self._refuse(Refused("request_too_slow"))
        else:
            self._end_in(self._deadlines.answer)  # it is being answered

    def _look_at_answer(self) -> None:
        """Cut off who reads too little of it; close when nothing is left to read or to ask."""
        before, unsent = self._unsent_bytes, self.transport.get_write_buffer_size()
        least = int(self._deadlines.answer * self._deadlines.bytes_per_second)
        if before and before - unsent < min(before, least):
            self._all.refused("slow_reader")
            self.cut_off()
            return
        self._unsent_bytes = unsent
        if not self.transport.is_closing() and not unsent:
            self._over = True
            self.transport.close()
        self._end_in(self._deadlines.answer)

    @override
    def pause_writing(self) -> None:
        """The peer does not read as fast as it is answered."""
        super().pause_writing()
        self._unsent_bytes = self.transport.get_write_buffer_size()
        self._end_in(self._deadlines.answer)

    @override
    def resume_writing(self) -> None:
        """The peer has read nearly everything."""
        super().resume_writing()
        self._unsent_bytes = 0
        self._expect()

    # ---- another protocol that is offered

    @override
    def _should_upgrade(self) -> bool:
        return self.parser.get_method() == b"GET" and offers_websocket(self.headers)

    def _read_head_again(self) -> None:
        asked = self.parser.get_method(), self.url, self.parser.get_http_version()
        head = without_offer(*asked, self.headers)
        self._ignored = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(head)


def http_protocol(connections: HttpConnections) -> type[asyncio.Protocol]:
    """What ``uvicorn.Config`` takes as ``http``: makes a protocol for each connection."""
    return cast("type[asyncio.Protocol]", partial(NestHttpProtocol, connections=connections))
