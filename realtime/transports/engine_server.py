"""python-engineio's server as it stands on the internet; ours and NiceGUI's are both of this class.

Theory. A session begins with a GET or a WebSocket and ends exactly once, in ``EngineSocket.close``:
the client leaves, does not answer a ping, does not shake hands in time, sends what is no packet,
sends too much, or does not read. From that moment on the server knows nothing of it any more: the
poll that waits is answered, the WebSocket is closed with a code, and no task, timer or entry in a
table is left. No step of it waits for the client.

What is decided before python-engineio sees a request:

- A body is read here, up to ``MESSAGE_BYTES_MAX``. A longer one, declared or not, is answered 413
  and ends the session.
- A new session needs a place: there are ``EngineBounds.sessions`` of them, and fewer for each
  network.
- JSONP is refused: it runs what is answered as a script, and no client of today needs it.

``Flow`` bounds what one session may send. Its packets lie far above what messages may come to
(``realtime.limits``), and count what is no message as well: pongs, packets of the layers below, events
that nobody listens to. Its kilobytes are those that one connection may send in large messages (LM5),
looked at before a packet is parsed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import engineio
import engineio.packet
import structlog
from engineio.async_socket import AsyncSocket
from engineio.exceptions import QueueEmpty
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from configurator.protocol.codes import CODES, Refused
from configurator.protocol.messages import MESSAGE_BYTES_MAX
from realtime.door import network_in
from realtime.http.edge import bounded
from realtime.signs_of_life import PING_SECONDS, PONG_SECONDS
from realtime.transports.engine import PacketQueue, UnreadableError, reason_of
from realtime.transports.engine_bounds import EngineBounds, FloodingError, Flow, Sessions
from realtime.transports.engine_requests import (
    SESSION_HEADER,
    answer_to,
    check_request,
    environ_of,
    query_of,
    refused_by,
)
from realtime.transports.uvicorn_websocket import LINGER_SECONDS, socket_of
from storage.tasks import OwnedTasks

log = structlog.get_logger()

NORMAL_CLOSURE: Final = 1000
UNREADABLE_PACKET: Final = 1002
TRY_AGAIN_LATER: Final = 1013

UPGRADE_SECONDS: Final = 10.0
"""A WebSocket that takes over from polling proves itself within this time."""

UNSENT_BYTES_MAX: Final = 2 * 1024 * 1024
"""A session whose client has not read this much ends. A page is told 20 kB when it joins a house."""

SEPARATOR: Final = "\x1e"
"""Between the packets of one POST."""

PACKETS_IN_A_TURN: Final = 32
"""Packets of one POST that are handled in one turn of the event loop, about 2 ms."""

_REFUSED: Final = "nest.refused"
"""Where in the environ of a request its refusal is put, for the answer that engineio makes."""

_BODY: Final = "nest.body"
"""Where in the scope of a POST its body is put once it has been read."""

_PRIVATE: Final = frozenset({"asgi.receive", "asgi.send"})
"""Parts of a request that do not outlive it: it would keep the connection that asked."""


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # engineio has no types
    """One Engine.IO server. ``tasks`` runs what ends sessions; it outlives every request."""

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
        """Nothing is begun yet.

        ``too_large`` is the last frame for whoever sends a larger one; ``flooded`` ends a session
        that sends too much, and may tell its client first.
        """
        super().__init__(
            async_mode="asgi",
            async_handlers=False,
            monitor_clients=False,  # each session has its own timer
            max_http_buffer_size=MESSAGE_BYTES_MAX,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            cors_allowed_origins=cors_allowed_origins,
            logger=library_logger("engineio.server"),
        )
        self._async = {**self._async, "translate_request": environ_of}
        self.bounds = bounds
        self.clock_ns = clock_ns
        self.sessions = Sessions(bounds)
        self.tasks = tasks
        self._too_large = too_large
        self.flooded = flooded

    @override
    def create_queue(self, *_: object, **__: object) -> PacketQueue:
        """The queue of one session."""
        return PacketQueue()

    @override
    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or serve one WebSocket; what is not even Engine.IO is refused."""
        socket = socket_of(scope)
        if socket is not None:
            socket.bound(MESSAGE_BYTES_MAX, too_large=self._too_large)
        try:
            check_request(scope, polling=self.bounds.polling)
            if scope["type"] == "http" and scope["method"] == "HEAD":
                await Response(media_type="text/plain")(scope, receive, send)  # it opens no session
                return
            if scope["type"] == "http" and scope["method"] == "POST":
                scope = {**scope, _BODY: await self._read(scope, receive)}
            await super().handle_request(scope, receive, send)
        except Refused as refused:
            await answer_to(refused)(scope, receive, send)
        except (ClientDisconnect, OSError):
            return  # nobody is there to read an answer
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
            environ[_REFUSED] = refused
            return self._bad_request()
        session = EngineSocket(self, self.generate_id(), network)
        self.sockets[session.sid] = session
        opening = {
            "sid": session.sid,
            "upgrades": self._upgrades(session.sid, transport),
            "pingTimeout": int(PONG_SECONDS * 1000),
            "pingInterval": int(PING_SECONDS * 1000),
            "maxPayload": MESSAGE_BYTES_MAX,
        }
        session.queue.put_nowait(engineio.packet.Packet(engineio.packet.OPEN, opening))
        kept = {name: value for name, value in environ.items() if name not in _PRIVATE}
        if await self._trigger_event("connect", session.sid, kept, run_async=False) is False:
            await session.close()
            environ[_REFUSED] = Refused("internal")
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
        refused = environ.get(_REFUSED) or refused_by(answer)
        if refused is None:
            return await super()._make_response(answer, environ)
        scope = environ["asgi.scope"]
        return await answer_to(refused)(scope, environ["asgi.receive"], environ["asgi.send"])

    @override
    def _log_error_once(self, message: str, message_key: str) -> None:
        """Say once which kind of request is refused, and nothing of what was in it."""
        if message_key not in self.log_message_keys:
            self.log_message_keys.add(message_key)
            log.info("engine_request_refused", reason=message_key)

    def end(self, session: "EngineSocket", reason: str) -> None:
        """End a session from where nothing can be awaited."""
        if not session.closing:
            self.tasks.start(session.close(reason=reason), name=f"end {session.sid}")

    def forget(self, session: "EngineSocket") -> None:
        """A session is over."""
        if self.sockets.pop(session.sid, None) is not None:
            self.sessions.leave(session.network)
            session.queue.settle()

    def look_at_unsent(self, network: str) -> None:
        """Let go the session of a network that has most unread, if all of them have too much."""
        if self.sessions.unsent_is_too_much(network):
            of_network = (each for each in self.sockets.values() if each.network == network)
            most = max(of_network, key=lambda each: each.queue.size_bytes, default=None)
            if most is not None:
                most.let_go()

    @override
    async def shutdown(self) -> None:
        """The process stops: no timer starts anything any more."""
        for session in self.sockets.values():
            session.stop_timers()


