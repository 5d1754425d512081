"""Packets of Socket.IO, as strict JSON without attachments, and the messages in their events."""

import json
import re
from typing import Any, Final

import msgspec
from socketio.packet import Packet
from typing_extensions import override

from configurator.protocol import codec
from realtime.transports.engineio.connection import UnreadableError

BAD_PACKETS = (*codec.UNREADABLE, ValueError, KeyError, IndexError, TypeError, UnreadableError)
"""Errors that python-socketio and this package raise for bytes that are not a packet."""


class _LooseEvent(list[Any]):
    """An event that is not strict JSON (NaN, half a character): only its message is refused."""


class _DeepEvent(list[Any]):
    """An event that is nested too deeply to parse: its name, and its payload as text."""


_DEEP: Final = re.compile(r'\s*\[\s*("(?:[^"\\]|\\.)*+")\s*,\s*(\{.*\})\s*\]\s*', re.DOTALL)


class _StrictJson:
    """JSON as RFC 8259 has it: no NaN, no Infinity.

    An event of other JSON is a ``_LooseEvent`` or ``_DeepEvent``.
    """

    @staticmethod
    def loads(text: str | bytes) -> object:
        try:
            return msgspec.json.decode(text)
        except codec.UNREADABLE:
            try:
                loose = json.loads(text)
            except RecursionError:
                deep = _DEEP.fullmatch(text if isinstance(text, str) else text.decode())
                if deep is None:
                    raise
                return _DeepEvent([json.loads(deep[1]), deep[2]])
            if isinstance(loose, list) and loose:
                return _LooseEvent(loose)
            raise

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return msgspec.json.encode(value).decode()


class PlainPacket(Packet):  # type: ignore[misc]  # socketio has no types
    """A packet without binary attachments, which the server would have to keep until all arrive."""

    uses_binary_events = False
    json = _StrictJson

    @override
    def decode(self, encoded_packet: str) -> int:
        """The number of attachments that follow: always 0. Raises ValueError if there are any."""
        if super().decode(encoded_packet):
            raise ValueError("binary attachments are not part of this protocol")
        return 0


def message_in(event: list[Any]) -> bytes:
    """The message in an event: the event's name is the type, its payload the rest."""
    name, *payload = event
    # The text as it came; of two fields with one name the later counts.
    if isinstance(event, _DeepEvent):
        return f'{payload[0][:-1]},"type":{json.dumps(name)}}}'.encode()
    body = payload[0] if payload else {}
    if len(payload) > 1 or not isinstance(body, dict):
        body = {"data": "not an object"}
    message = {**body, "type": name if isinstance(name, str) else ""}
    if isinstance(event, _LooseEvent):  # encoded as it came, for the codec to say what is wrong
        return json.dumps(message).encode()
    return msgspec.json.encode(message)
