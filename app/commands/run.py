"""What each command of this package does with the settings.

`app.commands.who` needs the storage and half of the product: only who has no token waits for that.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from nest_haus_client import Operation, Redo, Reset, Undo

from app.commands import edit, soak, tail
from app.commands.show import Paint
from app.settings import Settings

NOBODY = (
    "nest: `nest {command}` needs to know who it is: --token or NEST_TOKEN, or a database in reach "
    "(DATABASE_URL, or NEST_HOME of a running `nest run`)."
)


def run_tail(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """`nest tail`."""
    token = options.token or settings.token
    if not token and not settings.database_url:
        return _nobody("tail")
    paint = _paint(environ)

    async def run() -> int:
        known = token or await _admin_token(settings)
        return await tail.tail(
            options.url or settings.local_url,
            known,
            options.code,
            as_lines=not options.json,
            paint=paint,
        )

    return asyncio.run(run())


def run_edit(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """`nest edit`."""
    token = options.token or settings.token
    if not token and not settings.database_url:
        return _nobody("edit")
    try:
        operation = _operation(options)
        return asyncio.run(_edit(settings, options, operation, token, _paint(environ)))
    except (edit.ArgumentError, edit.NobodyError) as problem:
        print(f"nest: {problem}", file=sys.stderr)
        return 2


async def _admin_token(settings: Settings) -> str:
    """A session of its own, as the audit says."""
    minting = import_module("app.admin_link")
    minter = minting.Minter(*import_module("app.audit_key").operator(settings, "nest tail"))
    token: str = await minting.mint_admin_token(settings.database_url, minter=minter)
    return token


async def _edit(
    settings: Settings, options: argparse.Namespace, operation: Operation, token: str, paint: Paint
) -> int:
    known = token or await _who().editor_token(settings.database_url, settings.home, options.code)
    return await edit.edit(
        options.url or settings.local_url,
        known,
        options.code,
        operation,
        op_id=options.op_id,
        deadline_seconds=options.timeout,
        paint=paint,
    )


def run_soak(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """`nest soak`."""
    plan = soak.Plan(
        url=options.url or settings.local_url,
        rooms=options.rooms,
        clients=options.clients,
        seconds=options.seconds,
        rate=options.rate,
        drop_every=options.drop_every,
        seed=options.seed,
    )
    return asyncio.run(soak.soak(plan, _paint(environ)))


def _operation(options: argparse.Namespace) -> Operation:
    named = [options.undo, options.redo, options.reset].count(True)
    if named + bool(options.changes) != 1:
        raise edit.ArgumentError(
            "Say what to change: CATEGORY=OPTION[:QUANTITY] ..., or one of --undo, --redo, --reset."
        )
    if options.undo:
        return Undo(options.anyway)
    if options.redo:
        return Redo(options.anyway)
    return Reset() if options.reset else edit.parse(options.changes)


def _who() -> ModuleType:
    return import_module("app.commands.who")


def _nobody(command: str) -> int:
    print(NOBODY.format(command=command), file=sys.stderr)
    return 2


def _paint(environ: Mapping[str, str]) -> Paint:
    return Paint(sys.stdout.isatty() and not environ.get("NO_COLOR"))
