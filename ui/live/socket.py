"""NiceGUI's own Socket.IO server, made safe for the internet.

By default it accepts any origin, lets any socket send events for any page whose id it knows, calls
its own `connect` and `disconnect` handlers for events of these names, keeps any number of binary
frames that a peer announces, and logs a traceback for each malformed packet. `PageSockets` puts our
Engine.IO server below it (`realtime.transports.engineio.server`) and accepts only these packets: a
connection to the root namespace, its end, or one of the five events that NiceGUI's script sends,
with arguments of the shape that it gives them. Any other packet ends the socket. A page that floods
is told so, then its sockets are closed for good and the page is deleted.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

import structlog
from nicegui import Client, core
from nicegui.nicegui import _on_handshake as accept_handshake
from socketio import exceptions
from socketio.packet import ACK, CONNECT, DISCONNECT, EVENT, Packet
from typing_extensions import override

from configurator.protocol import codec
from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, Refused
from realtime.connections.drain import Drain, HandOver
from realtime.edge.exchange import asked_origin
from realtime.limits.buckets import Bucket, Rate
from realtime.transports.engineio.bounds import EngineBounds
from realtime.transports.engineio.connection import UnreadableError
from realtime.transports.engineio.server import Engine, library_logger
from realtime.transports.engineio.session import EngineSocket
from realtime.transports.websocket.endpoint import close_code
from storage.errors import StorageError
from storage.tasks import TaskOwner
from ui.live.client import PageClient, delete_now
from ui.live.events import is_number, name_of, on_ack, on_event, on_javascript_response, owner
from ui.live.pages import LivePages

HANDSHAKE_SECONDS: Final = 10.0
"""Seconds within which a socket must name its page; NiceGUI's script does so at once."""

PAGE_SOCKETS_MAX: Final = 4
"""The most sockets of one page: a browser has one, and a second while the end of the first is not
known."""

PAGE_DOCUMENTS_MAX: Final = 16
"""The most loads of one page that are remembered, in case their socket comes back."""

TOLD_SECONDS: Final = 3.0
"""Seconds that an ending page has to take its last messages."""

TOLD_EVERY_SECONDS: Final = 0.05

LOG_LINES: Final = Rate(1, 20)
"""The lines that all pages of a process together may log: 1 a second, 20 at once."""

LOG_CHARACTERS_MAX: Final = 300

UNREADABLE: Final = (ValueError, KeyError, IndexError, TypeError, RecursionError)
FLOODED: Final = "nest.flooded"
_CLIENT: Final = "client"
_ASKED: Final = "asked"
_WATCHED: Final = "nest.watched"

_log = structlog.get_logger(__name__)


class TextOnlyPacket(Packet):  # type: ignore[misc]  # python-socketio is untyped
    """A packet without binary attachments: our pages send none."""

    @override
    def decode(self, encoded_packet: str) -> int:
        """Decode like the original, but refuse binary attachments."""
        attachments = super().decode(encoded_packet)
        if attachments:
            raise ValueError("binary attachments are not accepted")
        return 0


