"""The list of REST endpoints, from which both the routes and OpenAPI are made."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from configurator.activity.visitor import network_of
from configurator.people.roles import Permission
from configurator.protocol.codes import CODES, Refused
from configurator.protocol.parameters import names_in
from configurator.text import Text
from realtime.api.original import OriginalRefusal, answering, original_refusal
from realtime.edge.exchange import SAFE_METHODS, Handler, Origins, endpoint, refusal
from realtime.edge.limiting import MISSES, Limiter
from realtime.limits.allowances import LimitKind
from realtime.people.looks import Looks
from realtime.people.principal import Staff
from realtime.sheets.answers import MEDIA_TYPES
from storage.postgres.service.audit import Actor

Away = Literal["not_saved", "unavailable"]
Method = Literal["GET", "POST", "PUT", "DELETE"]
StaffOf = Callable[[HTTPConnection], Awaitable[Staff | None]]
"""Finds the member of staff who asks; None if the caller is not staff."""
SHEETS = tuple(kind.partition(";")[0] for kind in MEDIA_TYPES.values())
_GROUPS: Mapping[str, str] = {
    "/api/admin/analytics": "analytics",
    "/api/analytics": "analytics",
    "/api/admin": "admin",
    "/api/people": "people",
    "/api/configurations": "configurations",
}
_OF_A_BODY = (
    "malformed_message",
    "message_too_large",
    "unsupported_media_type",
    "unsupported_encoding",
)


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reason why a request was not carried out, and whether to try it again later.

    `detail` says more in English. `field` is the query parameter, or the place in an event, that is
    refused; `reason` is one word for what is wrong with it.
    """

    code: str
    message: Text
    retryable: bool
    detail: str | None = None
    field: str | None = None
    reason: str | None = None
    retry_after_ms: int | None = None


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer that is not a success."""

    error: ErrorBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address, and all of its answers. Bodies are msgspec types.

    ``media`` are the media types of ``answer``. ``also`` has the other successful answers by
    status, None for one without a body. ``refused`` is the body of a refusal. ``codes`` are the
    refusals of this endpoint alone; ``refusals`` adds those that all endpoints of its kind have.
    ``body_optional`` says that a missing body is read as ``{}``. ``headers`` are the headers of
    single answers by status; ``openapi`` adds those that all answers of a kind have. ``form`` says
    that a form of a page sends the request, so a refusal is a page. ``query`` are the structs of
    the parameters after the question mark; ``parameters`` are the types of path parameters, where
    they are more than texts. ``needs`` is the permission of staff that it takes; ``actor`` then
    tells the handler who asks. ``anonymous`` says that a caller without a token may ask, too.
    ``limit`` is the kind of request that it counts as; by default "admin", "read" or "write".
    ``look`` is the name in the audit of a request by an admin, whatever its method; under a name
    without a dot only files are recorded, and no subject.
    """

    method: Method
    path: str
    handler: Handler
    summary: str
    description: str = ""
    answer: object
    status: int = 200
    media: Sequence[str] = ("application/json",)
    also: Mapping[int, object | None] = field(default_factory=dict)
    body: object | None = None
    body_optional: bool = False
    body_media: str = "application/json"
    form: bool = False
    headers: Mapping[int, Sequence[str]] = field(default_factory=dict)
    query: Sequence[type[msgspec.Struct]] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    codes: Sequence[str] = ()
    refused: object = ErrorAnswer
    away: Away | None = None
    tag: str | None = None
    needs: Permission | None = None
    anonymous: bool = False
    limit: LimitKind | None = None
    look: str = ""

    @property
    def in_words_of_original(self) -> bool:
        """Whether refusals are in the words of the original API."""
        return self.refused is OriginalRefusal

    @property
    def group(self) -> str:
        """The group in the documentation: ``tag``, or the group of the address."""
        found = (tag for prefix, tag in _GROUPS.items() if self.path.startswith(prefix))
        return self.tag or next(found)

    @property
    def when_away(self) -> Away:
        """The refusal while a store is away: ``away``, or the usual one of the method."""
        usual: Away = "unavailable" if self.method in SAFE_METHODS else "not_saved"
        return self.away or usual

    @property
    def kind(self) -> LimitKind:
        """The kind of request in `ALLOWANCES` that it counts as."""
        if self.limit is not None:
            return self.limit
        if self.needs is not None:
            return "admin"
        return "read" if self.method in SAFE_METHODS else "write"

    @property
    def refusals(self) -> Sequence[str]:
        """The codes of all its refusals, each once."""
        every = [
            *self.codes,
            *(["admins_only"] if self.needs is not None else []),
            *(_OF_A_BODY if self.body is not None else []),
            *(["malformed_message"] if not self.in_words_of_original else []),
            *(["foreign_origin"] if self.method not in SAFE_METHODS else []),
            *(["too_many_requests"] if self.kind != "unlimited" else []),
            self.when_away,
            "internal",
        ]
        return list(dict.fromkeys(every))

    @property
    def media_types(self) -> Sequence[str]:
        """The media types of its answer; those of sheets, too, where ``format`` may ask for one."""
        return (*self.media, *SHEETS) if self.makes_files else self.media

    @property
    def makes_files(self) -> bool:
        """Whether ``format`` may ask for a file."""
        return any("format" in names_in(shape) for shape in self.query)

    @property
    def id(self) -> str:
        """Its unique name, such as ``post_configurations_by_id_ops``."""
        words = [
            f"by_{part.partition('}')[0].strip('{').partition(':')[0]}" if "{" in part else part
            for part in self.path.removeprefix("/api").strip("/").split("/")
        ]
        return re.sub("[-.]", "_", "_".join([self.method.lower(), *words]))


