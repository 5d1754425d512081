"""One list of REST endpoints, from which routes and OpenAPI both come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from configurator.protocol.codes import Refused
from realtime.http.edge import Handler, Origins, endpoint, refusal

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address. ``body`` and ``answer`` are msgspec types."""

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


def routes(endpoints: Sequence[Endpoint], origins: Origins) -> list[Route]:
    """Starlette routes; the last ones answer the methods that an address does not have."""
    return [*_offered(endpoints, origins), *_not_offered(endpoints)]


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


def _offered(endpoints: Sequence[Endpoint], origins: Origins) -> list[Route]:
    return [
        Route(
            each.path,
            endpoint(each.handler, origins=origins, away=each.away),
            methods=[each.method],
            name=f"{each.method} {each.path}",
        )
        for each in endpoints
    ]
