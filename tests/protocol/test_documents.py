"""The published documents: valid, complete, and saying what the code does."""

import json
from typing import Any, cast

import jsonschema_rs
import msgspec
import pytest

from configurator.protocol import codec
from configurator.protocol.codes import CODES
from configurator.protocol.messages import FromServer
from configurator.protocol.schema import (
    CLIENT_MESSAGES,
    DIALECT,
    REPLIES,
    SERVER_MESSAGES,
    protocol_schema,
    tag_of,
)
from realtime.api.declared.asyncapi import Example, asyncapi, examples
from tests.protocol.frames import check_from_server, fits_client
from tests.realtime.conftest import RunningWeb
from tests.support.described import lists_of_values
from tests.support.programs.node import CLIENT, NodeUnusableError, built_client

META = "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
"""The official meta-schema; it comes with the packages of the JavaScript client."""

NAMES_OF_CLIENT = {each.__name__ for each in CLIENT_MESSAGES}


def document() -> dict[str, Any]:
    described = asyncapi(public_url="https://nest.example")
    as_sent: dict[str, Any] = json.loads(json.dumps(described))
    return as_sent


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(value) for value in part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def resolved(whole: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        whole = whole[step]
    return whole


@pytest.fixture(scope="module")
def meta() -> jsonschema_rs.Draft7Validator:
    try:
        built_client()
    except NodeUnusableError as problem:
        pytest.fail(str(problem))
    return jsonschema_rs.Draft7Validator(json.loads((CLIENT / META).read_text(encoding="utf-8")))


def test_the_asyncapi_document_is_valid(meta: jsonschema_rs.Draft7Validator) -> None:
    problems = [f"{p.instance_path}: {p.message[:300]}" for p in meta.iter_errors(document())]
    assert problems == []


def test_the_meta_schema_finds_mistakes(meta: jsonschema_rs.Draft7Validator) -> None:
    broken = document()
    broken["operations"]["hello"]["action"] = "say"
    assert not meta.is_valid(broken)


@pytest.mark.parametrize("make", [document, protocol_schema])
def test_every_reference_leads_somewhere(make: Any) -> None:
    whole = make()
    assert [ref for ref in sorted(references(whole)) if not resolved(whole, ref)] == []


def test_the_schema_is_a_schema_of_its_dialect() -> None:
    schema = protocol_schema()
    assert schema["$schema"] == DIALECT
    assert jsonschema_rs.meta.is_valid(schema)


def test_generators_need_not_invent_names() -> None:
    """Modelina makes `AnonymousSchema_1` of a list of values without a title."""
    schemas = [*document()["components"]["schemas"].values()]
    found = [each for schema in schemas for each in lists_of_values(schema)]
    assert {"StoredOutcome", "OutcomeName", "Cause"} <= {each.get("title") for each in found}
    assert [each for each in found if "title" not in each or each["type"] != "string"] == []


def test_every_message_is_described_and_shown() -> None:
    described = document()
    shown = {each.message for each in examples()}
    for message in (*CLIENT_MESSAGES, *SERVER_MESSAGES):
        published = described["components"]["messages"][message.__name__]
        schema = described["components"]["schemas"][message.__name__]
        assert published["name"] == tag_of(message)
        assert schema["properties"]["type"] == {
            "type": "string",
            "const": tag_of(message),
        }
        assert schema["description"], message
        assert message.__name__ in shown


def test_every_message_of_a_client_has_its_answer_and_its_place() -> None:
    assert set(REPLIES) == set(CLIENT_MESSAGES)
    operations = document()["operations"]
    for message, replies in REPLIES.items():
        operation = operations[tag_of(message)]
        assert operation["action"] == "receive"
        named = [ref["$ref"].rpartition("/")[2] for ref in operation["reply"]["messages"]]
        assert named == [*(each.__name__ for each in replies), "Error"]


def test_nothing_that_is_passed_on_is_left_open() -> None:
    """Fields that the process forwards as bytes have their true shape in the schema."""
    definitions = protocol_schema()["$defs"]
    assert definitions["Snapshot"]["properties"]["derived"] == {"$ref": "#/$defs/Derived"}
    assert definitions["OpFrame"]["properties"]["derived"] == {"$ref": "#/$defs/Derived"}
    assert definitions["Ops"]["properties"]["ops"]["items"] == {"$ref": "#/$defs/OpFrame"}
    assert definitions["Track"]["properties"]["interaction"] == {"$ref": "#/$defs/Interaction"}
    open_places = [
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field, schema in definition.get("properties", {}).items()
        if schema == {}
    ]
    assert open_places == []


def test_every_code_is_published_in_both_languages() -> None:
    """The table in the document is the table the server answers from. (ER1)"""
    codes = document()["x-codes"]
    assert set(codes) == set(CODES)
    for name, code in CODES.items():
        assert codes[name] == {
            "meaning": {"de": code.text.de, "en": code.text.en},
            "retryable": code.retryable,
            "close_code": code.close,
            "http_status": code.status,
        }


@pytest.mark.parametrize("example", examples(), ids=lambda each: f"{each.message}: {each.summary}")
def test_an_example_is_a_real_frame(example: Example) -> None:
    if example.message in NAMES_OF_CLIENT:
        assert fits_client(example.payload)
        understood = codec.decode(json.dumps(example.payload))
        assert type(understood).__name__ == example.message
    else:
        check_from_server(example.payload)
        kind = next(each for each in SERVER_MESSAGES if each.__name__ == example.message)
        read = cast("FromServer", msgspec.json.decode(json.dumps(example.payload), type=kind))
        assert json.loads(codec.encode(read)) == example.payload


async def test_both_documents_are_served(web: RunningWeb) -> None:
    served = await web.api().call("GET", "/asyncapi.json")
    assert served.json() == json.loads(json.dumps(asyncapi(public_url=web.url)))
    schema = await web.api().call("GET", "/protocol.schema.json")
    assert schema.json() == json.loads(json.dumps(protocol_schema()))
