"""Socket.IO: namespace ``/configurator``, one event a message type, the same messages as on ``/ws``.

The payload of an event is the whole message, ``type`` included. ``connect`` carries
``{"token": ...}`` as auth, which stands for hello; a person's or admin's cookie does as well. A client
with neither is refused at once, not when an event of it would have waited in vain. Every event's
acknowledgement carries the reply; the reply also arrives as an event, so that clients without
acknowledgements see it. Binary attachments are refused: the protocol has none.

python-socketio understands packets and keeps namespaces; what a client is sent does not go through
its ``emit`` but through the ``Peer`` of its connection (``engine``). Who is let go for good gets a
disconnect after the error; who may come back only loses the connection, because official clients
reconnect by themselves then, and only then.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import engineio.packet
import msgspec
import socketio
import structlog
from socketio.packet import Packet
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from configurator.protocol import codec
from configurator.protocol.codes import CODES, Code, Refused
from realtime.connection import Connection
from realtime.door import network_in
from realtime.drain import Drain
from realtime.frame import NAMESPACE, Frame
from realtime.http.edge import Origins, refusal
from realtime.principal import Principal
from realtime.services import Services
from realtime.transports.engine import (
    DirectSession,
    EnginePacket,
    PacketQueue,
    Packets,
    QueueOutlet,
    UnreadableError,
    reason_of,
)
from realtime.transports.engine_bounds import EngineBounds, FloodingError, Flow
from realtime.transports.engine_requests import check_request, query_of
from realtime.transports.engine_server import (
    UNREADABLE_PACKET,
    Engine,
    EngineSocket,
    library_logger,
)
from realtime.transports.link import Link, connect_error
from realtime.transports.peer import Peer
from realtime.transports.uvicorn_websocket import LINGER_SECONDS, Socket, socket_of
from realtime.transports.websocket import close_code
from realtime.visits import Visit
from storage.errors import StorageError
from storage.tasks import TaskOwner

log = structlog.get_logger()

TOO_LARGE: Final = Frame.of(codec.error(Refused("message_too_large"))).socketio

BAD_PACKETS = (*codec.UNREADABLE, ValueError, KeyError, IndexError, TypeError, UnreadableError)
"""What python-socketio and we raise for what is no packet."""


class _LooseEvent(list[Any]):
    """An event that is no JSON for us, as NaN or half a character: its message is refused, not its packet."""


class _DeepEvent(list[Any]):
    """An event that is nested beyond reading: its name, and its payload as it was written."""


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
    """A packet without binary attachments, so that nobody can make the server keep them."""

    uses_binary_events = False
    json = _StrictJson

    @override
    def decode(self, encoded_packet: str) -> int:
        """The number of attachments that follow: always 0. Raises ValueError otherwise."""
        if super().decode(encoded_packet):
            raise ValueError("binary attachments are not part of this protocol")
        return 0


Enter = Callable[[Link, Mapping[str, str], str, object], Awaitable[bool]]
"""Lets a client in: its link, the request it opened with, its id, its ``auth``; whether it is in."""


class _Server(socketio.AsyncServer):  # type: ignore[misc]  # socketio has no types
    """python-socketio, writing through links. What is no packet ends the connection."""

    def __init__(self, enter: Enter, engine: Engine) -> None:
        self._its_engine = engine
        super().__init__(
            async_mode="asgi",
            async_handlers=False,
            serializer=PlainPacket,
            logger=library_logger("socketio.server"),
            namespaces=[NAMESPACE],
        )
        self.links: dict[str, Link] = {}
        self._enter = enter

    @override
    def _engineio_server_class(self) -> Callable[..., Engine]:
        return lambda **_: self._its_engine

    @override
    async def _send_packet(self, eio_sid: str, pkt: Packet) -> None:
        link = self.links.get(eio_sid)
        if link is not None:
            link.peer.deliver(EnginePacket(b"4" + pkt.encode().encode()))

    @override
    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        link = self.links.get(eio_sid)
        if link is None:
            return
        if namespace != NAMESPACE:
            where = namespace or "/"
            refused = codec.error(Refused("namespace_unknown", detail=where[:64]))
            address = f"{where}," if where != "/" else ""
            packet = b"44" + address.encode() + connect_error(codec.encode(refused))
            link.peer.deliver(EnginePacket(packet))
            return
        await self._handle_disconnect(eio_sid, NAMESPACE)  # who enters twice is new
        sid = await self.manager.pre_connect(eio_sid, NAMESPACE)
        if await self._enter(link, self.environ[eio_sid], sid, data) and eio_sid in self.links:
            await self.manager.connect(sid, NAMESPACE)
        else:
            self.manager.pre_disconnect(sid, NAMESPACE)
            await self.manager.disconnect(sid, NAMESPACE, ignore_queue=True)

    @override
    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        """Raises UnreadableError."""
        try:
            await super()._handle_eio_message(eio_sid, data)
        except BAD_PACKETS as problem:
            raise UnreadableError from problem

    @override
    async def _handle_event(
        self,
        eio_sid: str,
        namespace: str | None,
        id: int | None,
        data: object,
    ) -> None:
        if not isinstance(data, list) or not data:
            raise UnreadableError
        link = self.links.get(eio_sid)
        if namespace == NAMESPACE and link is not None:
            await link.receive(_message(data), id)


def _message(event: list[Any]) -> bytes:
    """The message in an event: its name is the type, its payload the rest."""
    name, *payload = event
    if isinstance(event, _DeepEvent):  # as it came; the later of two fields counts
        return f'{payload[0][:-1]},"type":{json.dumps(name)}}}'.encode()
    body = payload[0] if payload else {}
    if len(payload) > 1 or not isinstance(body, dict):
        body = {"data": "not an object"}
    message = {**body, "type": name if isinstance(name, str) else ""}
    if isinstance(event, _LooseEvent):  # written as it came, so that the codec says what is wrong
        return json.dumps(message).encode()
    return msgspec.json.encode(message)


class SocketIoTransport(TaskOwner):
    """The Socket.IO server of this process. An async context manager."""

    def __init__(
        self,
        *,
        services: Services,
        origins: Origins,
        cookie_principal: Callable[[str], Awaitable[Principal | None]],
        new_connection_id: Callable[[], str],
        bounds: EngineBounds,
        clock_ns: Callable[[], int],
        drain: Drain,
    ) -> None:
        super().__init__()
        self._services = services
        self._origins = origins
        self._cookie_principal = cookie_principal
        self._new_connection_id = new_connection_id
        self._packets = Packets()
        self._engine = Engine(
            bounds=bounds,
            clock_ns=clock_ns,
            tasks=self._tasks,
            cors_allowed_origins=_origin_check(origins),
            too_large=TOO_LARGE,
            flooded=self._flooded,
        )
        self._server = _Server(self._enter, self._engine)
        self._server.on("disconnect", self._disconnect, namespace=NAMESPACE)
        drain.watch(lambda: [link.hand_over for link in self._server.links.values()])
        self._engine.sessions.refusal = drain.refusal
        self._engine.on("connect", self._begin_queued)
        self._engine.on("disconnect", self._end_engine)

    @override
    async def _end(self) -> None:
        """End what is ending; the sockets are closed by the web server."""
        await self._server.shutdown()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI app to mount."""
        socket = socket_of(scope)
        if socket is None or not _begins(scope):
            await self._engine.handle_request(scope, receive, send)
            return
        network = network_in(scope)
        try:
            check_request(scope)
            self._engine.sessions.enter(network)
        except Refused as refused:
            await refusal(refused)(scope, receive, send)
            return
        try:
            await self._serve(socket, scope, receive, send)
        finally:
            self._engine.sessions.leave(network)

    # ---- connections: a WebSocket from the beginning, or python-engineio's queue

    async def _serve(self, socket: Socket, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        asking = HTTPConnection(scope)
        if not self._origins.trusts(asking):
            await send({"type": "websocket.close", "code": CODES["foreign_origin"].close})
            return
        # Looked at before the session is made, which forgets the headers.
        visitor = self._services.door.visitor(asking)
        limits = self._services.limits.of_connection(network_in(scope))
        cookies = {"HTTP_COOKIE": asking.headers.get("cookie", "")}
        del asking
        await send({"type": "websocket.accept"})
        engine_id = self._engine.generate_id()

        def finish(code: Code) -> None:
            session.close(close_code(code), code.name)

        flow = Flow(self._engine.bounds, self._engine.clock_ns)
        session = DirectSession(engine_id, socket, finish=finish, too_large=TOO_LARGE, flow=flow)
        link = Link(session.peer, limits, visitor)
        session.on_pong = link.heard
        self._server.links[engine_id] = link
        await self._server._handle_eio_connect(engine_id, cookies)  # noqa: SLF001 - its engine's
        try:
            hear = partial(self._server._handle_eio_message, engine_id)  # noqa: SLF001
            await session.read(receive, hear)
            session.close()
        except UnreadableError as problem:
            log.info("packet_unreadable", reason=reason_of(problem))
            session.close(UNREADABLE_PACKET)
        except FloodingError:
            link.peer.refuse("flooding")
        finally:
            session.close()
            await self._end_engine(engine_id, self._server.reason.TRANSPORT_CLOSE)

    async def _begin_queued(self, engine_id: str, environ: Mapping[str, Any]) -> None:
        session: EngineSocket = self._engine.sockets[engine_id]
        outlet = QueueOutlet(session.queue)

        def finish(code: Code) -> None:
            session.close_code = (close_code(code), code.name)
            self._tasks.start(_end(session, code.name), name=f"end {engine_id}")

        peer = Peer(outlet, form=self._packets, finish=finish)
        outlet.peer = peer
        asking = HTTPConnection(environ["asgi.scope"])
        visitor = self._services.door.visitor(asking)
        limits = self._services.limits.of_connection(network_in(asking.scope))
        link = Link(peer, limits, visitor)
        self._server.links[engine_id] = link
        session.on_pong = link.heard
        cookies = {"HTTP_COOKIE": environ.get("HTTP_COOKIE", "")}
        await self._server._handle_eio_connect(engine_id, cookies)  # noqa: SLF001 - its engine's

    async def _flooded(self, session: EngineSocket) -> None:
        link = self._server.links.get(session.sid)
        if link is not None:
            link.peer.refuse("flooding")

    async def _end_engine(self, engine_id: str, reason: str) -> None:
        link = self._server.links.pop(engine_id, None)
        if link is not None:
            link.close()
        await self._server._handle_eio_disconnect(engine_id, reason)  # noqa: SLF001 - its engine's
        if link is not None:
            await link.leave()

    # ---- the namespace

    async def _enter(self, link: Link, environ: Mapping[str, str], sid: str, auth: object) -> bool:
        link.peer.count_dropped = self._services.hub.count_dropped
        connection = Connection(
            connection_id=self._new_connection_id(),
            services=self._services,
            deliver=link.deliver,
            hang_up=link.hang_up,
            principal=None,
            visit=Visit(visitor=link.visitor, source="socketio"),
            limits=link.limits,
        )
        try:
            connection.principal = await self._cookie_principal(environ.get("HTTP_COOKIE", ""))
        except StorageError:
            # Not knowing who connects is not the same as their being unknown.
            link.hang_up(CODES["unavailable"])
            return False
        return await link.enter(connection, _hello(auth), sid)

    async def _disconnect(self, sid: str, _reason: object = None) -> None:
        link = self._link(sid)
        if link is not None:
            await link.leave()
            link.expect_hello()

    def _link(self, sid: str) -> Link | None:
        return self._server.links.get(self._server.manager.eio_sid_from_sid(sid, NAMESPACE))


async def _end(session: EngineSocket, reason: str) -> None:
    """End a session once the client has fetched what it is still sent.

    A poll has no close code, so the last packet that it fetches carries the reason. It comes in a
    poll of its own: official clients close on it before they look at what came beside it.
    """
    fetched = await _fetched(session.queue)
    if fetched and not (session.upgraded or session.closing):
        session.queue.put_nowait(engineio.packet.Packet(engineio.packet.CLOSE, reason or None))
        await _fetched(session.queue)
    await session.close()


async def _fetched(queue: PacketQueue) -> bool:
    """Whether the client fetches all that it is sent within ``LINGER_SECONDS``."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            await queue.join()
    except TimeoutError:
        return False
    return True


def _begins(scope: Scope) -> bool:
    """Whether a WebSocket is a new Engine.IO connection, not the upgrade of one."""
    query = query_of(scope)
    return (
        query.get("EIO") == ["4"] and "sid" not in query and query.get("transport") == ["websocket"]
    )


def _origin_check(origins: Origins) -> Callable[[str, Mapping[str, Any]], bool]:
    """The origin check in the form that Engine.IO takes; it asks only where there is an origin."""

    def check(origin: str, environ: Mapping[str, Any]) -> bool:
        # Not wsgi.url_scheme: there Engine.IO writes what anybody says in X-Forwarded-Proto.
        scheme, host = environ["asgi.scope"]["scheme"], environ.get("HTTP_HOST", "")
        return origins.includes(origin, scheme=scheme, host=host)

    return check


def _hello(auth: object) -> bytes:
    """The hello that ``auth`` stands for; without a token in it the cookie counts, as with any hello.

    What is wrong in ``auth`` stays in it, so that the client is told so.
    """
    if auth is not None and not isinstance(auth, dict):
        return msgspec.json.encode(auth)
    said = auth or {}
    given = {name: said[name] for name in ("token", "session_id") if said.get(name) is not None}
    return msgspec.json.encode({"type": "hello", "protocol": said.get("protocol", 1), **given})
