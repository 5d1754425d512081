"""NiceGUI's own Socket.IO server, made safe to stand on the internet.

As shipped it accepts any origin, lets any socket send events for any page whose id it knows, calls
its own `connect` and `disconnect` handlers for events of these names, keeps any number of binary
frames that a peer announces, and writes a traceback for each packet that is none. `PageSockets`
puts our Engine.IO server below it (`realtime.transports.engine_server`) and decides here what a
packet may be: a connection to the root namespace, its end, or one of the five events that NiceGUI's
script sends, with arguments of the shape that it gives them. Whatever else comes ends the socket.

A page that floods is told so, then its sockets are closed for good and nothing of it is kept.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeGuard
from urllib.parse import parse_qs

import structlog
from nicegui import Client, core
from nicegui.nicegui import _on_handshake as accept_handshake
from socketio import exceptions
from socketio.packet import ACK, CONNECT, DISCONNECT, EVENT, Packet
from typing_extensions import override

from configurator.protocol import codec
from configurator.protocol.codes import CODES, Code, Refused
from realtime.buckets import Bucket, Rate
from realtime.drain import Drain, HandOver
from realtime.http.edge import asked_origin
from realtime.transports.engine import UnreadableError
from realtime.transports.engine_bounds import EngineBounds
from realtime.transports.engine_server import Engine, EngineSocket, library_logger
from realtime.transports.websocket import close_code
from storage.errors import StorageError
from storage.tasks import TaskOwner
from ui.live_pages import LivePages
from ui.page_client import PageClient, delete_now

HANDSHAKE_SECONDS: Final = 10.0
"""A socket says within this time which page it belongs to; NiceGUI's script does at once."""

PAGE_SOCKETS_MAX: Final = 4
"""Sockets of one page: a browser has one, and a second one while the first is not known to be gone."""

PAGE_DOCUMENTS_MAX: Final = 16
"""Loads of one page that are remembered while their socket may come back."""

TOLD_SECONDS: Final = 3.0
"""A page that is ended is given this time to take what it is still sent."""

TOLD_EVERY_SECONDS: Final = 0.05

LOG_LINES: Final = Rate(1, 20)
"""What all pages of a process may write into its log: 1 line a second, 20 at once."""

LOG_CHARACTERS_MAX: Final = 300
EVENT_ARGUMENTS_MAX: Final = 4
NAME_CHARACTERS_MAX: Final = 100
"""Of the ids that a browser makes for itself: they are UUIDs."""

UNREADABLE: Final = (ValueError, KeyError, IndexError, TypeError, RecursionError)
FLOODED: Final = "nest.flooded"
_CLIENT: Final = "client"
_ASKED: Final = "asked"
_WATCHED: Final = "nest.watched"

_log = structlog.get_logger(__name__)


class TextOnlyPacket(Packet):  # type: ignore[misc]  # python-socketio is untyped
    """A packet that may not announce attachments: our pages send none."""

    @override
    def decode(self, encoded_packet: str) -> int:
        """Decode like the original, but refuse binary attachments."""
        attachments = super().decode(encoded_packet)
        if attachments:
            raise ValueError("binary attachments are not accepted")
        return 0


