"""Reading of an HTTP connection: piece by piece, within bounds, one request at a time.

**One request is answered, one waits.** uvicorn parses whatever arrives and queues a request for
every few bytes of it. Here the parser is fed piece by piece: a piece never reaches beyond the end
of one request. Once a request waits behind the one that is being answered, the bytes that were
received but not parsed are kept unchanged (at most the 256 kB that the event loop reads at once),
and the socket is not read until the first request is answered.

**The head of a request, and everything else that is not its body, has a bounded length.** The bytes of a head
are counted before they are parsed, so a header of any length costs `HEAD_BYTES_MAX` at most. The
chunk sizes, extensions and trailers of a body in chunks are counted in the same way; trailers are
dropped.

**The offer of a protocol other than WebSocket is ignored** (RFC 9110, 7.8): Java's HttpClient and
``curl --http2`` send ``Upgrade: h2c`` with their first request. The parser (llhttp) cannot ignore
it: where it reads ``Connection: upgrade`` with ``Upgrade`` it takes the bytes after the head for
the other protocol and stops, and uvicorn throws them away, the body included. Here such a request
is not begun when its head is complete. A new parser is given the same head without the offer, then
the bytes from where the old one stopped. WebSocket begins with a ``GET`` (RFC 6455, 4.1); an offer
of it with any other method is ignored as well. ``CONNECT``, which also stops the parser, is
refused.
"""

import asyncio
from collections import deque
from typing import Final, Protocol

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from configurator.protocol.codes import Refused
from realtime.transports.http.connections import ALWAYS_ANSWERED, HttpConnections, Place
from realtime.transports.http.flow import HeldFlow
from realtime.transports.http.framing import Framing
from realtime.transports.http.heads import (
    HEADERS_MAX,
    asks_for_page,
    looked_at,
    offers_websocket,
    without_offer,
)

UNREAD_BYTES_MAX: Final = 1024 * 1024
"""Bytes of one request, of any kind, that are thrown away after it was answered or refused."""

PARSED_BYTES: Final = 16 * 1024
"""Bytes that are parsed in one turn of the event loop, about 2 ms: a read may bring 256 kB of
1-byte chunks."""

SOCKET_ALONE: Final = "a WebSocket is opened when everything asked before it was answered"


class Owner(Protocol):
    """The connection whose bytes are read: uvicorn's protocol, which also answers the requests."""

    loop: asyncio.AbstractEventLoop
    parser: httptools.HttpRequestParser
    url: bytes
    headers: list[tuple[bytes, bytes]]
    cycle: RequestResponseCycle
    """The request that was parsed last; None at first."""

    pipeline: deque[tuple[RequestResponseCycle, ASGI3Application]]
    """The requests that wait for an answer to the one before them."""

    def expect(self) -> None:
        """Set the deadline of the peer's next bytes."""
        ...

    def refuse(self, refused: Refused) -> None:
        """Answer, in its turn, why the rest is not read, and end."""
        ...

    def hand_over(self, received: bytes) -> None:
        """Let the WebSocket protocol answer; ``received`` are the bytes after the head."""
        ...

    def cut_off(self) -> None:
        """Close the connection at once."""
        ...


