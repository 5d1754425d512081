"""Bytes to messages and back: the only place that knows JSON on the wire."""

import json
from contextlib import suppress
from typing import get_args
from uuid import UUID

import msgspec

from configurator.nesting import shallow
from configurator.protocol.codes import Refused
from configurator.protocol.messages import (
    MESSAGE_BYTES_MAX,
    Error,
    FromClient,
    FromServer,
    Op,
    OpFrame,
    OutcomeOf,
)
from configurator.whole_numbers import decode_whole, explained

_encoder = msgspec.json.Encoder()
_from_client: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)
_op_frame = msgspec.json.Decoder(OpFrame)

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises for text that is not what it should be, UTF-8 included."""

CLIENT_TYPES = frozenset(str(message.__struct_config__.tag) for message in get_args(FromClient))
BYTE_ORDER_MARK = "\ufeff"


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
        return decode_whole(_from_client.decode, _plain(text))
    except UNREADABLE as problem:
        raise _explain(text, problem) from None


def decode_op(frame: bytes) -> OpFrame:
    """An op frame as another process of ours published it."""
    return _op_frame.decode(frame)


def asked(text: str | bytes, understood: FromClient | None = None) -> dict[str, object]:
    """The fields ``re`` and ``op_id`` of the error to a message that was refused, where they can be read.

    ``understood`` is the message where it could be decoded. Else they are read also of one that is no
    JSON for us because of what else is in it, as half a character or absurd nesting. ``re`` is the whole ``id``, also
    one that is too long: only so does its sender know it again.
    """
    if understood is not None:
        op_id = understood.op_id if isinstance(understood, Op | OutcomeOf) else None
        return {"re": understood.id, "op_id": op_id}
    message = _loose(text)
    fields: dict[str, object] = {}
    message_id = message.get("id")
    if isinstance(message_id, str) and message_id and _is_writable(message_id):
        fields["re"] = message_id
    if message.get("type") in ("op", "outcome_of"):
        with suppress(msgspec.ValidationError, UnicodeError):
            fields["op_id"] = msgspec.convert(message.get("op_id"), UUID)
    return fields


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


def _plain(text: str | bytes) -> str:
    """The text without a byte order mark.

    Raises UnicodeDecodeError for bytes that are no UTF-8, wherever they stand: the decoder of JSON
    does not look at what it ignores.
    """
    return (text.decode() if isinstance(text, bytes) else text).removeprefix(BYTE_ORDER_MARK)


def _loose(text: str | bytes) -> dict[str, object]:
    """What can be read of a message that is refused; without anything in it if nothing can."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = text.removeprefix(BYTE_ORDER_MARK).lstrip()
    if not text.startswith("{"):
        return {}
    try:
        try:
            found = json.loads(text)
        except RecursionError:
            found = json.loads(shallow(text))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_writable(text: str) -> bool:
    """Whether no half of a character is in it."""
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


def _explain(text: str | bytes, problem: Exception) -> Refused:
    type_ = _loose(text).get("type") if isinstance(problem, msgspec.ValidationError) else None
    if isinstance(type_, str) and type_ not in CLIENT_TYPES and _is_writable(type_):
        return Refused("unknown_message_type", detail=type_[:64])
    return Refused("malformed_message", detail=explained(problem)[:200])
