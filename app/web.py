"""The web process as one ASGI app: everything built once, entered in order, left in reverse.

Order of starting: stores, bus, committer, rooms, sockets. Order of stopping: sockets end, rooms
withdraw, ops in flight are answered, then the connections to the stores close.
"""

import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib import resources
from time import monotonic, monotonic_ns, time_ns
from uuid import UUID

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from app.settings import Settings
from configurator.access import Permission, Role, may
from configurator.activity import RANDOM_BITS, uuid7
from configurator.catalogue import Catalogue, parse_catalogue
from configurator.protocol import codec
from configurator.protocol.messages import Person
from realtime.actions import Actions, Stores
from realtime.activity_feed import ActivityFeed
from realtime.admin_board import AdminBoard
from realtime.alarms import Alarms
from realtime.alerts import AlertLimits
from realtime.auth import Authenticator, person_token
from realtime.catalogues import CatalogueShelf
from realtime.connection import Services
from realtime.grants import Grants
from realtime.http.activity import ActivityEndpoints
from realtime.http.asyncapi import documents
from realtime.http.catalogue import CatalogueEndpoints
from realtime.http.configurations import ConfigurationEndpoints
from realtime.http.edge import Origins, json
from realtime.http.endpoints import routes
from realtime.http.health import HealthEndpoints
from realtime.http.openapi import docs_page, openapi
from realtime.http.people import PeopleEndpoints
from realtime.http.tickets import TicketEndpoints
from realtime.hub import Hub
from realtime.intake import Intake, MessageTracker
from realtime.limits import Limits, Rates
from realtime.previews import preview_url
from realtime.room import RoomParts
from realtime.subscriptions import Subscriptions
from realtime.tickets import TicketOffice
from realtime.transports.direct import Pages
from realtime.transports.socketio import SocketIoTransport
from realtime.transports.websocket import WebSockets
from storage.errors import StorageUnavailable
from storage.postgres.admins import Admins
from storage.postgres.catalogues import Catalogues
from storage.postgres.committer import Committer
from storage.postgres.configurations import Configurations
from storage.postgres.engine import Database, Deadlines
from storage.postgres.inquiries import Inquiries
from storage.postgres.interactions import Interactions
from storage.postgres.past_interactions import PastInteractions
from storage.postgres.people import People
from storage.postgres.sessions import Sessions
from storage.postgres.shares import Shares
from storage.postgres.statistics import Statistics
from storage.redis.bus import Bus
from storage.redis.claims import Claims
from storage.redis.client import Redis
from storage.redis.presence import Presence
from storage.redis.stream import HINTS, InteractionStream
from storage.redis.tickets import Tickets
from ui.app import mount_screens
from ui.offer import PublishedCatalogue
from ui.ports import Visitors

log = structlog.get_logger()

CURRENT_CATALOGUE = "nest-haus-2025"
EDITING_ROLES = tuple(role.value for role in Role if may(role, Permission.EDIT))
SHARING_ROLES = tuple(role.value for role in Role if may(role, Permission.INVITE))
INQUIRING_ROLES = tuple(role.value for role in Role if may(role, Permission.INQUIRE))
RENAMED = "people"
"""The channel on which processes tell each other who has another name now."""


def create_app(settings: Settings) -> Starlette:
    """The app of one web process; nothing is connected before its lifespan begins."""
    web = Web(settings)
    web.mount_screens()
    return web.app


