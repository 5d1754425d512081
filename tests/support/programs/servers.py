"""Real servers for tests: embedded ones, or those named by TEST_DATABASE_URL / TEST_REDIS_URL.

One pair per xdist worker, or a numbered database for each in the Redis that was named. A template
database is released once (`app.release`: schema, rights, catalogues) and cloned for every test, so
a test starts in about 50 ms with a database of its own in which our processes can start.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import redis

from app.embedded.servers import embedded_postgres, embedded_valkey, login_url
from app.programs.server_process import EmbeddedServer
from app.release import release

T = TypeVar("T")

MEMORY = Path("/dev/shm")
MEMORY_WANTED_BYTES = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The addresses of the servers. `postgres` and `valkey` are None if URLs came from outside."""

    database_url: str  # a database to connect to for administration; tests get clones
    redis_url: str
    template: str
    prefix: str
    postgres: EmbeddedServer | None
    valkey: EmbeddedServer | None

    def revive(self) -> None:
        """Start again whatever a test has killed."""
        for server in (self.postgres, self.valkey):
            if server is not None:
                server.start()


@contextmanager
def home_in_memory() -> Iterator[Path]:
    """A directory for the data of servers, gone afterwards; on the disk where memory is scarce.

    Both servers flush before they answer, and all workers share one disk: when that took seconds,
    deadlines passed that no test was about. What survives `kill -9` is the same in memory.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_WANTED_BYTES
    home = Path(tempfile.mkdtemp(prefix="nest-t-", dir=MEMORY if roomy else None))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running_servers(worker: str) -> Iterator[Servers]:
    """Servers and a released template database, until the block ends."""
    with home_in_memory() as home:
        postgres = None if os.environ.get("TEST_DATABASE_URL") else embedded_postgres(home)
        valkey = None if os.environ.get("TEST_REDIS_URL") else embedded_valkey(home)
        prefix = f"nest_test_{os.getpid()}_{worker}"
        try:
            database_url = (
                postgres.start() if postgres else plain_url(os.environ["TEST_DATABASE_URL"])
            )
            servers = Servers(
                database_url=database_url,
                redis_url=valkey.start()
                if valkey
                else numbered(os.environ["TEST_REDIS_URL"], worker),
                template=f"{prefix}_template",
                prefix=prefix,
                postgres=postgres,
                valkey=valkey,
            )
            create_database(servers, servers.template, template=None)
            template_url = with_database(database_url, servers.template)
            apart(lambda: release(template_url))
            yield servers
            drop_database(servers, servers.template)
        finally:
            for server in (postgres, valkey):
                if server is not None:
                    server.stop()


@contextmanager
def fresh_database(servers: Servers) -> Iterator[str]:
    """The URL of a clone of the template, dropped afterwards."""
    servers.revive()
    name = f"{servers.prefix}_{uuid4().hex[:12]}"
    create_database(servers, name, template=servers.template)
    try:
        yield with_database(servers.database_url, name)
    finally:
        servers.revive()
        drop_database(servers, name)


@contextmanager
def empty_database(servers: Servers) -> Iterator[str]:
    """The URL of a database that nothing was released to, dropped afterwards."""
    name = f"{servers.prefix}_empty_{uuid4().hex[:8]}"
    create_database(servers, name, template=None)
    try:
        yield with_database(servers.database_url, name)
    finally:
        drop_database(servers, name)


def create_database(servers: Servers, name: str, *, template: str | None) -> None:
    source = f' TEMPLATE "{template}"' if template else ""
    apart(lambda: execute(servers.database_url, f'CREATE DATABASE "{name}"{source}'))


def drop_database(servers: Servers, name: str) -> None:
    apart(lambda: execute(servers.database_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def flush(servers: Servers) -> None:
    """Forget everything in this worker's Valkey, or in its own numbered database of a shared one."""
    servers.revive()
    with redis.Redis.from_url(servers.redis_url) as client:
        if servers.valkey is not None:
            client.flushall()
            client.script_flush()
        else:
            client.flushdb()


async def execute(url: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def apart(start: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in an event loop of its own, in a thread of its own.

    So fixtures stay plain functions, whatever loop the test itself will run on.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(start())).result()


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def for_role(url: str, role: str) -> str:
    """The same database for a role of `storage.postgres.schema.roles`; only our own server has them."""
    return url if os.environ.get("TEST_DATABASE_URL") else login_url(url, role)


def plain_url(url: str) -> str:
    """Without a driver name, as DATABASE_URL is written everywhere here."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def numbered(url: str, worker: str) -> str:
    """A database number of its own per xdist worker (gw0 → 1): they share one Redis."""
    number = 1 + int("".join(filter(str.isdigit, worker)) or 0)
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return urlunsplit(parts._replace(query=f"db={number}"))
    return urlunsplit(parts._replace(path=f"/{number}"))
