"""Heads of requests, as the parser found them: the checks that go beyond the parser's. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from websockets.datastructures import Headers
from websockets.http11 import Request

from configurator.protocol.codes import Refused

WEBSOCKET: Final = b"websocket"
CHUNKED: Final = b"chunked"

_ENGINE: Final = re.compile(rb"/socket\.io|/_nicegui_ws")
ENGINE_QUERY_BYTES_MAX: Final = 2 * 1024
"""The longest query for Engine.IO, which parses it several times; a thousand parameters cost 30 ms.
Clients send 60 bytes, NiceGUI's page 300."""

HEADERS_MAX: Final = 100
"""The most header fields; Apache allows 100, too. A short one takes ten times its bytes in memory."""

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])?(?::[0-9]{0,5})?")

HeadFields = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The parts of a head that the connection needs.

    ``length`` is that of the body; None: in chunks.
    """

    host: bytes | None
    length: int | None


def asks_engine(url: bytes) -> bool:
    """Whether an Engine.IO server answers this address."""
    return _ENGINE.search(unquote_to_bytes(url.partition(b"?")[0])) is not None


def looked_at(
    url: bytes, version: str, headers: HeadFields, known_host: bytes | None
) -> RequestHead:
    """Check a head; ``known_host`` was found valid before. Raises Refused."""
    _check_line(url, version)
    host, hosts = known_host, 0
    length: int | None = 0
    codings: list[bytes] = []
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if value != host and not _HOST.fullmatch(value):
                raise Refused("request_unreadable", detail="the header Host is no host")
            host = value
        elif name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            length = None  # the parser refuses a head that has both
            codings += _tokens(value)
    if hosts > 1 or not (hosts or version == "1.0"):
        raise Refused("request_unreadable", detail="exactly one header Host")
    if length is None:
        _check_codings(codings, version)
    return RequestHead(host, length)


def _check_line(url: bytes, version: str) -> None:
    if version not in {"1.0", "1.1"}:
        raise Refused("request_unreadable", detail="HTTP/1.1 or HTTP/1.0")
    if not url.isascii():
        raise Refused("request_unreadable", detail="the address is not ASCII")
    path, _, query = url.partition(b"?")
    if len(query) > ENGINE_QUERY_BYTES_MAX and asks_engine(path):
        raise Refused("head_too_large", detail=f"at most {ENGINE_QUERY_BYTES_MAX} bytes of query")


def _check_codings(codings: list[bytes], version: str) -> None:
    """Raise Refused for a body that is not in chunks alone (RFC 9112, 6.1 and 6.3)."""
    if version != "1.1" or codings[-1:] != [CHUNKED] or codings.count(CHUNKED) > 1:
        detail = "chunked once, as the last transfer coding, and only in HTTP/1.1"
        raise Refused("request_unreadable", detail=detail)
    if len(codings) > 1:
        raise Refused("transfer_coding_unknown")


def asks_for_page(method: bytes, headers: HeadFields) -> bool:
    """Whether a browser will show the answer to a person."""
    return method == b"GET" and any(b"text/html" in v for name, v in headers if name == b"accept")


def offers_websocket(headers: HeadFields) -> bool:
    """Whether a WebSocket is among the protocols that the header ``Upgrade`` offers."""
    return WEBSOCKET in _tokens(b",".join(value for name, value in headers if name == b"upgrade"))


def without_offer(method: bytes, url: bytes, version: str, headers: HeadFields) -> bytes:
    """The bytes of the same head without the header ``Upgrade``."""
    lines = [b" ".join((method, url, b"HTTP/" + version.encode()))]
    for name, value in headers:
        kept = value
        if name == b"upgrade":
            continue
        if name == b"connection":
            kept = b", ".join(token for token in _tokens(value) if token != b"upgrade")
        lines.append(name + b": " + kept)
    return b"\r\n".join((*lines, b"", b""))


def handshake(url: bytes, version: str, headers: HeadFields) -> Request:
    """The handshake of a WebSocket, in the type that ``websockets`` takes."""
    fields = Headers()
    for name, value in headers:
        fields.set_insecure(name.decode("ascii"), value.decode("latin-1"))
    return Request(url.decode("ascii"), fields, protocol=f"HTTP/{version}")


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]
