"""What PostgreSQL and Redis may answer at run time, made real while somebody edits and reports.

Each fault begins, waits until it was felt and until what needs not that store goes on, and ends.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from storage.postgres.failures import Failure, failure
from storage.postgres.roles import grant_rights
from tests.faults.load import Going
from tests.faults.stand import Stand
from tests.realtime.clients import Api
from tests.storage.conftest import terminate_backends
from tests.support.faulty_postgres import FaultyPostgres
from tests.support.faulty_redis import FaultyRedis
from tests.support.servers import execute, with_database
from tests.support.sqlstates import SQLSTATES, error_of
from tests.support.waiting import eventually

DEFECTS = [state for state in SQLSTATES if failure(error_of(state)) is Failure.DEFECT]
AT_RUN_TIME = [state for state in SQLSTATES if state not in DEFECTS]
AT_LOGIN = ("28000", "28P01", "3D000", "53300", "55000", "42501", "57P03", "08006", "08P01")

REPLIES = (
    "ERR DB index is out of range",
    "ERR unknown command 'EVAL'",
    "ERR max number of clients reached",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "NOPERM User default has no permissions to access one of the keys",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "MOVED 3999 127.0.0.1:6381",
    "ASK 3999 127.0.0.1:6381",
    "CROSSSLOT Keys in request don't hash to the same slot",
    "CLUSTERDOWN Hash slot not served",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down",
    "NOREPLICAS Not enough good replicas to write.",
    "LOADING Redis is loading the dataset in memory",
    "BUSY Redis is busy running a script.",
    "MISCONF Errors writing to the AOF file: No space left on device",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "EXECABORT Transaction discarded because of previous errors.",
    "NOSCRIPT No matching script.",
    "NOGROUP No such key or consumer group",
    "BUSYKEY Target key name already exists.",
    "UNKILLABLE The busy script was not running in read-only mode.",
    "NOTBUSY No scripts in execution right now.",
    "NOPROTO unsupported protocol version",
    "WHATEVER a later server says",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the faults are made in. `postgres` and `redis` are addresses of the real servers."""

    stand: Stand
    going: Going
    faulty_postgres: FaultyPostgres
    faulty_redis: FaultyRedis
    postgres: str
    redis: str
    store: Redis

    def grows(self, count: Callable[[], int], by: int) -> Callable[[], bool]:
        limit = count() + by
        return lambda: count() >= limit

    async def edits_go_on(self) -> None:
        more = self.grows(lambda: self.going.edits, 10)
        await eventually(more, 30, why="edits are acknowledged")

    async def interactions_go_on(self) -> None:
        more = self.grows(lambda: self.going.interactions, 10)
        await eventually(more, 30, why="interactions are acknowledged")

    async def edits_wait(self) -> None:
        later = self.grows(lambda: self.going.ledger.op_attempts.failed, 3)
        await eventually(later, 30, why="edits are told to come later")

    async def interactions_wait(self) -> None:
        later = self.grows(lambda: self.going.ledger.event_attempts.failed, 3)
        await eventually(later, 30, why="interactions are told to come later")

    async def stored(self) -> int:
        connection = await asyncpg.connect(self.postgres)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM interactions"))
        finally:
            await connection.close()


Fault = Callable[[World], Awaitable[None]]


async def said(world: World, *command: str) -> None:
    """A command to Redis that redis-py has no typed method for."""
    await world.store.execute_command(*command)  # type: ignore[no-untyped-call]


# ---- answers of a proxy


async def every_sqlstate(world: World) -> None:
    proxy = world.faulty_postgres
    proxy.fail(AT_RUN_TIME)
    await eventually(lambda: all(proxy.answered[each] for each in AT_RUN_TIME), 40)
    await world.interactions_go_on()
    proxy.mend()


async def logins_refused(world: World) -> None:
    proxy = world.faulty_postgres
    proxy.answered.clear()
    proxy.refuse_logins(AT_LOGIN)
    await eventually(lambda: all(proxy.answered[each] for each in AT_LOGIN), 40)
    await world.interactions_go_on()
    proxy.mend()


