"""NiceGUI's own Socket.IO server, made safe to stand on the internet.

As shipped it accepts any Origin, lets any socket send events for any page whose id it knows, and
keeps any number of binary frames that a peer announces. Every setting here is applied in the
lifespan, after NiceGUI's start-up (which sets its own ping) and before the first request.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog
from nicegui import Client, core
from nicegui.nicegui import _on_handshake as accept_handshake
from socketio.packet import Packet
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from realtime.http.edge import asked_origin
from realtime.signs_of_life import PING_SECONDS, PONG_SECONDS

MESSAGE_BYTES_MAX: Final = 64 * 1024
LOG_CHARACTERS_MAX: Final = 300
EVENT_ARGUMENTS_MAX: Final = 4

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


def harden_socket(origins: Sequence[str] | None) -> None:
    """Restrict who may connect and how much they may send.

    Connecting is for pages of `origins` and of the address that this process was asked by;
    None = only the latter.
    """
    server = core.sio
    server.eio.cors_allowed_origins = origin_check(origins or ())
    server.eio.ping_interval = PING_SECONDS
    server.eio.ping_timeout = PONG_SECONDS
    server.eio.max_http_buffer_size = MESSAGE_BYTES_MAX
    TextOnlyPacket.json = server.packet_class.json
    server.packet_class = TextOnlyPacket
    server.eio.on("message", _on_packet)
    if not hasattr(server.eio.handle_request, "guards"):
        server.eio.handle_request = _guarded(server.eio.handle_request)


def delete_now(client: Client) -> None:
    """Delete a page, also one whose browser is away just now.

    NiceGUI deletes such a page after a while by itself, and fails where it is gone already.
    """
    if client.is_deleted:
        return
    for document_id in list(client._delete_tasks):  # noqa: SLF001 - it has no public name
        client._cancel_delete_task(document_id)  # noqa: SLF001
    client.delete()


def tell_signs_of_life(client: Client, heard: Callable[[], None]) -> None:
    """Call ``heard`` whenever a browser answers a ping on one of the page's sockets."""
    for _, engine_sid in core.sio.manager.get_participants("/", client.id):
        transport = core.sio.eio.sockets.get(engine_sid)
        if transport is not None and not isinstance(transport.schedule_ping, partial):
            transport.schedule_ping = partial(_pong, transport.schedule_ping, heard)


def _pong(schedule_ping: Callable[[], None], heard: Callable[[], None]) -> None:
    """What Engine.IO calls for a pong."""
    heard()
    schedule_ping()


def origin_check(origins: Sequence[str]) -> Callable[[str, Mapping[str, Any]], bool]:
    """Return the check that Engine.IO asks for every request with an origin."""

    def check(origin: str, environ: Mapping[str, Any]) -> bool:
        # Not wsgi.url_scheme: there Engine.IO writes what anybody says in X-Forwarded-Proto.
        scheme = environ["asgi.scope"]["scheme"]
        return origin in origins or origin == asked_origin(scheme, environ.get("HTTP_HOST", ""))

    return check


def guard_events() -> None:
    """Replace NiceGUI's handlers by ones that accept a message only from the page's own socket."""
    server = core.sio
    server.on("handshake", _on_handshake)
    for name, handle in (
        ("event", _on_event),
        ("javascript_response", _on_javascript_response),
        ("ack", _on_ack),
        ("log", _on_log),
    ):
        server.on(name, _of_one_message(handle))


def _of_one_message(handle: Callable[[str, object], None]) -> Callable[..., None]:
    """Take any number of arguments, as a socket may send, and look at the first."""

    def take(sid: str, *messages: object) -> None:
        handle(sid, messages[0] if messages else None)

    return take


async def _on_handshake(sid: str, *messages: object) -> bool:
    message = _mapping(messages[0] if messages else None)
    number, former = message.get("next_message_id"), message.get("old_tab_id")
    well_formed = (
        all(_text(message, name) for name in ("client_id", "tab_id", "document_id"))
        and (number is None or isinstance(number, int))
        and (former is None or isinstance(former, str))
    )
    return well_formed and await accept_handshake(sid, message)


async def _on_packet(engine_sid: str, data: object) -> None:
    """End the connection of whoever sends what is no packet, instead of a traceback in the log."""
    try:
        await core.sio._handle_eio_message(engine_sid, data)  # noqa: SLF001
    except (ValueError, KeyError, IndexError, TypeError) as problem:
        _log.info("packet_unreadable", reason=type(problem).__name__)
        transport = core.sio.eio.sockets.get(engine_sid)
        if transport is not None:
            await transport.close(wait=False, abort=True)
            await transport.queue.put(None)  # lets its writer close the socket


def _guarded(handle_request: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """What is not even an Engine.IO packet ends the connection as well."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> object:
        try:
            return await handle_request(scope, receive, send)
        except (ValueError, IndexError) as problem:
            _log.info("packet_unreadable", reason=type(problem).__name__)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1002})
            return None

    handle.guards = True  # type: ignore[attr-defined]
    return handle


def _on_event(sid: str, message: object) -> None:
    client = _owner(sid, message)
    if client is None or not client.has_socket_connection:
        return
    if event := _event(message):
        try:
            client.handle_event(event)
        except (ValueError, KeyError, TypeError) as error:
            _log.info("page_event_refused", reason=type(error).__name__)


def _on_javascript_response(sid: str, message: object) -> None:
    client = _owner(sid, message)
    if client is not None and _text(message, "request_id"):
        client.handle_javascript_response(_mapping(message))


def _on_ack(sid: str, message: object) -> None:
    client = _owner(sid, message)
    number = _mapping(message).get("next_message_id")
    if client is not None and isinstance(number, int):
        client.outbox.prune_history(number)


def _on_log(sid: str, message: object) -> None:
    if _owner(sid, message) is not None:
        text = _text(message, "message")
        _log.info("page_log", text=ascii(text[:LOG_CHARACTERS_MAX]))


def _owner(sid: str, message: object) -> Client | None:
    """Return the page a message is for, if the socket that sent it is that page's own."""
    client_id = _text(message, "client_id")
    if not client_id or client_id not in core.sio.rooms(sid):
        return None
    return Client.instances.get(client_id)


def _event(message: object) -> dict[str, Any] | None:
    event = _mapping(message)
    arguments = event.get("args", [])
    well_formed = (
        isinstance(event.get("id"), int)
        and isinstance(event.get("listener_id"), str)
        and isinstance(arguments, list)
        and len(arguments) <= EVENT_ARGUMENTS_MAX
        and all(argument is None or isinstance(argument, str) for argument in arguments)
    )
    return dict(event) if well_formed else None


def _mapping(message: object) -> dict[str, Any]:
    return message if isinstance(message, dict) else {}


def _text(message: object, name: str) -> str:
    value = _mapping(message).get(name)
    return value if isinstance(value, str) else ""