class EndpointRoute(Route):
    """A route of an endpoint; the limit of the endpoint is already around its handler."""


def routes(
    endpoints: Sequence[Endpoint],
    origins: Origins,
    staff_of: StaffOf,
    limiter: Limiter,
    looks: Looks,
) -> list[Route]:
    """The Starlette routes; the last ones refuse methods that an address does not have.

    Starlette tries one route after another and takes the first that fits. So an address without
    parameters, such as ``/letters/redrive``, stands before ``/letters/{id}``. Otherwise the order is
    that of `endpoints`: what is requested most often comes first.
    """
    ordered = sorted(endpoints, key=_parameters)
    return [*_offered(ordered, origins, staff_of, limiter, looks), *_not_offered(ordered)]


def _parameters(each: Endpoint) -> list[bool]:
    """The parts of the path that are parameters, empty where there is none."""
    parts = [part.startswith("{") for part in each.path.split("/")]
    return parts if any(parts) else []


def actor(request: Request) -> Actor:
    """The admin who asks; call it only where the endpoint is for admins."""
    found: Actor = request.state.actor
    return found


def network(request: Request) -> str | None:
    """The network from which somebody asks: /24 of IPv4, /48 of IPv6."""
    return network_of(request.client.host if request.client else None)


def _not_offered(endpoints: Sequence[Endpoint]) -> list[Route]:
    """Routes that refuse the methods an address does not have; else the pages would answer."""
    offered: dict[str, set[str]] = {}
    for each in endpoints:
        also = {"HEAD"} if each.method == "GET" else set()
        offered.setdefault(each.path, set()).update({each.method}, also)
    return [EndpointRoute(path, _NotOffered(methods)) for path, methods in offered.items()]


class _NotOffered:
    """Refuses every method, unknown ones included.

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
    staff_of: StaffOf,
    limiter: Limiter,
    looks: Looks,
) -> list[Route]:
    def guarded(each: Endpoint) -> Handler:
        handler = each.handler
        if each.needs is not None:
            handler = _for_staff(each, each.needs, staff_of, looks)
        handler = answering(handler) if each.in_words_of_original else _storable(handler)
        return endpoint(_limited(each, handler, limiter), origins=origins, away=each.when_away)

    return [
        EndpointRoute(
            each.path, guarded(each), methods=[each.method], name=f"{each.method} {each.path}"
        )
        for each in endpoints
    ]


def _storable(handler: Handler) -> Handler:
    """The handler behind a check that refuses U+0000 in an address: PostgreSQL cannot store it.

    The endpoints of the original API check every field themselves, and refuse in their own words.
    """

    async def storable(request: Request) -> Response:
        if "\x00" in request.scope["path"] or b"%00" in request.scope["query_string"]:
            raise Refused("malformed_message", detail="U+0000 is no character of an address")
        return await handler(request)

    return storable


def _limited(each: Endpoint, handler: Handler, limiter: Limiter) -> Handler:
    """The handler behind its limit. A wrong guess of a code or token counts, too."""
    kind = each.kind
    if kind == "unlimited":
        return handler
    guess = any(CODES[name] in MISSES for name in each.codes)

    async def limited(request: Request) -> Response:
        try:
            await limiter.check(request.scope, kind, guess=guess)
        except Refused as refused:
            if not each.in_words_of_original:
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


def _for_staff(each: Endpoint, needed: Permission, staff_of: StaffOf, looks: Looks) -> Handler:
    async def answer(request: Request) -> Response:
        staff = await staff_of(request)
        if staff is None or not staff.may(needed):
            raise Refused("admins_only")
        request.state.actor = Actor(staff.called, network(request))
        if each.look or each.method == "GET":
            await looks.asked(actor(request), each.look, request)
        return await each.handler(request)

    return answer
