"""The sockets of one web process (raw, Socket.IO, of pages), and how they are handed over."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Self

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from typing_extensions import override

from app.parts.activity import ActivityPart
from app.parts.editing import EditingPart
from app.parts.limits import LimitsPart
from app.parts.part import ProcessPart
from app.parts.people import PeoplePart
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from realtime.activity.intake.intake import MessageTracker
from realtime.connections.drain import Drain
from realtime.connections.services import Services
from realtime.connections.timing import Timing
from realtime.edge.exchange import Origins
from realtime.edge.handshakes import UpgradeRequired
from realtime.transports.engineio.bounds import EngineBounds
from realtime.transports.socketio.server import SocketIoTransport
from realtime.transports.websocket.endpoint import WebSockets


@dataclass(frozen=True, kw_only=True)
class SocketsPart(ProcessPart):
    """The sockets of programs; the server of pages uses the same origins, bounds and drain.

    `bounds` are Engine.IO's, for programs and pages; `origins` are the allowed origins of pages.
    """

    drain: Drain
    services: Services
    origins: Origins
    bounds: EngineBounds
    websockets: WebSockets
    socketio: SocketIoTransport

    @classmethod
    def of(
        cls,
        settings: Settings,
        stores: StoresPart,
        people: PeoplePart,
        *,
        editing: EditingPart,
        activity: ActivityPart,
        limits: LimitsPart,
        timing: Timing,
    ) -> Self:
        """Builds them; once they drain, the process is no longer ready."""
        chance, drain = stores.chance, Drain()
        drain.on_begin(stores.health.readiness.drain)
        services = Services(
            hub=editing.hub,
            actions=editing.actions,
            sharing=editing.sharing,
            grants=people.grants,
            limits=limits.limits,
            subscriptions=activity.subscriptions,
            tracker=MessageTracker(activity.intake),
            visitor_reader=activity.visitor_reader,
            authenticate=people.tickets.by_token_or_ticket,
            timing=timing,
        )
        origins = Origins(frozenset({settings.public_url}))
        bounds = EngineBounds(
            polling=settings.long_polling, ping_seconds=timing.ping_seconds
        ).scaled(settings.limit_scale)
        return cls(
            drain=drain,
            services=services,
            origins=origins,
            bounds=bounds,
            websockets=WebSockets(
                services=services,
                origins=origins,
                principal_of=people.authenticator.of,
                new_connection_id=chance.new_connection_id,
                drain=drain,
            ),
            socketio=SocketIoTransport(
                services=services,
                origins=origins,
                cookie_principal=people.authenticator.by_cookies,
                new_connection_id=chance.new_connection_id,
                bounds=bounds,
                clock_ns=chance.monotonic_ns,
                drain=drain,
            ),
        )

    def routes(self) -> list[BaseRoute]:
        """The routes at which programs connect."""
        return [
            WebSocketRoute("/ws", self.websockets),
            Route("/ws", UpgradeRequired()),
            Mount("/socket.io", self.socketio.app),
        ]

    @override
    def lifetimes(self) -> Iterable[AbstractAsyncContextManager[object]]:
        return (self.socketio,)
