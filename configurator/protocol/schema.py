"""JSON Schema of every message in both directions, made from the types in ``messages``.

The docstrings become the descriptions, the bounds the constraints. A field that this process passes
on as bytes (``msgspec.Raw``) is described by the type that was encoded. The names in ``$defs`` are
published: renaming a class breaks generated code of others.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any, get_args

import msgspec

from configurator.activity.tracking import Interaction
from configurator.pricing.derived import Derived
from configurator.protocol.messages import (
    PROTOCOL,
    Error,
    FromClient,
    FromServer,
    Hello,
    Introduce,
    Introduced,
    Join,
    Leave,
    Left,
    Op,
    OpFrame,
    Ops,
    Outcome,
    OutcomeOf,
    Ping,
    Pong,
    PositionFrame,
    Presence,
    PresenceFrame,
    Snapshot,
    Welcome,
)
from configurator.protocol.sharing import (
    Access,
    AccessChanged,
    AccessOf,
    EndLink,
    Invite,
    Invited,
    LinkEnded,
    Remove,
    Removed,
)
from configurator.protocol.watching import (
    Activity,
    Track,
    Tracked,
    Unwatch,
    Unwatched,
    Watch,
    Watching,
)

JsonObject = dict[str, Any]
MessageType = type[msgspec.Struct]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/{name}"


CLIENT_MESSAGES: tuple[MessageType, ...] = get_args(FromClient)
SERVER_MESSAGES: tuple[MessageType, ...] = get_args(FromServer)

REPLIES: Mapping[MessageType, tuple[MessageType, ...]] = {
    Hello: (Welcome,),
    Join: (Snapshot, Ops),
    Leave: (Left,),
    Op: (Outcome,),
    OutcomeOf: (Outcome,),
    Presence: (),
    Invite: (Invited,),
    AccessOf: (Access,),
    EndLink: (LinkEnded,),
    Remove: (Removed,),
    Introduce: (Introduced,),
    Track: (Tracked,),
    Watch: (Watching,),
    Unwatch: (Unwatched,),
    Ping: (Pong,),
}
"""The messages that answer each message of a client if it is carried out; otherwise ``error``
does."""

UNASKED: tuple[MessageType, ...] = (
    Snapshot,
    OpFrame,
    Ops,
    PositionFrame,
    PresenceFrame,
    AccessChanged,
    Activity,
    Left,
    Unwatched,
    Error,
)
"""The messages that the server sends unasked."""


def tag_of(message: MessageType) -> str:
    """The ``type`` of a message on the wire."""
    return str(message.__struct_config__.tag)


def any_json(kind: type) -> JsonObject:
    """The schema of `object`: any JSON. A `schema_hook` for msgspec.

    Raises NotImplementedError, from which msgspec makes its TypeError that names any other type.
    """
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError


@cache
def message_schemas(ref_template: str = DEFINITIONS) -> JsonObject:
    """A schema for every message, by its class name, and for everything they are made of.

    ``ref_template`` says how they refer to each other.
    """
    op_frame = _with_shapes(
        OpFrame,
        derived=Derived | msgspec.UnsetType,
        at=Annotated[datetime, msgspec.Meta(tz=True)],
    )
    described = {
        OpFrame: op_frame,
        Snapshot: _with_shapes(Snapshot, derived=Derived),
        Ops: _with_shapes(Ops, ops=list[op_frame]),  # type: ignore[valid-type]  # made here
        Track: _with_shapes(Track, interaction=Interaction),
    }
    types = [described.get(each, each) for each in (*CLIENT_MESSAGES, *SERVER_MESSAGES)]
    _, components = msgspec.json.schema_components(
        types, ref_template=ref_template, schema_hook=any_json
    )
    readable: JsonObject = _readable(components)
    return readable


def protocol_schema() -> JsonObject:
    """The document of ``/protocol.schema.json``: validate against ``#/$defs/ServerMessage``."""
    return {
        "$schema": DIALECT,
        "title": "NEST-Haus Live protocol",
        "description": f"Every message of protocol {PROTOCOL}. A message from a client is one of "
        "ClientMessage, a message from the server one of ServerMessage; `type` tells which. "
        "Unknown fields must be ignored by both sides.",
        "anyOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": {
            "ClientMessage": _union("Whatever a client may send.", CLIENT_MESSAGES),
            "ServerMessage": _union("Whatever the server may send.", SERVER_MESSAGES),
            **message_schemas(),
        },
    }


def _union(description: str, messages: tuple[MessageType, ...]) -> JsonObject:
    refs = {tag_of(each): DEFINITIONS.format(name=each.__name__) for each in messages}
    return {
        "description": description,
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }


def _with_shapes(kind: MessageType, **shapes: object) -> MessageType:
    """The message with the true types of the fields that it only passes on as bytes."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(kind):
        shape = shapes.get(field.name, field.type)
        if field.required:
            fields.append((field.name, shape))
        elif field.name in shapes:
            fields.append((field.name, shape, msgspec.UNSET))
        else:
            fields.append((field.name, shape, field.default))
    names = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    return msgspec.defstruct(
        kind.__name__,
        fields,
        namespace={"__doc__": kind.__doc__},
        module=kind.__module__,
        kw_only=True,
        frozen=True,
        tag_field="type",
        tag=tag_of(kind),
        rename=names,
    )


def plain_values(schema: JsonObject) -> JsonObject:
    """``{"enum": [one]}`` as ``{"const": one}``, for which generators make no type of its own.

    Both get the type of their values, without which some generators allow any type.
    """
    values = schema.get("enum")
    if not isinstance(values, list):
        return schema
    typed: JsonObject = {"type": "string"} if all(isinstance(each, str) for each in values) else {}
    if len(values) != 1:
        return {**typed, **schema}
    return {
        **typed,
        **{key: value for key, value in schema.items() if key != "enum"},
        "const": values[0],
    }


def _readable(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Descriptions as Markdown: docstrings here mark code with two backticks."""
    if isinstance(part, dict):
        return plain_values(
            {
                key: cleandoc(value).replace("``", "`")
                if key == "description" and isinstance(value, str)
                else _readable(value)
                for key, value in part.items()
            }
        )
    return [_readable(each) for each in part] if isinstance(part, list) else part
