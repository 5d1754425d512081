"""JSON Schema of every message in both directions, made from the types in ``messages``.

The docstrings become the descriptions, the bounds the constraints. What the types leave open because
this process passes it on as bytes (``msgspec.Raw``) has its true shape here, as structs that are only
described, never decoded. The names in ``$defs`` are published: renaming a class breaks somebody's
generated code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any, get_args

import msgspec

from configurator.activity import Interaction
from configurator.protocol.codes import CODES
from configurator.protocol.messages import (
    PROTOCOL,
    Activity,
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
    Track,
    Tracked,
    Unwatch,
    Unwatched,
    Watch,
    Watching,
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

Schema = dict[str, Any]
MessageType = type[msgspec.Struct]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/{name}"


class Financing(msgspec.Struct, frozen=True, kw_only=True):
    """What the total would be per month; an example, not an offer."""

    monthly_cents: int
    months: int
    rate_percent: float


class PriceLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one category adds to the total; quantity and unit price only where it has them."""

    id: str
    category: str
    option: str
    amount_cents: int
    quantity: int | None = None
    unit_cents: int | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The price in integer cents; the lines add up to the total."""

    total_cents: int
    per_m2_cents: int
    financing: Financing
    lines: list[PriceLine]


class QuantityBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The quantities that can be chosen now: minimum, minimum + step, ... maximum."""

    minimum: int
    maximum: int
    step: int


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a screen needs beside the selection, of the same version.

    ``differences[category][option]`` is what the total would change by when that option is chosen
    now; ``clear_differences[category]`` when the category is left out; ``bounds`` has the categories
    with a quantity; ``previews[view]`` is the address of a picture.
    """

    price: Price
    differences: dict[str, dict[str, int]]
    clear_differences: dict[str, int]
    bounds: dict[str, QuantityBounds]
    previews: dict[str, str]


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
"""What answers each message of a client when it is carried out; otherwise ``error`` does."""

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
"""What the server says without being asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSchemas:
    """A schema for every message, by its class name, and for everything they are made of."""

    components: Schema

    def strict(self) -> "MessageSchemas":
        """The same for what this release itself says: no field and no code beyond the published."""
        components: Schema = _closed(self.components)
        components["Error"]["properties"]["code"] = {"enum": sorted(CODES)}
        return MessageSchemas(components=components)


def tag_of(message: MessageType) -> str:
    """The ``type`` of a message on the wire."""
    return str(message.__struct_config__.tag)


def any_json(kind: type) -> Schema:
    """The schema of `object` in a message: whatever JSON has. A hook for msgspec."""
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError


@cache
def message_schemas(ref_template: str = DEFINITIONS) -> MessageSchemas:
    """The schemas of all messages; ``ref_template`` says how they refer to each other."""
    op_frame = _with_shapes(
        OpFrame,
        derived=Derived | msgspec.UnsetType,
        at=Annotated[datetime, msgspec.Meta(tz=True)],
    )
    described = {
        OpFrame: op_frame,
        Snapshot: _with_shapes(Snapshot, derived=Derived),
        Ops: _with_shapes(Ops, ops=list[op_frame]),  # type: ignore[valid-type]
        Track: _with_shapes(Track, interaction=Interaction),
    }
    types = [described.get(each, each) for each in (*CLIENT_MESSAGES, *SERVER_MESSAGES)]
    _, components = msgspec.json.schema_components(
        types, ref_template=ref_template, schema_hook=any_json
    )
    return MessageSchemas(components=_readable(components))


def protocol_schema() -> Schema:
    """The document of ``/protocol.schema.json``: validate against ``#/$defs/ServerMessage``."""
    return _document(message_schemas())


def strict_schema() -> Schema:
    """As ``protocol_schema``, for tests of this release: what it does not name is refused."""
    return _document(message_schemas().strict())


def _document(schemas: MessageSchemas) -> Schema:
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
            **schemas.components,
        },
    }


def _union(description: str, messages: tuple[MessageType, ...]) -> Schema:
    refs = {tag_of(each): DEFINITIONS.format(name=each.__name__) for each in messages}
    return {
        "description": description,
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }


def _with_shapes(kind: MessageType, **shapes: object) -> MessageType:
    """The message with the true types of the fields that it only passes on."""
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


def plain_values(schema: Schema) -> Schema:
    """``{"enum": [one]}`` as ``{"const": one}``: generators make no type of its own of that.

    Both with the type of the values, without which some generators take them for anything.
    """
    values = schema.get("enum")
    if not isinstance(values, list):
        return schema
    typed: Schema = {"type": "string"} if all(isinstance(each, str) for each in values) else {}
    if len(values) != 1:
        return {**typed, **schema}
    return {
        **typed,
        **{key: value for key, value in schema.items() if key != "enum"},
        "const": values[0],
    }


def _readable(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Descriptions as Markdown: our docstrings mark code with two backticks."""
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


def _closed(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Objects have the properties that are named, and no others."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
