"""`nest upgrade-data`: the data of an older PostgreSQL, read by its programs, for this release's."""

import argparse
import asyncio
import sys
from collections.abc import Mapping

from app.chance import now
from app.commands.backup import EXPECTED
from app.data_upgrade import UpgradeImpossible, upgrade
from app.embedded import POSTGRES_MAJOR
from app.exclusive import locked_home
from app.restoring import RestoreRefused
from app.settings import Settings


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """`nest upgrade-data [--from-bin DIR]`."""
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
    except (*EXPECTED, RestoreRefused, UpgradeImpossible) as error:
        print(f"nest: {error}", file=sys.stderr)
        return 1
    if done is None:
        print(f"The data are of PostgreSQL {POSTGRES_MAJOR}, which this release brings.")
        return 0
    print(f"Taken over from PostgreSQL {done.old} to {POSTGRES_MAJOR}: {done.amount}.")
    print(f"The old data are in {done.kept}. Remove them when everything works: nest run")
    return 0