class PageSockets(TaskOwner):
    """NiceGUI's server in this process, while it is entered. An async context manager.

    Enter it after NiceGUI's start-up and before the first request.
    """

    def __init__(
        self,
        origins: Sequence[str] | None,
        *,
        live: LivePages,
        bounds: EngineBounds,
        clock_ns: Callable[[], int],
        drain: Drain,
    ) -> None:
        """Pages of `origins` may connect, and those of the address that the request was sent to.

        With None only the latter may. `live` finds or builds the page of a socket.
        """
        super().__init__()
        self._live = live
        self._engine = Engine(
            bounds=bounds,
            clock_ns=clock_ns,
            tasks=self._tasks,
            cors_allowed_origins=origin_check(origins or ()),
            flooded=self._flooded,
        )
        drain.watch(self._open)
        self._engine.sessions.refusal = drain.refusal
        self._clock_ns = clock_ns
        self._log_lines = Bucket(LOG_LINES)
        self._events: Mapping[str, Callable[[str, dict[str, Any]], None]] = {
            "event": on_event,
            "javascript_response": on_javascript_response,
            "ack": on_ack,
            "log": self._on_log,
        }

    @override
    def _begin(self) -> None:
        server = core.sio
        TextOnlyPacket.json = server.packet_class.json
        server.packet_class = TextOnlyPacket
        server.logger = library_logger("socketio.server")
        server.on("connect", self._on_connect)
        server.eio = self._engine
        self._live.prepare()
        self._engine.on("connect", self._on_session)
        self._engine.on("message", self._on_packet)
        self._engine.on("disconnect", server._handle_eio_disconnect)  # noqa: SLF001 - its engine's

    @override
    async def _end(self) -> None:
        await self._engine.shutdown()

    # ---- packets

    async def _on_session(self, engine_sid: str, environ: dict[str, Any]) -> None:
        await core.sio._handle_eio_connect(engine_sid, environ)  # noqa: SLF001 - its engine's
        self._engine.sockets[engine_sid].expect_handshake(HANDSHAKE_SECONDS)

    async def _on_packet(self, engine_sid: str, text: str) -> None:
        """Handle one packet. Raises UnreadableError."""
        try:
            packet = TextOnlyPacket(encoded_packet=text or "x")
        except UNREADABLE as problem:
            raise UnreadableError from problem
        if packet.namespace not in (None, "/"):
            raise UnreadableError
        sid = core.sio.manager.sid_from_eio_sid(engine_sid, "/")
        if packet.packet_type == CONNECT and sid is None:
            await core.sio._handle_connect(engine_sid, None, packet.data)  # noqa: SLF001 - as above
        elif packet.packet_type == DISCONNECT and sid is not None:
            await self._engine.sockets[engine_sid].close(
                reason=self._engine.reason.CLIENT_DISCONNECT
            )
        elif packet.packet_type == EVENT and core.sio.manager.is_connected(sid, "/"):
            await self._handle(sid, packet)
        else:
            raise UnreadableError

    async def _handle(self, sid: str, packet: Packet) -> None:
        match packet.data:
            case ["handshake", dict(message)]:
                answer = [await self._shake_hands(sid, message)]
            case [str(name), dict(message)] if name in self._events:
                try:
                    self._events[name](sid, message)
                except UNREADABLE as problem:
                    raise UnreadableError from problem
                answer = []
            case _:
                raise UnreadableError
        if packet.id is not None:
            said = TextOnlyPacket(ACK, namespace="/", id=packet.id, data=answer)
            engine_sid = core.sio.manager.eio_sid_from_sid(sid, "/")
            await core.sio._send_packet(engine_sid, said)  # noqa: SLF001 - what its own handlers use

    # ---- the page of a socket

    async def _on_connect(self, sid: str, environ: dict[str, Any], _auth: object = None) -> None:
        """Shake hands at once if the address of the socket names its page."""
        query = _query(environ)
        if query.get("implicit_handshake") == "true":
            try:
                known = await self._shake_hands(sid, query)
            except UnreadableError:
                known = False
            if not known:  # the browser loads its page again, and is told the reason there
                raise exceptions.ConnectionRefusedError("Implicit handshake failed")

    async def _shake_hands(self, sid: str, message: dict[str, Any]) -> bool:
        """Give this socket its page; returns whether it has it. Raises UnreadableError.

        While PostgreSQL is away that cannot be decided. The socket is closed then: its browser
        keeps the page and comes back by itself.
        """
        number, former = message.get("next_message_id"), message.get("old_tab_id")
        well_formed = (
            all(name_of(message.get(each)) for each in ("client_id", "tab_id", "document_id"))
            and (former is None or isinstance(former, str))
            and (number is None or is_number(number))
        )
        session = _session(sid)
        if not well_formed or session is None:
            raise UnreadableError
        if session.session.get(_ASKED):
            # A socket may ask for one page, once: each question may cost a read of the stores.
            return False
        session.session[_ASKED] = True
        try:
            client = await self._live.find(message, core.sio.get_environ(sid)["asgi.scope"])
        except StorageError as away:
            _log.warning("store_away", step="page socket", reason=str(away)[:200])
            await session.close()
            return False
        if client is None:
            return False
        message = {**message, "old_tab_id": name_of(former)}
        if session.closed or not await _accepted(client, sid, message):
            if not client.sockets:
                delete_now(client)
            return False
        # NiceGUI would keep storage for the tab for an hour; our pages use none.
        core.app.storage._tabs.pop(message["tab_id"], None)  # noqa: SLF001 - it has no public name
        session.session[_CLIENT] = client.id
        session.shook_hands()
        if _WATCHED not in client.storage:
            client.storage[_WATCHED] = True
            client.on_delete(partial(self._page_deleted, client.id))
        return True

    def _page_deleted(self, client_id: str) -> None:
        """Close the sockets of a deleted page."""
        client = Client.instances.get(client_id)
        for _, session in _sessions(client) if client is not None else ():
            self._engine.end(session, self._engine.reason.SERVER_DISCONNECT)

    # ---- the process stops

    def _open(self) -> Iterator[HandOver]:
        return (partial(self._hand_over, each) for each in self._engine.sockets.values())

    async def _hand_over(self, session: EngineSocket, _retry_after_ms: int) -> None:
        """Close the socket of a page after its last messages; its browser opens another one."""
        client = Client.instances.get(session.session.get(_CLIENT, ""))
        if client is not None:
            await _told(client, [session])
        restarting = CODES["restarting"]
        session.close_code = (close_code(restarting), restarting.name)
        await session.close()

    # ---- floods

    async def _flooded(self, session: EngineSocket) -> None:
        client = Client.instances.get(session.session.get(_CLIENT, ""))
        if client is None:
            await session.close()
            return
        tell = client.storage.get(FLOODED)
        if tell is not None:
            refused = Refused("flooding", retry_after_ms=10_000)
            tell(codec.encode(codec.error(refused)).decode())
        await end_page(client, CODES["flooding"])

    def _on_log(self, sid: str, message: dict[str, Any]) -> None:
        text, level = message["message"], message["level"]
        if not (isinstance(text, str) and isinstance(level, str)):
            raise UnreadableError
        now_ns = self._clock_ns()
        if owner(sid, message) is not None and not self._log_lines.wait_ns(now_ns):
            self._log_lines.spend(now_ns)
            _log.info("page_log", text=ascii(text[:LOG_CHARACTERS_MAX]))


