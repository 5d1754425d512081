"""One list of REST endpoints, from which routes and OpenAPI both come."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from configurator.catalogue import Text
from configurator.protocol.codes import Refused
from configurator.visitor import network_of
from realtime.allowances import Kind
from realtime.http.edge import SAFE_METHODS, Handler, Origins, endpoint, refusal
from realtime.http.limiting import MISSES, Limiter
from realtime.http.original import OriginalRefusal, original_refusal
from realtime.looks import Looks
from realtime.sheets.answers import MEDIA_TYPES
from storage.postgres.audit import Actor

AdminName = Callable[[HTTPConnection], Awaitable[str | None]]
"""What the audit calls the admin who asks; None: no admin does."""
SHEETS = tuple(kind.partition(";")[0] for kind in MEDIA_TYPES.values())
_OF_A_BODY = (
    "malformed_message",
    "message_too_large",
    "unsupported_media_type",
    "unsupported_encoding",
)
UUID_TEXT: Mapping[str, object] = {"type": "string", "format": "uuid"}


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was not carried out, and whether the same request may succeed later."""

    code: str
    message: Text
    retryable: bool
    detail: str | None = None
    retry_after_ms: int | None = None


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer that is not a success."""

    error: ErrorBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address, and everything that it may answer. Bodies are msgspec types.

    ``media`` are the types in which ``answer`` may come; ``also`` has the answers that are no
    refusals but have another status, None for an empty one; ``refused`` is the body of a refusal.
    ``codes`` are the refusals of its own: those of every endpoint of its kind are added by
    ``refusals``. ``body_optional``: no body at all is like ``{}``. ``headers`` are those of single
    answers by their status; those that all answers of a kind have are added by ``openapi``.
    ``form``: a form of a page sends it, and the person who waits is refused with a page.
    ``parameters`` are the schemas of parameters that differ from those of other endpoints. ``query``
    and ``required`` name those of the query. ``admins``: it is for admins only, and ``actor`` tells
    its handler who asks. ``anonymous``: it is also for whoever brings no token. ``limit``: the kind of
    request that it counts as; without one it is "admin", "read" or "write". ``look``: what the audit
    calls it when an admin asks for it, by whatever method; without a dot it names nobody, and only
    files are written down.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: Handler
    summary: str
    answer: object
    status: int = 200
    media: Sequence[str] = ("application/json",)
    also: Mapping[int, object | None] = field(default_factory=dict)
    body: object | None = None
    body_optional: bool = False
    body_media: str = "application/json"
    form: bool = False
    headers: Mapping[int, Sequence[str]] = field(default_factory=dict)
    query: Sequence[str] = ()
    required: Sequence[str] = ()
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    codes: Sequence[str] = ()
    refused: object = ErrorAnswer
    away: Literal["not_saved", "unavailable"] = "unavailable"
    tags: Sequence[str] = field(default=("configurations",))
    admins: bool = False
    anonymous: bool = False
    limit: Kind | None = None
    look: str = ""

    @property
    def kind(self) -> Kind:
        """What it counts as in `ALLOWANCES`."""
        if self.limit is not None:
            return self.limit
        if self.admins:
            return "admin"
        return "read" if self.method in SAFE_METHODS else "write"

    @property
    def refusals(self) -> Sequence[str]:
        """The codes of all that it refuses, each once."""
        every = [
            *self.codes,
            *(["admins_only"] if self.admins else []),
            *(_OF_A_BODY if self.body is not None else []),
            *(["malformed_message"] if self.refused is not OriginalRefusal else []),
            *(["foreign_origin"] if self.method not in SAFE_METHODS else []),
            *(["too_many_requests"] if self.kind != "unlimited" else []),
            self.away,
            "internal",
        ]
        return list(dict.fromkeys(every))

    @property
    def media_types(self) -> Sequence[str]:
        """The types in which its answer may come: also sheets, where ``format`` may ask for one."""
        return (*self.media, *SHEETS) if "format" in self.query else self.media

    @property
    def id(self) -> str:
        """Its name, unlike any other's: ``post_configurations_by_id_ops``."""
        words = [
            f"by_{part.partition('}')[0].strip('{').partition(':')[0]}" if "{" in part else part
            for part in self.path.removeprefix("/api").strip("/").split("/")
        ]
        return re.sub("[-.]", "_", "_".join([self.method.lower(), *words]))


