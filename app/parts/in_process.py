"""The HTTP API for pages of this process: the same handlers, without a connection.

A page passes the request of its own socket, of which only the sender counts. So every call is looked
up, refused, limited and recorded as over HTTP, and there is no second code path in which a check could
be missing.

A page for staff sends the cookies of its browser, as the browser itself would. The page of a shared
dashboard sends none: only its token counts, even if the browser also belongs to an admin.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Message, Receive, Scope

from configurator.protocol.codes import Refused
from realtime.api.analytics.links import SHARED_PATH
from realtime.edge.exchange import refusal
from realtime.people.auth import UNATTENDED
from ui.ports import ApiCall

PATH: Final = "/api/admin/"
_SENDER: Final = frozenset({b"host", b"origin", b"sec-fetch-site", b"user-agent"})

Headers = list[tuple[bytes, bytes]]


class InProcessAdminApi:
    """Answers what the routes of the endpoints answer to staff."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = _Routes(routes)

    async def answer(self, page: Request, call: ApiCall) -> Response:
        """The answer of the endpoint; ``page_not_found`` where there is none."""
        headers = _headers(page.scope, _SENDER | {b"cookie"})
        if call.body is not None:
            headers += [(b"content-type", b"application/json")]
            headers += [(b"content-length", str(len(call.body)).encode())]
        if not call.attended:
            headers.append((UNATTENDED.encode(), b"1"))
        scope = _scope(
            page.scope, call.method, f"{PATH}{call.place}", urlencode(call.query), headers
        )
        return await self._routes.answer(scope, call.body or b"")


class InProcessSharedApi:
    """Answers with what a link shows to everybody who has its token."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = _Routes(routes)

    async def answer(self, page: Request, token: str) -> Response:
        """The answer of `GET /api/analytics/shared`."""
        headers = _headers(page.scope, _SENDER)
        headers.append((b"authorization", f"Bearer {token}".encode()))
        return await self._routes.answer(_scope(page.scope, "GET", SHARED_PATH, "", headers), b"")


class _Routes:
    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = [each for each in routes if isinstance(each, Route)]

    async def answer(self, scope: Scope, body: bytes) -> Response:
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                request = Request({**scope, **found, "route": route}, _receive(body))
                response: Response = await route.endpoint(request)
                return response
        return refusal(Refused("page_not_found"))


def _headers(page: Scope, kept: frozenset[bytes]) -> Headers:
    return [(name, value) for name, value in page["headers"] if name.lower() in kept]


def _scope(page: Scope, method: str, path: str, query: str, headers: Headers) -> Scope:
    return {
        **page,
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "path_params": {},
        "state": {},
    }


def _receive(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
