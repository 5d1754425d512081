"""Requests and answers of endpoints: bounded bodies in, JSON out, each refusal with a code.

Our endpoints are functions from a request to a response that raise ``Refused`` or storage errors;
``endpoint`` turns those into ``{"error": {"code", "message": {"de", "en"}, ...}}``.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Literal, TypeVar

import msgspec
import structlog
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response

from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, Refused
from configurator.protocol.messages import MESSAGE_BYTES_MAX
from configurator.protocol.whole_numbers import decode_whole, explained
from realtime.edge.unpacking import ACCEPTED, BodyTooLarge, unpacking
from storage.errors import StorageUnavailable

log = structlog.get_logger()

Handler = Callable[[Request], Awaitable[Response]]
Body = TypeVar("Body")
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Origins:
    """The addresses of our own pages; a request with a cookie must come from one of them."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self.allowed = allowed

    def trusts(self, connection: HTTPConnection) -> bool:
        """Whether this request may use the visitor's cookies."""
        origin = connection.headers.get("origin")
        site = connection.headers.get("sec-fetch-site", "none")
        # A page without referrer hides its origin, but the browser says from which site it is.
        if origin == "null":
            return site == "same-origin"
        if origin is not None:
            return self.includes(origin, scheme=connection.url.scheme, host=_host(connection))
        return site in {"none", "same-origin"}

    def includes(self, origin: str, *, scheme: str, host: str) -> bool:
        """Whether a page of this origin is ours; it asked for ``scheme`` and ``host``.

        A person who reaches this process under another name than the public one sees our page
        there, and their cookies belong to that name.
        """
        return origin in self.allowed or origin == asked_origin(scheme, host)


def asked_origin(scheme: str, host: str) -> str:
    """The origin of a page at this address, as browsers write it: without the default port."""
    asked = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    default_port = {"http": ":80", "https": ":443"}.get(asked, ":")
    return f"{asked}://{host.lower().removesuffix(default_port)}"


def _host(connection: HTTPConnection) -> str:
    return connection.headers.get("host", "")


def is_form(request: Request) -> bool:
    """Whether a form of a page sent the request, so that a person will read the answer."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type in FORM_TYPES and accepts_html(request)


def accepts_html(asking: HTTPConnection) -> bool:
    """Whether the answer may be a page."""
    return "text/html" in asking.headers.get("accept", "")


def json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response."""
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store", **(headers or {})},
    )


def refusal(refused: Refused) -> Response:
    """The response for a refusal; ``Retry-After`` in whole seconds where a retry helps."""
    code = refused.code
    error: dict[str, object] = {
        "code": code.name,
        "message": code.text,
        "retryable": code.retryable,
    }
    headers = refusal_headers(code)
    more = {"detail": refused.detail, "field": refused.field, "reason": refused.reason}
    error |= {name: value for name, value in more.items() if value is not None}
    if code.retryable:
        wait_ms = refused.retry_after_ms or 1000
        error["retry_after_ms"] = wait_ms
        headers["retry-after"] = str(max(1, -(-wait_ms // 1000)))
    return json({"error": error}, code.status, headers)


def refusal_headers(code: Code) -> dict[str, str]:
    """The headers of a refusal: accepted encodings and types of a body, the way to authenticate.

    Accept-Encoding stands only where the encoding is wrong (RFC 9110, 12.5.3): clients conclude
    from the header that the encoding was wrong.
    """
    if code is CODES["unsupported_encoding"]:
        return {"accept-encoding": ACCEPTED}
    if code is CODES["unsupported_media_type"]:
        return {"accept": "application/json"}
    return {"www-authenticate": 'Bearer realm="nest-haus"'} if code.status == 401 else {}


def endpoint(
    handler: Handler, *, origins: Origins, away: Literal["not_saved", "unavailable"] = "unavailable"
) -> Handler:
    """Wrap a handler: refuse requests of foreign pages, turn errors into plain answers."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            _require_own_page(request, origins)
            return await handler(request)
        except Refused as refused:
            if is_form(request):
                raise  # the application's handler for Refused answers it with a page
            return refusal(refused)
        except ClientDisconnect:
            return Response(status_code=400)  # the client is gone
        except StorageUnavailable as unavailable:
            if is_form(request):
                raise
            log.info("request_not_served", route=route_of(request), reason=str(unavailable)[:200])
            wait_ms = int(unavailable.retry_after_seconds * 1000)
            return refusal(Refused(away, retry_after_ms=max(wait_ms, 100)))
        except Exception:
            log.exception("request_failed", route=route_of(request), method=request.method)
            return refusal(Refused("internal", retry_after_ms=1000))

    return answer


def route_of(request: Request) -> str:
    """The pattern of the requested address: the address itself has ids and, by mistake, tokens."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


def has(request: Request, etag: str) -> bool:
    """Whether the client has this representation: `If-None-Match`, compared weakly, any of a list."""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or etag in (
        each.strip().removeprefix("W/") for each in asked.split(",")
    )


def _require_own_page(request: Request, origins: Origins) -> None:
    if request.method not in SAFE_METHODS and not origins.trusts(request):
        raise Refused("foreign_origin")


async def body(request: Request, shape: type[Body]) -> Body:
    """The JSON body of a request, decoded into ``shape``.

    Raises:
        Refused: ``unsupported_media_type``, ``unsupported_encoding``, ``message_too_large`` or
            ``malformed_message``.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused("unsupported_media_type")
    text = await bounded(request)
    try:
        return decode_whole(msgspec.json.Decoder(shape).decode, text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
        raise Refused("malformed_message", detail=explained(problem)[:200]) from None


async def bounded(request: Request, limit: int = MESSAGE_BYTES_MAX) -> bytes:
    """The body of a request, unpacked, without a byte order mark; every endpoint reads it here.

    Refused as soon as it is longer than ``limit`` bytes, before or after unpacking.
    """
    received = unpacking(request.headers.get("content-encoding", ""), limit)
    if int(request.headers.get("content-length", "0") or 0) > limit:
        raise BodyTooLarge
    async for chunk in request.stream():
        received.add(chunk)
    return received.text()
