"""Socket.IO: namespace ``/configurator``, an event for each message type, the messages of ``/ws``.

The payload of an event is the whole message, ``type`` included. ``connect`` carries ``{"token":
...}`` as auth, which replaces the hello; the cookie of a person or admin does as well. A client
with neither is refused at once, before it sends events that nobody would take. Every event's
acknowledgement carries the reply; the reply also arrives as an event, so that clients without
acknowledgements see it. Binary attachments are refused: the protocol has none.

python-socketio parses packets and keeps the namespaces; frames to a client do not go through its
``emit`` but through the ``Peer`` of the connection (``engine``). A client that must not come back
gets a disconnect after the error; one that may come back only loses the connection, because
official clients reconnect by themselves only then.
"""

import asyncio
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
from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, Refused
from realtime.connections.connection import Connection
from realtime.connections.drain import Drain
from realtime.connections.services import Services
from realtime.connections.visits import ConnectionVisit
from realtime.delivery.frame import NAMESPACE, Frame
from realtime.delivery.peer import Peer
from realtime.edge.exchange import Origins, refusal
from realtime.people.networks import network_in
from realtime.people.principal import Principal
from realtime.transports.engineio.bounds import EngineBounds, FloodingError, Flow
from realtime.transports.engineio.connection import (
    DirectSession,
    EnginePacket,
    PacketQueue,
    Packets,
    QueueOutlet,
    UnreadableError,
    reason_of,
)
from realtime.transports.engineio.requests import check_request, query_of
from realtime.transports.engineio.server import Engine, library_logger
from realtime.transports.engineio.session import UNREADABLE_PACKET, EngineSocket
from realtime.transports.socketio.client import Link, connect_error
from realtime.transports.socketio.packets import BAD_PACKETS, PlainPacket, message_in
from realtime.transports.websocket.endpoint import close_code
from realtime.transports.websocket.socket import Socket, socket_of
from realtime.transports.websocket.uvicorn_protocol import LINGER_SECONDS
from storage.errors import StorageError
from storage.tasks import TaskOwner

log = structlog.get_logger()

TOO_LARGE: Final = Frame.of(codec.error(Refused("message_too_large"))).socketio

Enter = Callable[[Link, Mapping[str, str], str, object], Awaitable[bool]]
"""Lets a client in and returns whether it is in; takes its link, the request that opened it, its id
and its ``auth``."""


