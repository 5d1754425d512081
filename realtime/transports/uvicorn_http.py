"""uvicorn's HTTP protocol, bounded: what one connection can make this process hold, and for how long.

**One request is answered, one waits.** uvicorn parses whatever arrives and queues a request for
every few bytes of it. Here the parser is fed piece by piece: a piece never reaches beyond the end of
one request. Once a request waits behind the one that is being answered, what was received and not
parsed is kept as it is (at most the 256 kB that the event loop reads at once) and nothing more is
read from the socket until the first one is answered.

**A request ends its head, and everything else that is no body, within bounds.** The bytes of a head
are counted before they are parsed, so a header of any length costs `HEAD_BYTES_MAX` at most. Of a
body in chunks the sizes, extensions and trailers are counted in the same way; trailers are dropped.

**A refusal is answered in its turn**: after the answer to the request before it, as JSON like every
refusal, then the connection is closed. What the peer still sends is thrown away for a moment, because
closing a socket with unread bytes resets it and the peer may never see the answer.

**Another protocol that is offered and not spoken here is ignored** (RFC 9110, 7.8): Java's HttpClient
and ``curl --http2`` send ``Upgrade: h2c`` with their first request. The parser (llhttp) cannot ignore
it: where it reads ``Connection: upgrade`` with ``Upgrade`` it takes what follows the head for the
other protocol and stops, and uvicorn throws that away, body and all. Here such a request is not begun
when its head is complete. A new parser is given the same head without the offer, then the bytes from
where the old one stopped; it goes on with the connection. The only protocol that is spoken is
WebSocket, which is a ``GET`` (RFC 6455, 4.1); offered with any other method it is ignored as well.
``CONNECT``, which also stops the parser, is refused.
"""

import asyncio
import re
from typing import Final, cast

import httptools
from typing_extensions import override
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from configurator.protocol.codes import Refused
from realtime.transports.http_refusals import refusal_bytes

HEAD_BYTES_MAX: Final = 32 * 1024
"""Request line and header fields together. Browsers send 1 to 4 kB, proxies add little; others allow
8 kB (Apache, nginx) to 64 kB (h11)."""

HEADERS_MAX: Final = 100
"""Each header field costs ten times its bytes when it is short; 100 is what Apache allows."""

CHUNKED_BYTES_MAX: Final = HEAD_BYTES_MAX
FRAMING_PER_BODY_BYTE: Final = 8
"""A body of chunks may have this many other bytes, and this many more for each byte of the body. The
least chunk, of one byte, has five."""

LINGER_SECONDS: Final = 2.0
"""For this long a peer may read why it was refused, before the connection is cut off."""

UNREAD_BYTES_MAX: Final = 1024 * 1024
"""Bytes of one request that are thrown away after it was answered or refused."""

WEBSOCKET: Final = b"websocket"
_END_OF_HEAD: Final = b"\r\n\r\n"
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])?(?::[0-9]{0,5})?")


