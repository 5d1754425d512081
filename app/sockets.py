"""The sockets of one web process: raw, Socket.IO, those of pages, and how all of them are handed over."""

from dataclasses import dataclass
from time import monotonic_ns

from app.chance import new_connection_id
from app.settings import Settings
from realtime.auth import Authenticator
from realtime.drain import Drain
from realtime.http.edge import Origins
from realtime.services import Services
from realtime.transports.engine_bounds import EngineBounds
from realtime.transports.socketio import SocketIoTransport
from realtime.transports.websocket import WebSockets


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """`bounds` are those of Engine.IO, for programs and pages alike; `origins` those of pages."""

    origins: Origins
    bounds: EngineBounds
    websockets: WebSockets
    socketio: SocketIoTransport


def sockets(
    settings: Settings, *, services: Services, authenticator: Authenticator, drain: Drain
) -> Sockets:
    """Where programs connect; the server of pages takes origins, bounds and drain from here."""
    origins = Origins(frozenset({settings.public_url}))
    bounds = EngineBounds(polling=settings.long_polling).scaled(settings.limit_scale)
    return Sockets(
        origins=origins,
        bounds=bounds,
        websockets=WebSockets(
            services=services,
            origins=origins,
            principal_of=authenticator.of,
            new_connection_id=new_connection_id,
            drain=drain,
        ),
        socketio=SocketIoTransport(
            services=services,
            origins=origins,
            cookie_principal=authenticator.by_cookies,
            new_connection_id=new_connection_id,
            bounds=bounds,
            clock_ns=monotonic_ns,
            drain=drain,
        ),
    )
