"""Backups as an operator makes and restores them, and what is in them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from app.backup.file import opened_backup
from app.embedded.postgres_tools import tools_for
from tests.faults.load.ledger import Ledger, Restored
from tests.faults.load.pace import Pace
from tests.support.programs.processes import Process, nest
from tests.support.waiting import eventually

COMMAND_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.02
EPOCH: Final = "SELECT epoch::text FROM deployment"
TOTALS: Final = """
SELECT DISTINCT code, o.total_cents FROM operations AS o JOIN configurations ON id = configuration_id
WHERE code = ANY($1) AND version IS NOT NULL
"""


class CommandFailedError(Exception):
    """A command of an operator ended with another code than 0."""


async def command(environ: Mapping[str, str], *arguments: str) -> str:
    """Run `nest` with these arguments to its end; returns what it said."""
    with Process(*nest(*arguments), environ=dict(environ)) as process:
        await eventually(
            lambda: not process.alive, COMMAND_SECONDS, why=f"nest {arguments[0]} has ended"
        )
        if process.wait(0):
            raise CommandFailedError(f"nest {' '.join(arguments)}: {process.log[-2000:]}")
        return process.log


def ops_in(file: Path, database_url: str) -> frozenset[UUID]:
    """The ops that a backup has, read from the file itself; blocks."""
    tools = tools_for(database_url, {})
    with opened_backup(file) as backup, tempfile.NamedTemporaryFile("w") as contents:
        listed = tools.contents(backup.dump()).splitlines(keepends=True)
        contents.writelines(line for line in listed if " TABLE DATA public operations " in line)
        contents.flush()
        return frozenset(_ids(tools.script(backup.dump(), Path(contents.name))))


def _ids(script: Iterable[bytes]) -> Iterator[UUID]:
    column: int | None = None
    for line in script:
        if line.startswith(b"COPY "):
            names = line.partition(b"(")[2].partition(b")")[0].split(b", ")
            column = names.index(b"op_id")
        elif line == b"\\.\n":
            column = None
        elif column is not None:
            yield UUID(line.split(b"\t")[column].decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that was made: since when it was being made, its ops, the epoch it is of."""

    file: Path
    began: float
    ops: frozenset[UUID]
    epoch: str


async def make(file: Path, environ: Mapping[str, str]) -> Made:
    """`nest backup`."""
    began = Pace.now()
    await command(environ, "backup", str(file))
    url = environ["DATABASE_URL"]
    connection = await asyncpg.connect(url)
    try:
        epoch = await connection.fetchval(EPOCH)
    finally:
        await connection.close()
    ops = await asyncio.to_thread(ops_in, file, url)
    return Made(file=file, began=began, ops=ops, epoch=epoch)


async def restore(made: Made, environ: Mapping[str, str], ledger: Ledger) -> None:
    """`nest restore`; the ledger loses what was acknowledged since the backup."""
    ledger.restoring = True
    try:
        async with _noted(made, environ["DATABASE_URL"], ledger):
            await command(environ, "restore", str(made.file), "--replace")
    finally:
        ledger.restoring = False


@asynccontextmanager
async def _noted(made: Made, database_url: str, ledger: Ledger) -> AsyncIterator[None]:
    """Note when the epoch is another, as closely as somebody can who asks all the time."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_until_another_epoch(made, database_url, ledger))
        try:
            yield
        except BaseException:
            task.cancel()
            raise
        async with asyncio.timeout(COMMAND_SECONDS):
            await task


async def _until_another_epoch(made: Made, database_url: str, ledger: Ledger) -> None:
    pace = Pace(asyncio.Event())
    earliest = made.began
    connection = await asyncpg.connect(database_url)
    try:
        while True:
            asked = pace.now()
            with suppress(asyncpg.PostgresError):  # its table was dropped under the statement
                if await connection.fetchval(EPOCH) != made.epoch:
                    break
                earliest = asked
                for code, cents in await connection.fetch(TOTALS, list(ledger.totals_of_tabs)):
                    ledger.totals_of_tabs[code].add(str(cents))
            await pace.rest(POLL_SECONDS)
    finally:
        await connection.close()
    ledger.put_back(
        Restored(
            kept=made.ops,
            epoch=made.epoch,
            backed_up=made.began,
            earliest=earliest,
            latest=pace.now(),
        )
    )
