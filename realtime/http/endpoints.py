"""One list of REST endpoints, from which routes and OpenAPI both come."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from configurator.protocol.codes import Refused
from realtime.http.edge import Handler, Origins, endpoint, refusal

AdminName = Callable[[HTTPConnection], Awaitable[str | None]]
"""What the audit calls the admin who asks; None: no admin does."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address. ``body`` and ``answer`` are msgspec types.

    ``admins``: it is for admins only, and ``actor`` tells its handler who asks.
    """

    method: Literal["GET", "POST", "PUT"]
    path: str
    handler: Handler
    summary: str
    answer: object
    status: int = 200
    body: object | None = None
    query: Sequence[str] = ()
    codes: Sequence[str] = ()
    away: Literal["not_saved", "unavailable"] = "unavailable"
    tags: Sequence[str] = field(default=("configurations",))
    admins: bool = False

    @property
    def refusals(self) -> Sequence[str]:
        """The codes of all that it refuses."""
        return ("admins_only", *self.codes) if self.admins else self.codes


def routes(endpoints: Sequence[Endpoint], origins: Origins, admin_name: AdminName) -> list[Route]:
    """Starlette routes; the last ones answer the methods that an address does not have."""
    return [*_offered(endpoints, origins, admin_name), *_not_offered(endpoints)]


def actor(request: Request) -> str:
    """What the audit calls the admin who asks; only where the endpoint is for admins."""
    name: str = request.state.actor
    return name


def _not_offered(endpoints: Sequence[Endpoint]) -> list[Route]:
    """Said by us, because the screens answer everything that no route before them matches."""
    offered: dict[str, set[str]] = {}
    for each in endpoints:
        also = {"HEAD"} if each.method == "GET" else set()
        offered.setdefault(each.path, set()).update({each.method}, also)
    return [
        Route(path, _refuse_method(methods), methods=sorted(METHODS - methods))
        for path, methods in offered.items()
    ]


def _refuse_method(offered: set[str]) -> Handler:
    allow = ", ".join(sorted(offered))

    async def refuse(_request: Request) -> Response:
        answer = refusal(Refused("method_not_allowed"))
        answer.headers["allow"] = allow
        return answer

    return refuse


def _offered(endpoints: Sequence[Endpoint], origins: Origins, admin_name: AdminName) -> list[Route]:
    return [
        Route(
            each.path,
            endpoint(
                _for_admins(each.handler, admin_name) if each.admins else each.handler,
                origins=origins,
                away=each.away,
            ),
            methods=[each.method],
            name=f"{each.method} {each.path}",
        )
        for each in endpoints
    ]


def _for_admins(handler: Handler, admin_name: AdminName) -> Handler:
    async def answer(request: Request) -> Response:
        name = await admin_name(request)
        if name is None:
            raise Refused("admins_only")
        request.state.actor = name
        return await handler(request)

    return answer
