"""The process's access to Redis or Valkey: one pool, deadlines, and one error.

Redis Cluster: this wrapper opens single-server URLs only. A cluster client would be built in
`Redis.__aenter__` and `Redis.connection`, and the bus would send SPUBLISH and SSUBSCRIBE to the node
of each channel's slot; every key and channel of this package already has one hash tag.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import inf
from types import TracebackType
from typing import Any, Self

from redis.asyncio import BlockingConnectionPool, ConnectionPool
from redis.asyncio import Redis as Client
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ClientConnectionError
from redis.exceptions import DataError, RedisError, ResponseError

from storage.backoff import Backoff
from storage.deadline import within
from storage.errors import StorageDefect, StorageUnavailable
from storage.redis.reasons import reason

# With a socket timeout redis-py sends with `asyncio.wait_for`, which on Python 3.11 forgets a
# cancellation that arrives while a command is sent, and the task never ends. Every use of a
# connection is therefore inside `asyncio.timeout` instead.
_NO_SOCKET_TIMEOUT = None

AGAIN = Backoff(first_seconds=0.2, longest_seconds=2.0, least_seconds=0.1, at_once=True)
"""The delay before publishers and subscribers connect again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Durability:
    """The server's settings of persistence; None where it forbids reading them (CONFIG)."""

    append_only: bool | None
    append_fsync: str | None
    eviction_policy: str | None

    @property
    def loses_nothing(self) -> bool | None:
        """Whether the append-only file is on and eviction is off; None if the server does not tell."""
        if self.append_only is None or self.eviction_policy is None:
            return None
        return self.append_only and self.eviction_policy == "noeviction"

    @property
    def flushes_first(self) -> bool:
        """Whether acknowledged writes are on disk; if not, a crash can lose a second or two of them."""
        return self.append_fsync == "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes that the server uses and may use; `most_bytes` 0: no limit, or the server does not tell."""

    used_bytes: int
    most_bytes: int

    @property
    def share(self) -> float:
        """The used share of the limit; 0 without a limit."""
        return self.used_bytes / self.most_bytes if self.most_bytes else 0.0

    def free_bytes(self, share: float) -> float:
        """Bytes until this share of the limit is used; infinite without a limit."""
        return self.most_bytes * share - self.used_bytes if self.most_bytes else inf


