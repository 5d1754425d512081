"""Socket.IO: namespace ``/configurator``, one event a message type, the same messages as on ``/ws``.

``connect`` may carry ``{"token": ...}`` as auth, which stands for hello; the person's cookie does as
well. Every event's acknowledgement carries the reply; the reply also arrives as an event, so that
clients without acknowledgements see it. Binary attachments are refused: the protocol has none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Any, Self

import msgspec
import socketio
import structlog
from socketio.packet import Packet
from starlette.types import Receive, Scope, Send

from configurator.protocol import codec
from configurator.protocol.codes import CODES, Code, Refused
from configurator.protocol.messages import MESSAGE_BYTES_MAX
from realtime.connection import Connection, Services
from realtime.frame import NAMESPACE, Frame
from realtime.http.edge import Origins
from realtime.outbox import Lapse, Outbox
from realtime.principal import PERSON_COOKIE, Principal
from storage.errors import StorageUnavailable
from storage.tasks import OwnedTasks

log = structlog.get_logger()

HELLO_SECONDS = 5.0
WAITING_FRAMES_MAX = 500
"""A peer with more unsent frames in its transport's own queue is not reading."""


class _StrictJson:
    """JSON as RFC 8259 has it: no NaN, no Infinity."""

    @staticmethod
    def loads(text: str | bytes) -> object:
        return msgspec.json.decode(text)

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return msgspec.json.encode(value).decode()


class PlainPacket(Packet):  # type: ignore[misc]  # socketio has no types
    """A packet without binary attachments, so that nobody can make the server keep them."""

    uses_binary_events = False
    json = _StrictJson

    def decode(self, encoded_packet: str) -> int:
        """The number of attachments that follow: always 0. Raises ValueError otherwise."""
        if super().decode(encoded_packet):
            raise ValueError("binary attachments are not part of this protocol")
        return 0


class _Server(socketio.AsyncServer):  # type: ignore[misc]  # socketio has no types
    """Ends the connection of whoever sends what is no packet, instead of a traceback in the log."""

    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, KeyError, IndexError, TypeError, msgspec.DecodeError) as problem:
            log.info("packet_unreadable", reason=type(problem).__name__)
            transport = self.eio.sockets.get(eio_sid)
            if transport is not None:
                await _end(transport)


class _Waiting:
    """An outbox with a reader."""

    def __init__(self) -> None:
        self._outbox = Outbox()
        self._wake = asyncio.Event()
        self._closed = False

    def put(self, frame: Frame, *, key: object | None, lapse: Lapse | None) -> bool:
        if self._closed:
            return True
        self._wake.set()
        return self._outbox.put(frame, key=key, lapse=lapse)

    async def take(self) -> list[Frame]:
        """Everything that waits, oldest first; empty only after ``close``."""
        await self._wake.wait()
        if not self._closed:
            self._wake.clear()
        return self._outbox.drain()

    def close(self) -> None:
        self._closed = True
        self._wake.set()


@dataclass(slots=True, eq=False)
class _Peer:
    connection: Connection
    outbox: _Waiting
    writer: asyncio.Task[None]


