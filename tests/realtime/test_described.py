"""``/openapi.json`` says what the server does: ``Described`` holds answers of tests to it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.realtime.conftest import RunningWeb
from tests.support.described import Described

Json = dict[str, Any]
DOCUMENT: Json = {
    "paths": {
        "/houses/{id}": {
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/x"}}}}
                }
            }
        }
    },
    "components": {"x": {"type": "object", "properties": {"n": {"type": "integer"}}}},
}


async def described(web: RunningWeb) -> Json:
    document: Json = (await web.api().call("GET", "/openapi.json")).json()
    return document


async def test_generators_get_names_that_they_can_use(web: RunningWeb) -> None:
    document = await described(web)
    operations = [each for path in document["paths"].values() for each in path.values()]
    ids = [each["operationId"] for each in operations]
    assert len(ids) == len(set(ids))
    assert [each for each in ids if not re.fullmatch("[a-z][a-z_]+", each)] == []
    assert {tag for each in operations for tag in each["tags"]} == {
        tag["name"] for tag in document["tags"]
    }
    names = list(document["components"]["schemas"])
    assert [name for name in names if not re.fullmatch("[A-Z][A-Za-z0-9]+", name)] == []
    assert [name for name in names if re.search(r"([A-Z][a-z]+?)s?\1", name)] == []  # HousesHouse
    assert "MIT" in document["info"]["license"]["name"]


async def test_an_op_says_all_that_may_come_of_it(web: RunningWeb) -> None:
    document = await described(web)
    responses = document["paths"]["/api/configurations/{id}/ops"]["post"]["responses"]
    expected = {"200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"}
    assert set(responses) == expected
    shapes = {
        status: str(responses[status]["content"]["application/json"]["schema"])
        for status in ("409", "422")
    }
    assert "Outcome" in shapes["409"]
    assert "ErrorAnswer" in shapes["409"]
    assert "Outcome" in shapes["422"]
    assert responses["429"]["headers"]["Retry-After"]["schema"]["type"] == "integer"


async def test_methods_that_are_not_described_are_not_allowed(web: RunningWeb) -> None:
    """The newest method, QUERY, and made-up ones too; the screens would say that nothing is here."""
    for method in ("QUERY", "PURGE", "DELETE"):
        answer = await web.api().call(method, "/api/configurations")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST"), method
        assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_a_body_that_may_be_left_out_is_said_to_be(web: RunningWeb) -> None:
    document = await described(web)
    assert (await web.api().call("POST", "/api/people")).status_code == 201
    assert not document["paths"]["/api/people"]["post"]["requestBody"]["required"]
    assert document["paths"]["/api/configurations"]["post"]["requestBody"]["required"]


async def test_numbers_of_a_query_are_numbers(web: RunningWeb) -> None:
    document = await described(web)
    asked = document["paths"]["/api/configurations/{id}/ops"]["get"]["parameters"]
    types = {each["name"]: each["schema"]["type"] for each in asked}
    assert types == {"id": "string", "since": "integer", "limit": "integer"}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (JSONResponse({"n": 1}), None),
        (JSONResponse({"n": "1"}), "GET /houses/{id} 200 at /n"),
        (JSONResponse({"m": 1}), "GET /houses/{id} 200 at /"),
        (JSONResponse({}, 404), "GET /houses/{id} 404 is not listed"),
        (Response("n", media_type="text/csv"), "came as 'text/csv'"),
    ],
)
async def test_an_answer_that_is_not_described_is_found(
    answer: Response, problem: str | None
) -> None:
    found = Described(_answering(answer), DOCUMENT)
    transport = httpx.ASGITransport(app=found)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.get("/houses/one")
        await client.get("/elsewhere")
    assert len(found.problems) == (0 if problem is None else 1)
    assert problem is None or problem in found.problems[0]


def _answering(answer: Response) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Request(scope, receive).scope, receive, send)

    return app
