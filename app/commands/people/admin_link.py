"""`nest admin-link`: gives access to an admin, or to an admin's program."""

import argparse
import asyncio
from collections.abc import Mapping
from typing import Final

from app.admin_link import Minter, mint_admin_link, mint_admin_token
from app.audit_key import operator
from app.commands.stores import with_database
from app.settings.settings import Settings
from configurator.people.visible import one_line

HELP = "Print a link that signs an admin in, once, within the hour."
EXAMPLE = "NEST_PUBLIC_URL=https://house.example DATABASE_URL=... nest admin-link"
NAME_MAX: Final = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the kind (link or token), and the name of the admin."""
    parser.add_argument(
        "--token",
        action="store_true",
        help="print a bearer token for a program instead, good for 8 hours",
    )
    parser.add_argument("--name", type=_name, help="name of the admin, which the audit shows")


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Prints the link or token; only its hash is stored."""
    settings = with_database(settings, "admin-link", environ)
    url, minter = settings.database_url, Minter(*operator(settings, "nest admin-link"))
    minting = (
        mint_admin_token(url, options.name, minter=minter)
        if options.token
        else mint_admin_link(url, settings.public_url, options.name, minter=minter)
    )
    print(asyncio.run(minting))
    return 0


def _name(text: str) -> str:
    line = one_line(text)
    if not 1 <= len(line) <= NAME_MAX:
        raise argparse.ArgumentTypeError(f"must have 1 to {NAME_MAX} visible characters")
    return line