async def end_page(client: Client, code: Code) -> None:
    """End a page, after its last messages.

    A browser that got them stays away; otherwise it comes back, finds that the page is gone, and
    loads it again.
    """
    sessions = list(_sessions(client))
    told = not sessions or await _told(client, [session for _, session in sessions])
    for sid, session in sessions:
        session.close_code = (close_code(code), code.name)
        if told:
            await core.sio.disconnect(sid)
        await session.close()
    delete_now(client)


async def _told(client: Client, sessions: Sequence[EngineSocket]) -> bool:
    """Whether all waiting messages of a page go out in time; a task of NiceGUI's sends them."""
    sent = -1
    for _ in range(int(TOLD_SECONDS / TOLD_EVERY_SECONDS)):
        await asyncio.sleep(TOLD_EVERY_SECONDS)
        before, sent = sent, client.outbox.next_message_id
        waiting = client.outbox.messages or any(not each.queue.empty() for each in sessions)
        if sent == before and not waiting:
            return True
    return False


def tell_signs_of_life(client: Client, heard: Callable[[], None]) -> None:
    """Call ``heard`` whenever a browser answers a ping on one of the page's sockets."""
    for _, session in _sessions(client):
        session.on_pong = heard


def origin_check(origins: Sequence[str]) -> Callable[[str, Mapping[str, Any]], bool]:
    """Return the check that Engine.IO asks for every request with an origin."""

    def check(origin: str, environ: Mapping[str, Any]) -> bool:
        # The scheme is not from wsgi.url_scheme: Engine.IO copies X-Forwarded-Proto there, from any
        # peer.
        scheme = environ["asgi.scope"]["scheme"]
        return origin in origins or origin == asked_origin(scheme, environ.get("HTTP_HOST", ""))

    return check


def _sessions(client: Client) -> Iterator[tuple[str, EngineSocket]]:
    """The sockets of a page, each with its id in python-socketio."""
    for sid in list(client._socket_to_document_id):  # noqa: SLF001
        session = _session(sid)
        if session is not None:
            yield sid, session


def _session(sid: str) -> EngineSocket | None:
    found = core.sio.eio.sockets.get(core.sio.manager.eio_sid_from_sid(sid, "/"))
    return found if isinstance(found, EngineSocket) else None


async def _accepted(client: PageClient, sid: str, message: dict[str, Any]) -> bool:
    if not _takes_one_more(client, message["document_id"]):
        return False
    if (number := message.get("next_message_id")) is not None:
        client.go_on_from(int(number))
    return bool(await accept_handshake(sid, message))


def _takes_one_more(client: Client, document_id: str) -> bool:
    documents = client._num_connections  # noqa: SLF001
    return len(client._socket_to_document_id) < PAGE_SOCKETS_MAX and (  # noqa: SLF001
        document_id in documents or len(documents) < PAGE_DOCUMENTS_MAX
    )


def _query(environ: Mapping[str, Any]) -> dict[str, Any]:
    asked = parse_qs(str(environ.get("QUERY_STRING", "")))
    return {name: values[0] for name, values in asked.items()}
