"""python-engineio's server, hardened for the internet; ours and NiceGUI's are of this class.

Theory. A session begins with a GET or a WebSocket and ends exactly once, in ``EngineSocket.close``:
the client leaves, does not answer a ping, does not shake hands in time, sends bytes that are no
packet, sends too much, or does not read. From then on nothing of the session is left in the server:
the waiting poll is answered, the WebSocket is closed with a code, and no task, timer or table entry
remains. No step of this end waits for the client.

This module decides before python-engineio sees a request:

- A body is read here, up to ``MESSAGE_BYTES_MAX``. A longer one, declared or not, is answered 413
  and ends the session.
- A new session needs a place: there are ``EngineBounds.sessions`` of them, and fewer for each
  network.
- JSONP is refused: the browser would run the answer as a script, and no current client needs it.

``Flow`` bounds what one session may send. Its bound on packets is far above that on messages
(``realtime.limits.connections``), and also counts packets that are not messages: pongs, packets of
the layers below, events without a listener. Its bound on kilobytes is that of one connection for
large messages (LM5), checked before a packet is parsed.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import engineio
import engineio.packet
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from configurator.protocol.codes import Refused
from configurator.protocol.messages import MESSAGE_BYTES_MAX
from realtime.connections.signs_of_life import PONG_SECONDS
from realtime.edge.exchange import bounded
from realtime.people.networks import network_in
from realtime.transports.engineio.bounds import EngineBounds, EngineSessions
from realtime.transports.engineio.connection import PacketQueue
from realtime.transports.engineio.requests import (
    SESSION_HEADER,
    answer_to,
    check_request,
    environ_of,
    query_of,
    refused_by,
)
from realtime.transports.engineio.session import BODY, REFUSED, UNREADABLE_PACKET, EngineSocket
from realtime.transports.websocket.socket import socket_of
from storage.tasks import OwnedTasks

log = structlog.get_logger()

_PRIVATE: Final = frozenset({"asgi.receive", "asgi.send"})
"""Parts of a request that are removed at its end: they would keep its connection in memory."""


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # engineio has no types
    """One Engine.IO server. ``tasks`` runs the ends of sessions, and outlives every request."""

    _async: dict[str, Any]

    def __init__(
        self,
        *,
        bounds: EngineBounds,
        clock_ns: Callable[[], int],
        tasks: OwnedTasks,
        cors_allowed_origins: Callable[[str, Mapping[str, Any]], bool],
        too_large: bytes = b"",
        flooded: Callable[["EngineSocket"], Awaitable[None]],
        **_: object,
    ) -> None:
        """Start nothing yet.

        ``too_large`` is the last frame for a client that sends too large a frame. ``flooded``
        ends a session that sends too much, and may tell its client first.
        """
        super().__init__(
            async_mode="asgi",
            async_handlers=False,
            monitor_clients=False,  # each session has its own timer
            max_http_buffer_size=MESSAGE_BYTES_MAX,
            ping_interval=bounds.ping_seconds,
            ping_timeout=PONG_SECONDS,
            cors_allowed_origins=cors_allowed_origins,
            logger=library_logger("engineio.server"),
        )
        self._async = {**self._async, "translate_request": environ_of}
        self.bounds = bounds
        self.clock_ns = clock_ns
        self.sessions = EngineSessions(bounds)
        self.tasks = tasks
        self._too_large = too_large
        self.flooded = flooded

    @override
    def create_queue(self, *_: object, **__: object) -> PacketQueue:
        """The queue of one session."""
        return PacketQueue()

    @override
    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or serve one WebSocket; refuse a request that is not one of Engine.IO."""
        socket = socket_of(scope)
        if socket is not None:
            socket.bound(MESSAGE_BYTES_MAX, too_large=self._too_large)
        try:
            check_request(scope, polling=self.bounds.polling)
            if scope["type"] == "http" and scope["method"] == "HEAD":
                # HEAD opens no session.
                await Response(media_type="text/plain")(scope, receive, send)
                return
            if scope["type"] == "http" and scope["method"] == "POST":
                scope = {**scope, BODY: await self._read(scope, receive)}
            await super().handle_request(scope, receive, send)
        except Refused as refused:
            await answer_to(refused)(scope, receive, send)
        except (ClientDisconnect, OSError):
            return  # the client is gone and reads no answer
        except (ValueError, LookupError) as problem:
            log.info("packet_unreadable", reason=type(problem).__name__)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": UNREADABLE_PACKET})
            else:
                await answer_to(Refused("handshake_unusable"))(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        """Read a whole body. Raises Refused."""
        try:
            return await bounded(Request(scope, receive))
        except Refused:
            session = self.sockets.get(query_of(scope).get("sid", [""])[0])
            if session is not None:
                await session.close()
            raise

    @override
    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> Any:
        network = network_in(environ["asgi.scope"])
        try:
            self.sessions.enter(network)
        except Refused as refused:
            environ[REFUSED] = refused
            return self._bad_request()
        session = EngineSocket(self, self.generate_id(), network)
        self.sockets[session.sid] = session
        opening = {
            "sid": session.sid,
            "upgrades": self._upgrades(session.sid, transport),
            "pingTimeout": int(PONG_SECONDS * 1000),
            "pingInterval": int(self.bounds.ping_seconds * 1000),
            "maxPayload": MESSAGE_BYTES_MAX,
        }
        session.queue.put_nowait(engineio.packet.Packet(engineio.packet.OPEN, opening))
        kept = {name: value for name, value in environ.items() if name not in _PRIVATE}
        if await self._trigger_event("connect", session.sid, kept, run_async=False) is False:
            await session.close()
            environ[REFUSED] = Refused("internal")
            return self._bad_request()
        session.schedule_ping()
        if transport == "websocket":
            try:
                return await session.handle_get_request(environ)
            finally:
                await session.close(reason=self.reason.TRANSPORT_CLOSE)
        session.connected = True
        return self._ok(await session.poll(), [(SESSION_HEADER, session.sid)])

    @override
    async def _make_response(self, answer: dict[str, Any], environ: dict[str, Any]) -> Any:
        refused = environ.get(REFUSED) or refused_by(answer)
        if refused is None:
            return await super()._make_response(answer, environ)
        scope = environ["asgi.scope"]
        return await answer_to(refused)(scope, environ["asgi.receive"], environ["asgi.send"])

    @override
    def _log_error_once(self, message: str, message_key: str) -> None:
        """Log each kind of refused request once, without its content."""
        if message_key not in self.log_message_keys:
            self.log_message_keys.add(message_key)
            log.info("engine_request_refused", reason=message_key)

    def end(self, session: "EngineSocket", reason: str) -> None:
        """End a session, called from code that cannot await."""
        if not session.closing:
            self.tasks.start(session.close(reason=reason), name=f"end {session.sid}")

    def forget(self, session: "EngineSocket") -> None:
        """Remove a session that has ended."""
        if self.sockets.pop(session.sid, None) is not None:
            self.sessions.leave(session.network)
            session.queue.settle()

    def look_at_unsent(self, network: str) -> None:
        """End the session of a network that has most unread, if together they have too much."""
        if self.sessions.unsent_is_too_much(network):
            of_network = (each for each in self.sockets.values() if each.network == network)
            most = max(of_network, key=lambda each: each.queue.size_bytes, default=None)
            if most is not None:
                most.let_go()

    @override
    async def shutdown(self) -> None:
        """Start no timer any more: the process stops."""
        for session in self.sockets.values():
            session.stop_timers()


def library_logger(name: str) -> logging.Logger:
    """The logger of a library, without the library's own handler, which does not write JSON."""
    logger = logging.getLogger(name)
    logger.handlers.clear()
    logger.setLevel(logging.ERROR)
    return logger
