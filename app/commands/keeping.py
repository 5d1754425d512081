"""The commands that keep the data: what each takes. Light, because every `nest` builds them."""

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from app.chance import now
from app.settings import Settings

Command = Callable[[Settings, argparse.Namespace, Mapping[str, str]], int]
Add = Callable[[str, Command, str, str], argparse.ArgumentParser]


def add_keeping(add: Add) -> None:
    """`nest backup`, `nest restore`, `nest restored`, `nest upgrade-data`."""
    backup = add(
        "backup",
        _beside("app.commands.backup", "run"),
        "Write everything that PostgreSQL holds, as it is at one moment, into one file that is "
        "checked. Nothing has to stop for it; works on a stopped NEST_HOME, too.",
        "nest backup\n  nest backup /mnt/elsewhere/monday.backup",
    )
    backup.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="default: nest-DATE-TIME.backup, here"
    )
    restore = add(
        "restore",
        _beside("app.commands.restore", "run"),
        "Put a backup in the place of what PostgreSQL holds: all of it, or nothing where "
        "something fails. What was changed after the backup is gone, and open pages say so.",
        "nest restore monday.backup --replace",
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="what `nest backup` wrote")
    restore.add_argument(
        "--replace",
        action="store_true",
        help="remove the data that are there; without it they stay",
    )
    restore.add_argument(
        "--new-audit-key",
        action="store_true",
        help="the key that signed the audit of the backup is lost: sign with the one of here",
    )
    restored = add(
        "restored",
        _beside("app.commands.restore", "run_restored"),
        "Say that the database was put back to an earlier state by other means (pg_restore, "
        "point-in-time recovery, a snapshot of the disk): begin a new epoch, so that no client "
        "mistakes the new versions for those it saw.",
        "nest restored --as-of 2026-11-03T14:30:00+01:00",
    )
    restored.add_argument(
        "--as-of",
        type=lambda text: text if text == "unknown" else _moment(text),
        metavar="TIME",
        help="the moment that the data are of, which pages tell everybody; or `unknown`",
    )
    upgrade = add(
        "upgrade-data",
        _beside("app.commands.upgrade_data", "run"),
        "Take the data in NEST_HOME over from an older major version of PostgreSQL. The old data "
        "are kept beside the new ones.",
        "nest upgrade-data\n  nest upgrade-data --from-bin /usr/lib/postgresql/17/bin",
    )
    upgrade.add_argument(
        "--from-bin",
        type=Path,
        metavar="DIR",
        help="where the programs of the old version are; found by itself in the usual places",
    )


def _beside(module: str, function: str) -> Command:
    """The command, with the settings beside a running stack."""

    def command(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
        found = import_module("app.running").beside_running(settings, environ)
        code: int = getattr(import_module(module), function)(found, options, environ)
        return code

    return command


def _moment(text: str) -> datetime:
    """A time of the command line; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write it as 2026-11-03T14:30:00+01:00") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if found > now():
        raise argparse.ArgumentTypeError(f"{text} is in the future: no data are of then")
    return found
