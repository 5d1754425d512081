"""U+0000 is no character of any text: refused wherever it stands, and PostgreSQL never sees it."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.realtime.activity.service.traces import staged
from tests.realtime.conftest import RunningWeb

NUL = "\x00"
ADDRESS = re.compile(r"\{(\w+)(?::\w+)?\}")
ID = "01a20743-a08d-7b72-a25f-d04cfc4e2365"
ORIGINAL = ("/track-interaction", "/track-interactions", "/analytics/overview")
"""These check each field that they read, in their own words, and read no other."""
SIGNING = {"/api/admin/logout"}


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Any:
    yield
    printed = capsys.readouterr()
    assert "Traceback" not in caplog.text + printed.out + printed.err


async def test_no_endpoint_takes_it_in_any_part_of_its_address_or_body(web: RunningWeb) -> None:
    stage = await staged(web)
    described: dict[str, Any] = (await web.api().call("GET", "/openapi.json")).json()
    headers = {"authorization": f"Bearer {stage.admin.token}"}
    asked = 0
    async with httpx.AsyncClient(
        base_url=web.url, verify=False, headers=headers, timeout=60
    ) as client:
        for method, path, operation in operations(described):
            for address in addresses(path, operation):
                answer = await client.request(method, address)
                original = path.endswith(ORIGINAL)
                refused = answer.status_code < 500 if original else answer.status_code == 400
                assert refused, (method, address, answer.text)
                asked += 1
            for body in bodies(described, operation):
                answer = await client.request(method, filled(path), json=body)
                assert answer.status_code < 500, (method, path, body, answer.text)
                asked += 1
    assert asked > 150


async def test_no_page_fails_of_it(web: RunningWeb) -> None:
    async with httpx.AsyncClient(base_url=web.url, verify=False, timeout=60) as client:
        for address in (
            "/?lang=%00", "/%00", "/c/%00", "/c/7K3M9QXA?as=%00", "/join/%00", "/admin/login/%00",
            "/admin?x=%00", "/dashboard?%00=%00", "/preview/%00.svg", "/sdk/%00",
            "/openapi.json?%00", "/docs?%00", "/healthz?%00", "/readyz?x=%00",
        ):  # fmt: skip
            answer = await client.get(address)
            assert answer.status_code < 500, (address, answer.text[:500])


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "post", "put", "delete"} and path not in SIGNING:
                yield method.upper(), path, operation


def filled(path: str) -> str:
    return ADDRESS.sub(ID, path)


def addresses(path: str, operation: dict[str, Any]) -> Iterator[str]:
    """The address with the character in each of its parts in turn, and in a name nobody knows."""
    for found in ADDRESS.finditer(path):
        yield f"{filled(path[: found.start()])}a%00b{filled(path[found.end() :])}"
    for each in operation.get("parameters", ()):
        if each["in"] == "query":
            yield f"{filled(path)}?{each['name']}=%40%00"
    yield f"{filled(path)}?%00=x"


def bodies(described: dict[str, Any], operation: dict[str, Any]) -> Iterator[Any]:
    """A body as described, with the character in each of its texts in turn."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        yield from spoilt(sample(described, content["application/json"]["schema"]))


def spoilt(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield value + NUL
    elif isinstance(value, list):
        yield from ([each] for each in spoilt(value[0]))
    elif isinstance(value, dict):
        yield from ({**value, name: each} for name in value for each in spoilt(value[name]))
        yield {**value, NUL: NUL}


def sample(described: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value of this schema."""
    while "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return sample(described, schema[choice][0])
    if "enum" in schema:
        return schema["enum"][0]
    text = ID if schema.get("format") == "uuid" else "a@b.example" + "a" * 9
    simple = {"integer": schema.get("minimum", 1), "number": 1, "boolean": True, "string": text}
    if schema.get("type") == "array":
        return [sample(described, schema.get("items", {}))]
    if schema.get("type") == "object":
        return {name: sample(described, of) for name, of in schema.get("properties", {}).items()}
    return simple.get(schema.get("type", ""))