class PageSockets(TaskOwner):
    """NiceGUI's server in this process while the block lasts. An async context manager.

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
        """Connecting is for pages of `origins` and of the address that this process was asked by.

        None: only for the latter. `live` finds or builds the page of a socket.
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
            "event": _on_event,
            "javascript_response": _on_javascript_response,
            "ack": _on_ack,
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

    # ---- whose socket it is

    async def _on_connect(self, sid: str, environ: dict[str, Any], _auth: object = None) -> None:
        """Shake hands at once where the address of the socket says which page it belongs to."""
        query = _query(environ)
        if query.get("implicit_handshake") == "true":
            try:
                known = await self._shake_hands(sid, query)
            except UnreadableError:
                known = False
            if not known:  # the browser loads its page again, and is told there what is the matter
                raise exceptions.ConnectionRefusedError("Implicit handshake failed")

    async def _shake_hands(self, sid: str, message: dict[str, Any]) -> bool:
        """Whether this socket has its page now. Raises UnreadableError.

        While PostgreSQL is away nobody knows. Then the socket is closed, so that its browser keeps the
        page and comes back by itself.
        """
        number, former = message.get("next_message_id"), message.get("old_tab_id")
        well_formed = (
            all(_name(message.get(each)) for each in ("client_id", "tab_id", "document_id"))
            and (former is None or isinstance(former, str))
            and (number is None or _number(number))
        )
        session = _session(sid)
        if not well_formed or session is None:
            raise UnreadableError
        if session.session.get(_ASKED):
            return False  # a socket asks for one page, once: each question may cost a look at the stores
        session.session[_ASKED] = True
        try:
            client = await self._live.find(message, core.sio.get_environ(sid)["asgi.scope"])
        except StorageError as away:
            _log.warning("store_away", step="page socket", reason=str(away)[:200])
            await session.close()
            return False
        if client is None:
            return False
        message = {**message, "old_tab_id": _name(former)}
        if session.closed or not await _accepted(client, sid, message):
            if not client.sockets:
                delete_now(client)
            return False
        # Our pages keep nothing for a tab, and NiceGUI would keep that for an hour.
        core.app.storage._tabs.pop(message["tab_id"], None)  # noqa: SLF001 - it has no public name
        session.session[_CLIENT] = client.id
        session.shook_hands()
        if _WATCHED not in client.storage:
            client.storage[_WATCHED] = True
            client.on_delete(partial(self._page_deleted, client.id))
        return True

    def _page_deleted(self, client_id: str) -> None:
        """No socket outlives its page."""
        client = Client.instances.get(client_id)
        for _, session in _sessions(client) if client is not None else ():
            self._engine.end(session, self._engine.reason.SERVER_DISCONNECT)

    # ---- the process stops

    def _open(self) -> Iterator[HandOver]:
        return (partial(self._hand_over, each) for each in self._engine.sockets.values())

    async def _hand_over(self, session: EngineSocket, _retry_after_ms: int) -> None:
        """Close the socket of a page after what it is still sent; its browser opens another one."""
        client = Client.instances.get(session.session.get(_CLIENT, ""))
        if client is not None:
            await _told(client, [session])
        restarting = CODES["restarting"]
        session.close_code = (close_code(restarting), restarting.name)
        await session.close()

    # ---- too much

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
        if _owner(sid, message) is not None and not self._log_lines.wait_ns(now_ns):
            self._log_lines.take(now_ns)
            _log.info("page_log", text=ascii(text[:LOG_CHARACTERS_MAX]))


async def end_page(client: Client, code: Code) -> None:
    """End a page, after what it was told last.

    Its browser stays away if it has taken that; otherwise it comes back, finds that the page is gone,
    and loads it anew.
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
    """Whether everything that waits for a page goes out in time; a task of NiceGUI's sends it."""
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
        # Not wsgi.url_scheme: there Engine.IO writes what anybody says in X-Forwarded-Proto.
        scheme = environ["asgi.scope"]["scheme"]
        return origin in origins or origin == asked_origin(scheme, environ.get("HTTP_HOST", ""))

    return check


# ---- the events of NiceGUI's script; each raises UnreadableError, or what `UNREADABLE` lists


def _on_event(sid: str, message: dict[str, Any]) -> None:
    arguments = message["args"]
    well_formed = (
        _whole(message["id"])
        and isinstance(message["listener_id"], str)
        and isinstance(arguments, list)
        and len(arguments) <= EVENT_ARGUMENTS_MAX
        and all(argument is None or isinstance(argument, str) for argument in arguments)
    )
    if not well_formed:
        raise UnreadableError
    client = _owner(sid, message)
    if client is not None:
        client.handle_event(message)


def _on_javascript_response(sid: str, message: dict[str, Any]) -> None:
    if not isinstance(message["request_id"], str):
        raise UnreadableError
    client = _owner(sid, message)
    if client is not None:
        client.handle_javascript_response(message)


def _on_ack(sid: str, message: dict[str, Any]) -> None:
    if not _whole(message["next_message_id"]):
        raise UnreadableError
    client = _owner(sid, message)
    if client is not None:
        client.outbox.prune_history(message["next_message_id"])


def _owner(sid: str, message: dict[str, Any]) -> Client | None:
    """The page a message is for, if the socket that sent it is that page's own."""
    client_id = message["client_id"]
    if not isinstance(client_id, str):
        raise UnreadableError
    client = Client.instances.get(client_id)
    return client if client is not None and sid in client._socket_to_document_id else None  # noqa: SLF001


def _sessions(client: Client) -> Iterator[tuple[str, EngineSocket]]:
    """The sockets of a page, with the id that python-socketio knows each by."""
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


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= NAME_CHARACTERS_MAX else None


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    """Whether this is a whole number, or one in digits as it stands in an address."""
    return (_whole(value) and value >= 0) or (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16
    )
