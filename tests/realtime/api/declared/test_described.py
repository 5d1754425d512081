"""``/openapi.json`` says what the server does: ``Described`` holds answers of tests to it."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from realtime.people.principal import token_sha256
from tests.realtime.conftest import RunningWeb
from tests.support.described import Described, lists_of_values

Json = dict[str, Any]
DOCUMENT: Json = {
    "paths": {
        "/houses/{id}": {
            "get": {
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/x"}}},
                        "headers": {
                            "X-Count": {"schema": {"type": "integer", "minimum": 1}},
                        },
                    },
                    "304": {"headers": {"ETag": {"required": True, "schema": {"type": "string"}}}},
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
    assert lists_of_values(document["paths"]) == []  # each has a name among the schemas
    schemas = document["components"]["schemas"].values()
    unnamed = [lists_of_values([*schema.values()]) for schema in schemas]
    assert [each for each in unnamed if each] == []
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}


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


async def test_the_document_says_which_bodies_may_be_left_out(web: RunningWeb) -> None:
    document = await described(web)
    assert (await web.api().call("POST", "/api/people")).status_code == 201
    assert not document["paths"]["/api/people"]["post"]["requestBody"]["required"]
    assert document["paths"]["/api/configurations"]["post"]["requestBody"]["required"]


@pytest.mark.parametrize("path", ["/api/configurations/{id}", "/api/catalogue"])
async def test_headers_of_a_kind_are_described_with_it(web: RunningWeb, path: str) -> None:
    operation = (await described(web))["paths"][path]["get"]
    responses = operation["responses"]
    assert responses["200"]["headers"].keys() == responses["304"]["headers"].keys() == {"ETag"}
    assert "If-None-Match" in {each["name"] for each in operation["parameters"]}


async def test_the_permission_of_each_endpoint_is_described(web: RunningWeb) -> None:
    paths = (await described(web))["paths"]
    admin: list[Json] = [{"bearer": []}, {"adminCookie": []}]
    assert paths["/api/admin/analytics/overview"]["get"]["security"] == admin
    assert paths["/metrics"]["get"]["security"] == admin
    assert {} not in paths["/api/configurations/{id}/ops"]["post"]["security"]
    assert "security" not in paths["/api/configurations"]["post"]  # anybody, as everywhere else
    unsaid = [
        path
        for path, methods in paths.items()
        for operation in methods.values()
        if "401" in operation["responses"]
        and "WWW-Authenticate" not in operation["responses"]["401"]["headers"]
    ]
    assert unsaid == []


async def test_numbers_of_a_query_are_numbers(web: RunningWeb) -> None:
    document = await described(web)
    asked = document["paths"]["/api/configurations/{id}/ops"]["get"]["parameters"]
    types = {each["name"]: each["schema"]["type"] for each in asked}
    assert types == {"id": "string", "since": "integer", "limit": "integer"}


async def test_every_value_that_is_described_for_a_parameter_is_taken(web: RunningWeb) -> None:
    """Each on its own: what contradicts each other, schemathesis may see refused."""
    token = "an admin session of this test"
    await web.parts.stores.admins.open_session(
        token_sha256(token), datetime(2100, 1, 1, tzinfo=UTC)
    )
    admin = web.api(token)
    tried = 0
    document = await described(web)
    for path, methods in document["paths"].items():
        for each in methods.get("get", {}).get("parameters", []) if "{" not in path else []:
            schema, name = each["schema"], each["name"]
            if "$ref" in schema:
                schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            values = [*schema.get("enum", []), *schema.get("examples", [])]
            values += [schema[bound] for bound in ("minimum", "maximum") if bound in schema]
            for value in values:
                answer = await admin.call("GET", path, params={name: value})
                assert answer.status_code == 200, (path, name, value, answer.text)
                tried += 1
    assert tried > 200


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (JSONResponse({"n": 1}), None),
        (JSONResponse({"n": "1"}), "GET /houses/{id} 200 at /n"),
        (JSONResponse({"m": 1}), "GET /houses/{id} 200 at /"),
        (JSONResponse({}, 404), "GET /houses/{id} 404 is not listed"),
        (Response("n", media_type="text/csv"), "came as 'text/csv'"),
        (JSONResponse({}, headers={"x-count": "2", "cache-control": "no-store"}), None),
        (JSONResponse({}, headers={"x-count": "0"}), "200: the header x-count is '0'"),
        (JSONResponse({}, headers={"x-other": "1"}), "200: the header x-other is not listed"),
        (Response(status_code=304, headers={"etag": '"1"'}), None),
        (Response(status_code=304), "304: the header etag is missing"),
        (Response("n", 304, {"etag": '"1"'}), "GET /houses/{id} 304 has a body"),
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


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Response(status_code=405, headers={"allow": "GET, HEAD"}), None),
        (Response(status_code=405, headers={"allow": "GET"}), "no refusal with Allow: GET, HEAD"),
        (Response(status_code=200), "no refusal with Allow: GET, HEAD"),
    ],
)
async def test_methods_that_are_not_described_must_be_refused(
    answer: Response, problem: str | None
) -> None:
    found = Described(_answering(answer), DOCUMENT)
    transport = httpx.ASGITransport(app=found)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.put("/houses/one")
    assert [problem in each for each in found.problems if problem] == [True] * len(found.problems)
    assert bool(found.problems) == bool(problem)


def _answering(answer: Response) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Request(scope, receive).scope, receive, send)

    return app