class Web:
    """Everything one web process is made of."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._build_stores()
        self._build_activity()
        self._build_realtime()
        self.app = Starlette(routes=self._routes(), lifespan=self._lifespan)

    def _build_stores(self) -> None:
        settings = self._settings
        self.database = Database(
            settings.database_url,
            pool_size=settings.database_pool_size,
            deadlines=Deadlines(call=settings.database_deadline_seconds),
            application_name=f"nest web {settings.node}"[:63],
        )
        self.redis = Redis(
            settings.redis_url,
            pool_size=settings.redis_pool_size,
            call_seconds=settings.redis_deadline_seconds,
        )
        self.bus = Bus(
            self.redis, process=settings.node, on_message=self._hear, on_gap=self._suspect
        )
        self.committer = Committer(
            self.database,
            editing_roles=EDITING_ROLES,
            deadline_seconds=settings.database_deadline_seconds,
        )
        self.stores = Stores(
            configurations=Configurations(self.database),
            people=People(self.database),
            shares=Shares(self.database, sharing_roles=SHARING_ROLES),
            sessions=Sessions(self.database),
            inquiries=Inquiries(self.database, inquiring_roles=INQUIRING_ROLES),
        )
        self.admins = Admins(self.database)

    def mount_screens(self) -> None:
        """Add the pages; NiceGUI answers whatever no route before it does, so this comes last."""
        settings = self._settings
        mount_screens(
            self.app,
            live=Pages(
                services=self.services,
                authenticator=self.authenticator,
                new_connection_id=_new_connection_id,
            ),
            catalogue_source=PublishedCatalogue(self.catalogues.current, preview_url),
            admin_source=self.board,
            visitors=Visitors(
                person_token_of=person_token,
                house_code_of=self._latest_code,
                admin_of=self.authenticator.is_admin,
            ),
            dev=settings.dev,
            node=settings.node,
            origins=sorted(self.origins.allowed),
            public_origin=settings.public_url,
        )

    async def _latest_code(self, request: Request) -> str | None:
        """The house the visitor worked on last; the start page also works without knowing it."""
        try:
            principal = await self.authenticator.of(request)
            latest = await self.actions.latest(principal) if principal else None
        except StorageUnavailable:
            return None
        return latest.code if latest else None

    def _build_activity(self) -> None:
        self.stream = InteractionStream(self.redis)
        self.intake = Intake(
            self.stream, now=_now, random_bits=lambda: secrets.randbits(RANDOM_BITS)
        )
        self.feed = ActivityFeed(self.stream)
        self.subscriptions = Subscriptions(self.feed)
        self.interactions = Interactions(self.database)
        self.statistics = Statistics(self.database)

    def _build_realtime(self) -> None:
        settings = self._settings
        self.catalogues = CatalogueShelf(
            current=_current_catalogue(), published=Catalogues(self.database)
        )
        self.presence = Presence(self.redis)
        self.hub = Hub(
            parts=RoomParts(
                process=settings.node,
                configurations=self.stores.configurations,
                committer=self.committer,
                bus=self.bus,
                turn_seconds=settings.database_deadline_seconds,
                now=_now,
                preview_url=preview_url,
            ),
            catalogues=self.catalogues,
            presence=self.presence,
        )
        self.authenticator = Authenticator(
            people=self.stores.people, admins=self.admins, now=_now, clock=monotonic
        )
        self.grants = Grants(
            shares=self.stores.shares,
            people=self.stores.people,
            admins=self.admins,
            clock=monotonic,
            now=_now,
        )
        self.tickets = TicketOffice(
            tickets=Tickets(self.redis), authenticator=self.authenticator, new_ticket=_new_secret
        )
        self.limits = Limits(Rates().scaled(settings.limit_scale), clock_ns=monotonic_ns)
        self.actions = Actions(
            hub=self.hub,
            stores=self.stores,
            grants=self.grants,
            catalogues=self.catalogues,
            tell_renamed=self._tell_renamed,
            now=_now,
            new_id=_new_id,
        )
        self.services = Services(
            hub=self.hub,
            actions=self.actions,
            grants=self.grants,
            limits=self.limits,
            subscriptions=self.subscriptions,
            tracker=MessageTracker(self.intake),
            authenticate=self.tickets.by_token_or_ticket,
        )
        self.board = AdminBoard(
            hub=self.hub,
            feed=self.feed,
            presence=self.presence,
            statistics=self.statistics,
            interactions=self.interactions,
            sessions=self.stores.sessions,
            stream=self.stream,
            past=PastInteractions(self.database),
            now=_now,
            limits=_alert_limits(settings),
        )
        self.origins = Origins(frozenset({settings.public_url, settings.local_url}))
        self.websockets = WebSockets(
            services=self.services,
            origins=self.origins,
            principal_of=self.authenticator.of,
            new_connection_id=_new_connection_id,
        )
        self.socketio = SocketIoTransport(
            services=self.services,
            origins=self.origins,
            cookie_principal=self.authenticator.by_tokens,
            new_connection_id=_new_connection_id,
        )

    def _routes(self) -> list[BaseRoute]:
        endpoints = [
            *CatalogueEndpoints(shelf=self.catalogues).endpoints(),
            *ConfigurationEndpoints(
                actions=self.actions,
                authenticator=self.authenticator,
                limits=self.limits,
                public_url=self._settings.public_url,
            ).endpoints(),
            *PeopleEndpoints(
                actions=self.actions,
                authenticator=self.authenticator,
                admins=self.admins,
                tell_logged_out=self.grants.end_session,
                now=_now,
                public_url=self._settings.public_url,
            ).endpoints(),
            *TicketEndpoints(office=self.tickets, limits=self.limits).endpoints(),
            *ActivityEndpoints(
                intake=self.intake,
                stream=self.stream,
                interactions=self.interactions,
                statistics=self.statistics,
                is_admin=self.authenticator.is_admin,
                now=_now,
            ).endpoints(),
            *HealthEndpoints(
                database=self.database,
                bus=self.bus,
                node=self._settings.node,
            ).endpoints(),
        ]
        document = openapi(endpoints, public_url=self._settings.public_url)
        page = docs_page(endpoints)

        async def describe(_request: Request) -> Response:
            return json(document)

        async def docs(_request: Request) -> Response:
            return HTMLResponse(page)

        return [
            *routes(endpoints, self.origins),
            Route("/openapi.json", describe),
            Route("/docs", docs),
            *documents(public_url=self._settings.public_url),
            WebSocketRoute("/ws", self.websockets),
            Mount("/socket.io", self.socketio.app),
        ]

    def _alarms(self) -> list[Alarms]:
        """Nobody looks for thresholds where nobody is to be told."""
        settings = self._settings
        if not settings.alert_webhook:
            return []
        alarms = Alarms(
            webhook=settings.alert_webhook,
            limits=_alert_limits(settings),
            stream=self.stream,
            presence=self.presence,
            claims=Claims(self.redis, prefix="alert"),
            node=settings.node,
            now=_now,
        )
        return [alarms]

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in (
                self.database,
                self.redis,
                self.bus,
                self.committer,
                self.authenticator,
                self.hub,
                self.grants,
                self.stream,
                self.feed,
                self.subscriptions,
                self.board,
                self.socketio,
            ):
                await stack.enter_async_context(part)
            for alarms in self._alarms():
                await stack.enter_async_context(alarms)
            await self.bus.subscribe(HINTS)
            await self.bus.subscribe(RENAMED)
            try:
                yield
            except BaseException:
                # A loop of ours died and the server does not know: end this process loudly, so
                # that it is started anew, instead of answering without what it is made of.
                log.critical("web_process_broken", node=self._settings.node)
                os.kill(os.getpid(), signal.SIGTERM)
                raise

    def _hear(self, channel: str, payload: bytes) -> None:
        if channel == HINTS:
            self.feed.hint()
        elif channel == RENAMED:
            self._hear_renamed(payload)
        else:
            self.hub.hear(channel, payload)

    def _tell_renamed(self, person: Person) -> None:
        """Everywhere: a process that does not hear of it finds out within 30 seconds."""
        self._take_renamed(person)
        self.bus.publish(RENAMED, msgspec.json.encode(person))

    def _hear_renamed(self, payload: bytes) -> None:
        try:
            person = msgspec.json.decode(payload, type=Person)
        except codec.UNREADABLE:
            log.warning("bus_message_unreadable", channel=RENAMED)
            return
        self._take_renamed(person)

    def _take_renamed(self, person: Person) -> None:
        self.authenticator.forget(person.id)
        self.grants.renamed(person.id, person.name)

    def _suspect(self) -> None:
        self.hub.suspect_all()
        self.feed.hint()


def _current_catalogue() -> Catalogue:
    file = resources.files("catalogues") / f"{CURRENT_CATALOGUE}.yaml"
    return parse_catalogue(file.read_text(encoding="utf-8"), source=file.name)


def _alert_limits(settings: Settings) -> AlertLimits:
    return AlertLimits(lag_seconds=settings.alert_lag_seconds, online=settings.alert_online)


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> UUID:
    return uuid7(time_ns() // 1_000_000, secrets.randbits(RANDOM_BITS))


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _new_connection_id() -> str:
    return secrets.token_urlsafe(9)
