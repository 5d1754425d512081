"""`nest upgrade-data`: makes the data of an older PostgreSQL usable for this release's version."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from app.backup.errors import EXPECTED
from app.backup.upgrade import upgrade
from app.chance import now
from app.embedded.servers import POSTGRES_MAJOR
from app.settings.settings import Settings
from app.supervisor.exclusive import locked_home
from app.supervisor.running import beside_running

HELP = (
    "Convert the data in NEST_HOME from an older major version of PostgreSQL. The old data are "
    "kept beside the new ones."
)
EXAMPLE = "nest upgrade-data\n  nest upgrade-data --from-bin /usr/lib/postgresql/17/bin"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the directory of the old version's programs."""
    parser.add_argument(
        "--from-bin",
        type=Path,
        metavar="DIR",
        help="folder of the programs of the old version; not needed if it is a usual one",
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Upgrades the data; prints a sentence and returns 1 if that is not possible."""
    settings = beside_running(settings, environ)
    if environ.get("DATABASE_URL", "").strip():
        print(
            "nest: DATABASE_URL is set, so PostgreSQL is not the embedded one: upgrade that server"
            " as its manual says, or move with `nest backup` and `nest restore`.",
            file=sys.stderr,
        )
        return 1
    try:
        with locked_home(settings.home):
            done = asyncio.run(
                upgrade(settings.home.resolve(), options.from_bin, environ, today=now().date())
            )
    except EXPECTED as error:
        print(f"nest: {error}", file=sys.stderr)
        return 1
    if done is None:
        print(f"The data are of PostgreSQL {POSTGRES_MAJOR}, which this release contains.")
        return 0
    print(f"Converted from PostgreSQL {done.old} to {POSTGRES_MAJOR}: {done.amount}.")
    print(f"The old data are in {done.kept}. Remove them when everything works: nest run")
    return 0
