"""Work that runs only while this code works with the schema of the database."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

import structlog

from storage.errors import StorageError
from storage.postgres.engine import Database

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
"""Seconds between two looks at the schema."""


async def while_compatible(
    database: Database, work: Callable[[], Coroutine[None, None, None]]
) -> None:
    """Begins `work` when the schema becomes compatible, cancels it when it is not; never returns.

    A database that does not answer changes nothing: running work continues, waiting work waits.
    Raises an error of `work` in an ExceptionGroup.
    """
    while True:
        await _found(database, compatible=True)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(work(), name="work")
            await _found(database, compatible=False)
            working.cancel()


async def _found(database: Database, *, compatible: bool) -> None:
    """Returns once the schema is (not) `compatible`; logs once why it waits for a compatible one."""
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
