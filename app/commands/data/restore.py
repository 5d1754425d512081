"""`nest restore`: replaces the present data by a backup."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from uuid import UUID

from app.audit_key import operator
from app.backup.database_at_rest import database_of
from app.backup.errors import EXPECTED
from app.backup.file import opened_backup
from app.backup.restoring import Replacement, amount, moment
from app.chance import new_id
from app.commands.data.words import GONE, UNCHANGED
from app.embedded.postgres_tools import tools_for
from app.release import release
from app.settings.settings import Settings
from app.supervisor.running import beside_running
from app.telling import goes_on, tell
from storage.errors import StorageError
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.service.audit import Audit
from storage.postgres.service.backups import analyse, contents_of, role_names

HELP = (
    "Replace everything in PostgreSQL with a backup. If something fails, nothing is changed. "
    "Changes made after the backup are lost, and open pages say so."
)
EXAMPLE = "nest restore monday.backup --replace"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the file, and the data that the operator agrees to lose."""
    parser.add_argument("file", type=Path, metavar="FILE", help="what `nest backup` wrote")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="replace the existing data; without it they stay",
    )
    parser.add_argument(
        "--new-audit-key",
        action="store_true",
        help="sign the audit with the present key, because the key of the backup is lost",
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Restores the backup; prints a sentence and returns 1 if that fails."""
    settings = beside_running(settings, environ)
    progress = Progress()
    try:
        asyncio.run(_restore(settings, options, environ, progress))
    except KeyboardInterrupt:
        print(f"nest: Stopped; {progress.said}.", file=sys.stderr)
        return 128 + signal.SIGINT
    except EXPECTED as error:
        print(f"nest: {error}", file=sys.stderr)
        return 1
    return 0


class Progress:
    """The progress of a restore, for the sentence after Ctrl-C."""

    def __init__(self) -> None:
        self.said = UNCHANGED

    async def carry_out(self, work: Callable[[], None], url: str, epoch: UUID) -> None:
        """Run the transaction in a thread; this never returns before the thread has ended.

        It may be committed even after Ctrl-C; the restore then continues to its end.
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
            assert task is not None  # noqa: S101 - a coroutine runs in a task
            task.uncancel()
            tell("It was too late to stop: the backup is restored.")
        self.said = (
            "the backup is restored, but the steps after it are not done: run `nest migrate`"
        )


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
                    f"nest: The data are restored, but the steps after that are not done: {error}."
                    " Run `nest migrate` before you start anything.",
                    file=sys.stderr,
                )
                raise
            tell(GONE.format(at=moment(manifest.made_at)))
