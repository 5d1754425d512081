"""Encoding and decoding of messages: the only module that knows JSON on the wire."""

import json
from contextlib import suppress
from typing import get_args
from uuid import UUID

import msgspec

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
from configurator.protocol.nesting import shallow
from configurator.protocol.whole_numbers import decode_whole, explained

_encoder = msgspec.json.Encoder()
_from_client: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)
_op_frame = msgspec.json.Decoder(OpFrame)

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""The errors that decoding raises for a malformed text, invalid UTF-8 included."""

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
    """An op frame that another process of this installation published."""
    return _op_frame.decode(frame)


def asked(text: str | bytes, understood: FromClient | None = None) -> dict[str, object]:
    """The fields ``re`` and ``op_id`` for the error that answers a refused message, if readable.

    ``understood`` is the message if it could be decoded. Otherwise the fields are read even from a
    text whose other parts are no valid JSON for us, because of half a character or absurd nesting.
    ``re`` is the whole ``id``, even if that is too long: only then does its sender recognise it.
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
    does not check fields that it skips.
    """
    return (text.decode() if isinstance(text, bytes) else text).removeprefix(BYTE_ORDER_MARK)


def _loose(text: str | bytes) -> dict[str, object]:
    """The readable fields of a refused message; empty if there are none."""
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
    """Whether the text contains no half of a character."""
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


def _explain(text: str | bytes, problem: Exception) -> Refused:
    type_ = _loose(text).get("type") if isinstance(problem, msgspec.ValidationError) else None
    if isinstance(type_, str) and type_ not in CLIENT_TYPES and _is_writable(type_):
        return Refused("unknown_message_type", detail=type_[:64])
    return Refused("malformed_message", detail=explained(problem)[:200])
