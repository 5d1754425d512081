"""Pages call the handlers of the HTTP API in their own process."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.parts.in_process import InProcessAdminApi, InProcessSharedApi
from realtime.people.auth import UNATTENDED
from ui.ports import ApiCall


class Endpoint:
    """Notes what it was asked, and answers that it was."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.bodies: list[bytes] = []

    async def answer(self, request: Request) -> Response:
        self.asked.append(request)
        self.bodies.append(await request.body())
        return JSONResponse(dict(request.path_params))


def page(**headers: str) -> Request:
    """The request by which the socket of a page was opened."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/admin/service",
        "query_string": b"page=1",
        "scheme": "https",
        "client": ("192.0.2.7", 1),
        "server": ("haus.example", 443),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return Request(scope)


def call(
    method: Any = "GET", place: str = "jobs", body: bytes | None = None, *, attended: bool = False
) -> ApiCall:
    return ApiCall(method, place, {"limit": "50", "about": "a b"}, body, attended)


def api(endpoint: Endpoint) -> InProcessAdminApi:
    methods = ["GET", "POST", "PUT"]
    return InProcessAdminApi([Route("/api/admin/{place}", endpoint.answer, methods=methods)])


async def test_the_endpoint_gets_the_cookies_and_the_address_of_the_socket() -> None:
    endpoint = Endpoint()
    asking = page(cookie="nest_admin=token", origin="https://haus.example", host="haus.example")
    answer = await api(endpoint).answer(asking, call())
    assert (answer.status_code, bytes(answer.body)) == (200, b'{"place":"jobs"}')
    (asked,) = endpoint.asked
    assert asked.cookies == {"nest_admin": "token"}
    assert asked.client == asking.client
    assert asked.headers["origin"] == "https://haus.example"
    assert dict(asked.query_params) == {"limit": "50", "about": "a b"}


async def test_nothing_else_of_the_socket_reaches_the_endpoint() -> None:
    endpoint = Endpoint()
    asking = page(upgrade="websocket", authorization="Bearer x", **{"content-length": "9"})
    await api(endpoint).answer(asking, call())
    (asked,) = endpoint.asked
    assert set(asked.headers) == {UNATTENDED}


async def test_a_request_that_a_page_makes_by_itself_is_marked() -> None:
    endpoint = Endpoint()
    await api(endpoint).answer(page(), call(attended=True))
    await api(endpoint).answer(page(), call())
    assert [UNATTENDED in each.headers for each in endpoint.asked] == [False, True]


async def test_a_body_arrives_as_json() -> None:
    endpoint = Endpoint()
    await api(endpoint).answer(page(), call("POST", body=b'{"job":"x"}', attended=True))
    assert endpoint.bodies == [b'{"job":"x"}']
    assert endpoint.asked[0].headers["content-type"] == "application/json"
    assert endpoint.asked[0].headers["content-length"] == "11"


async def test_an_address_that_is_not_there_is_refused() -> None:
    answer = await api(Endpoint()).answer(page(), call(place="no/such"))
    assert answer.status_code == 404


async def test_a_shared_dashboard_sends_its_token_and_no_cookie() -> None:
    endpoint = Endpoint()
    asking = page(cookie="nest_admin=token", host="haus.example", authorization="Bearer other")
    api = InProcessSharedApi([Route("/api/analytics/shared", endpoint.answer)])
    assert (await api.answer(asking, "token-of-a_link")).status_code == 200
    (asked,) = endpoint.asked
    assert dict(asked.headers) == {
        "host": "haus.example",
        "authorization": "Bearer token-of-a_link",
    }
    assert (asked.client, asked.url.query) == (asking.client, "")
