"""The web process as one ASGI app: everything built once, entered in order, left in reverse.

Order of starting: stores, bus, committer, rooms, sockets. Order of stopping: sockets end, rooms
withdraw, ops in flight are answered, then the connections to the stores close.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic, monotonic_ns
from uuid import UUID

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from app.about_people import AboutPeople
from app.admin_endpoints import AdminParts, admin_endpoints
from app.alerting import alarms, alert_limits
from app.audit_key import audit_key
from app.catalogue import current_catalogue
from app.chance import (
    new_id,
    new_key,
    new_secret,
    new_session_key,
    random_bits,
)
from app.clock import clock_of
from app.connections import http_connections
from app.databases import analytics_database, web_database
from app.door import door_of
from app.legal import legal
from app.loud_end import LoudEnd
from app.memory import MemoryKeeper
from app.offered import offered_of
from app.sdk import sdk_files
from app.settings import Settings
from app.sockets import sockets
from app.visitors import pages_of, visitors
from configurator.access import Permission, roles_with
from configurator.protocol.messages import Person
from realtime.actions import Actions, Stores
from realtime.activity_feed import ActivityFeed
from realtime.admin_board import AdminBoard
from realtime.admin_sessions import AdminSessions
from realtime.allowances import RequestLimits
from realtime.auth import Authenticator
from realtime.catalogues import CatalogueShelf
from realtime.cookies import Cookies
from realtime.drain import Drain
from realtime.grants import Grants
from realtime.http.activity import ActivityEndpoints
from realtime.http.admin_sessions import AdminSessionEndpoints
from realtime.http.asyncapi import documents
from realtime.http.catalogue import CatalogueEndpoints
from realtime.http.compression import Compression
from realtime.http.configurations import ConfigurationEndpoints
from realtime.http.endpoints import EndpointRoute, routes
from realtime.http.handshakes import Handshakes, UpgradeRequired
from realtime.http.health import HealthEndpoints
from realtime.http.limiting import Limiter
from realtime.http.one_cookie import OneCookie
from realtime.http.openapi import description_routes, docs_page, openapi
from realtime.http.people import PeopleEndpoints
from realtime.http.sdk import sdk_routes
from realtime.http.sharing import SharingEndpoints
from realtime.http.tickets import TicketEndpoints
from realtime.http.tracking import TrackingEndpoints
from realtime.hub import Hub
from realtime.intake import Intake, MessageTracker
from realtime.limits import Limits, Rates
from realtime.looks import Looks
from realtime.metrics import Metrics, Sources
from realtime.news import RENAMED, SESSIONS_ENDED, TOKENS_ENDED, News
from realtime.page_views import PageViews
from realtime.person_tokens import PersonTokens
from realtime.previews import preview_url
from realtime.privacy import Forgotten, PrivacyOffice
from realtime.room import RoomParts
from realtime.services import Services
from realtime.sharing import Sharing
from realtime.subscriptions import Subscriptions
from realtime.tickets import TicketOffice
from storage.outage import Outages, Stepping
from storage.postgres.access_list import AccessLists
from storage.postgres.admins import Admins
from storage.postgres.analytics.figures import Figures
from storage.postgres.audit import Audit
from storage.postgres.catalogues import Catalogues
from storage.postgres.committer import Committer
from storage.postgres.configurations import Configurations
from storage.postgres.inquiries import Inquiries
from storage.postgres.interactions import Interactions
from storage.postgres.jobs import Jobs
from storage.postgres.ledger import Ledger
from storage.postgres.page_views import StoredPageViews
from storage.postgres.past_interactions import PastInteractions
from storage.postgres.people import People
from storage.postgres.privacy import Privacy
from storage.postgres.sessions import Sessions
from storage.postgres.shares import Shares
from storage.postgres.statistics import Statistics
from storage.redis.bus import Bus
from storage.redis.client import Redis
from storage.redis.dead_letters import DeadLetters
from storage.redis.presence import Presence
from storage.redis.stops import WorkerStops
from storage.redis.stream import HINTS, InteractionStream
from storage.redis.tickets import Tickets
from storage.redis.traces import FORGOTTEN, Traces
from ui.app import mount_screens
from ui.offer import PublishedCatalogue


def served_web(settings: Settings) -> "Web":
    """One web process with its pages; nothing is connected before the lifespan of its app begins."""
    web = Web(settings)
    web.mount_screens()
    return web


class Web:
    """Everything one web process is made of."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.cookies = Cookies.of(settings.public_url)
        self._catalogue = current_catalogue()
        self._sdk = sdk_files()
        self.drain = Drain()
        self.connections = http_connections(settings)
        self.connections.socket_refusal = self.drain.refusal
        self.end = LoudEnd(node=settings.node)
        self._build_stores()
        self._build_activity()
        self._build_realtime()
        self.app = Starlette(routes=self._routes(), lifespan=self._lifespan)
        self._limit_the_others()
        self.app.add_middleware(Handshakes)
        self.app.add_middleware(OneCookie, cookies=self.cookies)

    def _build_stores(self) -> None:
        settings = self._settings
        self.database = web_database(settings)
        self.analytics_database = analytics_database(settings)
        self.redis = Redis(
            settings.redis_url,
            pool_size=settings.redis_pool_size,
            call_seconds=settings.redis_deadline_seconds,
        )
        self.clock = clock_of(self.database, self.redis)
        self.bus = Bus(
            self.redis, process=settings.node, on_message=self._hear, on_gap=self._suspect
        )
        self.health = HealthEndpoints(database=self.database, bus=self.bus)
        self.drain.on_begin(self.health.readiness.drain)
        self.committer = Committer(
            self.database,
            editing_roles=roles_with(Permission.EDIT),
            deadline_seconds=settings.database_deadline_seconds,
        )
        self.audit = Audit(self.database, audit_key(settings))
        self.stores = Stores(
            configurations=Configurations(self.database),
            people=People(self.database),
            shares=Shares(
                self.database, sharing_roles=roles_with(Permission.INVITE), audit=self.audit
            ),
            sessions=Sessions(self.database),
            inquiries=Inquiries(self.database, inquiring_roles=roles_with(Permission.INQUIRE)),
        )
        self.admins = Admins(self.database)
        self.looks = Looks(self.audit, clock=monotonic)

    def mount_screens(self) -> None:
        """Add the pages; NiceGUI answers whatever no route before it does, so this comes last."""
        settings = self._settings
        mount_screens(
            self.app,
            live=pages_of(self.services, self.authenticator, self.health.readiness.unless_away),
            catalogue_source=PublishedCatalogue(self.catalogues.current, preview_url),
            admin_source=self.board,
            visitors=visitors(
                authenticator=self.authenticator,
                actions=self.actions,
                cookies=self.cookies,
                page_views=self.page_views,
                sessions=self.admin_sessions,
                looks=self.looks,
                unless_away=self.health.readiness.unless_away,
            ),
            count_dropped=self.hub.count_page_dropped,
            dev=settings.dev,
            consent="assumed" if settings.consent == "assumed" else "required",
            origins=sorted(self.sockets.origins.allowed),
            limit_scale=settings.limit_scale,
            public_origin=settings.public_url,
            legal=legal(settings),
            sdk=self._sdk,
            bounds=self.sockets.bounds,
            clock_ns=monotonic_ns,
            drain=self.drain,
        )
        self._limit_the_others()
        self.app.add_middleware(Compression)  # the last one added sees an answer last

    def _limit_the_others(self) -> None:
        """Put whatever is no endpoint behind the limits: pages, files, sockets."""
        self.limiter.guard(each for each in self.app.routes if not isinstance(each, EndpointRoute))

    def _build_activity(self) -> None:
        self.stream = InteractionStream(self.redis)
        self.offered = offered_of(self.stream, self.database)
        self.door = door_of(self._settings, self.cookies)
        views = StoredPageViews(self.database)
        self.page_views = PageViews(views, door=self.door, now=self.clock.now)
        self.intake = Intake(self.stream, now=self.clock.now, random_bits=random_bits)
        self.feed = ActivityFeed(self.stream, now=self.clock.now)
        self.subscriptions = Subscriptions(self.feed)
        self.interactions = Interactions(self.database)
        self.statistics = Statistics(self.database)
        stored = Privacy(self.database, new_id=new_id, new_secret=new_key)
        self.privacy = PrivacyOffice(
            privacy=stored, traces=Traces(self.redis), audit=self.audit, now=self.clock.now
        )
        self.jobs = Jobs(self.database)

    def _build_realtime(self) -> None:
        settings = self._settings
        self.news = News(self.bus)
        self.catalogues = CatalogueShelf(
            current=self._catalogue, published=Catalogues(self.database)
        )
        self.presence = Presence(self.redis)
        self.hub = Hub(
            parts=RoomParts(
                process=settings.node,
                configurations=self.stores.configurations,
                committer=self.committer,
                bus=self.bus,
                turn_seconds=settings.database_deadline_seconds,
                now=self.clock.now,
                preview_url=preview_url,
            ),
            catalogues=self.catalogues,
            presence=self.presence,
        )
        self.authenticator = Authenticator(
            people=self.stores.people,
            admins=self.admins,
            cookies=self.cookies,
            now=self.clock.now,
            clock=monotonic,
        )
        self.admin_sessions = AdminSessions(admins=self.admins, now=self.clock.now)
        self.grants = Grants(
            shares=self.stores.shares,
            people=self.stores.people,
            sessions=self.admin_sessions,
            clock=monotonic,
            now=self.clock.now,
            token_ended=self.authenticator.forget_token,
        )
        about_people = AboutPeople(self.authenticator, self.grants, self.hub)
        self._tell_ended = self.news.on(SESSIONS_ENDED, list[bytes], self.admin_sessions.end)
        self.person_tokens = PersonTokens(
            people=self.stores.people,
            tell_ended=self.news.on(TOKENS_ENDED, UUID, about_people.token_ended),
            new_secret=new_secret,
            now=self.clock.now,
        )
        self.news.on(FORGOTTEN, Forgotten, about_people.forgotten)
        self.tickets = TicketOffice(
            tickets=Tickets(self.redis), authenticator=self.authenticator, new_ticket=new_secret
        )
        self.requests = RequestLimits(scale=settings.limit_scale, clock_ns=monotonic_ns)
        self.limiter = Limiter(
            self.requests,
            is_admin=self.authenticator.is_admin_session,
            unless_away=self.health.readiness.unless_away,
            cookies=self.cookies,
        )
        self.limits = Limits(
            Rates().scaled(settings.limit_scale), clock_ns=monotonic_ns, requests=self.requests
        )
        self.actions = Actions(
            hub=self.hub,
            stores=self.stores,
            grants=self.grants,
            catalogues=self.catalogues,
            looks=self.looks,
            tell_renamed=self.news.on(RENAMED, Person, about_people.renamed),
            now=self.clock.now,
            new_id=new_id,
            new_session_key=new_session_key,
            scale=settings.limit_scale,
        )
        self.sharing = Sharing(
            actions=self.actions,
            hub=self.hub,
            grants=self.grants,
            stores=self.stores,
            lists=AccessLists(self.database),
            news=self.news,
            now=self.clock.now,
            new_id=new_id,
            public_url=settings.public_url,
            scale=settings.limit_scale,
        )
        self.services = Services(
            hub=self.hub,
            actions=self.actions,
            sharing=self.sharing,
            grants=self.grants,
            limits=self.limits,
            subscriptions=self.subscriptions,
            tracker=MessageTracker(self.intake),
            door=self.door,
            authenticate=self.tickets.by_token_or_ticket,
        )
        self.board = AdminBoard(
            hub=self.hub,
            open_sessions=self.admin_sessions,
            looks=self.looks,
            feed=self.feed,
            presence=self.presence,
            statistics=self.statistics,
            interactions=self.interactions,
            sessions=self.stores.sessions,
            stream=self.stream,
            past=PastInteractions(self.database),
            jobs=self.jobs,
            stops=WorkerStops(self.redis),
            unless_away=self.health.readiness.unless_away,
            now=self.clock.now,
            limits=alert_limits(settings),
        )
        about_people.forget_sessions = self.board.forget_sessions
        self._alarms = alarms(
            settings,
            redis=self.redis,
            stream=self.stream,
            presence=self.presence,
            jobs=self.jobs,
            now=self.clock.now,
        )
        steps: list[Stepping] = [self.committer, self.hub, self.bus, self.grants, self.stream]
        steps += [self.admin_sessions, self.feed, self.board, self.page_views, self.offered]
        outages = Outages([*steps, *self._alarms])
        self.health.readiness.add_troubles(outages.problems)
        self.health.readiness.add_troubles(self.clock.problems)
        self.metrics = Metrics(
            Sources(
                memory_budget_bytes=settings.memory_budget_bytes,
                hub=self.hub,
                connections=self.connections,
                bus=self.bus,
                committer=self.committer,
                stream=self.stream,
                dead_letters=DeadLetters(self.redis),
                stops=WorkerStops(self.redis),
                ledger=Ledger(self.database),
                jobs=self.jobs,
                requests=self.requests,
                audit=self.audit,
                outages=outages,
                clock=self.clock,
            ),
            clock=monotonic,
            now=self.clock.now,
        )
        self.sockets = sockets(
            settings, services=self.services, authenticator=self.authenticator, drain=self.drain
        )

    def _routes(self) -> list[BaseRoute]:
        offered = [
            *TrackingEndpoints(  # first: it is asked most, and routes are tried in order
                intake=self.intake, door=self.door, requests=self.requests
            ).endpoints(),
            *CatalogueEndpoints(shelf=self.catalogues, requests=self.requests).endpoints(),
            *SharingEndpoints(sharing=self.sharing, authenticator=self.authenticator).endpoints(),
            *ConfigurationEndpoints(
                actions=self.actions,
                authenticator=self.authenticator,
                limits=self.limits,
                door=self.door,
                cookies=self.cookies,
                public_url=self._settings.public_url,
            ).endpoints(),
            *PeopleEndpoints(
                actions=self.actions,
                sharing=self.sharing,
                authenticator=self.authenticator,
                tokens=self.person_tokens,
                cookies=self.cookies,
                public_url=self._settings.public_url,
                unless_away=self.health.readiness.unless_away,
            ).endpoints(),
            *AdminSessionEndpoints(
                admins=self.admins,
                audit=self.audit,
                looks=self.looks,
                tell_ended=self._tell_ended,
                idle_minutes=self._settings.admin_idle_minutes,
                now=self.clock.now,
                cookies=self.cookies,
            ).endpoints(),
            *TicketEndpoints(office=self.tickets, limits=self.limits).endpoints(),
            *ActivityEndpoints(
                stream=self.stream,
                interactions=self.interactions,
                figures=Figures(self.analytics_database),
                admin_name=self.authenticator.admin_name,
                looks=self.looks,
                now=self.clock.now,
            ).endpoints(),
            *admin_endpoints(
                AdminParts(
                    database=self.database,
                    audit=self.audit,
                    analytics_database=self.analytics_database,
                    authenticator=self.authenticator,
                    catalogues=self.catalogues,
                    configurations=self.stores.configurations,
                    interactions=self.interactions,
                    redis=self.redis,
                    offered=self.offered,
                    stream=self.stream,
                    privacy=self.privacy,
                    jobs=self.jobs,
                    metrics=self.metrics,
                    metrics_token=self._settings.metrics_token,
                    csv_delivered=bool(self._settings.csv_webhook),
                    now=self.clock.now,
                    new_id=new_id,
                    new_token=new_secret,
                )
            ),
            *self.health.endpoints(),
        ]
        public_url = self._settings.public_url
        self.described = openapi(offered, public_url=public_url)
        return [
            *routes(
                offered,
                self.sockets.origins,
                self.authenticator.admin_name,
                self.limiter,
                self.looks,
            ),
            *description_routes(self.described, docs_page(offered, public_url=public_url)),
            *documents(public_url=public_url),
            *sdk_routes(self._sdk),
            WebSocketRoute("/ws", self.sockets.websockets),
            Route("/ws", UpgradeRequired()),
            Mount("/socket.io", self.sockets.socketio.app),
        ]

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in (
                MemoryKeeper(self._settings.memory_budget_bytes),
                self.database,
                self.analytics_database,
                self.health.readiness,
                self.redis,
                self.clock,
                self.bus,
                self.committer,
                self.authenticator,
                self.hub,
                self.admin_sessions,
                self.grants,
                self.stream,
                self.offered,
                self.feed,
                self.subscriptions,
                self.board,
                self.page_views,
                self.sockets.socketio,
            ):
                await stack.enter_async_context(part)
            for each in self._alarms:
                await stack.enter_async_context(each)
            await self.bus.subscribe(HINTS)
            await self.news.subscribe()
            with self.end:
                yield

    def _hear(self, channel: str, payload: bytes) -> None:
        if channel == HINTS:
            self.feed.hint()
        elif not self.news.hear(channel, payload):
            self.hub.hear(channel, payload)

    def _suspect(self) -> None:
        self.hub.suspect_all()
        self.feed.hint()