class EngineSocket(AsyncSocket):  # type: ignore[misc]  # engineio has no types
    """One session, polling or a WebSocket."""

    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool

    def __init__(self, server: Engine, sid: str, network: str) -> None:
        super().__init__(server, sid)
        self.network = network
        self.close_code: tuple[int, str] = (NORMAL_CLOSURE, "")
        """What its WebSocket is closed with."""
        self.on_pong: Callable[[], None] | None = None
        self._flow = Flow(server.bounds, server.clock_ns)
        self._heartbeat: asyncio.TimerHandle | None = None
        self._handshake: asyncio.TimerHandle | None = None
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._polled = False
        self.queue.account = partial(server.sessions.hold, network)

    # ---- timers

    @override
    def schedule_ping(self) -> None:
        """Ping after a while, from the last pong on."""
        self._beat(PING_SECONDS, self._ping)

    def expect_handshake(self, seconds: float) -> None:
        """End the session unless ``shook_hands`` is called in time."""
        loop = asyncio.get_running_loop()
        late = self.server.reason.PING_TIMEOUT
        self._handshake = loop.call_later(seconds, self.server.end, self, late)

    def shook_hands(self) -> None:
        """The layers above know who this is."""
        if self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None

    def stop_timers(self) -> None:
        """Nothing happens to this session by itself any more."""
        self.shook_hands()
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None

    def _beat(self, seconds: float, then: Callable[[], None]) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._heartbeat = asyncio.get_running_loop().call_later(seconds, then)

    def _ping(self) -> None:
        self.queue.put_nowait(engineio.packet.Packet(engineio.packet.PING))
        self._beat(PONG_SECONDS, lambda: self.server.end(self, self.server.reason.PING_TIMEOUT))

    # ---- what comes

    async def hear(self, packet: str | bytes) -> None:
        """Handle one packet. Raises UnreadableError, FloodingError."""
        self._flow.take(len(packet))
        if not isinstance(packet, str):
            raise UnreadableError
        match packet[:1]:
            case "4":
                await self.server.handlers["message"](self.sid, packet[1:])
            case "3":
                if self.on_pong is not None:
                    self.on_pong()
                self.schedule_ping()
            case "1":
                await self.close(reason=self.server.reason.CLIENT_DISCONNECT)
            case _:
                raise UnreadableError

    @override
    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Handle the packets of a POST."""
        body: bytes = environ["asgi.scope"][_BODY]
        try:
            for number, packet in enumerate(body.decode().split(SEPARATOR), 1):
                await self.hear(packet)
                if self.closing:
                    return
                if number % PACKETS_IN_A_TURN == 0:
                    await asyncio.sleep(0)
        except FloodingError:
            environ[_REFUSED] = Refused("flooding", retry_after_ms=10_000)
            await self._flooded()
        except (UnreadableError, UnicodeDecodeError) as problem:
            environ[_REFUSED] = Refused("malformed_message", detail="no Engine.IO packet")
            await self._unreadable(problem)

    async def _listen(self, socket: Any) -> None:  # noqa: ANN401
        try:
            while not self.closing:
                await self.hear(await socket.wait())
        except FloodingError:
            await self._flooded()
        except UnreadableError as problem:
            await self._unreadable(problem)
        except OSError:
            return  # the client is gone

    async def _flooded(self) -> None:
        self.close_code = (CODES["flooding"].close or TRY_AGAIN_LATER, "flooding")
        log.info("engine_session_floods", network=self.network)
        if not self.closing:
            await self.server.flooded(self)

    async def _unreadable(self, problem: Exception) -> None:
        self.close_code = (UNREADABLE_PACKET, "")
        log.info("packet_unreadable", reason=reason_of(problem))
        await self.close()

    # ---- what goes

    @override
    async def send(self, packet: Any) -> None:
        """Queue a packet; a client that leaves too much unread is let go."""
        if self.closing:
            return
        self.queue.put_nowait(packet)
        if self.queue.size_bytes > UNSENT_BYTES_MAX:
            self.let_go()
        else:
            self.server.look_at_unsent(self.network)

    def let_go(self) -> None:
        """End the session, because its client does not read."""
        slow = CODES["slow_reader"]
        self.close_code = (slow.close or TRY_AGAIN_LATER, slow.name)
        self.queue.drop()
        self.server.end(self, self.server.reason.SERVER_DISCONNECT)

    @override
    async def handle_get_request(self, environ: dict[str, Any]) -> Any:
        """Answer a poll, or serve a WebSocket. Raises QueueEmpty.

        A client that gives a poll up loses what it is answered, so its session ends, as those of
        the reference server do.
        """
        if environ["asgi.scope"]["type"] != "http" or self.upgrading:
            return await super().handle_get_request(environ)
        if not self.queue.empty():
            return await self.poll()
        watching = self.server.tasks.task(
            self._watch(environ["asgi.receive"]), name=f"poll {self.sid}"
        )
        try:
            return await self.poll()
        finally:
            watching.cancel()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.server.end(self, self.server.reason.TRANSPORT_CLOSE)

    @override
    async def poll(self) -> Any:
        """What waits for the client. Two polls at a time are no client's: they end the session.

        Raises QueueEmpty.
        """
        if self._polled:
            await self.close(reason=self.server.reason.TRANSPORT_ERROR)
            raise QueueEmpty
        self._polled = True
        try:
            return await super().poll()
        finally:
            self._polled = False

    async def _write(self, socket: Any) -> None:  # noqa: ANN401
        try:
            while (packet := await self.queue.get()) is not None:
                await socket.send(packet.encode())
                self.queue.task_done()
            code, reason = self.close_code
            await socket.asgi_send({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError):
            return  # the client is gone, or the server has closed its socket

    # ---- WebSocket

    @override
    async def _upgrade_websocket(self, environ: dict[str, Any]) -> Any:
        if self.upgrading or self.upgraded or self.closing:
            return self.server._bad_request("upgraded already")  # noqa: SLF001
        self.upgrading = self.connected
        try:
            return await super()._upgrade_websocket(environ)
        finally:
            self.upgrading = False

    @override
    async def _websocket_handler(self, socket: Any) -> None:
        if self.connected and not await self._proved(socket):
            await socket.asgi_send({"type": "websocket.close", "code": UNREADABLE_PACKET})
            return
        self.connected = self.upgraded = True
        self.upgrading = False
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(socket))
            writing = tasks.create_task(self._write(socket))
            await asyncio.wait((listening, self._over), return_when=asyncio.FIRST_COMPLETED)
            await self.close(reason=self.server.reason.TRANSPORT_CLOSE)
            await asyncio.wait((writing,), timeout=LINGER_SECONDS)
            listening.cancel()
            writing.cancel()

    async def _proved(self, socket: Any) -> bool:  # noqa: ANN401
        """Whether a second connection is that of the client that polls; False when the session ends."""
        async with asyncio.TaskGroup() as tasks:
            proving = tasks.create_task(self._prove(socket))
            await asyncio.wait((proving, self._over), return_when=asyncio.FIRST_COMPLETED)
            proving.cancel()
        return not proving.cancelled() and proving.result()

    async def _prove(self, socket: Any) -> bool:  # noqa: ANN401
        try:
            async with asyncio.timeout(UPGRADE_SECONDS):
                if await socket.wait() != "2probe":
                    return False
                await socket.send("3probe")
                self.queue.put_nowait(engineio.packet.Packet(engineio.packet.NOOP))  # ends a poll
                return bool(await socket.wait() == "5") and not self.closing
        except (TimeoutError, OSError):
            return False

    # ---- the end

    @override
    async def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None
    ) -> None:
        """End the session; safe to call twice. Nothing here waits for the client."""
        if self.closing:
            return
        self.closing = True
        self.stop_timers()
        self.server.forget(self)
        try:
            why = reason or self.server.reason.SERVER_DISCONNECT
            await self.server._trigger_event("disconnect", self.sid, why)  # noqa: SLF001
        finally:
            self.closed = True
            self.on_pong = None
            if not self.upgraded:
                self.queue.put_nowait(engineio.packet.Packet(engineio.packet.CLOSE))
            self.queue.put_nowait(None)
            if not self._over.done():
                self._over.set_result(None)


def library_logger(name: str) -> logging.Logger:
    """The logger of a library, without the handler that it gives itself and that writes no JSON."""
    logger = logging.getLogger(name)
    logger.handlers.clear()
    logger.setLevel(logging.ERROR)
    return logger
