"""gzip for answers that are worth it, as a pure ASGI middleware around all HTTP handlers.

Text of at least 1 kB (pages, scripts, styles, SVG, JSON, CSV) is compressed for clients that accept
gzip. Small answers, answers declared longer than 2 MB or encoded already, event streams, parts of a
file (Range) and answers without a body are left as they are. Public answers (`Cache-Control: public`)
are compressed once, at the highest level, and kept under the hash of their content; the others are
compressed each time, at a low level, large ones in a thread.

A compressed file has two representations. `Vary: Accept-Encoding` says so; a strong ETag becomes a
weak one (RFC 9110, 8.8.1: the bytes differ, the meaning does not), also in a 304; a compressed
answer offers no ranges. `HEAD` has the headers of `GET` except `Content-Length`.

The attack BREACH guesses a secret from the length of answers that contain it beside text of the
attacker. It needs the victim's browser to send very many requests, with cookies, that another site
starts. Therefore a private answer to a request with cookies is compressed only if the browser says
(`Sec-Fetch-Site`) that our own page or the person themselves started the request.
"""

import asyncio
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from cachetools import LRUCache
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST_BYTES: Final = 1_024
WHOLE_BYTES_MAX: Final = 2 * 1024 * 1024
"""Longer bodies are not compressed if they declare their length: 3 MB, which no page of ours loads,
would take 170 ms each time. Shorter ones are compressed whole, so the answer has a length."""
INLINE_BYTES_MAX: Final = 64 * 1024
"""Longer bodies are compressed in a thread; this many bytes take about 2 ms."""
KEPT_BYTES_MAX: Final = 8 * 1024 * 1024
LEVEL: Final = 5
LEVEL_KEPT: Final = 9
GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
BODILESS: Final = frozenset({204, 205, 206, 304})
TYPES: Final = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/ld+json",
        "application/manifest+json",
        "application/schema+json",
        "application/xml",
        "image/svg+xml",
    }
)


class Compression:
    """Wraps an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept = KeptBodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; only HTTP is touched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _CompressedAnswer(scope["method"], Headers(scope=scope), send, self._kept)
        await self._app(scope, receive, answer.send)


class KeptBodies:
    """Compressed bodies by the hash of the original; the latest used, up to `bytes_max`."""

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bodies: LRUCache[bytes, bytes] = LRUCache(bytes_max, getsizeof=len)

    @property
    def size_bytes(self) -> int:
        """The number of bytes that are kept."""
        return int(self._bodies.currsize)

    async def compressed(self, body: bytes) -> bytes:
        """The body at the highest level."""
        key = blake2b(body, digest_size=16).digest()
        found = self._bodies.get(key)
        if found is not None:
            return found
        made = await asyncio.to_thread(gzipped, body, LEVEL_KEPT)
        if len(made) <= self._bodies.maxsize:
            self._bodies[key] = made
        return made


def gzipped(body: bytes, level: int) -> bytes:
    """The body as gzip."""
    packer = zlib.compressobj(level, zlib.DEFLATED, GZIP_WINDOW)
    return packer.compress(body) + packer.flush()


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether `Accept-Encoding` takes gzip: named, or by `*`, and not with `q=0`."""
    said: dict[str, bool] = {}
    for part in accept_encoding.lower().split(",")[:20]:
        coding, _, parameters = part.partition(";")
        name, _, weight = parameters.strip().partition("=")
        refused = name.strip() == "q" and not weight.strip().strip("0.")
        said[coding.strip()] = not refused
    named = said.get("gzip", said.get("x-gzip"))
    return named if named is not None else said.get("*", False)


def started_here(headers: Mapping[str, str]) -> bool:
    """Whether it is certain that no other site made the browser send this request with cookies."""
    return "cookie" not in headers or headers.get("sec-fetch-site") in {"same-origin", "none"}


def _is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in TYPES or (
        media_type.startswith("text/") and media_type != "text/event-stream"
    )


class _CompressedAnswer:
    """One answer on its way; `_start` waits until the length of the body is known."""

    def __init__(self, method: str, asked: Headers, send: Send, kept: KeptBodies) -> None:
        self._method = method
        self._asked = asked
        self._send = send
        self._kept = kept
        self._start: Message | None = None
        self._public = False
        self._body = bytearray()
        self._packer: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._whole(message)
        elif message["type"] == "http.response.body" and self._packer is not None:
            await self._part(self._packer, message)
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        if not self._may_be_compressed(message["status"], headers):
            await self._send(message)
            return
        headers.add_vary_header("Accept-Encoding")
        control = headers.get("cache-control", "")
        self._public = "public" in control
        if not accepts_gzip(self._asked.get("accept-encoding", "")) or not (
            self._public or started_here(self._asked)
        ):
            await self._send(message)
            return
        etag = headers.get("etag")
        if etag is not None and not etag.startswith("W/"):
            headers["etag"] = f"W/{etag}"
        if message["status"] == 304:
            await self._send(message)
            return
        length = int(headers.get("content-length", "-1"))
        headers["content-encoding"] = "gzip"
        for name in ("accept-ranges", "content-length"):
            if name in headers:
                del headers[name]
        if self._method != "HEAD" and 0 <= length <= WHOLE_BYTES_MAX:
            self._start = message
            return
        if self._method != "HEAD":
            self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW)
        await self._send(message)

    def _may_be_compressed(self, status: int, headers: MutableHeaders) -> bool:
        """Whether this answer would be compressed for a client that accepts gzip."""
        if status == 304:
            return "etag" in headers
        return (
            status >= 200
            and status not in BODILESS
            and "content-encoding" not in headers
            and "range" not in self._asked
            and _is_text(headers.get("content-type", ""))
            and "no-transform" not in headers.get("cache-control", "")
            and SMALLEST_BYTES
            <= int(headers.get("content-length", SMALLEST_BYTES))
            <= WHOLE_BYTES_MAX
        )

    async def _whole(self, message: Message) -> None:
        self._body += message.get("body", b"")
        if message.get("more_body", False) or self._start is None:
            return
        start, self._start = self._start, None
        body = bytes(self._body)
        if self._public:
            packed = await self._kept.compressed(body)
        elif len(body) > INLINE_BYTES_MAX:
            packed = await asyncio.to_thread(gzipped, body, LEVEL)
        else:
            packed = gzipped(body, LEVEL)
        MutableHeaders(scope=start)["content-length"] = str(len(packed))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": packed, "more_body": False})

    async def _part(self, packer: "zlib._Compress", message: Message) -> None:
        """Send the part gathered so far of a body of unknown length, so a long answer flows."""
        more = message.get("more_body", False)
        packed = packer.compress(message.get("body", b""))
        if not more:
            packed += packer.flush()
        if packed or not more:
            await self._send({"type": "http.response.body", "body": packed, "more_body": more})
