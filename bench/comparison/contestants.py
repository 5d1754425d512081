"""The contestants: the product in several forms, peers from their registries, bare floors."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiohttp

from app.embedded.servers import embedded_postgres, embedded_valkey
from app.programs.server_process import EmbeddedServer
from app.release import release
from bench.comparison.cores import on_core
from bench.comparison.peer_packages import PEERS
from tests.faults.load.houses import house_of
from tests.faults.load.ledger import Json
from tests.support.programs.node import find_node
from tests.support.programs.ports import free_port
from tests.support.programs.processes import Process, web
from tests.support.waiting import eventually

LIMIT_SCALE = "1000"
"""Load tests are one person in very many connections, so the limits for people are lifted."""

SETTLE_SECONDS = 0.5

Kind = Literal["ours", "peer", "floor"]
Store = Literal["postgresql", "valkey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """PostgreSQL and Valkey, on the servers' core, for contestants that need them."""

    postgres: EmbeddedServer
    valkey: EmbeddedServer
    http: aiohttp.ClientSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running contestant. ``pids`` are the processes whose processor time counts as its own."""

    url: str
    pids: dict[str, int]
    process: Process
    push: str | None = None

    async def rooms(self, backing: Backing, count: int) -> list[Json]:
        """Make this number of new rooms; returns them in the form for the load generator."""
        if "postgresql" not in self.pids:
            return [{"id": f"room-{number}"} for number in range(count)]
        rooms = []
        for _ in range(count):
            house, tokens = await house_of(self.url, backing.http, 2)
            rooms.append({"id": house["id"], "tokens": tokens, "push": self.push})
        return rooms


Start = Callable[[Backing], Process]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One row of the tables. ``driver`` is the way in which the load generator talks to it."""

    name: str
    title: str
    kind: Kind
    driver: str
    start: Start
    uses: tuple[Store, ...] = ()
    push: str | None = None

    @asynccontextmanager
    async def running(self, backing: Backing) -> AsyncIterator[Server]:
        """A fresh server, running inside the block."""
        async with AsyncExitStack() as stack:
            with on_core("servers"):
                process = stack.enter_context(self.start(backing))
            await eventually(lambda: _answers(process), 20, why=f"{self.name} answers")
            await asyncio.sleep(SETTLE_SECONDS)
            pids = {"server": process.pid}
            for name, server in (("postgresql", backing.postgres), ("valkey", backing.valkey)):
                if name in self.uses and server.pid is not None:
                    pids[name] = server.pid
            yield Server(url=process.url, pids=pids, process=process, push=self.push)


async def _answers(process: Process) -> bool:
    """Whether the server accepts connections, and our own is also ready."""
    if not process.alive:
        raise RuntimeError(f"{process.command} ended:\n{process.log[-2000:]}")
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", process.port)
    except OSError:
        return False
    writer.close()
    peer = str(PEERS) in " ".join(process.command)
    return peer or await asyncio.to_thread(process.is_ready)


def _ours(backing: Backing) -> Process:
    return web(
        backing.postgres.url,
        backing.valkey.url,
        NEST_LIMIT_SCALE=LIMIT_SCALE,
        NEST_LOG_LEVEL="warning",
        NEST_NODE="bench",
    )


def _our_fanout(backing: Backing) -> Process:
    port = free_port()
    environ = {
        "DATABASE_URL": backing.postgres.url,
        "REDIS_URL": backing.valkey.url,
        "PORT": str(port),
        "NEST_LIMIT_SCALE": LIMIT_SCALE,
        "NEST_LOG_LEVEL": "warning",
    }
    return Process(sys.executable, "-m", "bench.product.fanout", environ=environ, port=port)


def _node(script: str, *, redis: bool = False) -> Start:
    def start(backing: Backing) -> Process:
        port = free_port()
        environ = {"PORT": str(port)}
        if redis:
            environ["REDIS_SOCKET"] = str(backing.valkey.recipe.socket)
        return Process(
            str(find_node().program), str(PEERS / "servers" / script), environ=environ, port=port
        )

    return start


