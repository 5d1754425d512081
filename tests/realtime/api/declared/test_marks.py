"""An endpoint is declared at its handler: the marks are collected, and the docstring describes it."""

import httpx
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from configurator.people.roles import Permission
from realtime.api.declared.endpoints import routes
from realtime.api.declared.marks import delete, endpoints_of, get
from realtime.edge.exchange import Origins, json
from realtime.people.principal import Staff
from tests.support.described import NothingWritten, endpoints_alone, unlimited


class Greetings:
    """Two endpoints, and a method that is not an endpoint."""

    def __init__(self, word: str) -> None:
        self._word = word

    @get("/api/people/{id}", dict[str, str], codes=["not_found"], needs=Permission.MANAGE_STAFF)
    async def greet(self, request: Request) -> Response:
        """Greet one person.

        In German, or in
        English.

        A second paragraph.
        """
        return json({"said": f"{self._word} {request.path_params['id']}"})

    async def helper(self, request: Request) -> Response:
        """No endpoint."""
        return await self.greet(request)

    @delete("/api/people/{id}", dict[str, str])
    async def leave(self, _request: Request) -> Response:
        """Take leave of one person."""
        return json({})


async def nobody(_connection: HTTPConnection) -> Staff | None:
    return None


def asked(path: str, **parameters: str) -> Request:
    return Request({"type": "http", "path": path, "path_params": parameters, "headers": []})


async def test_marked_methods_are_endpoints_in_the_order_of_the_source() -> None:
    greet, leave, other, _ = endpoints_of(Greetings("Servus"), Greetings("Hello"))

    assert (greet.method, greet.path) == ("GET", "/api/people/{id}")
    assert (greet.codes, greet.needs) == (["not_found"], Permission.MANAGE_STAFF)
    assert (leave.method, leave.needs) == ("DELETE", None)
    request = asked("/api/people/7", id="7")
    assert (await greet.handler(request)).body == b'{"said":"Servus 7"}'
    assert (await other.handler(request)).body == b'{"said":"Hello 7"}'


def test_the_docstring_is_summary_and_description() -> None:
    greet, leave = endpoints_of(Greetings("Servus"))

    assert greet.summary == "Greet one person."
    assert greet.description == "In German, or in English.\n\nA second paragraph."
    assert (leave.summary, leave.description) == ("Take leave of one person.", "")


def test_a_method_says_what_is_refused_while_a_store_is_away() -> None:
    greet, leave = endpoints_of(Greetings("Servus"))

    assert (greet.when_away, leave.when_away) == ("unavailable", "not_saved")
    assert (greet.group, leave.group) == ("people", "people")


class Letters:
    """The address with a parameter stands first, and fits the fixed one as well."""

    @get("/api/people/{id}", dict[str, str])
    async def letter(self, request: Request) -> Response:
        """Show one letter."""
        return json({"letter": request.path_params["id"]})

    @get("/api/people/all", dict[str, str])
    async def letters(self, _request: Request) -> Response:
        """Show all letters."""
        return json({"letters": "all"})


async def test_a_fixed_address_goes_before_one_with_a_parameter() -> None:
    with endpoints_alone(endpoints_of(Letters()), nobody) as app:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as client:
            assert (await client.get("/api/people/all")).json() == {"letters": "all"}
            assert (await client.get("/api/people/7")).json() == {"letter": "7"}
            refused = await client.post("/api/people/all")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


class Requested:
    """The longest address is requested most often."""

    @get("/api/people/and/their/houses", dict[str, str])
    async def houses(self, _request: Request) -> Response:
        """Show all houses."""
        return json({})

    @get("/api/people/{id}/house", dict[str, str])
    async def house(self, _request: Request) -> Response:
        """Show one house."""
        return json({})

    @get("/api/people", dict[str, str])
    async def people(self, _request: Request) -> Response:
        """Show all people."""
        return json({})


def test_addresses_without_a_parameter_are_tried_in_the_order_of_the_source() -> None:
    offered = endpoints_of(Requested())
    tried = routes(offered, Origins(frozenset()), nobody, unlimited(), NothingWritten())
    assert [route.path for route in tried[:3]] == [
        "/api/people/and/their/houses",
        "/api/people",
        "/api/people/{id}/house",
    ]
