"""Raw WebSocket at ``/ws``: one JSON message in each frame, the messages of all transports.

The first message must be a hello within ``hello_seconds`` of ``realtime.connections.timing``. The
token in it, or the cookie on a page of ours, says who the peer is.

Each connection has one coroutine, directly on ASGI, which handles one message after the other.
Sending needs no coroutine, see ``realtime.delivery.peer``. Where the server does not offer
``nest.socket`` (``uvicorn_protocol``), an ``_AsgiOutlet`` takes its place, with a task and the same
bounds.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from configurator.activity.visitor import VisitorTraits
from configurator.protocol import codec
from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, Refused
from configurator.protocol.messages import MESSAGE_BYTES_MAX
from realtime.connections.connection import Connection
from realtime.connections.drain import Drain, HandOver, handing_over
from realtime.connections.services import Services
from realtime.connections.timing import Timing
from realtime.connections.visits import ConnectionVisit
from realtime.delivery.frame import Frame
from realtime.delivery.peer import Peer
from realtime.edge.exchange import Origins
from realtime.edge.handshakes import TRY_AGAIN_LATER
from realtime.limits.connections import ConnectionLimits
from realtime.people.networks import network_in
from realtime.people.principal import Principal
from realtime.transports.websocket.socket import Socket, socket_of
from realtime.transports.websocket.uvicorn_protocol import (
    LINGER_SECONDS,
    WRITE_HIGH_BYTES,
    WRITE_LOW_BYTES,
)
from storage.errors import StorageError

SUBPROTOCOL: Final = "nest.v1"

TOO_LARGE: Final = Frame.of(codec.error(Refused("message_too_large"))).websocket


class WebSockets:
    """The ASGI app of ``/ws``."""

    def __init__(
        self,
        *,
        services: Services,
        origins: Origins,
        principal_of: Callable[[HTTPConnection], Awaitable[Principal | None]],
        new_connection_id: Callable[[], str],
        drain: Drain,
    ) -> None:
        self._services = services
        self._origins = origins
        self._principal_of = principal_of
        self._new_connection_id = new_connection_id
        self._open: set[HandOver] = set()
        drain.watch(lambda: self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until either side ends it."""
        await receive()  # websocket.connect
        asking = HTTPConnection(scope)
        if not self._origins.trusts(asking):
            await send({"type": "websocket.close", "code": CODES["foreign_origin"].close})
            return
        try:
            principal = await self._principal_of(asking)
        except StorageError:
            # The store is away: that is not the same as an unknown person.
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        visitor = self._services.visitor_reader.visitor(asking)
        limits = self._services.limits.of_connection(network_in(scope))
        del asking
        offered = SUBPROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None})
        socket = socket_of(scope)
        if socket is not None:
            peer = _direct_peer(socket, self._services.timing)
            await self._serve(peer, principal, visitor, limits, receive, watched=True)
            return
        outlet = _AsgiOutlet(self._services.timing)
        await outlet.run(self._serve(outlet.peer, principal, visitor, limits, receive), send)

    async def _serve(
        self,
        peer: Peer[bytes] | Peer[str],
        principal: Principal | None,
        visitor: VisitorTraits,
        limits: ConnectionLimits,
        receive: Receive,
        *,
        watched: bool = False,
    ) -> None:
        """Handle the messages of one peer. With ``watched`` the transport reports signs of life."""
        peer.count_dropped = self._services.hub.count_dropped
        connection = Connection(
            connection_id=self._new_connection_id(),
            services=self._services,
            deliver=peer.deliver,
            hang_up=peer.hang_up,
            principal=principal,
            visit=ConnectionVisit(visitor=visitor, source="websocket"),
            limits=limits,
        )
        peer.on_heard = connection.heard
        if watched:
            connection.watch_life()
        leave = handing_over(connection.turn, peer.deliver, peer.hang_up)
        self._open.add(leave)
        loop = asyncio.get_running_loop()
        hello = loop.call_later(
            self._services.timing.hello_seconds, peer.refuse, "not_authenticated"
        )
        try:
            while (message := await receive())["type"] == "websocket.receive" and not peer.ended:
                text = message["bytes"] if message.get("text") is None else message["text"]
                if not limits.reads(len(text)):
                    peer.refuse("flooding")
                    break
                await connection.receive(text)
                if connection.welcomed:
                    hello.cancel()
        finally:
            self._open.discard(leave)
            hello.cancel()
            peer.gone()
            await connection.close()


def close_code(code: Code) -> int:
    """The WebSocket close code for ending a connection with this code."""
    return code.close or TRY_AGAIN_LATER


def _direct_peer(socket: Socket, timing: Timing) -> Peer[bytes]:
    def finish(code: Code) -> None:
        socket.close(close_code(code), code.name)

    peer = Peer(socket, form=_websocket, finish=finish, write_seconds=timing.write_seconds)
    socket.bound(MESSAGE_BYTES_MAX, too_large=TOO_LARGE)
    socket.claim(peer)
    return peer


_websocket: Callable[[Frame], bytes] = attrgetter("websocket")


def _text(frame: Frame) -> str:
    return frame.json.decode()


class _AsgiOutlet:
    """Sends by ASGI: frames wait here until the server has taken them."""

    def __init__(self, timing: Timing) -> None:
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()
        self._full = False
        self._ending: Code | None = None
        self._pump: asyncio.Task[None] | None = None
        self.unsent_bytes = 0
        self.peer = Peer(self, form=_text, finish=self._finish, write_seconds=timing.write_seconds)

    async def run(self, reading: Coroutine[object, object, None], send: Send) -> None:
        """Send the peer's frames until ``reading`` ends or the peer is let go."""
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(reading)
            self._pump = tasks.create_task(self._send(send))
            self._pump.add_done_callback(lambda _: reader.cancel())
            reader.add_done_callback(lambda _: self._reader_ended())

    def write(self, text: str) -> None:
        """Hand over one frame."""
        self.write_all((text,))

    def write_all(self, texts: Sequence[str]) -> None:
        """Hand over frames."""
        self._waiting.extend(texts)
        self.unsent_bytes += sum(map(len, texts))
        self._wake.set()
        if self.unsent_bytes > WRITE_HIGH_BYTES and not self._full:
            self._full = True
            self.peer.full()

    async def _send(self, send: Send) -> None:
        with suppress(OSError, RuntimeError):  # the peer is gone
            while self._ending is None or self._waiting:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await send({"type": "websocket.send", "text": self._waiting[0]})
                    self.unsent_bytes -= len(self._waiting.popleft())
                    if self._full and self.unsent_bytes <= WRITE_LOW_BYTES:
                        self._full = False
                        self.peer.free()
            code = close_code(self._ending)
            await send({"type": "websocket.close", "code": code, "reason": self._ending.name})

    def _finish(self, code: Code) -> None:
        self._ending = code
        self._wake.set()
        if self._pump is not None:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._pump.cancel)

    def _reader_ended(self) -> None:
        if self._ending is None and self._pump is not None:
            self._pump.cancel()