def _original(backing: Backing) -> Process:
    """The original; the job makes its database."""
    port = free_port()
    environ = {
        "PORT": str(port),
        "PGHOST": str(backing.postgres.recipe.socket.parent),
        "PGUSER": "nest",
        "PGDATABASE": "bench_original",
        "REDIS_SOCKET": str(backing.valkey.recipe.socket),
        "NODE_ENV": "production",
    }
    script = str(PEERS / "servers" / "original" / "server.mjs")
    return Process(str(find_node().program), script, environ=environ, port=port)


def _python(script: str) -> Start:
    def start(_backing: Backing) -> Process:
        port = free_port()
        path = str(PEERS / "servers" / script)
        return Process(sys.executable, path, environ={"PORT": str(port)}, port=port)

    return start


BOTH: tuple[Store, ...] = ("postgresql", "valkey")
CONTESTANTS = (
    Contestant(
        name="nest",
        title="**NEST-Haus Live**, WebSocket: rules, price, commit, bus",
        kind="ours",
        driver="nest",
        start=_ours,
        uses=BOTH,
    ),
    Contestant(
        name="nest-socketio",
        title="**NEST-Haus Live**, Socket.IO: rules, price, commit, bus",
        kind="ours",
        driver="nest-socketio",
        start=_ours,
        uses=BOTH,
    ),
    Contestant(
        name="fanout",
        title="our fan-out alone, WebSocket, 110 B",
        kind="ours",
        driver="nest",
        start=_our_fanout,
        uses=BOTH,
        push="small",
    ),
    Contestant(
        name="fanout-socketio",
        title="our fan-out alone, Socket.IO, 110 B",
        kind="ours",
        driver="nest-socketio",
        start=_our_fanout,
        uses=BOTH,
        push="small",
    ),
    Contestant(
        name="fanout-merged",
        title="our fan-out alone, WebSocket, ops of another process, merged per flush",
        kind="ours",
        driver="nest",
        start=_our_fanout,
        uses=BOTH,
        push="heard",
    ),
    Contestant(
        name="fanout-whole",
        title="our fan-out alone, WebSocket, 3 kB",
        kind="ours",
        driver="nest",
        start=_our_fanout,
        uses=BOTH,
        push="whole",
    ),
    Contestant(
        name="socketio",
        title="Socket.IO 4.8, memory",
        kind="peer",
        driver="socketio",
        start=_node("socketio.mjs"),
    ),
    Contestant(
        name="socketio-streams",
        title="Socket.IO 4.8, redis-streams + recovery",
        kind="peer",
        driver="socketio",
        start=_node("socketio.mjs", redis=True),
        uses=("valkey",),
    ),
    Contestant(
        name="hocuspocus",
        title="Hocuspocus 4 (merges what waits)",
        kind="peer",
        driver="hocuspocus",
        start=_node("hocuspocus.mjs"),
    ),
    Contestant(
        name="sharedb",
        title="ShareDB 7, json0, memory",
        kind="peer",
        driver="sharedb",
        start=_node("sharedb.mjs"),
    ),
    Contestant(
        name="python-socketio",
        title="python-socketio 5.18, uvicorn",
        kind="peer",
        driver="socketio",
        start=_python("python_socketio.py"),
    ),
    Contestant(
        name="original",
        title="the original's design: Express 5, Prisma 7, ioredis",
        kind="peer",
        driver="",
        start=_original,
        uses=BOTH,
    ),
    Contestant(
        name="starlette",
        title="floor: raw Starlette, encoded once",
        kind="floor",
        driver="floor",
        start=_python("starlette_raw.py"),
    ),
    Contestant(
        name="websockets",
        title="floor: `websockets.broadcast`",
        kind="floor",
        driver="floor",
        start=_python("websockets_broadcast.py"),
    ),
)


@asynccontextmanager
async def backing(home: Path) -> AsyncIterator[Backing]:
    """The shared servers, ready inside the block."""
    async with AsyncExitStack() as stack:
        with on_core("servers"):
            postgres, valkey = embedded_postgres(home), embedded_valkey(home)
            for server in (postgres, valkey):
                await stack.enter_async_context(server)
        await release(postgres.url)
        http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        await stack.enter_async_context(http)
        yield Backing(postgres=postgres, valkey=valkey, http=http)
