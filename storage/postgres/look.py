"""A connection for one look at a database: what commands and the doctor ask once, and not a pool.

Every step has a deadline, so a server that is frozen, or freezes meanwhile, holds nobody up.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from storage.postgres.failures import storage_errors

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 1.0
_RETRY_AFTER_SECONDS: Final = 1.0


@asynccontextmanager
async def one_look(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that ends with the block. Raises StorageError."""
    with storage_errors(_RETRY_AFTER_SECONDS):
        connection = await asyncpg.connect(
            database_url, timeout=CONNECT_SECONDS, command_timeout=ANSWER_SECONDS
        )
        try:
            yield connection
        except BaseException:
            connection.terminate()  # closing waits for what is still unanswered
            raise
        await connection.close(timeout=CLOSE_SECONDS)
