"""The bytes of a request's body as they were before packing: one way for every endpoint.

`Content-Encoding: gzip` and `deflate` (with or without the zlib header, as clients send both) are
unpacked, piece by piece, and never past the limit of the endpoint. A byte order mark before JSON is
left out; what is not UTF-8, as JSON between systems must be (RFC 8259, 8.1), is refused.
"""

import codecs
import zlib
from typing import Final, Protocol

from configurator.protocol.codes import Refused

ACCEPTED: Final = "gzip, deflate"
"""What `Accept-Encoding` says in the answer to another encoding (RFC 9110, 15.5.16)."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class Unpacking(Protocol):
    """Takes a body piece by piece."""

    def take(self, piece: bytes) -> None:
        """Raises Refused as soon as the body is too long or cannot be unpacked."""
        ...

    def text(self) -> bytes:
        """The whole body as UTF-8 bytes, when nothing more comes; raises Refused."""
        ...


def unpacking(content_encoding: str, limit_bytes: int) -> Unpacking:
    """How a body with this header is read, up to `limit_bytes` after unpacking.

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

    def take(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > self._limit_bytes:
            raise Refused("message_too_large")

    def text(self) -> bytes:
        return utf8(bytes(self._body))


class _Packed:
    """Holds at most the limit, whatever is announced or packed: a bomb is refused at one byte more."""

    def __init__(self, gzip: bool, limit_bytes: int) -> None:
        self._plain = _Plain(limit_bytes)
        self._limit_bytes = limit_bytes
        self._gzip = gzip
        self._packed_bytes = 0
        self._held = b""
        self._unpacker: zlib._Decompress | None = None

    def take(self, piece: bytes) -> None:
        self._packed_bytes += len(piece)
        if self._packed_bytes > self._limit_bytes:
            raise Refused("message_too_large")
        piece, self._held = self._held + piece, b""
        if self._unpacker is None and len(piece) < 2:
            self._held = piece  # the first two bytes say which kind it is
            return
        while piece:
            if self._unpacker is None:
                self._unpacker = zlib.decompressobj(self._window(piece))
            try:
                self._plain.take(self._unpacker.decompress(piece, self._limit_bytes + 1))
            except zlib.error as problem:
                raise _unreadable(str(problem)) from None
            piece = self._unpacker.unused_data or self._unpacker.unconsumed_tail
            if self._unpacker.eof and piece:
                if not self._gzip:
                    raise _unreadable("bytes after the end")
                self._unpacker = None  # gzip may be several in a row (RFC 1952, 2.2)

    def text(self) -> bytes:
        if self._unpacker is None or not self._unpacker.eof:
            raise _unreadable("its end is missing")
        return self._plain.text()

    def _window(self, first: bytes) -> int:
        """A zlib header is a multiple of 31 and names method 8 (RFC 1950, 2.2); a raw one is not."""
        if self._gzip:
            return _GZIP
        zlib_header = first[0] & 0x0F == 8 and not (first[0] << 8 | first[1]) % 31
        return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS


def utf8(body: bytes) -> bytes:
    """The body without a byte order mark; raises Refused for the encodings that JSON is not in.

    All of it is looked at, also what nobody reads: a decoder of JSON skips what it ignores.
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
