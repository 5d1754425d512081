"""Heads of requests, as the parser found them: what is asked of a connection beside HTTP itself. Pure."""

from collections.abc import Sequence
from typing import Final

from websockets.datastructures import Headers
from websockets.http11 import Request

WEBSOCKET: Final = b"websocket"

Fields = Sequence[tuple[bytes, bytes]]


def offers_websocket(headers: Fields) -> bool:
    """Whether a WebSocket is among the protocols that the header ``Upgrade`` offers."""
    return WEBSOCKET in _tokens(b",".join(value for name, value in headers if name == b"upgrade"))


def without_offer(method: bytes, url: bytes, version: str, headers: Fields) -> bytes:
    """The bytes of the same head without ``Upgrade``."""
    lines = [b" ".join((method, url, b"HTTP/" + version.encode()))]
    for name, value in headers:
        kept = value
        if name == b"upgrade":
            continue
        if name == b"connection":
            kept = b", ".join(token for token in _tokens(value) if token != b"upgrade")
        lines.append(name + b": " + kept)
    return b"\r\n".join((*lines, b"", b""))


def handshake(url: bytes, version: str, headers: Fields) -> Request:
    """The handshake of a WebSocket, as ``websockets`` takes it."""
    fields = Headers()
    for name, value in headers:
        fields.set_insecure(name.decode("ascii"), value.decode("latin-1"))
    return Request(url.decode("ascii"), fields, protocol=f"HTTP/{version}")


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip() for token in value.lower().split(b",")]
