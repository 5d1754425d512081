"""One connection, instead of a pool, for the few queries of a command or of the doctor.

Every step has a deadline, so a server that is frozen, or freezes during the look, delays nobody. A
command that works on all of the data waits longer for its answers (`PATIENTLY`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from storage.postgres.connecting import connect
from storage.postgres.failures import storage_errors

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 5.0
PATIENTLY: Final = None
CLOSE_SECONDS: Final = 1.0
_RETRY_AFTER_SECONDS: Final = 1.0


@asynccontextmanager
async def one_look(
    database_url: str,
    *,
    answer_seconds: float | None = ANSWER_SECONDS,
    application_name: str = "nest",
) -> AsyncIterator[asyncpg.Connection]:
    """A connection for the block. Raises StorageError, also for database errors in the block."""
    with storage_errors(_RETRY_AFTER_SECONDS):
        connection = await connect(
            database_url,
            timeout=CONNECT_SECONDS,
            command_timeout=answer_seconds,
            server_settings={"application_name": application_name},
        )
        try:
            yield connection
        except BaseException:
            connection.terminate()  # close() would wait for an unanswered query
            raise
        await connection.close(timeout=CLOSE_SECONDS)
