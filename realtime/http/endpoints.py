"""One list of REST endpoints, from which routes and OpenAPI both come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from starlette.routing import Route

from realtime.http.edge import Handler, Origins, endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address. ``body`` and ``answer`` are msgspec types."""

    method: Literal["GET", "POST"]
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
    """Starlette routes; methods that an address does not have are answered by the app's 405."""
    return [
        Route(
            each.path,
            endpoint(each.handler, origins=origins, away=each.away),
            methods=[each.method],
            name=f"{each.method} {each.path}",
        )
        for each in endpoints
    ]
