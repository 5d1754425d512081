"""gzip for what is worth it, as a pure ASGI middleware around everything that answers HTTP.

What is compressed: text of at least 1 kB (pages, scripts, styles, SVG, JSON, CSV) for whoever
accepts gzip. Left as they are: what is small, declared longer than 2 MB or encoded already, event
streams, parts of a file (Range), answers without a body. What everybody may keep (`Cache-Control: public`) is compressed
once, at the highest level, and the result kept under the hash of the content; the rest is
compressed each time, at a low level, large bodies in a thread.

The same file has two representations now. `Vary: Accept-Encoding` says so; a strong ETag becomes a
weak one (RFC 9110, 8.8.1: the bytes differ, the meaning does not), also in a 304; a compressed
answer offers no ranges. `HEAD` has the headers of `GET` except `Content-Length`.

BREACH guesses a secret from the length of answers that hold it beside text of the attacker, and
needs the victim's browser to ask very often, with its cookies, on the attacker's word. Such a
request was started by another site: a private answer to one that brings cookies is compressed only
if the browser says that our own page or the person themselves started it (`Sec-Fetch-Site`).
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST_BYTES: Final = 1_024
WHOLE_BYTES_MAX: Final = 2 * 1024 * 1024
"""Bodies up to this length are compressed whole, so that the answer has a length. Of those that say
that they are longer none is compressed: 3 MB, which no page of ours loads, would take 170 ms each time."""
INLINE_BYTES_MAX: Final = 64 * 1024
"""Longer bodies are compressed in a thread: this much takes about 2 ms."""
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
        self._kept = Kept()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; only HTTP is touched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope["method"], Headers(scope=scope), send, self._kept)
        await self._app(scope, receive, answer.send)


class Kept:
    """Compressed bodies by the hash of what they were, the latest used up to `bytes_max`."""

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bodies: OrderedDict[bytes, bytes] = OrderedDict()
        self.size_bytes = 0

    async def compressed(self, body: bytes) -> bytes:
        """The body at the highest level."""
        key = blake2b(body, digest_size=16).digest()
        found = self._bodies.get(key)
        if found is not None:
            self._bodies.move_to_end(key)
            return found
        made = await asyncio.to_thread(gzipped, body, LEVEL_KEPT)
        if key not in self._bodies:
            self._bodies[key] = made
            self.size_bytes += len(made)
        while self.size_bytes > self._bytes_max:
            self.size_bytes -= len(self._bodies.popitem(last=False)[1])
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
    """Whether no other site can have made the browser ask with the visitor's cookies."""
    return "cookie" not in headers or headers.get("sec-fetch-site") in {"same-origin", "none"}


def _is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in TYPES or (
        media_type.startswith("text/") and media_type != "text/event-stream"
    )


class _Answer:
    """One answer on its way; `_start` is held until it is known how long the body becomes."""

    def __init__(self, method: str, asked: Headers, send: Send, kept: Kept) -> None:
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
        """Whether this answer would be, for somebody who accepts it."""
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
        """A body of unknown length: what was gathered goes on, so that a long answer flows."""
        more = message.get("more_body", False)
        packed = packer.compress(message.get("body", b""))
        if not more:
            packed += packer.flush()
        if packed or not more:
            await self._send({"type": "http.response.body", "body": packed, "more_body": more})
