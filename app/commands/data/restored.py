"""`nest restored`: tells the product that other tools put the database back to an earlier state."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from app.audit_key import operator
from app.backup.database_at_rest import database_of
from app.backup.errors import EXPECTED
from app.backup.restoring import moment
from app.chance import now
from app.commands.data.words import GONE
from app.release import release
from app.settings.settings import Settings
from app.supervisor.running import beside_running
from app.telling import tell
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.service.audit import Audit
from storage.postgres.service.backups import newest_change

HELP = (
    "Tell the product that the database was restored by other means (pg_restore, point-in-time "
    "recovery, a snapshot of the disk). This begins a new epoch, so that no client confuses new "
    "versions with those that it saw."
)
EXAMPLE = "nest restored --as-of 2026-11-03T14:30:00+01:00"
UNKNOWN: Final = "unknown"
"""The word for an unknown moment; pages then say "an earlier state"."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the moment; without it the command asks for it."""
    parser.add_argument(
        "--as-of",
        type=_moment_or_unknown,
        metavar="TIME",
        help=f"the moment that the data are of, which pages tell everybody; or `{UNKNOWN}`",
    )


def _moment_or_unknown(text: str) -> datetime | str:
    """A time from the command line, or `UNKNOWN`; a time without an offset is UTC."""
    if text == UNKNOWN:
        return UNKNOWN
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write it as 2026-11-03T14:30:00+01:00") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if found > now():
        raise argparse.ArgumentTypeError(f"{text} is in the future")
    return found


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Begins a new epoch; prints a question and returns 2 if the moment is missing."""
    settings = beside_running(settings, environ)
    try:
        if options.as_of is None:
            print(f"nest: {asyncio.run(_which_moment(settings))}", file=sys.stderr)
            return 2
        as_of = None if options.as_of == UNKNOWN else options.as_of
        asyncio.run(_say_restored(settings, as_of))
    except EXPECTED as error:
        print(f"nest: {error}", file=sys.stderr)
        return 1
    return 0


async def _which_moment(settings: Settings) -> str:
    """The sentence that asks for the moment, with the newest change in the data."""
    said = (
        "Give the moment of the data, because pages show it to everybody who had a house open: "
        f"`nest restored --as-of 2026-11-03T14:30:00+01:00`, or `--as-of {UNKNOWN}` if nobody knows it."
    )
    async with database_of(settings, make=False) as url:
        newest = await newest_change(url)
    if newest is None:
        return said
    return (
        f"{said} The newest change in them is of {moment(newest)}: if nothing was started since they "
        f"were put back, that is the moment (`--as-of {newest.isoformat()}`)."
    )


async def _say_restored(settings: Settings, as_of: datetime | None) -> None:
    async with database_of(settings, make=False) as url:
        key, actor = operator(settings, "nest restored")
        await release(url, key, settings.redis_url)
        async with Database(url, pool_size=1, application_name="nest restored") as database:
            epoch = await Deployment(database).renew(restored_to=as_of)
            await Audit(database, key).record(
                actor=actor,
                action="backup.restored",
                subject=str(epoch),
                detail={"as_of": as_of.isoformat() if as_of else None},
            )
    tell(f"The data have a new epoch, {epoch}.")
    tell(GONE.format(at=moment(as_of) if as_of else "the moment they are of"))
    tell("The admin sessions are those of that moment. To end them: nest admin-sessions end --all")