class Redis:
    """Async context manager owning the connection pool. Answers are bytes, never decoded."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 16,
        connect_seconds: float = 2.0,
        call_seconds: float = 2.0,
        retry_after_seconds: float = 1.0,
    ) -> None:
        self.url = url
        self._pool_size = pool_size
        self.connect_seconds = connect_seconds
        self.call_seconds = call_seconds
        self.retry_after_seconds = retry_after_seconds
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        pool = BlockingConnectionPool.from_url(
            self.url,
            max_connections=self._pool_size,
            timeout=self.call_seconds,
            socket_connect_timeout=self.connect_seconds,
            socket_timeout=_NO_SOCKET_TIMEOUT,
            **_tcp_only(self.url),
            retry=Retry(NoBackoff(), 1, supported_errors=(ClientConnectionError,)),
            decode_responses=False,
        )
        self._client = Client.from_pool(pool)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        client, self._client = self.client, None
        await client.aclose()

    @property
    def client(self) -> Client:
        """redis-py's client; only for code inside `storage.redis`.

        It has no timeout of its own: use it within `errors()` and `asyncio.timeout`.
        """
        if self._client is None:
            raise RuntimeError("Redis is used outside its 'async with'")
        return self._client

    def connection(self) -> AbstractConnection:
        """A separate connection, not connected yet; it never reconnects or retries by itself.

        The owner connects and disconnects it, so that it notices every loss of messages, and sets the
        deadlines.
        """
        pool: ConnectionPool = ConnectionPool.from_url(
            self.url,
            socket_connect_timeout=self.connect_seconds,
            socket_timeout=_NO_SOCKET_TIMEOUT,
            **_tcp_only(self.url),
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # plain arrays for pub/sub, and no push handlers
            decode_responses=False,
        )
        connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]  # in redis-py
        return connection

    def channel(self, name: str) -> str:
        """The name of the channel in Redis.

        Pub/sub ignores numbered databases, so the number is part of the name: two installations in
        databases of one server do not receive each other's messages. 0 is left out, because a
        cluster has only database 0.
        """
        return f"{self._channel_prefix}{name}"

    @cached_property
    def _channel_prefix(self) -> str:
        number = parse_url(self.url).get("db", 0)
        return f"{number}/" if number else ""

    async def once(self, *command: str | bytes | int) -> object:
        """The answer to a command that must not be sent a second time.

        `client` repeats a command whose connection was lost; for a command that works only once it
        would return the answer to the second try, which fails. Here a lost connection raises
        StorageUnavailable.
        """
        with self.errors():
            async with within(self.call_seconds):
                pool = self.client.connection_pool
                connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # in redis-py
                try:
                    await connection.send_command(*command)
                    return await connection.read_response()
                finally:
                    await pool.release(connection)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns redis-py's errors into StorageUnavailable, or StorageDefect if it is our bug.

        An operator can cause every error reply of Redis while we run: rights, role, memory,
        cluster, the type of a key, even missing commands. Every error reply therefore counts as
        Redis being away. Our bug is only a value that redis-py refuses to send.
        """
        try:
            yield
        except DataError as error:
            raise StorageDefect(f"Redis: {error}") from error
        except (RedisError, OSError, TimeoutError) as error:
            raise self.unavailable(error) from error

    def unavailable(self, error: BaseException) -> StorageUnavailable:
        """The error to raise for `error`: its reason in words, or its class and the reply's code."""
        why = reason(error, tls=self.url.startswith("rediss:"))
        said = why or f"{type(error).__name__}{_reply_code(error)}"
        return self.unusable(said)

    def unusable(self, why: str) -> StorageUnavailable:
        """The error to raise for a reason of our own, which is the end of a sentence."""
        return StorageUnavailable(why, self.retry_after_seconds, store="Redis")

    async def ping(self) -> None:
        """Waits for an answer of the server. Raises StorageUnavailable."""
        with self.errors():
            async with within(self.call_seconds):
                await self.client.ping()

    async def version(self) -> tuple[str, str]:
        """The kind of the server, Redis or Valkey, and its version."""
        with self.errors():
            async with within(self.call_seconds):
                server = await self.client.info("server")
        valkey = server.get("valkey_version")
        return ("Valkey", str(valkey)) if valkey else ("Redis", str(server["redis_version"]))

    async def memory(self) -> Memory:
        """The server's memory; a forbidden INFO does not raise."""
        with self.errors():
            async with within(self.call_seconds):
                try:
                    found = await self.client.info("memory")
                except ResponseError:
                    found = {}
        used, most = found.get("used_memory", 0), found.get("maxmemory", 0)
        return Memory(used_bytes=int(used), most_bytes=int(most))

    async def durability(self) -> Durability:
        """Reads appendonly, appendfsync and maxmemory-policy; a forbidden CONFIG does not raise."""
        with self.errors():
            async with within(self.call_seconds):
                try:
                    answer = await self.client.config_get(
                        "appendonly", "appendfsync", "maxmemory-policy"
                    )
                except ResponseError:
                    answer = {}
        settings = {_text(key): _text(value) for key, value in answer.items()}
        append_only = settings.get("appendonly")
        return Durability(
            append_only=None if append_only is None else append_only == "yes",
            append_fsync=settings.get("appendfsync"),
            eviction_policy=settings.get("maxmemory-policy"),
        )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _reply_code(error: BaseException) -> str:
    """The first word of a reply like `WRONGTYPE Operation ...`; the rest may contain a key's name."""
    word = str(error).partition(" ")[0] if isinstance(error, ResponseError) else ""
    return f" {word[:20]}" if word.isalpha() and word.isupper() else ""


def _tcp_only(url: str) -> dict[str, bool]:
    """Options for TCP only; a unix socket does not accept them."""
    return {} if url.startswith("unix:") else {"socket_keepalive": True}


def commands(redis: Redis) -> Any:  # noqa: ANN401
    """redis-py's client without its annotations, which allow every protocol and text mode at once."""
    return redis.client


@asynccontextmanager
async def call(redis: Redis, *, seconds: float | None = None) -> AsyncIterator[None]:
    """Deadline (by default that of `redis`) and errors of one call. A cancellation is never lost.

    redis-py sends with `asyncio.wait_for`, which on Python 3.11 forgets a cancellation that arrives
    while the command is sent; the task would never end.
    """
    with redis.errors():
        async with within(redis.call_seconds if seconds is None else seconds):
            yield
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
