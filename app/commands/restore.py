"""`nest restore`: a backup takes the place of what is there. `nest restored`: after other tools."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from app.audit_key import operator
from app.backup_file import opened_backup
from app.chance import new_id
from app.commands.backup import EXPECTED, UNCHANGED
from app.database_at_rest import database_of
from app.postgres_tools import tools_for
from app.release import release
from app.restoring import Replacement, RestoreRefused, amount, moment
from app.settings import Settings
from app.telling import goes_on, tell
from storage.errors import StorageError
from storage.postgres.audit import Audit
from storage.postgres.backups import analyse, contents_of, newest_change, role_names
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database

UNKNOWN: Final = "unknown"
"""In the place of a moment; pages then say "an earlier state"."""

GONE = """\
Everything that was changed after {at} is gone, also where somebody was told "saved".
Consequences:
  - Open pages and clients show the restored houses within seconds, and say why.
  - Changes that were still on their way are judged anew. Interactions that the stream still has
    (ten minutes, longer where no worker ran) are stored again, once each.
  - People who were removed from a house, signed out or erased after that moment are back: do it again
    (your receipts of `nest privacy erase` say who). All admin sessions have ended."""


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """`nest restore FILE [--replace] [--new-audit-key]`; `settings` are those beside a running stack."""
    progress = Progress()
    try:
        asyncio.run(_restore(settings, options, environ, progress))
    except KeyboardInterrupt:
        print(f"nest: Stopped; {progress.said}.", file=sys.stderr)
        return 128 + signal.SIGINT
    except (*EXPECTED, RestoreRefused) as error:
        print(f"nest: {error}", file=sys.stderr)
        return 1
    return 0


class Progress:
    """How far a restore has come, for the sentence after Ctrl-C."""

    def __init__(self) -> None:
        self.said = UNCHANGED

    async def carry_out(self, work: Callable[[], None], url: str, epoch: UUID) -> None:
        """The transaction, in a thread, which ends in any case before this does.

        After Ctrl-C it can have been committed all the same: then the restore goes on to its end.
        """
        self.said = "whether the backup was restored is not known: look at the houses"
        working = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait({working})
            if (await contents_of(url)).epoch != epoch:
                self.said = UNCHANGED
                raise
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine runs in one
            task.uncancel()
            tell("It was too late to stop: the backup is restored.")
        self.said = "the backup is restored, but what follows is not done: run `nest migrate`"


async def _restore(
    settings: Settings, options: argparse.Namespace, environ: Mapping[str, str], progress: Progress
) -> None:
    with opened_backup(options.file) as backup:
        async with database_of(settings, make=True) as url:
            new = Replacement(backup=backup, before=await contents_of(url))
            new.require(replace=options.replace)
            key, actor = operator(settings, "nest restore")
            new.require_key(key.id, lost=options.new_audit_key)
            tools, roles = tools_for(url, environ), await role_names(url)
            with goes_on("restoring"):
                epoch = new_id()
                work = partial(new.carry_out, tools, epoch=epoch, roles=roles)
                await progress.carry_out(work, url, epoch)
            manifest = backup.manifest
            tell(f"Restored: {amount(manifest.rows)}, as of {moment(manifest.made_at)}.")
            try:
                await release(url, key, settings.redis_url)
                async with Database(url, pool_size=1, application_name="nest restore") as database:
                    await Deployment(database).note_restored_to(manifest.made_at)
                    await Audit(database, key).record(
                        actor=actor,
                        action="backup.restore",
                        subject=str(options.file.name),
                        detail={
                            "as_of": manifest.made_at.isoformat(),
                            "replaced": {
                                "head": new.before.audit_head,
                                "rows": dict(new.before.rows),
                            },
                        },
                    )
                await analyse(url)
            except StorageError as error:
                print(
                    f"nest: The data are restored, but what follows is not done: {error}."
                    " Run `nest migrate` before you start anything.",
                    file=sys.stderr,
                )
                raise
            tell(GONE.format(at=moment(manifest.made_at)))


def run_restored(
    settings: Settings, options: argparse.Namespace, _environ: Mapping[str, str]
) -> int:
    """`nest restored --as-of TIME|unknown`; `settings` are those beside a running stack."""
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
        "Say which moment the data are of, because pages tell it to everybody who had a house open: "
        "`nest restored --as-of 2026-11-03T14:30:00+01:00`, or `--as-of unknown` where nobody knows."
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
    tell("Sessions of admins are as they were then: nest admin-sessions end --all")