class _Server(socketio.AsyncServer):  # type: ignore[misc]  # socketio has no types
    """python-socketio, writing through links. Bytes that are not a packet end the connection."""

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
        await self._handle_disconnect(eio_sid, NAMESPACE)  # a client that enters twice starts again
        sid = await self.manager.pre_connect(eio_sid, NAMESPACE)
        if await self._enter(link, self.environ[eio_sid], sid, data) and eio_sid in self.links:
            await self.manager.connect(sid, NAMESPACE)
        else:
            self.manager.pre_disconnect(sid, NAMESPACE)
            await self.manager.disconnect(sid, NAMESPACE, ignore_queue=True)

    @override
    async def _handle_eio_message(self, eio_sid: str, data: object) -> None:
        """Handle one packet. Raises UnreadableError."""
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
            await link.receive(message_in(data), id)


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
        self.engine = Engine(
            bounds=bounds,
            clock_ns=clock_ns,
            tasks=self._tasks,
            cors_allowed_origins=_origin_check(origins),
            too_large=TOO_LARGE,
            flooded=self._flooded,
        )
        self._server = _Server(self._enter, self.engine)
        self._server.on("disconnect", self._disconnect, namespace=NAMESPACE)
        drain.watch(lambda: [link.hand_over for link in self._server.links.values()])
        self.engine.sessions.refusal = drain.refusal
        self.engine.on("connect", self._begin_queued)
        self.engine.on("disconnect", self._end_engine)

    @override
    async def _end(self) -> None:
        """Finish the ends of sessions under way; the web server closes the sockets."""
        await self._server.shutdown()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI app to mount."""
        socket = socket_of(scope)
        if socket is None or not _begins(scope):
            await self.engine.handle_request(scope, receive, send)
            return
        network = network_in(scope)
        try:
            check_request(scope)
            self.engine.sessions.enter(network)
        except Refused as refused:
            await refusal(refused)(scope, receive, send)
            return
        try:
            await self._serve(socket, scope, receive, send)
        finally:
            self.engine.sessions.leave(network)

    # ---- connections: a WebSocket from the beginning, or python-engineio's queue

    async def _serve(self, socket: Socket, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        asking = HTTPConnection(scope)
        if not self._origins.trusts(asking):
            await send({"type": "websocket.close", "code": CODES["foreign_origin"].close})
            return
        # Read before the session is made, because that drops the headers.
        visitor = self._services.visitor_reader.visitor(asking)
        limits = self._services.limits.of_connection(network_in(scope))
        cookies = {"HTTP_COOKIE": asking.headers.get("cookie", "")}
        del asking
        await send({"type": "websocket.accept"})
        engine_id = self.engine.generate_id()

        def finish(code: Code) -> None:
            session.close(close_code(code), code.name)

        flow = Flow(self.engine.bounds, self.engine.clock_ns)
        session = DirectSession(
            engine_id,
            socket,
            finish=finish,
            too_large=TOO_LARGE,
            flow=flow,
            timing=self._services.timing,
        )
        link = Link(session.peer, limits, visitor, self._services.timing)
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
        session: EngineSocket = self.engine.sockets[engine_id]
        outlet = QueueOutlet(session.queue)

        def finish(code: Code) -> None:
            session.close_code = (close_code(code), code.name)
            self._tasks.start(_end(session, code.name), name=f"end {engine_id}")

        peer = Peer(
            outlet,
            form=self._packets,
            finish=finish,
            write_seconds=self._services.timing.write_seconds,
        )
        outlet.peer = peer
        asking = HTTPConnection(environ["asgi.scope"])
        visitor = self._services.visitor_reader.visitor(asking)
        limits = self._services.limits.of_connection(network_in(asking.scope))
        link = Link(peer, limits, visitor, self._services.timing)
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
        try:
            principal = await self._cookie_principal(environ.get("HTTP_COOKIE", ""))
        except StorageError:
            # The store is away: that is not the same as an unknown client.
            link.hang_up(CODES["unavailable"])
            return False
        connection = Connection(
            connection_id=self._new_connection_id(),
            services=self._services,
            deliver=link.deliver,
            hang_up=link.hang_up,
            principal=principal,
            visit=ConnectionVisit(visitor=link.visitor, source="socketio"),
            limits=link.limits,
        )
        return await link.enter(connection, _hello(auth), sid)

    async def _disconnect(self, sid: str, _reason: object = None) -> None:
        link = self._link(sid)
        if link is not None:
            await link.leave()
            link.expect_hello()

    def _link(self, sid: str) -> Link | None:
        return self._server.links.get(self._server.manager.eio_sid_from_sid(sid, NAMESPACE))


async def _end(session: EngineSocket, reason: str) -> None:
    """End a session once the client has fetched the packets that wait for it.

    A poll has no close code, so the last packet that it fetches carries the reason. That packet
    comes in a poll of its own: official clients close on it before they read the packets beside it.
    """
    fetched = await _fetched(session.queue)
    if fetched and not (session.upgraded or session.closing):
        session.queue.put_nowait(engineio.packet.Packet(engineio.packet.CLOSE, reason or None))
        await _fetched(session.queue)
    await session.close()


async def _fetched(queue: PacketQueue) -> bool:
    """Whether the client fetches all waiting packets within ``LINGER_SECONDS``."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            await queue.join()
    except TimeoutError:
        return False
    return True


def _begins(scope: Scope) -> bool:
    """Whether a WebSocket is a new Engine.IO connection, and not the upgrade of one."""
    query = query_of(scope)
    return (
        query.get("EIO") == ["4"] and "sid" not in query and query.get("transport") == ["websocket"]
    )


def _origin_check(origins: Origins) -> Callable[[str, Mapping[str, Any]], bool]:
    """The origin check for Engine.IO, which calls it only where a request has an origin."""

    def check(origin: str, environ: Mapping[str, Any]) -> bool:
        # The scheme is not from wsgi.url_scheme: Engine.IO copies X-Forwarded-Proto there, from any
        # peer.
        scheme, host = environ["asgi.scope"]["scheme"], environ.get("HTTP_HOST", "")
        return origins.includes(origin, scheme=scheme, host=host)

    return check


def _hello(auth: object) -> bytes:
    """The hello made from ``auth``; without a token in it the cookie counts, as for any hello.

    Mistakes in ``auth`` are kept, so the client is told about them.
    """
    if auth is not None and not isinstance(auth, dict):
        return msgspec.json.encode(auth)
    said = auth or {}
    given = {name: said[name] for name in ("token", "session_id") if said.get(name) is not None}
    return msgspec.json.encode({"type": "hello", "protocol": said.get("protocol", 1), **given})
