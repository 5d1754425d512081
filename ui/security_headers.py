"""Security headers on every HTTP answer, as a pure ASGI middleware.

NiceGUI's pages start from inline scripts, so each gets a nonce of its own: the middleware writes it
into the script elements of that page. Vue compiles templates in the browser, therefore those pages
(and only those) may `eval`. Everything else that is HTML may run only our own script files.
A header that an inner application has set stays as it is.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NICEGUI_PAGE_HEADER: Final = "x-nicegui-content"
_SCRIPT: Final = re.compile(rb"<script(?=[\s>])")
_COMMON: Final = (
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
_SECURE: Final = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000"))


class SecurityHeaders:
    """Wraps an application. `new_nonce` returns at least 16 random bytes."""

    def __init__(self, app: ASGIApp, new_nonce: Callable[[], bytes]) -> None:
        self._app = app
        self._new_nonce = new_nonce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; only HTTP is touched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._new_nonce, secure=scope.get("scheme") == "https")
        await self._app(scope, receive, answer.send)


class _Answer:
    def __init__(self, send: Send, new_nonce: Callable[[], bytes], *, secure: bool) -> None:
        self._send = send
        self._new_nonce = new_nonce
        self._secure = secure
        self._held: Message | None = None
        self._body = b""
        self._nonce = ""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" and self._held is not None:
            await self._page_body(message)
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        given = dict(message["headers"])
        missing = [pair for pair in (_SECURE if self._secure else _HEADERS) if pair[0] not in given]
        message["headers"] = [*message["headers"], *missing]
        if not given.get(b"content-type", b"").startswith(b"text/html"):
            await self._send(message)
            return
        headers = MutableHeaders(scope=message)
        if NICEGUI_PAGE_HEADER in headers and "content-encoding" not in headers:
            self._nonce = b64encode(self._new_nonce()).decode()
            headers["content-security-policy"] = (
                f"default-src 'self'; script-src 'self' 'nonce-{self._nonce}' 'unsafe-eval'; "
                + _COMMON
            )
            self._held = message
            return
        headers.setdefault(
            "content-security-policy", "default-src 'self'; script-src 'self'; " + _COMMON
        )
        await self._send(message)

    async def _page_body(self, message: Message) -> None:
        self._body += message.get("body", b"")
        if message.get("more_body", False) or self._held is None:
            return
        start, self._held = self._held, None
        body = _SCRIPT.sub(b'<script nonce="' + self._nonce.encode() + b'"', self._body)
        MutableHeaders(scope=start)["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
