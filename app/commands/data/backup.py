"""`nest backup`: one file with all data in PostgreSQL, as of one moment."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from app.backup.database_at_rest import database_of
from app.backup.errors import EXPECTED
from app.backup.making import make_backup
from app.backup.restoring import amount, moment
from app.chance import now
from app.commands.data.words import UNCHANGED
from app.settings.settings import Settings
from app.supervisor.running import beside_running
from app.telling import goes_on, tell

HELP = (
    "Write everything in PostgreSQL, as it is at one moment, into one checked file. Nothing has "
    "to be stopped; this also works on a stopped NEST_HOME."
)
EXAMPLE = "nest backup\n  nest backup /mnt/elsewhere/monday.backup"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the file."""
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="default: nest-DATE-TIME.backup, here"
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Makes the backup; prints a sentence and returns 1 if that fails."""
    settings = beside_running(settings, environ)
    target = options.file or Path(f"nest-{now():%Y%m%d-%H%M%S}.backup")
    was_there = target.exists()
    try:
        asyncio.run(_back_up(settings, target, environ))
    except KeyboardInterrupt:  # the writing thread has ended by now
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