class NestHttpProtocol(HttpToolsProtocol):
    """Pass this class as ``http`` to ``uvicorn.Config``."""

    _in_head = True
    """What comes next belongs to the head of a request, not to a body."""

    _counted_bytes = 0
    """Bytes of the head, or of a body in chunks what is no body, that were parsed so far."""

    _body_bytes = 0
    _body_length: int | None = 0
    """Bytes of the body that were parsed, and what its Content-Length says; None: it is in chunks."""

    _parsed_last = b""
    """The last bytes that were parsed of a head or of a body in chunks: its end may be cut in two."""

    _received = b""
    """Received and not parsed, because a request waits."""

    _refused: Refused | None = None
    """Is answered after the request before it; nothing is parsed any more."""

    _over = False
    _unread_bytes = 0
    """Of a request that was answered, or of whatever comes when all is over."""

    _ignored = False
    """The head that was read last offers what is not spoken; it is read again without."""

    # ---- the connection

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected."""
        super().connection_made(transport)
        self.flow = self._reading = _Flow(transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, and nothing of it stays."""
        super().connection_lost(exc)
        self._forget()

    @override
    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        super().handle_websocket_upgrade()
        self._over = True
        self._forget()

    def _forget(self) -> None:
        """Parser, requests and this object refer to each other, and the collector seldom comes."""
        self._received = b""
        self.pipeline.clear()
        for name in ("parser", "scope", "headers", "cycle"):
            setattr(self, name, None)

    # ---- reading

    @override
    def data_received(self, data: bytes) -> None:
        """Parse as far as requests are taken; keep the rest until one was answered."""
        self._unset_keepalive_if_required()
        if self._over:
            self._throw_away(len(data))
        elif self._reading.held:
            self._received += data
        else:
            self._read(data)

    def _read(self, data: bytes) -> None:
        view, place = memoryview(data), 0
        try:
            while place < len(data) and not self._over:
                if self._waits():
                    self._reading.hold()
                    self._received = data[place:]
                    return
                place += self._parse(view[place : self._end_of_piece(data, place)])
        except Refused as refused:
            self._refuse(refused)
        except httptools.HttpParserError as error:
            raised = error.__context__  # by what the parser called
            self._refuse(raised if isinstance(raised, Refused) else Refused("request_unreadable"))

    def _waits(self) -> bool:
        """Whether what comes next is not for now: a request waits, or the connection ends before."""
        return bool(self.pipeline) or (
            self._in_head and self._unanswered and not self.cycle.keep_alive
        )

    @property
    def _unanswered(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _end_of_piece(self, data: bytes, place: int) -> int:
        """Up to here what comes next can belong to one request only."""
        if self._body_length is not None and not self._in_head:
            return min(len(data), place + max(1, self._body_length - self._body_bytes))
        found = data.find(_END_OF_HEAD, place)
        end = len(data) if found < 0 else found + len(_END_OF_HEAD)
        if last := self._parsed_last:
            found = (last + data[place : place + 3]).find(_END_OF_HEAD)
            end = end if found < 0 else place + found + len(_END_OF_HEAD) - len(last)
        self._counted_bytes += end - place
        if self._in_head and self._counted_bytes > HEAD_BYTES_MAX:
            raise Refused("head_too_large", detail=f"at most {HEAD_BYTES_MAX} bytes")
        self._parsed_last = (self._parsed_last + data[max(place, end - 3) : end])[-3:]
        return end

    def _parse(self, piece: memoryview) -> int:
        """Feed the parser; returns how many bytes it took, the next parser gets the others."""
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as stopped:
            if self._ignored:
                self._read_head_again()
                return int(stopped.args[0])
            if not self._should_upgrade() or self._unanswered:
                raise Refused("request_unreadable", detail="CONNECT is not served") from None
            self.handle_websocket_upgrade()
            return len(piece)
        if self._counted_bytes > CHUNKED_BYTES_MAX + FRAMING_PER_BODY_BYTE * self._body_bytes:
            raise Refused("head_too_large", detail="chunk extensions and trailers")
        return len(piece)

    def _throw_away(self, n_bytes: int) -> None:
        self._unread_bytes += n_bytes
        if self._unread_bytes > UNREAD_BYTES_MAX:
            self._over = True
            self.transport.abort()

    # ---- what the parser calls

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field; a trailer is nothing that anybody asks for."""
        if self._in_head:
            if len(self.headers) >= HEADERS_MAX:
                raise Refused("head_too_large", detail=f"at most {HEADERS_MAX} header fields")
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        """The head is complete."""
        offers = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        self._ignored = offers and not self._should_upgrade()
        if self._ignored:
            return
        self._look_at_head()
        super().on_headers_complete()

    def _look_at_head(self) -> None:
        hosts, length, chunked = 0, 0, False
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
                if not _HOST.fullmatch(value):
                    raise Refused("request_unreadable", detail="the header Host is no host")
            elif name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = True
        if hosts > 1 or not (hosts or self.parser.get_http_version() == "1.0"):
            raise Refused("request_unreadable", detail="exactly one header Host")
        self._in_head, self._parsed_last = False, b""
        self._counted_bytes = self._body_bytes = self._unread_bytes = 0
        self._body_length = None if chunked else length

    @override
    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._ignored:
            return
        self._body_bytes += len(body)
        if self._body_length is None:
            self._counted_bytes -= len(body)
        if self.cycle.response_complete:
            self._throw_away(len(body))
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """The request is complete; the parser says so of one that it will not read, too."""
        if not self._ignored:
            self._in_head, self._parsed_last = True, b""
            self._counted_bytes = 0
            super().on_message_complete()

    # ---- answering

    @override
    def on_response_complete(self) -> None:
        """A request was answered: it is the turn of the next."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._refused is not None:
            self._end(self._refused)
            return
        self._reading.release()
        received, self._received = self._received, b""
        if received:
            self._unset_keepalive_if_required()
            self._read(received)

    def _refuse(self, refused: Refused) -> None:
        """Answer in its turn that something cannot be read, and end."""
        self._received = b""
        if self.pipeline or (self._in_head and self._unanswered):
            self.pipeline.clear()
            self._refused = refused
            self._reading.hold()
            return
        if self._unanswered:  # its body cannot be read
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self._over = True
                self.transport.abort()
                return
        self._end(refused)

    def _end(self, refused: Refused) -> None:
        self._over = True
        if self.transport.is_closing():
            return
        self._unread_bytes = 0
        self.transport.write(refusal_bytes(refused, self.server_state.default_headers))
        self.transport.write_eof()
        self._reading.release()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    # ---- another protocol that is offered

    @override
    def _should_upgrade(self) -> bool:
        offered = b",".join(value for name, value in self.headers if name == b"upgrade")
        return self.parser.get_method() == b"GET" and WEBSOCKET in _tokens(offered)

    def _read_head_again(self) -> None:
        version = self.parser.get_http_version().encode()
        lines = [b" ".join((self.parser.get_method(), self.url, b"HTTP/" + version))]
        for name, value in self.headers:
            kept = value
            if name == b"upgrade":
                continue
            if name == b"connection":
                kept = b", ".join(token for token in _tokens(value) if token != b"upgrade")
            lines.append(name + b": " + kept)
        self._ignored = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join((*lines, b"", b"")))


class _Flow(FlowControl):
    """Flow control of which reading can be held, whatever the application asks for."""

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
        """Read on, unless it is held."""
        if not self.held:
            super().resume_reading()


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]
