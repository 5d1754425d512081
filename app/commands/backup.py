"""`nest backup`: one file with everything that is in PostgreSQL, as it was at one moment."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.backup_file import FORMAT, BackupFileError, Manifest, product_version, write_backup
from app.chance import now
from app.database_at_rest import NoDataError, database_of
from app.exclusive import AlreadyInUseError
from app.postgres_tools import ToolError, tools_for
from app.restoring import amount, moment
from app.server_process import EmbeddedServerError
from app.settings import Settings
from app.telling import goes_on, tell
from storage.postgres.backups import Contents, snapshot_of

EXPECTED = (
    AlreadyInUseError,
    BackupFileError,
    EmbeddedServerError,
    NoDataError,
    ToolError,
)
"""Errors that end a command of this kind with a sentence."""

UNCHANGED: Final = "nothing was changed"
"""The word after Ctrl-C, where it is true."""


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """`nest backup [FILE]`; `settings` are those beside a running stack."""
    target = options.file or Path(f"nest-{now():%Y%m%d-%H%M%S}.backup")
    was_there = target.exists()
    try:
        asyncio.run(_back_up(settings, target, environ))
    except KeyboardInterrupt:  # the thread that writes has ended by now
        complete = target.exists() and not was_there
        print(
            f"nest: Stopped; {f'{target} is complete' if complete else UNCHANGED}.", file=sys.stderr
        )
        return 128 + signal.SIGINT
    except EXPECTED as error:
        print(f"nest: {error}", file=sys.stderr)
        return 1
    return 0


async def _back_up(settings: Settings, target: Path, environ: Mapping[str, str]) -> None:
    with goes_on("making the backup"):
        async with database_of(settings, make=False) as url:
            manifest, size = await make_backup(url, target, environ)
    tell(
        f"{target}: {size / 1e6:.1f} MB, {amount(manifest.rows)}, as of {moment(manifest.made_at)}."
    )
    tell("Keep it on another machine, and a copy of the key of the audit apart from both.")


async def make_backup(
    database_url: str, target: Path, environ: Mapping[str, str]
) -> tuple[Manifest, int]:
    """Writes the file; returns what it is of and its size in bytes. Raises those of `EXPECTED`."""
    tools = tools_for(database_url, environ)
    async with snapshot_of(database_url) as (snapshot, contents):
        manifest = _manifest(contents)
        dump = tools.pg_dump(snapshot, contents.schema)
        try:
            size = await asyncio.to_thread(
                write_backup, target, dump.chunks(), manifest, tools.contents
            )
        finally:
            dump.stop()
    return manifest, size


def _manifest(contents: Contents) -> Manifest:
    if contents.revision is None or contents.epoch is None:
        raise NoDataError(
            "There is nothing of this product in the database: it was never migrated."
        )
    return Manifest(
        format=FORMAT,
        product=product_version(),
        made_at=contents.at,
        postgres=contents.server,
        schema=contents.schema,
        revision=contents.revision,
        epoch=contents.epoch,
        rows=dict(contents.rows),
        audit_head=contents.audit_head,
        audit_key=contents.audit_key,
    )
