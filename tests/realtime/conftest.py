"""A web process inside the test: the real app without its screens, on a free port."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime

import pytest
import uvicorn
from typing_extensions import override

from app.chance import Chance
from app.parts.stores import StoresPart
from app.processes import web_config
from app.settings.settings import Settings, parse_settings
from app.web import Web
from realtime.connections.timing import Timing
from realtime.transports.websocket.uvicorn_protocol import NestWebSocketProtocol
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.activity.interactions import Interactions, Settled
from storage.postgres.engine import Database
from storage.postgres.people.admins import Admins
from storage.postgres.schema.roles import ANALYTICS, WEB, WORKER
from tests.realtime.clients import Api
from tests.support.audited import SECRET
from tests.support.described import Described
from tests.support.moved_time import MovedTime
from tests.support.programs.ports import free_port
from tests.support.programs.servers import for_role
from tests.support.waiting import eventually

UNLIMITED = 100.0
"""Times the limits of a real installation; 1 where limits are what is tested."""

USUAL = Timing()
NO_SWEEPS = Timing(sweep_seconds=3_600.0)

StartWeb = Callable[..., Awaitable["RunningWeb"]]
StoresOf = Callable[[Settings, Chance], StoresPart]


class Unsignalled(uvicorn.Server):
    """A server in a test, whose process handles its signals itself."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class RunningWeb:
    """One served web process; ``parts`` is what it is made of, ``time`` are its clocks."""

    def __init__(self, parts: Web, port: int, database_url: str, time: MovedTime) -> None:
        self.parts = parts
        self.time = time
        self.owner_url = database_url
        self.worker_url = for_role(database_url, WORKER)
        self.url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}/ws"

    def api(self, token: str | None = None) -> Api:
        return Api(self.url, token)

    def hear_no_news(self) -> None:
        """Hear nothing of what other processes tell everybody, as while the bus is away."""
        for channel in self.parts.stores.channels:
            self.parts.stores.bus.unsubscribe(channel)

    async def mint_link(
        self, token_sha256: bytes, expires_at: datetime, *, name: str | None = None
    ) -> None:
        """Store a link, as `nest admin-link` does; web processes must not."""
        async with Database(self.owner_url, pool_size=1) as database:
            await Admins(database).mint_link(token_sha256, expires_at, name=name)

    async def store(
        self, batch: Sequence[Incoming], *, consumer: str = "w", settled: Sequence[Settled] = ()
    ) -> None:
        """Store a batch, with the rights of a worker."""
        async with Database(self.worker_url, pool_size=1) as database:
            await Interactions(database).store(batch, consumer=consumer, settled=settled)


@asynccontextmanager
async def serving(
    database_url: str,
    redis_url: str,
    node: str,
    deadline_seconds: float,
    limit_scale: float = UNLIMITED,
    *,
    sockets: type[asyncio.Protocol] = NestWebSocketProtocol,
    trusted_proxies: str = "",
    redis_seconds: float = 5.0,
    consent: str = "assumed",
    undescribed: list[str] | None = None,
    timing: Timing = USUAL,
    stores_of: StoresOf = StoresPart.of,
) -> AsyncIterator[RunningWeb]:
    """A served web process that answers as it says; else the test fails here.

    With ``undescribed`` it only notes there which answers are not described.
    """
    port = free_port()
    settings = parse_settings(
        {
            "DATABASE_URL": for_role(database_url, WEB),
            "NEST_ANALYTICS_DATABASE_URL": for_role(database_url, ANALYTICS),
            "REDIS_URL": redis_url,
            "NEST_AUDIT_KEY": SECRET,
            "PORT": str(port),
            "NEST_NODE": node,
            "NEST_DATABASE_POOL_SIZE": "6",
            "NEST_DATABASE_DEADLINE_SECONDS": str(deadline_seconds),
            # Servers, clients and the test share one loop: while one is put together, others wait.
            "NEST_REDIS_DEADLINE_SECONDS": str(redis_seconds),
            "NEST_LIMIT_SCALE": str(limit_scale),
            "NEST_SHUTDOWN_DEADLINE_SECONDS": "2",
            "NEST_TRUSTED_PROXIES": trusted_proxies,
            "NEST_CONSENT": consent,
        }
    )
    time = MovedTime()
    parts = Web(settings, time.chance(), timing, stores_of=stores_of)
    problems: list[str] = [] if undescribed is None else undescribed
    described = Described(parts.app, parts.routes.described, problems)
    config = web_config(settings, described, parts.connections, timing)
    if sockets is not NestWebSocketProtocol:  # ours is what our HTTP protocol hands over to
        config.http, config.ws = "httptools", sockets
    server = Unsignalled(config)
    async with asyncio.TaskGroup() as tasks:
        serve = tasks.create_task(server.serve())
        await eventually(lambda: server.started or serve.done(), why="uvicorn has started")
        try:
            yield RunningWeb(parts, port, database_url, time)
        finally:
            server.should_exit = True
    if undescribed is None:
        assert not problems, "\n".join(problems)


@pytest.fixture
def undescribed() -> Iterator[list[str]]:
    """The answers of all webs that are not as ``/openapi.json`` says; there may be none."""
    problems: list[str] = []
    yield problems
    assert not problems, "\n".join(problems)


@pytest.fixture
async def start_web(
    database_url: str, redis_url: str, undescribed: list[str], request: pytest.FixtureRequest
) -> AsyncIterator[StartWeb]:
    """Start as many web processes as a test needs, on the same stores."""
    usual = NO_SWEEPS if request.node.get_closest_marker("no_sweeps") else USUAL
    async with AsyncExitStack() as stack:

        async def start(
            node: str = "one",
            *,
            deadline_seconds: float = 5.0,
            stores: tuple[str, str] = (database_url, redis_url),
            limit_scale: float = UNLIMITED,
            sockets: type[asyncio.Protocol] = NestWebSocketProtocol,
            trusted_proxies: str = "",
            redis_seconds: float = 5.0,
            consent: str = "assumed",
            timing: Timing = usual,
            stores_of: StoresOf = StoresPart.of,
        ) -> RunningWeb:
            running = serving(
                *stores,
                node,
                deadline_seconds,
                limit_scale,
                sockets=sockets,
                trusted_proxies=trusted_proxies,
                redis_seconds=redis_seconds,
                consent=consent,
                undescribed=undescribed,
                timing=timing,
                stores_of=stores_of,
            )
            return await stack.enter_async_context(running)

        yield start


@pytest.fixture
async def web(start_web: StartWeb) -> RunningWeb:
    return await start_web()
