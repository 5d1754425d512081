"""The process's access to PostgreSQL: one pool, deadlines, and errors that say what to do.

Stale connections (PostgreSQL was restarted) cost no round trip to detect: asyncpg notices the
closed socket by itself, the pool checks it at checkout, and other lost calls are retried once on a
fresh connection - only while COMMIT has not been sent.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg
import orjson
from sqlalchemy import event, exc, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from storage.backoff import Backoff
from storage.deadline import NotWithin, within
from storage.errors import OutcomeUnknown, StorageUnavailable
from storage.postgres.connecting import connect
from storage.postgres.failures import (
    COMMIT_WAITS,
    Failure,
    describe,
    failure,
    not_sent,
    storage_errors,
)
from storage.postgres.schema.range import Schema, schema_of
from storage.postgres.schema.revisions import head_revision

Result = TypeVar("Result")
_BUSY_TRIES = 4
_BUSY = Backoff(first_seconds=0.02, longest_seconds=0.16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The longest time of each step, in seconds."""

    connect: float = 3.0
    pool: float = 2.0
    lock: float = 2.0
    statement: float = 4.0
    call: float = 6.0


class Database:
    """Async context manager owning the connection pool.

    `url` is a libpq URL (`postgresql://user@host:port/name?sslmode=...`).
    `synchronous_commit` is always on: an answer means the commit reached the disk.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        deadlines: Deadlines | None = None,
        retry_after_seconds: float = 1.0,
        application_name: str = "nest",
    ) -> None:
        self._url = url
        self._pool_size = pool_size
        self.deadlines = deadlines or Deadlines()
        self.retry_after_seconds = retry_after_seconds
        self._application_name = application_name
        self._engine: AsyncEngine | None = None
        self._reading: AsyncEngine | None = None
        self._at_one_moment: AsyncEngine | None = None

    async def __aenter__(self) -> Self:
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=self._pool_size,
            max_overflow=0,
            pool_timeout=self.deadlines.pool,
            pool_use_lifo=True,
            hide_parameters=True,  # else error texts contain values: names, addresses, tokens
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        # Made once, because making one costs as much as a query. Both engines share the pool.
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._at_one_moment = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        engine = self.engine
        self._engine = self._reading = self._at_one_moment = None
        await engine.dispose()

    @property
    def engine(self) -> AsyncEngine:
        """The engine; only for code inside `storage.postgres`."""
        return _open(self._engine)

    async def ping(self) -> None:
        """Waits for an answer of PostgreSQL. Raises StorageUnavailable."""
        await self.read(lambda connection: connection.execute(text("SELECT 1")))

    async def migrated(self) -> Schema:
        """The schema of the database, compared with the schemas that this code supports."""

        async def look(connection: AsyncConnection) -> Schema:
            found = await schema_of(connection, head_revision())
            if found.current is None:
                # No tables, or the session began while its role had another search_path. The
                # next look uses a new session.
                (await connection.get_raw_connection()).invalidate(soft=True)
            return found

        return await self.read(look)

    async def read(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Runs read-only statements, each with its own snapshot; retries a lost connection once."""
        return await self._call(_open(self._reading), work)

    async def read_snapshot(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Runs reads that share one snapshot (REPEATABLE READ, read only)."""
        return await self._call(_open(self._at_one_moment), work)

    async def write(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Runs one transaction (READ COMMITTED) and commits it.

        `work` runs again from the start after a deadlock, a serialization failure or a connection
        lost before COMMIT. Raises OutcomeUnknown if it is lost at COMMIT.
        """
        return await self._call(self.engine, work)

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[asyncpg.Connection]:
        """A raw asyncpg connection of the pool, outside a transaction.

        Raises StorageUnavailable instead of connection errors. jsonb is passed as a JSON string
        and comes back parsed. A connection that failed for an unclear reason is discarded.
        """
        with storage_errors(self.retry_after_seconds):
            async with self.engine.connect() as connection:
                raw = await connection.get_raw_connection()
                driver = raw.driver_connection
                if driver is None:
                    raise StorageUnavailable("the pool gave no connection")
                try:
                    yield driver
                except BaseException as error:
                    known = isinstance(error, asyncpg.PostgresError) and not driver.is_closed()
                    if not known or failure(error) is Failure.STALE:
                        driver.terminate()
                        await connection.invalidate()
                    raise

    async def connect_alone(self, application_name: str) -> asyncpg.Connection:
        """A connection outside the pool, for state that must last as long as it; the caller closes it.

        PostgreSQL notices within about ten seconds if this process vanishes without closing it.
        Raises StorageUnavailable.
        """
        with storage_errors(self.retry_after_seconds):
            async with within(self.deadlines.connect):
                return await self._open(
                    {
                        "application_name": application_name[:63],
                        "tcp_keepalives_idle": "4",
                        "tcp_keepalives_interval": "2",
                        "tcp_keepalives_count": "3",
                    }
                )

    async def _call(
        self, engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[Result]]
    ) -> Result:
        committing = asyncio.Event()
        with storage_errors(self.retry_after_seconds):
            try:
                async with within(self.deadlines.call):
                    return await self._retried(engine, work, committing)
            except TimeoutError as late:
                if committing.is_set():
                    raise OutcomeUnknown(_at_commit(late), store="PostgreSQL") from late
                raise

    async def _retried(
        self,
        engine: AsyncEngine,
        work: Callable[[AsyncConnection], Awaitable[Result]],
        committing: asyncio.Event,
    ) -> Result:
        lost = busy = 0
        while True:
            try:
                return await _transaction(engine, work, committing)
            except Exception as error:
                committing.clear()
                match failure(error):
                    case Failure.LOST | Failure.STALE if lost == 0:
                        lost += 1
                    case Failure.BUSY if busy < _BUSY_TRIES:
                        busy += 1
                        chance = random.random()  # noqa: S311 - spreads tries
                        await asyncio.sleep(_BUSY.delay_seconds(busy, chance))
                    case _:
                        raise

    async def _connect(self, *_: object, **__: object) -> asyncpg.Connection:
        return await self._open({"application_name": self._application_name})

    async def _open(self, server_settings: dict[str, str]) -> asyncpg.Connection:
        try:
            return await connect(
                self._url,
                timeout=self.deadlines.connect,
                command_timeout=self.deadlines.statement + 0.5,
                # All of them are explicit, because settings asked for here override those of the
                # role, which anybody with its rights may change for all its later connections.
                server_settings={
                    "synchronous_commit": "on",
                    "default_transaction_isolation": "read committed",
                    "statement_timeout": _milliseconds(self.deadlines.statement),
                    "lock_timeout": _milliseconds(self.deadlines.lock),
                    "idle_in_transaction_session_timeout": _milliseconds(self.deadlines.call + 5),
                    "jit": "off",
                    "timezone": "UTC",
                    **server_settings,
                },
            )
        except TimeoutError:
            raise NotWithin(self.deadlines.connect) from None


