"""Unpacking of request bodies, in one way for every endpoint.

`Content-Encoding: gzip` and `deflate` (with or without the zlib header, as clients send both) are
unpacked, piece by piece, and never past the limit of the endpoint. A byte order mark before JSON is
removed. A body that is not UTF-8 is refused (RFC 8259, 8.1).
"""

import codecs
import zlib
from typing import Final, Protocol

from configurator.protocol.codes import Refused

ACCEPTED: Final = "gzip, deflate"
"""`Accept-Encoding` of the answer to any other encoding (RFC 9110, 15.5.16)."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class BodyTooLarge(Refused):
    """The body is longer than its endpoint accepts: ``message_too_large``."""

    def __init__(self) -> None:
        super().__init__("message_too_large")


class Unpacking(Protocol):
    """Receives a body piece by piece."""

    def add(self, piece: bytes) -> None:
        """Raises Refused as soon as the body is too long or cannot be unpacked."""
        ...

    def text(self) -> bytes:
        """The whole body as UTF-8 bytes, called after the last piece. Raises Refused."""
        ...


def unpacking(content_encoding: str, limit_bytes: int) -> Unpacking:
    """The unpacking for a body with this header, up to `limit_bytes` after unpacking.

    Raises Refused: ``unsupported_encoding`` names what is accepted.
    """
    match content_encoding.strip().lower():
        case "" | "identity":
            return _Plain(limit_bytes)
        case "gzip" | "x-gzip" | "deflate" as packed:
            return _Packed(packed != "deflate", limit_bytes)
        case other:
            raise Refused("unsupported_encoding", detail=f"Content-Encoding: {other[:40]}")


class _Plain:
    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._body = bytearray()

    def add(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > self._limit_bytes:
            raise BodyTooLarge

    def text(self) -> bytes:
        return utf8(bytes(self._body))


class _Packed:
    """Unpacks, holding at most the limit: a larger body is refused at the first byte beyond it."""

    def __init__(self, gzip: bool, limit_bytes: int) -> None:
        self._plain = _Plain(limit_bytes)
        self._limit_bytes = limit_bytes
        self._gzip = gzip
        self._packed_bytes = 0
        self._held = b""
        self._unpacker: zlib._Decompress | None = None

    def add(self, piece: bytes) -> None:
        self._packed_bytes += len(piece)
        if self._packed_bytes > self._limit_bytes:
            raise BodyTooLarge
        piece, self._held = self._held + piece, b""
        if self._unpacker is None and len(piece) < 2:
            self._held = piece  # the first two bytes tell zlib from raw deflate
            return
        while piece:
            if self._unpacker is None:
                self._unpacker = zlib.decompressobj(self._window(piece))
            try:
                self._plain.add(self._unpacker.decompress(piece, self._limit_bytes + 1))
            except zlib.error as problem:
                raise _unreadable(str(problem)) from None
            piece = self._unpacker.unused_data or self._unpacker.unconsumed_tail
            if self._unpacker.eof and piece:
                if not self._gzip:
                    raise _unreadable("bytes after the end")
                self._unpacker = None  # gzip may have several members in a row (RFC 1952, 2.2)

    def text(self) -> bytes:
        if self._unpacker is None or not self._unpacker.eof:
            raise _unreadable("its end is missing")
        return self._plain.text()

    def _window(self, first: bytes) -> int:
        """The window that tells zlib to expect a header or none.

        A zlib header is a multiple of 31 and names method 8 (RFC 1950, 2.2); raw deflate has none.
        """
        if self._gzip:
            return _GZIP
        zlib_header = first[0] & 0x0F == 8 and not (first[0] << 8 | first[1]) % 31
        return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS


def utf8(body: bytes) -> bytes:
    """The body without a byte order mark. Raises Refused if it is not UTF-8.

    The whole body is checked here, because a decoder of JSON does not check fields that it skips.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 0 in body[:2]:
        raise Refused("malformed_message", detail="The body is UTF-16 or UTF-32; JSON is UTF-8.")
    try:
        body.decode()
    except UnicodeDecodeError as problem:
        where = f"byte {body[problem.start]:#04x} at position {problem.start}"
        raise Refused("malformed_message", detail=f"The body is not UTF-8: {where}.") from None
    return body.removeprefix(codecs.BOM_UTF8)


def _unreadable(reason: str) -> Refused:
    return Refused("malformed_message", detail=f"The body cannot be unpacked: {reason[:100]}.")
