"""The reference of `/developers`: every message with its fields, bounds and real examples.

It is read from the published JSON Schema and the recorded examples, so the page agrees with the
documents. Words that are translated are keys of texts.json; descriptions are English, as in the
documents.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from configurator.protocol.schema import (
    CLIENT_MESSAGES,
    REPLIES,
    SERVER_MESSAGES,
    UNASKED,
    JsonObject,
    MessageType,
    protocol_schema,
    tag_of,
)
from realtime.api.declared.asyncapi import examples

ENUM_SHOWN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of the name of a type; `anchor` is the id of the shape that it links to."""

    text: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One limit of a field: a key of texts.json, and the values for its text."""

    key: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a message or shape."""

    name: str
    type: tuple[Piece, ...]
    bounds: tuple[Bound, ...]
    required: bool
    default: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An object (or a closed list of words) that messages contain."""

    name: str
    summary: str
    details: tuple[str, ...]
    fields: tuple[Field, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedExample:
    """A recorded message."""

    summary: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentedMessage:
    """One message; `anchor` is its id on the page, `answers` are anchors and tags."""

    anchor: str
    tag: str
    shape: Shape
    answers: tuple[tuple[str, str], ...]
    unasked: bool
    examples: tuple[DocumentedExample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolReference:
    """All messages in both directions, and the shapes that they contain."""

    from_client: tuple[DocumentedMessage, ...]
    from_server: tuple[DocumentedMessage, ...]
    parts: tuple[Shape, ...]


def reference() -> ProtocolReference:
    """Read the documents of this release."""
    shapes = protocol_schema()["$defs"]
    messages = {each.__name__ for each in (*CLIENT_MESSAGES, *SERVER_MESSAGES)}
    parts = [name for name in shapes if name not in messages | {"ClientMessage", "ServerMessage"}]
    return ProtocolReference(
        from_client=tuple(_message(each, shapes) for each in CLIENT_MESSAGES),
        from_server=tuple(_message(each, shapes) for each in SERVER_MESSAGES),
        parts=tuple(_shape(name, shapes[name]) for name in sorted(parts)),
    )


def anchor_of(message: MessageType) -> str:
    """The id of a message on the page: some tags exist in both directions."""
    return f"{'send' if message in CLIENT_MESSAGES else 'hear'}-{tag_of(message)}"


def _message(message: MessageType, shapes: JsonObject) -> DocumentedMessage:
    return DocumentedMessage(
        anchor=anchor_of(message),
        tag=tag_of(message),
        shape=_shape(message.__name__, shapes[message.__name__]),
        answers=tuple((anchor_of(each), tag_of(each)) for each in REPLIES.get(message, ())),
        unasked=message in UNASKED,
        examples=tuple(
            DocumentedExample(
                summary=each.summary,
                text=json.dumps(each.payload, ensure_ascii=False, indent=2),
            )
            for each in examples()
            if each.message == message.__name__
        ),
    )


def _anchor(name: str) -> str:
    """The id of a shape's description; some shapes are messages themselves."""
    for each in (*CLIENT_MESSAGES, *SERVER_MESSAGES):
        if each.__name__ == name:
            return anchor_of(each)
    return f"part-{name}"


def _shape(name: str, schema: JsonObject) -> Shape:
    summary, *details = str(schema.get("description", "")).split("\n\n")
    required = schema.get("required", ())
    return Shape(
        name=name,
        summary=" ".join(summary.split()),
        details=tuple(" ".join(each.split()) for each in details),
        fields=tuple(
            _field(field, described, required=field in required)
            for field, described in schema.get("properties", {}).items()
        ),
        words=tuple(map(str, schema.get("enum", ()))),
    )


def _field(name: str, schema: JsonObject, *, required: bool) -> Field:
    default = schema.get("default")
    return Field(
        name=name,
        type=tuple(_merged(_type(schema))),
        bounds=tuple(_bounds(schema)),
        required=required,
        default=None if default is None else json.dumps(default),
    )


def _type(schema: JsonObject) -> Iterator[Piece]:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        yield Piece(text=name, anchor=_anchor(name))
    elif "anyOf" in schema or "oneOf" in schema:
        yield from _joined([_type(each) for each in schema.get("anyOf") or schema["oneOf"]])
    elif "const" in schema:
        yield Piece(text=json.dumps(schema["const"]))
    elif "enum" in schema and len(schema["enum"]) <= ENUM_SHOWN:
        yield Piece(text=" | ".join(json.dumps(each) for each in schema["enum"]))
    elif schema.get("type") == "array":
        yield Piece(text="[")
        yield from _type(schema.get("items", {}))
        yield Piece(text="]")
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        yield Piece(text="{string: ")
        yield from _type(schema["additionalProperties"])
        yield Piece(text="}")
    else:
        yield Piece(text=_named(schema))


def _named(schema: JsonObject) -> str:
    known = schema.get("format", schema.get("type", "any"))
    return " | ".join(known) if isinstance(known, list) else str(known)


def _joined(types: Sequence[Iterator[Piece]]) -> Iterator[Piece]:
    for position, pieces in enumerate(types):
        if position:
            yield Piece(text=" | ")
        yield from pieces


def _merged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces, with neighbours without a link joined."""
    text = ""
    for piece in pieces:
        if piece.anchor is None:
            text += piece.text
            continue
        if text:
            yield Piece(text=text)
            text = ""
        yield piece
    if text:
        yield Piece(text=text)


def _bounds(schema: JsonObject) -> Iterator[Bound]:
    """The limits of a field or of its items; alternatives that are objects are described apart."""
    for each in schema.get("anyOf", ()):
        yield from _bounds(each)
    if "maxLength" in schema:
        values = {"least": schema.get("minLength", 0), "most": _number(schema["maxLength"])}
        yield Bound(key="developers.bound.characters", values=values)
    if "maxItems" in schema:
        values = {"least": schema.get("minItems", 0), "most": schema["maxItems"]}
        yield Bound(key="developers.bound.entries", values=values)
    if "minimum" in schema or "maximum" in schema:
        least, most = schema.get("minimum"), schema.get("maximum")
        if most is None:
            yield Bound(key="developers.bound.least", values={"least": _number(least)})
        else:
            values = {"least": _number(least or 0), "most": _number(most)}
            yield Bound(key="developers.bound.between", values=values)
    if "pattern" in schema:
        yield Bound(key="developers.bound.pattern", values={"pattern": schema["pattern"]})
    if schema.get("type") == "array":
        yield from _bounds(schema.get("items", {}))


def _number(value: object) -> str:
    if value == 2**53:
        return "2^53"
    return (
        f"{value:,}".replace(",", "\u202f").replace("-", "−")
        if isinstance(value, int)
        else str(value)
    )
