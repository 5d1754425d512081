"""One session of Engine.IO, by polling or over a WebSocket: packets in, packets out, its end."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Protocol

import engineio.packet
import structlog
from engineio.async_socket import AsyncSocket
from engineio.exceptions import QueueEmpty
from starlette.types import Receive
from typing_extensions import override

from configurator.protocol.codes import CODES, Refused
from realtime.connections.signs_of_life import PONG_SECONDS
from realtime.transports.engineio.bounds import EngineBounds, EngineSessions, FloodingError, Flow
from realtime.transports.engineio.connection import UnreadableError, reason_of
from realtime.transports.websocket.uvicorn_protocol import LINGER_SECONDS
from storage.tasks import OwnedTasks

log = structlog.get_logger()

NORMAL_CLOSURE: Final = 1000
UNREADABLE_PACKET: Final = 1002
TRY_AGAIN_LATER: Final = 1013

UPGRADE_SECONDS: Final = 10.0
"""Seconds within which a WebSocket that takes over from polling must complete its handshake."""

UNSENT_BYTES_MAX: Final = 2 * 1024 * 1024
"""A session ends when its client leaves more than this unread. A page that joins a house gets 20
kB."""

SEPARATOR: Final = "\x1e"
"""The separator between the packets of one POST."""

PACKETS_IN_A_TURN: Final = 32
"""Packets of one POST that are handled in one turn of the event loop, about 2 ms."""

REFUSED: Final = "nest.refused"
"""The key in a request's environ for its refusal, which replaces the answer of engineio."""

BODY: Final = "nest.body"
"""The key in the scope of a POST for its body, once it has been read."""


class EngineOfSessions(Protocol):
    """The parts of the server that a session uses, beyond those of any python-engineio server."""

    bounds: EngineBounds
    clock_ns: Callable[[], int]
    sessions: EngineSessions
    tasks: OwnedTasks
    flooded: Callable[["EngineSocket"], Awaitable[None]]

    def end(self, session: "EngineSocket", reason: str) -> None:
        """End a session, called from code that cannot await."""

    def forget(self, session: "EngineSocket") -> None:
        """Remove a session that has ended."""

    def look_at_unsent(self, network: str) -> None:
        """End the session of a network that has most unread, if together they have too much."""


class EngineSocket(AsyncSocket):  # type: ignore[misc]  # engineio has no types
    """One session, by polling or over a WebSocket."""

    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool

    def __init__(self, server: EngineOfSessions, sid: str, network: str) -> None:
        super().__init__(server, sid)
        self.network = network
        self.close_code: tuple[int, str] = (NORMAL_CLOSURE, "")
        """The code and reason with which its WebSocket is closed."""
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
        """Send the next ping a fixed time after the last pong."""
        self._beat(self.server.bounds.ping_seconds, self._ping)

    def expect_handshake(self, seconds: float) -> None:
        """End the session unless ``shook_hands`` is called in time."""
        loop = asyncio.get_running_loop()
        late = self.server.reason.PING_TIMEOUT
        self._handshake = loop.call_later(seconds, self.server.end, self, late)

    def shook_hands(self) -> None:
        """Note that the layers above know the client: the handshake needs no deadline any more."""
        if self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None

    def stop_timers(self) -> None:
        """Stop all timers of the session."""
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

    # ---- packets from the client

    async def hear(self, packet: str | bytes) -> None:
        """Handle one packet. Raises UnreadableError, FloodingError."""
        self._flow.count(len(packet))
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
        body: bytes = environ["asgi.scope"][BODY]
        try:
            for number, packet in enumerate(body.decode().split(SEPARATOR), 1):
                await self.hear(packet)
                if self.closing:
                    return
                if number % PACKETS_IN_A_TURN == 0:
                    await asyncio.sleep(0)
        except FloodingError:
            environ[REFUSED] = Refused("flooding", retry_after_ms=10_000)
            await self._flooded()
        except (UnreadableError, UnicodeDecodeError) as problem:
            environ[REFUSED] = Refused("malformed_message", detail="no Engine.IO packet")
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

    # ---- packets to the client

    @override
    async def send(self, packet: Any) -> None:
        """Queue a packet; end the session if its client leaves too much unread."""
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

        A client that breaks off a poll loses the packets in its answer, so its session ends, as it
        does in the reference server.
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
        """Wait for packets for the client and return them.

        A second poll at a time ends the session.

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
        """Whether the second connection is from the polling client; False if the session ends."""
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
                # Ends the waiting poll.
                self.queue.put_nowait(engineio.packet.Packet(engineio.packet.NOOP))
                return bool(await socket.wait() == "5") and not self.closing
        except (TimeoutError, OSError):
            return False

    # ---- the end

    @override
    async def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None
    ) -> None:
        """End the session without waiting for the client. Safe to call twice."""
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
