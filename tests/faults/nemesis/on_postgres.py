"""PostgreSQL refuses, hangs or changes beside the product, by what an operator may do to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg

from app.embedded.servers import DATABASE, login_url
from storage.postgres.schema.roles import grant_rights
from tests.faults.load.pace import Pace
from tests.faults.nemesis.field import Field
from tests.faults.nemesis.schedule import Step
from tests.support.programs.servers import with_database

LOCK_SECONDS = 0.5
ALTER_AIM_SECONDS = 2.0
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'nest%'"
)


@asynccontextmanager
async def _owner(field: Field, database: str = DATABASE) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(with_database(field.stand.postgres.url, database))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _changed(field: Field, statements: Sequence[str], back: str) -> AsyncIterator[None]:
    """The statements run in another database, because nobody may close the one they are in."""
    async with _owner(field, "postgres") as owner:
        for statement in statements:
            await owner.execute(statement)
        try:
            yield
        finally:
            await owner.execute(back)


@asynccontextmanager
async def terminated(field: Field, _step: Step) -> AsyncIterator[None]:
    """Every connection of the product is taken away at once."""
    async with _owner(field) as owner:
        await owner.execute(TERMINATE)
    yield


@asynccontextmanager
async def crowded(field: Field, step: Step) -> AsyncIterator[None]:
    """Somebody else takes every connection there is (53300)."""
    async with AsyncExitStack() as stack, _owner(field) as owner:
        url = login_url(field.stand.postgres.url, step.target)
        for _ in range(2):  # what the product had is taken, too
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    other = await asyncpg.connect(url)
                    stack.push_async_callback(other.close)
            await owner.execute(TERMINATE)
        yield


@asynccontextmanager
async def locked(field: Field, step: Step) -> AsyncIterator[None]:
    """Somebody locks a table: each query on it waits until its own timeout."""
    async with _owner(field) as owner, owner.transaction():
        await owner.execute(f"LOCK TABLE {step.target} IN ACCESS EXCLUSIVE MODE")
        yield


@asynccontextmanager
async def altered(field: Field, step: Step) -> AsyncIterator[None]:
    """A migration adds a column beside the running product, and takes it away at the end."""
    async with _owner(field) as owner:
        await _alter(field, owner, step.target, "ADD COLUMN of_the_nemesis integer")
        try:
            yield
        finally:
            await _alter(field, owner, step.target, "DROP COLUMN of_the_nemesis")


async def _alter(field: Field, owner: asyncpg.Connection, table: str, change: str) -> None:
    pace = Pace(asyncio.Event())
    began = pace.now()
    await owner.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    while True:
        try:
            await owner.execute(f"ALTER TABLE {table} {change}")
            break
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await pace.rest(0.1)
    took = pace.now() - began
    if took > ALTER_AIM_SECONDS:
        field.slow.append(f"ALTER TABLE {table} {change}: {took:.1f} s")


@asynccontextmanager
async def login_refused(field: Field, step: Step) -> AsyncIterator[None]:
    """A role may not log in (28000)."""
    role = step.target
    statements = (f"ALTER ROLE {role} NOLOGIN", TERMINATE)
    async with _changed(field, statements, f"ALTER ROLE {role} LOGIN"):
        yield


@asynccontextmanager
async def closed(field: Field, _step: Step) -> AsyncIterator[None]:
    """The database takes no connections (55000)."""
    statements = (f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS false", TERMINATE)
    async with _changed(field, statements, f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS true"):
        yield


@asynccontextmanager
async def read_only(field: Field, _step: Step) -> AsyncIterator[None]:
    """Nothing may be written (25006), as on a standby."""
    name = "default_transaction_read_only"
    statements = (f"ALTER DATABASE {DATABASE} SET {name} = on", TERMINATE)
    back = f"SET {name} = off; ALTER DATABASE {DATABASE} RESET {name}; {TERMINATE}"
    async with _changed(field, statements, back):
        yield


@asynccontextmanager
async def revoked(field: Field, step: Step) -> AsyncIterator[None]:
    """The product's roles lose their rights to a table (42501)."""
    async with _owner(field) as owner:
        await owner.execute(
            f"REVOKE ALL ON {step.target} FROM nest_web, nest_worker, nest_analytics"
        )
    try:
        yield
    finally:
        await grant_rights(field.stand.postgres.url)


@asynccontextmanager
async def misled(field: Field, step: Step) -> AsyncIterator[None]:
    """New sessions of a role find no table (42P01), and must not be used once the setting is gone."""
    role = step.target
    statements = (f"ALTER ROLE {role} SET search_path = nowhere", TERMINATE)
    async with _changed(field, statements, f"ALTER ROLE {role} RESET search_path"):
        yield
