"""`nest run`: runs everything on this machine, until Ctrl-C."""

import argparse
import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

from app.admin_link import Minter, mint_admin_link
from app.audit_key import audit_key, operator
from app.doctor.usable import require_usable
from app.release import release
from app.settings.settings import Settings
from app.supervisor.supervisor import Stack, nest_programs
from app.supervisor.supervisor import run as run_stack

HELP = (
    "Start everything on this machine: PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL "
    "are set), web process and worker. Ctrl-C stops everything; the data stay in NEST_HOME."
)
EXAMPLE = "PORT=9000 NEST_HOME=/tmp/house nest run\n  nest run --web 4 --workers 2"
PROCESSES_MAX: Final = 64


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the number of processes of each kind."""
    parser.add_argument(
        "--web",
        type=_processes,
        default=1,
        metavar="N",
        help="web processes, all on PORT, default 1; with more, sockets are WebSockets only",
    )
    parser.add_argument(
        "--workers", type=_processes, default=1, metavar="M", help="worker processes, default 1"
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Runs until a signal; returns 0 after a signal."""
    if settings.database_url or settings.redis_url:
        require_usable({"DATABASE_URL": settings.database_url}, settings.redis_url)
    stack = Stack(
        prepare=partial(_prepare, settings),
        mint_link=partial(_mint_link, settings),
        programs=nest_programs(options.web, options.workers),
    )
    return asyncio.run(run_stack(settings, stack, environ))


async def _prepare(settings: Settings, database_url: str) -> str:
    key = audit_key(settings, database_url)
    return (await release(database_url, key, settings.redis_url)).note


async def _mint_link(settings: Settings, database_url: str, public_url: str) -> str:
    minter = Minter(*operator(settings, "nest run"))
    return await mint_admin_link(database_url, public_url, minter=minter)


def _processes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= PROCESSES_MAX):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {PROCESSES_MAX}")
    return int(text)