def _open(engine: AsyncEngine | None) -> AsyncEngine:
    if engine is None:
        raise RuntimeError("Database is used outside its 'async with'")
    return engine


async def _transaction(
    engine: AsyncEngine,
    work: Callable[[AsyncConnection], Awaitable[Result]],
    committing: asyncio.Event,
) -> Result:
    """Run `work` in a transaction; sets `committing` once COMMIT is sent."""
    async with engine.connect() as connection:
        try:
            result = await work(connection)
        except exc.DBAPIError as error:
            # A stale session would fail again for its next user. A statement that was parsed without
            # a Sync and never run leaves an implicit transaction open, with its locks, until the
            # connection is used again.
            if failure(error) is Failure.STALE or not_sent(error):
                await connection.invalidate()
            raise
        committing.set()
        try:
            await connection.commit()
        except Exception as error:
            if failure(error) in {Failure.LOST, Failure.AWAY}:
                raise OutcomeUnknown(_at_commit(error), store="PostgreSQL") from error
            raise
        return result


def _at_commit(error: Exception) -> str:
    """The sentence for a transaction that may or may not have been committed."""
    known = f"at COMMIT {describe(error)}"
    if failure(error) is not Failure.AWAY:
        return known
    return f"{known}: {COMMIT_WAITS}"


def _refuse_closed(
    connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    if connection.driver_connection.is_closed():
        raise exc.InvalidatePoolError


def _to_json(value: Any) -> str:  # noqa: ANN401 - the signature SQLAlchemy asks for
    return orjson.dumps(value).decode()


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