class EndpointRoute(Route):
    """A route of an endpoint, which has its limit in itself."""


def whole(least: int, most: int) -> Mapping[str, object]:
    """The schema of a parameter that is a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


def one_of_these(name: str, values: Iterable[str]) -> Mapping[str, object]:
    """The schema of a parameter that has one of these values; generators call it by the name."""
    return {"title": name, "type": "string", "enum": list(values)}


def routes(
    endpoints: Sequence[Endpoint],
    origins: Origins,
    admin_name: AdminName,
    limiter: Limiter,
    looks: Looks,
) -> list[Route]:
    """Starlette routes; the last ones answer the methods that an address does not have."""
    offered = _offered(endpoints, origins, admin_name, limiter, looks)
    return [*offered, *_not_offered(endpoints)]


def actor(request: Request) -> Actor:
    """The admin who asks; only where the endpoint is for admins."""
    found: Actor = request.state.actor
    return found


def network(request: Request) -> str | None:
    """The network from which somebody asks: /24 of IPv4, /48 of IPv6."""
    return network_of(request.client.host if request.client else None)


def _not_offered(endpoints: Sequence[Endpoint]) -> list[Route]:
    """Said by us, because the screens answer everything that no route before them matches."""
    offered: dict[str, set[str]] = {}
    for each in endpoints:
        also = {"HEAD"} if each.method == "GET" else set()
        offered.setdefault(each.path, set()).update({each.method}, also)
    return [EndpointRoute(path, _NotOffered(methods)) for path, methods in offered.items()]


class _NotOffered:
    """Refuses every method, also those that nobody has thought of yet.

    A class, because Starlette offers a function only the methods that its route lists.
    """

    def __init__(self, offered: set[str]) -> None:
        self._allow = ", ".join(sorted(offered))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = refusal(Refused("method_not_allowed"))
        answer.headers["allow"] = self._allow
        await answer(scope, receive, send)


def _offered(
    endpoints: Sequence[Endpoint],
    origins: Origins,
    admin_name: AdminName,
    limiter: Limiter,
    looks: Looks,
) -> list[Route]:
    return [
        EndpointRoute(
            each.path,
            endpoint(
                _limited(
                    each,
                    _storable(
                        each,
                        _for_admins(each, admin_name, looks) if each.admins else each.handler,
                    ),
                    limiter,
                ),
                origins=origins,
                away=each.away,
            ),
            methods=[each.method],
            name=f"{each.method} {each.path}",
        )
        for each in endpoints
    ]


def _storable(each: Endpoint, handler: Handler) -> Handler:
    """Refuses U+0000 in an address before any handler sees it: PostgreSQL keeps it in no text.

    The endpoints of the original check every field themselves, and refuse it in their own words.
    """
    if each.refused is OriginalRefusal:
        return handler

    async def storable(request: Request) -> Response:
        if "\x00" in request.scope["path"] or b"%00" in request.scope["query_string"]:
            raise Refused("malformed_message", detail="U+0000 is no character of an address")
        return await handler(request)

    return storable


def _limited(each: Endpoint, handler: Handler, limiter: Limiter) -> Handler:
    """The handler behind its limit; a wrong guess counts, whatever it is answered."""
    kind = each.kind
    if kind == "unlimited":
        return handler
    guess = not MISSES.isdisjoint(each.codes)
    original = each.refused is OriginalRefusal

    async def limited(request: Request) -> Response:
        try:
            await limiter.check(request.scope, kind, guess=guess)
        except Refused as refused:
            if not original:
                raise
            return original_refusal(refused)
        try:
            answer = await handler(request)
        except Refused as refused:
            limiter.missed(request.scope, refused)
            raise
        if kind == "sign_in" and answer.status_code < 400:
            limiter.signed_in(request.scope)
        return answer

    return limited


def _for_admins(each: Endpoint, admin_name: AdminName, looks: Looks) -> Handler:
    async def answer(request: Request) -> Response:
        name = await admin_name(request)
        if name is None:
            raise Refused("admins_only")
        request.state.actor = Actor(name, network(request))
        if each.look or each.method == "GET":
            await looks.asked(actor(request), each.look, request)
        return await each.handler(request)

    return answer
