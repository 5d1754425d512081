"""A message of the server as bytes, encoded once for all who receive it.

``websocket`` and ``socketio`` are the bytes on a WebSocket: servers do not mask and we do not compress,
so they are the same for every peer. They are made when first needed.
"""

from typing import Final, Self

from configurator.protocol import codec
from configurator.protocol.messages import FromServer

NAMESPACE: Final = "/configurator"
"""The Socket.IO namespace of the protocol."""

_FINAL_TEXT: Final = 0x81
_SHORT_MAX, _MEDIUM_MAX = 125, 0xFFFF


class Frame:
    """One encoded message; ``type`` is its tag, ``json`` its UTF-8 text."""

    __slots__ = ("_socketio", "_websocket", "json", "type")

    def __init__(self, type_: str, json: bytes) -> None:
        self.type = type_
        self.json = json
        self._websocket: bytes | None = None
        self._socketio: bytes | None = None

    @classmethod
    def of(cls, message: FromServer) -> Self:
        """The frame of a message."""
        return cls(str(message.__struct_config__.tag), codec.encode(message))

    def __len__(self) -> int:
        """The size of the JSON text in bytes."""
        return len(self.json)

    @property
    def websocket(self) -> bytes:
        """A whole WebSocket text frame (RFC 6455) with the JSON text."""
        if self._websocket is None:
            self._websocket = _text_frame(self.json)
        return self._websocket

    @property
    def socketio_text(self) -> bytes:
        """The event as Engine.IO carries it: ``42/configurator,["type",{...}]``."""
        return b'42%b,["%b",%b]' % (NAMESPACE.encode(), self.type.encode(), self.json)

    @property
    def socketio(self) -> bytes:
        """A whole WebSocket text frame with the Socket.IO event."""
        if self._socketio is None:
            self._socketio = _text_frame(self.socketio_text)
        return self._socketio


def _text_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size <= _SHORT_MAX:
        return bytes((_FINAL_TEXT, size)) + payload
    if size <= _MEDIUM_MAX:
        return bytes((_FINAL_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FINAL_TEXT, 127)) + size.to_bytes(8, "big") + payload