class SocketIoTransport:
    """The Socket.IO server of this process. An async context manager: it owns the writers."""

    def __init__(
        self,
        *,
        services: Services,
        origins: Origins,
        cookie_principal: Callable[[str], Awaitable[Principal | None]],
        new_connection_id: Callable[[], str],
    ) -> None:
        self._services = services
        self._cookie_principal = cookie_principal
        self._new_connection_id = new_connection_id
        self._peers: dict[str, _Peer] = {}
        self._tasks = OwnedTasks()
        self._server = _Server(
            async_mode="asgi",
            async_handlers=False,
            always_connect=True,
            cors_allowed_origins=_origin_check(origins),
            serializer=PlainPacket,
            max_http_buffer_size=MESSAGE_BYTES_MAX,
            ping_interval=20,
            ping_timeout=15,
            namespaces=[NAMESPACE],
        )
        self._server.on("connect", self._connect, namespace=NAMESPACE)
        self._server.on("disconnect", self._disconnect, namespace=NAMESPACE)
        self._server.on("*", self._event, namespace=NAMESPACE)
        self._engine = socketio.ASGIApp(self._server, socketio_path=None)

    async def __aenter__(self) -> Self:
        """Accept connections."""
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the writers; the sockets are closed by the web server."""
        await self._tasks.__aexit__(kind, error, trace)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI app to mount; what is not even an Engine.IO packet ends the connection."""
        try:
            await self._engine(scope, receive, send)
        except (ValueError, IndexError) as problem:
            log.info("packet_unreadable", reason=type(problem).__name__)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1002})

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        outbox = _Waiting()
        ending: list[Code] = []

        def hang_up(code: Code) -> None:
            ending.append(code)
            outbox.close()

        def deliver(frame: Frame, *, key: object | None = None, lapse: Lapse | None = None) -> None:
            if not outbox.put(frame, key=key, lapse=lapse):
                hang_up(CODES["slow_reader"])

        connection = Connection(
            connection_id=self._new_connection_id(),
            services=self._services,
            deliver=deliver,
            hang_up=hang_up,
            principal=None,
            source="socketio",
        )
        writer = self._tasks.task(
            self._write(sid, connection, outbox, ending), name=f"socketio {connection.id}"
        )
        self._peers[sid] = _Peer(connection, outbox, writer)
        try:
            connection.principal = await self._cookie(environ)
        except StorageUnavailable:
            # Not knowing who connects is not the same as their being unknown.
            deliver(Frame.of(codec.error(Refused("unavailable", retry_after_ms=1000))))
            hang_up(CODES["unavailable"])
            return
        token = auth.get("token") if isinstance(auth, dict) else None
        if isinstance(token, str) or connection.principal is not None:
            hello: dict[str, object] = {"type": "hello", "protocol": _protocol(auth)}
            if isinstance(token, str):
                hello["token"] = token
            await connection.receive(msgspec.json.encode(hello))

    async def _cookie(self, environ: Mapping[str, Any]) -> Principal | None:
        try:
            jar = SimpleCookie(environ.get("HTTP_COOKIE", ""))
            morsel = jar.get(PERSON_COOKIE)
            return await self._cookie_principal(morsel.value) if morsel else None
        except CookieError:
            return None

    async def _disconnect(self, sid: str, _reason: object = None) -> None:
        peer = self._peers.pop(sid, None)
        if peer is not None:
            await peer.connection.close()
            peer.outbox.close()

    async def _event(self, event: object, sid: str, *data: object) -> object:
        peer = self._peers.get(sid)
        if peer is None:
            return None
        body = data[0] if data and isinstance(data[0], dict) else {}
        if len(data) > 1 or (data and not isinstance(data[0], dict)):
            body = {"data": "not an object"}
        message = {**body, "type": event if isinstance(event, str) else ""}
        reply = await peer.connection.receive(msgspec.json.encode(message))
        return msgspec.json.decode(reply.json) if reply is not None else None

    async def _write(
        self, sid: str, connection: Connection, outbox: "_Waiting", ending: list[Code]
    ) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS) as waiting:
                while frames := await outbox.take():
                    if connection.welcomed:
                        waiting.reschedule(None)
                    await self._emit(sid, frames)
                    if self._unsent(sid) > WAITING_FRAMES_MAX:
                        ending.append(CODES["slow_reader"])
                        break
        except TimeoutError:
            refused = codec.error(Refused("not_authenticated"))
            await self._emit(sid, [Frame.of(refused)])
        slow = any(code.name == "slow_reader" for code in ending)
        if slow:
            await self._emit(sid, [Frame.of(codec.error(Refused("slow_reader")))])
        transport = self._engine_socket(sid)
        if sid in self._peers:
            await self._server.disconnect(sid, namespace=NAMESPACE)
        if slow and transport is not None:
            await _end(transport)

    async def _emit(self, sid: str, frames: Sequence[Frame]) -> None:
        for frame in frames:
            content = msgspec.json.decode(frame.json)
            await self._server.emit(frame.type, content, to=sid, namespace=NAMESPACE)

    def _unsent(self, sid: str) -> int:
        transport = self._engine_socket(sid)
        return transport.queue.qsize() if transport is not None else 0

    def _engine_socket(self, sid: str) -> Any:  # noqa: ANN401
        engine_id = self._server.manager.eio_sid_from_sid(sid, NAMESPACE)
        return self._server.eio.sockets.get(engine_id)


async def _end(transport: Any) -> None:  # noqa: ANN401
    """End an Engine.IO connection, not only our namespace in it, without waiting for its reader.

    What is queued is the last that it is sent; nothing is queued for it any more.
    """
    await transport.close(wait=False, abort=True)
    await transport.queue.put(None)  # lets its writer close the socket


def _origin_check(origins: Origins) -> Callable[[str, Mapping[str, Any]], bool]:
    """The origin check in the form that Engine.IO takes; it asks only where there is an origin."""

    def check(origin: str, environ: Mapping[str, Any]) -> bool:
        scheme, host = environ.get("wsgi.url_scheme", "http"), environ.get("HTTP_HOST", "")
        return origins.includes(origin, scheme=scheme, host=host)

    return check


def _protocol(auth: object) -> object:
    return auth.get("protocol", 1) if isinstance(auth, dict) else 1
