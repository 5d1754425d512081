"""The web process as one ASGI app: everything built once, entered in order, left in reverse.

Order of starting: stores, bus, committer, people, rooms, activity, sockets. Order of stopping:
sockets end, rooms withdraw, ops in flight are answered, then the connections to the stores close.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette

from app.chance import Chance
from app.loud_end import LoudEnd
from app.memory import MemoryKeeper
from app.parts.activity import ActivityPart
from app.parts.admin import AdminPart
from app.parts.editing import EditingPart
from app.parts.limits import LimitsPart, http_connections
from app.parts.people import PeoplePart
from app.parts.routes import RoutesPart, endpoints
from app.parts.screens import add_screens
from app.parts.sockets import SocketsPart
from app.parts.stores import StoresPart
from app.sdk import sdk_files
from app.settings.settings import Settings
from realtime.api.declared.endpoints import EndpointRoute
from realtime.connections.timing import Timing
from realtime.edge.compression import Compression
from realtime.edge.handshakes import Handshakes
from realtime.edge.one_cookie import OneCookie


def served_web(settings: Settings) -> "Web":
    """One web process with its pages; nothing is connected before the lifespan of its app begins."""
    web = Web(settings)
    web.mount_screens()
    return web


class Web:
    """All parts of one web process."""

    def __init__(
        self,
        settings: Settings,
        chance: Chance | None = None,
        timing: Timing | None = None,
        *,
        stores_of: Callable[[Settings, Chance], StoresPart] = StoresPart.of,
    ) -> None:
        """Tests pass their own clocks, times and stores."""
        self._settings = settings
        self._sdk = sdk_files()
        timing = timing or Timing()
        self.stores = stores = stores_of(settings, chance or Chance())
        self.people = people = PeoplePart.of(settings, stores, timing)
        self.limits = limits = LimitsPart.of(settings, stores, people)
        self.editing = editing = EditingPart.of(settings, stores, people)
        self.activity = activity = ActivityPart.of(settings, stores, people, editing)
        self.sockets = SocketsPart.of(
            settings,
            stores,
            people,
            editing=editing,
            activity=activity,
            limits=limits,
            timing=timing,
        )
        self.drain = self.sockets.drain
        self.connections = http_connections(settings, stores.chance)
        self.connections.socket_refusal = self.drain.refusal
        self.admin = AdminPart.of(
            settings,
            stores,
            people,
            editing=editing,
            activity=activity,
            limits=limits,
            connections=self.connections,
        )
        offered = endpoints(
            settings,
            stores,
            people,
            editing=editing,
            activity=activity,
            limits=limits,
            admin=self.admin,
        )
        self.routes = RoutesPart.of(
            settings,
            people,
            limits=limits,
            sockets=self.sockets,
            offered=offered,
            sdk=self._sdk,
        )
        self.end = LoudEnd(node=settings.node)
        self.app = Starlette(routes=self.routes.all, lifespan=self._lifespan)
        self._limit_the_others()
        self.app.add_middleware(Handshakes)
        self.app.add_middleware(OneCookie, cookies=people.cookies)

    def mount_screens(self) -> None:
        """Add the pages, as the last routes: NiceGUI answers everything that no earlier route answers."""
        add_screens(
            self.app,
            self._settings,
            self.stores,
            self.people,
            editing=self.editing,
            activity=self.activity,
            sockets=self.sockets,
            sdk=self._sdk,
        )
        self._limit_the_others()
        self.app.add_middleware(Compression)  # added last, so it handles an answer last

    def _limit_the_others(self) -> None:
        """Apply the limits to pages, files and sockets, which are not endpoints."""
        others = (each for each in self.app.routes if not isinstance(each, EndpointRoute))
        self.limits.limiter.guard(others)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(MemoryKeeper(self._settings.memory_budget_bytes))
            for part in (self.stores, self.people, self.editing, self.activity, self.sockets):
                await stack.enter_async_context(part)
            await self.stores.news.subscribe()
            with self.end:
                yield