class BoundedReading:
    """Reads the requests of one connection for its owner, whose parser calls the ``takes_`` methods."""

    def __init__(
        self,
        owner: Owner,
        *,
        flow: HeldFlow,
        connections: HttpConnections,
        place: Place,
        from_proxy: bool,
    ) -> None:
        self._owner = owner
        self._all = connections
        self._from_proxy = from_proxy
        """Whether a trusted proxy made the connection, so that its requests come from many peers."""

        self.place = place
        """The place of this connection."""

        self.asked: deque[Place] = deque()
        """The places of the requests that a proxy brought and that are not answered."""

        self.flow = flow
        self.framing = Framing()

        self.began = 0.0
        """The loop's time at which the present head or body began, in seconds; 0 if none has."""

        self.refused: Refused | None = None
        """The refusal to answer after the request before it; once set, nothing more is parsed."""

        self.page = False
        """Whether that refusal is answered as a page."""

        self.over = False
        """Whether the connection reads no request any more."""

        self.unread_bytes = 0
        """Bytes that were thrown away: of a request that was answered, or after the end."""

        self._received = b""
        """Bytes that were received but not parsed, because a request waits."""

        self._parsed: RequestResponseCycle | None = None
        """The request that was parsed last."""

        self._length: int | None = None
        """The length of the body after the head that is being parsed; None: in chunks."""

        self._host: bytes | None = None
        """A Host header that was found valid on this connection."""

        self._handing_over = False
        """Whether the head that was read last opens a WebSocket."""

        self._ignored = False
        """Whether the head that was read last offers another protocol; it is read again without."""

    def drop_received(self) -> None:
        """Parse nothing of the bytes that wait."""
        self._received = b""

    def forget(self) -> None:
        """Let go of the owner, because the collector seldom comes. ``over`` must be set."""
        self._received = b""
        for name in ("_owner", "_parsed"):
            setattr(self, name, None)

    # ---- reading

    def receive(self, data: bytes) -> None:
        """Parse as long as requests are taken; keep the rest until a request has been answered."""
        owner = self._owner  # a connection that was handed over is forgotten meanwhile
        if self.over:
            self._throw_away(len(data))
        elif self.flow.held:
            self._received += data
        else:
            self._read(data)
            if self.framing.begun or not self.framing.in_head:
                owner.expect()

    def _read(self, data: bytes) -> None:
        now, later = data[:PARSED_BYTES], data[PARSED_BYTES:]
        view, place, length = memoryview(now), 0, len(now)
        try:
            while place < length and not self.over:
                if self.unanswered and self._waits():
                    self.flow.hold()
                    self._received = data[place:]
                    return
                end = self.framing.end_of_piece(now, place)
                if not (self.framing.in_head or self.unanswered):
                    self._throw_away(end - place)
                place += self.parse(view[place:end])
                if self._handing_over:
                    self._owner.hand_over(data[place:])
                    return
        except Refused as refused:
            self._owner.refuse(refused)
        except httptools.HttpParserError as error:
            raised = error.__context__  # the error that a callback of the parser raised
            self._owner.refuse(
                raised if isinstance(raised, Refused) else Refused("request_unreadable")
            )
        if later and not (self.over or self.refused):
            self.flow.hold()
            self._received = later
            self._owner.loop.call_soon(self.read_on)

    def read_on(self) -> None:
        """Parse the kept bytes, once earlier requests or other connections had their turn."""
        if self.over or self.refused is not None or not self.flow.held:
            return
        owner = self._owner
        self.flow.release()
        received, self._received = self._received, b""
        self._read(received)
        owner.expect()

    def _waits(self) -> bool:
        """Whether to parse nothing for now: a request waits, or the connection will end."""
        return bool(self._owner.pipeline) or (
            self.framing.in_head and self.unanswered and not self._owner.cycle.keep_alive
        )

    @property
    def unanswered(self) -> bool:
        """Whether the request that was parsed last has no complete answer."""
        cycle: RequestResponseCycle | None = self._parsed
        return cycle is not None and not cycle.response_complete

    @property
    def at_rest(self) -> bool:
        """Whether every request of which bytes have come is complete and answered."""
        begun = self.framing.begun or self._received
        return self.framing.in_head and not (self.unanswered or begun)

    def parse(self, piece: memoryview) -> int:
        """Feed the parser; returns the number of bytes that it took.

        The rest is for the next one.
        """
        try:
            self._owner.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as stopped:
            if self._ignored:
                self._read_head_again()
                return int(stopped.args[0])
            if not self.opens_websocket():
                raise Refused("request_unreadable", detail="CONNECT is not served") from None
            if self.unanswered:
                raise Refused("request_unreadable", detail=SOCKET_ALONE) from None
            self._handing_over = True
            return int(stopped.args[0])
        self.framing.check()
        return len(piece)

    def _throw_away(self, n_bytes: int) -> None:
        self.unread_bytes += n_bytes
        if self.unread_bytes > UNREAD_BYTES_MAX:
            self._owner.cut_off()

    # ---- for the callbacks of the parser; each returns whether uvicorn is told, too

    def takes_header(self) -> bool:
        """Check a parsed field; a trailer is dropped. Raises Refused for one field too many."""
        if not self.framing.in_head:
            return False
        if len(self._owner.headers) >= HEADERS_MAX:
            raise Refused("head_too_large", detail=f"at most {HEADERS_MAX} header fields")
        return True

    def takes_head(self) -> bool:
        """Check the complete head and take its place. Raises Refused.

        A head that offers another protocol is not taken; it will be read again.
        """
        parser = self._owner.parser
        offers = parser.should_upgrade() and parser.get_method() != b"CONNECT"
        self._ignored = offers and not self.opens_websocket()
        if self._ignored:
            return False
        length = self._look_at_head()
        if length != 0 and self.opens_websocket() and parser.should_upgrade():
            raise Refused("request_unreadable", detail="a WebSocket handshake has no body")
        self._length = length
        return True

    def head_taken(self) -> None:
        """Note that uvicorn has made a request of the head: it is the owner's ``cycle``."""
        self.framing.head_parsed(self._length)
        self.began, self.unread_bytes = 0.0, 0
        self._parsed = self._owner.cycle
        if self.place.refused is not None and self._parsed is not None:
            self._parsed.keep_alive = False

    def _look_at_head(self) -> int | None:
        """The length of the body; None if it comes in chunks. Raises Refused."""
        owner = self._owner
        head = looked_at(owner.url, owner.parser.get_http_version(), owner.headers, self._host)
        self._host = head.host
        self._take_place()
        return head.length

    def _take_place(self) -> None:
        to_sockets = self._all.socket_refusal() if self.opens_websocket() else None
        refused = self.place.refused or to_sockets
        if self._from_proxy:
            self.asked.append(self._all.asked(self._owner.headers))
            refused = refused or self.asked[-1].refused
        if refused is not None and (
            self.opens_websocket() or self._owner.url.partition(b"?")[0] not in ALWAYS_ANSWERED
        ):
            self.page = asks_for_page(self._owner.parser.get_method(), self._owner.headers)
            raise refused

    def takes_body(self, n_bytes: int) -> bool:
        """Count a part of the body."""
        if self._ignored:
            return False
        self.framing.body_parsed(n_bytes)
        return True

    def takes_end(self) -> bool:
        """Finish the request, unless the parser means one whose head will be read again."""
        if self._ignored:
            return False
        self.framing.request_parsed()
        self.began = 0.0
        return True

    # ---- offers of other protocols

    def opens_websocket(self) -> bool:
        """Whether the head opens a WebSocket, the only other protocol that is spoken."""
        return self._owner.parser.get_method() == b"GET" and offers_websocket(self._owner.headers)

    def _read_head_again(self) -> None:
        owner = self._owner
        asked = owner.parser.get_method(), owner.url, owner.parser.get_http_version()
        head = without_offer(*asked, owner.headers)
        self._ignored = False
        owner.parser = httptools.HttpRequestParser(owner)
        owner.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        owner.parser.feed_data(head)
