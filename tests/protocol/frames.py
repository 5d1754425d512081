"""Holds every frame that a test sees against the published schema.

What the server says must be named by this release: an unknown type, field or code is a failure.
What a client says must fit whenever the server understood it.
"""

from functools import cache
from typing import Any

import jsonschema_rs

from configurator.protocol.codes import CODES
from configurator.protocol.schema import protocol_schema
from tests.support.described import closed

Json = dict[str, Any]

NOT_UNDERSTOOD = frozenset({"malformed_message", "unknown_message_type", "message_too_large"})


def check_from_server(frame: Json) -> None:
    """A frame that arrived is one of the published messages, with nothing added."""
    problem = next(_server().iter_errors(frame), None)
    assert problem is None, f"{frame.get('type')} is not as published: {_told(frame, problem)}"


def check_reply(sent: Json, reply: Json) -> None:
    """Check that the schema allows each message that the server understood."""
    if reply.get("code") not in NOT_UNDERSTOOD:
        problem = next(_client().iter_errors(sent), None)
        assert problem is None, f"understood, but not as published: {_told(sent, problem)}"


def fits_client(message: object) -> bool:
    """Whether the schema allows this as a message from a client."""
    return bool(_client().is_valid(message))


def fits_server(message: object) -> bool:
    """Whether clients may rely on this being a message from a server of any release."""
    return bool(_tolerant_server().is_valid(message))


@cache
def _client() -> Any:
    return _validator(protocol_schema(), "ClientMessage")


@cache
def _server() -> Any:
    return _validator(_strict_schema(), "ServerMessage", formats=True)


@cache
def _tolerant_server() -> Any:
    return _validator(protocol_schema(), "ServerMessage", formats=True)


def _strict_schema() -> Json:
    """The published schema, where what it does not name is refused: another field, another code."""
    schema: Json = closed(protocol_schema())
    schema["$defs"]["Error"]["properties"]["code"] = {"enum": sorted(CODES)}
    return schema


def _validator(document: Json, name: str, *, formats: bool = False) -> Any:
    definitions = document["$defs"]
    by_type = {part["$ref"].rpartition("/")[2]: part["$ref"] for part in definitions[name]["oneOf"]}
    conditions = [
        {
            "if": {
                "properties": {"type": definitions[message]["properties"]["type"]},
                "required": ["type"],
            },
            "then": {"$ref": ref},
        }
        for message, ref in by_type.items()
    ]
    types = [definitions[message]["properties"]["type"]["const"] for message in by_type]
    # The same as the union, but a problem is told of the one message that is meant.
    schema = {
        "$schema": document["$schema"],
        "$defs": definitions,
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": types}},
        "allOf": conditions,
    }
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=formats)


def _told(frame: Json, problem: Any) -> str:
    place = "/".join(str(part) for part in problem.instance_path)
    return f"{problem.message[:300]} at /{place} of {str(frame)[:600]}"