async def every_reply(world: World) -> None:
    proxy = world.faulty_redis
    proxy.fail(REPLIES)
    await eventually(lambda: all(proxy.answered[each] for each in REPLIES), 40)
    await world.edits_go_on()
    await Api(world.stand.urls[0]).create()
    proxy.mend()


# ---- answers of the servers themselves


async def role_may_not_log_in(world: World) -> None:
    await execute(world.postgres, "ALTER ROLE nest_web NOLOGIN; ALTER ROLE nest_worker NOLOGIN")
    await terminate_backends(world.postgres)
    await world.edits_wait()
    await world.interactions_go_on()
    await execute(world.postgres, "ALTER ROLE nest_web LOGIN; ALTER ROLE nest_worker LOGIN")


async def database_takes_no_connections(world: World) -> None:
    name, other = world.postgres.partition("?")[0].rpartition("/")[2], "template1"
    await terminate_backends(world.postgres)
    elsewhere = with_database(world.postgres, other)
    await execute(elsewhere, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    connection = await asyncpg.connect(elsewhere)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await connection.close()
    await world.edits_wait()
    await world.interactions_go_on()
    await execute(elsewhere, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


async def right_is_missing(world: World) -> None:
    await execute(
        world.postgres,
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM nest_web, nest_worker",
    )
    await world.edits_wait()
    await world.interactions_go_on()
    await grant_rights(world.postgres)


async def sessions_find_no_tables(world: World) -> None:
    """The setting is of new sessions: those of that time must not be used after it."""
    await execute(world.postgres, "ALTER ROLE nest_web SET search_path = nowhere")
    await execute(world.postgres, "ALTER ROLE nest_worker SET search_path = nowhere")
    await terminate_backends(world.postgres)
    await world.edits_wait()
    await execute(world.postgres, "ALTER ROLE nest_web RESET search_path")
    await execute(world.postgres, "ALTER ROLE nest_worker RESET search_path")


async def sessions_are_read_only(world: World) -> None:
    await execute(world.postgres, "ALTER ROLE nest_web SET default_transaction_read_only = on")
    await execute(world.postgres, "ALTER ROLE nest_worker SET default_transaction_read_only = on")
    await terminate_backends(world.postgres)
    await world.edits_wait()
    await execute(world.postgres, "ALTER ROLE nest_web RESET default_transaction_read_only")
    await execute(world.postgres, "ALTER ROLE nest_worker RESET default_transaction_read_only")


async def keys_are_forbidden(world: World) -> None:
    await said(world, "ACL", "SETUSER", "default", "resetkeys")
    await world.interactions_wait()
    await world.edits_go_on()
    await said(world, "ACL", "SETUSER", "default", "allkeys")


async def commands_are_forbidden(world: World) -> None:
    names = ("eval", "publish", "xreadgroup", "multi", "ping")
    await said(world, "ACL", "SETUSER", "default", *(f"-{name}" for name in names))
    await world.interactions_wait()
    await world.edits_go_on()
    await said(world, "ACL", "SETUSER", "default", "+@all")


async def stream_is_of_another_type(world: World) -> None:
    await world.store.rename("{activity}:events", "{activity}:aside")
    await world.store.set("{activity}:events", "text")
    await world.interactions_wait()
    await world.edits_go_on()
    await world.store.rename("{activity}:aside", "{activity}:events")


async def server_is_a_replica(world: World) -> None:
    await said(world, "REPLICAOF", "127.0.0.1", "1")
    await world.interactions_wait()
    await world.edits_go_on()
    await said(world, "REPLICAOF", "NO", "ONE")


FAULTS: tuple[Fault, ...] = (
    every_sqlstate,
    logins_refused,
    every_reply,
    role_may_not_log_in,
    database_takes_no_connections,
    right_is_missing,
    sessions_find_no_tables,
    sessions_are_read_only,
    keys_are_forbidden,
    commands_are_forbidden,
    stream_is_of_another_type,
    server_is_a_replica,
)
