"""Raw WebSocket at ``/ws``: one JSON message a frame, the same messages as everywhere.

The first message must be a hello within ``HELLO_SECONDS``. Who is asking is known from the token
in it, or from the person's cookie when the page is ours (``Origin`` is checked by the caller).
"""

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from configurator.protocol.codes import CODES, Code
from realtime.connection import Connection, Services
from realtime.frame import Frame
from realtime.outbox import Lapse, Outbox
from realtime.principal import Principal

SUBPROTOCOL = "nest.v1"
HELLO_SECONDS = 5.0
WRITE_SECONDS = 10.0
"""A peer that takes longer than this to accept one frame is not reading."""


async def serve_websocket(
    socket: WebSocket,
    *,
    services: Services,
    principal: Principal | None,
    connection_id: str,
) -> None:
    """Serve one socket until either side ends it."""
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    peer = _Peer(socket)
    connection = Connection(
        connection_id=connection_id,
        services=services,
        deliver=peer.deliver,
        hang_up=peer.hang_up,
        principal=principal,
        source="websocket",
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(peer.read(connection), name=f"read {connection_id}")
            tasks.create_task(peer.write(reader), name=f"write {connection_id}")
    finally:
        await connection.close()


class _Peer:
    """The two halves of a socket: a reader that handles messages in order, and one writer."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._outbox = Outbox()
        self._wake = asyncio.Event()
        self._closed = False
        self._ending: Code | None = None

    def deliver(
        self, frame: Frame, *, key: object | None = None, lapse: Lapse | None = None
    ) -> None:
        if self._closed:
            return
        if not self._outbox.put(frame, key=key, lapse=lapse):
            self.hang_up(CODES["slow_reader"])
        self._wake.set()

    def hang_up(self, code: Code) -> None:
        self._ending = self._ending or code
        self._close()

    def _close(self) -> None:
        self._closed = True
        self._wake.set()

    async def _take(self) -> list[Frame]:
        """Everything that waits, oldest first; empty only after the end."""
        await self._wake.wait()
        if not self._closed:
            self._wake.clear()
        return self._outbox.drain()

    async def read(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS) as waiting:
                while self._ending is None:
                    text = await self._text()
                    await connection.receive(text)
                    if connection.welcomed:
                        waiting.reschedule(None)
        except TimeoutError:
            self.hang_up(CODES["not_authenticated"])
        except WebSocketDisconnect:
            pass
        finally:
            self._close()

    async def _text(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1006))
        text: str | None = message.get("text")
        return text if text is not None else message.get("bytes") or b""

    async def write(self, reader: asyncio.Task[None]) -> None:
        try:
            while frames := await self._take():
                for frame in frames:
                    async with asyncio.timeout(WRITE_SECONDS):
                        await self._socket.send_text(frame.json.decode())
            await self._end()
        except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            pass  # the peer is gone or does not read; nothing more can be said to it
        finally:
            reader.cancel()

    async def _end(self) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            async with asyncio.timeout(WRITE_SECONDS):
                code = self._ending
                await self._socket.close(
                    code.close or 1002 if code else 1000, code.name if code else None
                )
