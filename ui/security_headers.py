"""Security headers on every HTTP answer, as a pure ASGI middleware.

NiceGUI's pages start from inline scripts, so each answer has its own nonce. The middleware puts it
into the scope of the request, under `NONCE`. The template of those pages writes it into its own
scripts (`ui.live.template`), and `ui.pages.first_paint` into ours. A script that gets into the HTML
in any other way has no nonce and does not run. Vue compiles templates in the browser; therefore
those pages, and only those, may `eval`. All other HTML may run only our own script files. A header
that an inner application has set stays as it is.

`Referrer-Policy` is `same-origin`: no other site learns an address of ours. With `no-referrer`,
browsers would send `Origin: null` with our own forms; in browsers without `Sec-Fetch-Site` (Safari
before 16.4) these could not be told from forms of another site. It is `no-referrer` if the address
is a secret and no form is sent: `/dashboard`, and addresses whose `#` a mail program encoded, so
that the token behind it is in the path.

`X-Forwarded-Prefix` is dropped from every request: NiceGUI believes it from any sender, and would
load its scripts and style sheets from the host that it names.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NICEGUI_PAGE_HEADER: Final = "x-nicegui-content"
NONCE: Final = "nest.nonce"
"""The key of an answer's nonce in the scope of its request."""

_PREFIX: Final = b"x-forwarded-prefix"
_COMMON: Final = (
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
_HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_SECURE: Final = {**_HEADERS, b"strict-transport-security": b"max-age=31536000"}


class SecurityHeaders:
    """Wraps an application. `new_nonce` returns at least 16 random bytes."""

    def __init__(self, app: ASGIApp, new_nonce: Callable[[], bytes]) -> None:
        self._app = app
        self._new_nonce = new_nonce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; of WebSockets only the request is touched."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if any(_is_prefix(name) for name, _ in scope["headers"]):
            scope["headers"] = [pair for pair in scope["headers"] if not _is_prefix(pair[0])]
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        nonce = scope[NONCE] = b64encode(self._new_nonce()).decode()
        headers = _SECURE if scope.get("scheme") == "https" else _HEADERS
        if _is_secret(scope.get("path", "")):
            headers = {**headers, b"referrer-policy": b"no-referrer"}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _secure(message, headers, nonce)
            await send(message)

        await self._app(scope, receive, answer)


def nonce_of(request: Request) -> str:
    """The nonce of the answer to this request; "" outside of the middleware."""
    return str(request.scope.get(NONCE, ""))


def _is_secret(path: str) -> bool:
    return path.lower().startswith("/dashboard") or "#" in path


def _is_prefix(name: bytes) -> bool:
    return len(name) == len(_PREFIX) and name.lower().replace(b"_", b"-") == _PREFIX


def _secure(message: Message, headers: dict[bytes, bytes], nonce: str) -> None:
    given = dict(message["headers"])
    missing = [pair for pair in headers.items() if pair[0] not in given]
    message["headers"] = [*message["headers"], *missing]
    if not given.get(b"content-type", b"").startswith(b"text/html"):
        return
    found = MutableHeaders(scope=message)
    if NICEGUI_PAGE_HEADER in found:
        found["content-security-policy"] = (
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; {_COMMON}"
        )
    else:
        found.setdefault(
            "content-security-policy", f"default-src 'self'; script-src 'self'; {_COMMON}"
        )
