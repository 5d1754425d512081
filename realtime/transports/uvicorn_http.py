"""uvicorn's HTTP protocol, for requests that offer another protocol which is not spoken here.

Java's HttpClient and ``curl --http2`` send ``Upgrade: h2c`` with their first request. RFC 9110, 7.8:
who does not speak it ignores the header and answers the request. The parser (llhttp) cannot: where
it reads ``Connection: upgrade`` with ``Upgrade`` it takes what follows the head for the other
protocol and stops, and uvicorn throws that away, body and all.

Here such a request is not begun when its head is complete. A new parser is given the same head
without the offer, then the bytes from where the old one stopped; it goes on with the connection.
So body, chunks, later segments and pipelined requests are read as if nothing had been offered.

The only protocol that is spoken is WebSocket, which is a ``GET`` (RFC 6455, 4.1); offered with any
other method it is ignored as well. ``CONNECT``, which also stops the parser, is refused as before.
"""

import httptools
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

WEBSOCKET = b"websocket"


class NestHttpProtocol(HttpToolsProtocol):
    """Pass this class as ``http`` to ``uvicorn.Config``."""

    _ignored = False
    """The head that was read last offers what is not spoken; it is read again without."""

    @override
    def data_received(self, data: bytes) -> None:
        """Read on; as often as a request offers something, from there with a new parser."""
        self._unset_keepalive_if_required()
        rest: memoryview | None = memoryview(data)
        try:
            while rest:
                rest = self._feed(rest)
        except httptools.HttpParserError:
            message = "Invalid HTTP request received."
            self.logger.warning(message)
            self.send_400_response(message)

    def _feed(self, received: memoryview) -> memoryview | None:
        """Feed the parser; returns what the next one shall read, None if nothing is left to read."""
        try:
            self.parser.feed_data(received)
        except httptools.HttpParserUpgrade as stopped:
            if self._ignored:
                self._read_head_again()
                return received[stopped.args[0] :]
            if not self._should_upgrade():
                raise httptools.HttpParserError("CONNECT is not served") from None
            self.handle_websocket_upgrade()
        return None

    @override
    def on_headers_complete(self) -> None:
        """The head is complete."""
        offers = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        self._ignored = offers and not self._should_upgrade()
        if not self._ignored:
            super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if not self._ignored:
            super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        """The request is complete; the parser says so of one that it will not read, too."""
        if not self._ignored:
            super().on_message_complete()

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


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]
