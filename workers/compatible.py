"""Work that is done only while the schema is one that this code works with."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

import structlog

from storage.errors import StorageError
from storage.postgres.engine import Database

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
"""Between two looks at the schema."""


async def while_compatible(
    database: Database, work: Callable[[], Coroutine[None, None, None]]
) -> None:
    """Begins `work` when a look finds a schema that fits, cancels it at one that does not; for ever.

    A database that does not answer says nothing about its schema: what works goes on, what waits
    waits. An error of `work` comes out in an ExceptionGroup.
    """
    while True:
        await _found(database, compatible=True)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(work(), name="work")
            await _found(database, compatible=False)
            working.cancel()


async def _found(database: Database, *, compatible: bool) -> None:
    """Returns after a look that found the schema so; says once why it waits for one that fits."""
    said = ""
    while True:
        try:
            schema = await database.migrated()
        except StorageError as error:
            why = str(error)
        else:
            if schema.compatible is compatible:
                return
            why = schema.note
        if compatible and why != said:
            said = why
            log.warning("worker_waits", reason=why)
        await asyncio.sleep(LOOK_SECONDS)
