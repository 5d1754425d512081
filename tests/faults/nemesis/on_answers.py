"""Errors in the place of answers, by a proxy before each store: every SQLSTATE, every error of Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.postgres.failures import Failure, failure
from tests.faults.nemesis.field import Field
from tests.faults.nemesis.schedule import Step
from tests.support.faults.sqlstates import SQLSTATES, error_of

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


@asynccontextmanager
async def sqlstates(field: Field, _step: Step) -> AsyncIterator[None]:
    """Every statement fails, each with the next SQLSTATE that PostgreSQL can answer at run time."""
    field.faulty_postgres.fail(AT_RUN_TIME)
    yield
    field.faulty_postgres.mend()


@asynccontextmanager
async def logins(field: Field, _step: Step) -> AsyncIterator[None]:
    """Every connection ends, and new ones are refused, each with the next SQLSTATE."""
    field.faulty_postgres.refuse_logins(AT_LOGIN)
    yield
    field.faulty_postgres.mend()


@asynccontextmanager
async def replies(field: Field, _step: Step) -> AsyncIterator[None]:
    """Every command fails, each with the next reply."""
    field.faulty_valkey.fail(REPLIES)
    yield
    field.faulty_valkey.mend()
