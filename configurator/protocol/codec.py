"""Bytes to messages and back: the only place that knows JSON on the wire."""

import json
from typing import get_args

import msgspec

from configurator.protocol.codes import Refused
from configurator.protocol.messages import (
    MESSAGE_BYTES_MAX,
    Error,
    FromClient,
    FromServer,
    OpFrame,
)
from configurator.whole_numbers import decode_whole, explained

_encoder = msgspec.json.Encoder()
_from_client: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)
_op_frame = msgspec.json.Decoder(OpFrame)
_tag: msgspec.json.Decoder["_Tagged"]


class _Tagged(msgspec.Struct, frozen=True):
    """Only what is needed to answer a message that could not be understood."""

    type: str = ""
    id: str | None = None


_tag = msgspec.json.Decoder(_Tagged)

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises for text that is not what it should be, UTF-8 included."""

CLIENT_TYPES = frozenset(str(message.__struct_config__.tag) for message in get_args(FromClient))


def encode(message: FromServer) -> bytes:
    """The UTF-8 JSON text of a message."""
    return _encoder.encode(message)


def decode(text: str | bytes) -> FromClient:
    """The message in a client's text.

    Raises:
        Refused: ``message_too_large``, ``unknown_message_type`` or ``malformed_message``
            (``detail`` names the place).
    """
    if len(text) > MESSAGE_BYTES_MAX or (
        isinstance(text, str) and len(text.encode("utf-8", "replace")) > MESSAGE_BYTES_MAX
    ):
        raise Refused("message_too_large")
    try:
        return decode_whole(_from_client.decode, text)
    except UNREADABLE as problem:
        raise _explain(text, problem) from None


def decode_op(frame: bytes) -> OpFrame:
    """An op frame as another process of ours published it."""
    return _op_frame.decode(frame)


def message_id(text: str | bytes) -> str | None:
    """The ``id`` of a message that was refused, if it can be read at all.

    Also of one that is no JSON for us because of what else is in it, as half a character.
    """
    try:
        found = _tag.decode(text).id
    except UNREADABLE:
        found = _id_of_unreadable(text)
    return found[:64] if found else None


def error(refused: Refused, **fields: object) -> Error:
    """The error frame for a refusal; ``fields`` are ``re`` and ``op_id``."""
    return msgspec.structs.replace(
        Error(
            code=refused.code.name,
            message=refused.code.text,
            retryable=refused.code.retryable,
            retry_after_ms=refused.retry_after_ms,
            detail=refused.detail,
        ),
        **fields,
    )


def _id_of_unreadable(text: str | bytes) -> str | None:
    try:
        loose = json.loads(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
        found = loose.get("id") if isinstance(loose, dict) else None
        return found if isinstance(found, str) and found.encode() else None
    except (ValueError, RecursionError):  # which UnicodeEncodeError is: half a character in the id
        return None


def _explain(text: str | bytes, problem: Exception) -> Refused:
    try:
        tagged = _tag.decode(text)
    except UNREADABLE:
        return Refused("malformed_message", detail=str(problem)[:200])
    if tagged.type and tagged.type not in CLIENT_TYPES:
        return Refused("unknown_message_type", detail=tagged.type[:64])
    return Refused("malformed_message", detail=explained(problem)[:200])
