"""Engine.IO connections, the layer below Socket.IO: they bring packets to a client.

A connection is of one of two kinds from its beginning to its end:

- A WebSocket from the beginning (``DirectSession``): frames are written as they are, like those of
  raw sockets. python-engineio is not involved: its queue, its writer task and its task for each
  message would cost more than all the rest.
- Long polling, perhaps upgraded to WebSocket later (``QueueOutlet``): frames go through
  python-engineio's queue for as long as the connection lives, so that an upgrade keeps their order.

Everything that is sent to a client, acknowledgements and pings included, goes through its one
``Peer``: packets keep their order, and the bounds cover all of them.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from typing import Any, Final

import engineio.packet
import msgspec
from starlette.types import Receive
from typing_extensions import override

from configurator.protocol.code import Code
from configurator.protocol.messages import MESSAGE_BYTES_MAX
from realtime.connections.signs_of_life import PONG_SECONDS
from realtime.connections.timing import Timing
from realtime.delivery.frame import Frame
from realtime.delivery.peer import Peer
from realtime.transports.engineio.bounds import Flow
from realtime.transports.websocket.socket import Socket
from realtime.transports.websocket.uvicorn_protocol import WRITE_HIGH_BYTES, WRITE_LOW_BYTES

PING: Final = b"2"
NORMAL_CLOSURE: Final = 1000

PACKET_BYTES: Final = 512
"""Memory that a packet takes beside its text. Without this, queued acknowledgements of 20 bytes
took 50 times the memory that was counted."""


class UnreadableError(Exception):
    """The client sent bytes that are not a packet of Engine.IO or of the layer above."""


def reason_of(problem: Exception) -> str:
    """The kind of problem, for a log line; nothing that the client sent."""
    return type(problem.__cause__ or problem).__name__


class EnginePacket(Frame):
    """A whole packet of the layers below our messages; ``text`` is its text."""

    __slots__ = ()

    def __init__(self, text: bytes) -> None:
        super().__init__("packet", text)

    @property
    @override
    def socketio_text(self) -> bytes:
        """The text itself."""
        return self.json


_socketio: Callable[[Frame], bytes] = attrgetter("socketio")


class DirectSession:
    """A connection that is a WebSocket from its beginning."""

    def __init__(
        self,
        engine_id: str,
        socket: Socket,
        *,
        finish: Callable[[Code], None],
        too_large: bytes,
        flow: Flow,
        timing: Timing,
    ) -> None:
        self.peer: Peer[bytes] = Peer(
            socket, form=_socketio, finish=finish, write_seconds=timing.write_seconds
        )
        self._ping_seconds = timing.ping_seconds
        self._socket = socket
        self._flow = flow
        self._heartbeat: asyncio.TimerHandle | None = None
        self.on_pong: Callable[[], None] = lambda: None
        socket.bound(MESSAGE_BYTES_MAX, too_large=too_large)
        socket.claim(self.peer)
        opening = {
            "sid": engine_id,
            "upgrades": [],
            "pingTimeout": PONG_SECONDS * 1000,
            "pingInterval": int(timing.ping_seconds * 1000),
            "maxPayload": MESSAGE_BYTES_MAX,
        }
        self.peer.deliver(EnginePacket(b"0" + msgspec.json.encode(opening)))
        self._ping_later()

    async def read(self, receive: Receive, on_message: Callable[[str], Awaitable[None]]) -> None:
        """Handle packets one by one until the connection ends.

        Raises UnreadableError, FloodingError.
        """
        while (event := await receive())["type"] == "websocket.receive" and not self.peer.ended:
            packet: str = event.get("text") or ""
            self._flow.count(len(packet))
            match packet[:1]:
                case "4":
                    await on_message(packet[1:])
                case "3":
                    self.on_pong()
                    self._ping_later()
                case "1":
                    return
                case _:
                    raise UnreadableError

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """End the connection; safe to call twice."""
        self._stop_heartbeat()
        self.peer.gone()
        self._socket.close(code, reason)

    def _ping_later(self) -> None:
        self._stop_heartbeat()
        self._heartbeat = asyncio.get_running_loop().call_later(self._ping_seconds, self._ping)

    def _ping(self) -> None:
        self.peer.deliver(EnginePacket(PING))
        self._heartbeat = asyncio.get_running_loop().call_later(PONG_SECONDS, self.close)

    def _stop_heartbeat(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()


class PacketQueue(asyncio.Queue[Any]):
    """Packets that wait to be sent, ``size_bytes`` of memory in all. None marks the end.

    ``account`` is called with each change of ``size_bytes``, until ``settle``.
    """

    size_bytes = 0
    on_taken: Callable[[], None] | None = None
    account: Callable[[int], None] | None = None

    def settle(self) -> None:
        """Stop to count for the network: no client will fetch what is left."""
        if self.account is not None:
            self.account(-self.size_bytes)
            self.account = None

    def drop(self) -> None:
        """Drop all packets: the client does not read them."""
        self.on_taken = None
        while not self.empty():
            self.get_nowait()
            self.task_done()

    @override
    def _put(self, item: Any) -> None:
        self._count(_size(item))
        if item is not None:
            item.data = None  # the encoded text holds it, too, and is as long
        super()._put(item)

    @override
    def _get(self) -> Any:
        item = super()._get()
        self._count(-_size(item))
        if self.on_taken is not None:
            self.on_taken()
        return item

    def _count(self, n_bytes: int) -> None:
        self.size_bytes += n_bytes
        if self.account is not None:
            self.account(n_bytes)


def _size(item: Any) -> int:  # noqa: ANN401
    return sys.getsizeof(item.encode()) + PACKET_BYTES if item is not None else 0


class QueueOutlet:
    """The outlet of a connection that began with polling: its packets wait for the next poll."""

    def __init__(self, queue: PacketQueue) -> None:
        self._queue = queue
        self._full = False
        self.peer: Peer[Any] | None = None
        queue.on_taken = self._taken

    @property
    def unsent_bytes(self) -> int:
        """Bytes of the packets that were not fetched yet."""
        return self._queue.size_bytes

    def write(self, packet: Any) -> None:  # noqa: ANN401
        """Queue one packet."""
        self.write_all((packet,))

    def write_all(self, packets: Sequence[Any]) -> None:
        """Queue packets."""
        for packet in packets:
            self._queue.put_nowait(packet)
        if self._queue.size_bytes > WRITE_HIGH_BYTES and not self._full:
            self._full = True
            if self.peer is not None:
                self.peer.full()

    def _taken(self) -> None:
        if self._full and self._queue.size_bytes <= WRITE_LOW_BYTES:
            self._full = False
            if self.peer is not None:
                # Called in a later turn: the poll that fetches now would also fetch what this adds,
                # and might never end.
                asyncio.get_running_loop().call_soon(self._free)

    def _free(self) -> None:
        if self.peer is not None and not (self._full or self.peer.ended):
            self.peer.free()


class Packets:
    """The python-engineio packet of a frame, made once for all its receivers."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._packet: Any = None

    def __call__(self, frame: Frame) -> Any:  # noqa: ANN401
        """The packet of this frame."""
        if frame is not self._frame:
            self._frame = frame
            self._packet = engineio.packet.Packet(engineio.packet.MESSAGE)
            self._packet.encode_cache = frame.socketio_text.decode()
        return self._packet
