"""The pieces in which a stream of requests is given to the parser: their ends and their bounds.

A piece never reaches beyond the end of one request: a head and a body in chunks both end with an
empty line, any other body ends where its Content-Length says. The parser alone decides what the
bytes mean; a piece that ends too early only costs one more call.

This module is pure: the protocol tells it what the parser found. Errors: ``Refused`` with
``head_too_large``.
"""

from typing import Final

from configurator.protocol.codes import Refused

HEAD_BYTES_MAX: Final = 32 * 1024
"""The longest request line and header fields together. Browsers send 1 to 4 kB, and proxies add
little; other servers allow 8 kB (Apache, nginx) to 64 kB (h11)."""

CHUNKED_BYTES_MAX: Final = HEAD_BYTES_MAX
CHUNKED_PER_BODY_BYTE: Final = 8
"""A body in chunks may have this many other bytes (sizes, extensions, trailers), and
``CHUNKED_PER_BODY_BYTE`` more for each byte of the body. The shortest chunk, of one byte, has five.
"""

_END: Final = b"\r\n\r\n"


class Framing:
    """The part of a request that the next bytes belong to."""

    __slots__ = ("_body_bytes", "_counted", "_last", "_length", "in_head")

    def __init__(self) -> None:
        self.in_head = True
        self._counted = 0  # bytes of the head, or those of a chunked body that are not its contents
        self._body_bytes = 0
        self._length: int | None = 0  # None: a body in chunks
        self._last = b""  # the last bytes: an empty line may come in two segments

    @property
    def begun(self) -> bool:
        """Whether a part of a head was parsed, but not all of it."""
        return self.in_head and self._counted > 0

    @property
    def body_bytes(self) -> int:
        """The number of bytes of the body that were parsed."""
        return self._body_bytes

    def end_of_piece(self, data: bytes, place: int) -> int:
        """The end of the piece that begins at ``place``. Raises Refused if the head is too long."""
        if not self.in_head and self._length is not None:
            return min(len(data), place + max(1, self._length - self._body_bytes))
        found = data.find(_END, place)
        end = found + len(_END) if found >= 0 else len(data)
        if self._last:
            across = (self._last + data[place : place + 3]).find(_END)
            if across >= 0:
                found = place
                end = place + across + len(_END) - len(self._last)
        kept = b"" if found >= 0 else self._last + data[max(place, end - 3) : end]
        self._last = kept[-3:]
        self._counted += end - place
        if self.in_head and self._counted > HEAD_BYTES_MAX:
            raise Refused("head_too_large", detail=f"at most {HEAD_BYTES_MAX} bytes")
        return end

    def head_parsed(self, length: int | None) -> None:
        """Note that a body of this length follows, or one in chunks (None)."""
        self.in_head, self._last = False, b""
        self._counted = self._body_bytes = 0
        self._length = length

    def body_parsed(self, n_bytes: int) -> None:
        """Note that this many of the parsed bytes were body."""
        self._body_bytes += n_bytes
        if self._length is None:
            self._counted -= n_bytes

    def request_parsed(self) -> None:
        """Note that the next request follows. Raises Refused as ``check`` does."""
        self.check()
        self.in_head, self._last = True, b""
        self._counted = 0

    def check(self) -> None:
        """Raise Refused if a body in chunks is mostly chunk sizes and extensions.

        Call after each piece.
        """
        if self._counted > CHUNKED_BYTES_MAX + CHUNKED_PER_BODY_BYTE * self._body_bytes:
            raise Refused("head_too_large", detail="chunk extensions and trailers")
