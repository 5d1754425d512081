"""`nest edit CODE nest=nest120 ...`: sends one atomic op and prints its outcome."""

import argparse
import asyncio
import re
import sys
from collections.abc import Mapping
from uuid import UUID

from nest_haus_client import (
    Apply,
    Changed,
    Clear,
    Client,
    ClientError,
    Event,
    House,
    Operation,
    Outcome,
    Redo,
    Reset,
    Select,
    SetQuantity,
    Undo,
    new_op_id,
)
from nest_haus_client.core.operations import SingleOperation

from app.commands.argument_types import positive
from app.commands.clients.asking import (
    NobodyError,
    house_arguments,
    reachable,
    require_somebody,
    server_url,
)
from app.commands.clients.show import (
    BOLD,
    GREEN,
    RED,
    YELLOW,
    TerminalColours,
    as_arguments,
    changes,
    money,
    paint_for,
    reason,
)
from app.settings.settings import Settings

HELP = (
    "Change a house, and print the outcome with its reasons and repairs. Exits with 0 if the "
    "change was made, 1 if it was refused, 2 if the outcome is not known."
)
EXAMPLE = (
    "nest edit 7K3M9QXA nest=nest120\n"
    "  nest edit 7K3M9QXA nest=nest120 pvanlage=pv_panels:8 fenster=\n"
    "  nest edit 7K3M9QXA --undo"
)
COMMITTED, REFUSED, UNKNOWN = 0, 1, 2
COLOURS = {"committed": GREEN, "adjusted": YELLOW, "rejected": RED, "conflict": RED}


class ArgumentError(ValueError):
    """The change cannot be read; the sentence says how to write it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the house, and one change of it."""
    house_arguments(parser)
    parser.add_argument(
        "changes",
        nargs="*",
        metavar="CATEGORY=OPTION[:QUANTITY]",
        help="several are done at once, all or none; CATEGORY=:QUANTITY changes only how many; "
        "CATEGORY= leaves it out",
    )
    others = parser.add_mutually_exclusive_group()
    others.add_argument("--undo", action="store_true", help="undo my newest change")
    others.add_argument("--redo", action="store_true", help="redo the newest change that I undid")
    others.add_argument("--reset", action="store_true", help="go back to the defaults")
    parser.add_argument(
        "--anyway", action="store_true", help="undo or redo even over somebody else's later change"
    )
    parser.add_argument("--op-id", type=UUID, metavar="UUID", help="ask for the same op again")
    parser.add_argument(
        "--timeout",
        type=positive,
        default=15.0,
        metavar="SECONDS",
        help="longest wait for the outcome, default 15",
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Sends the op and prints its outcome."""
    options.url = server_url(settings, options, environ)
    settings = reachable(settings, options, environ)
    try:
        token = require_somebody(settings, options, "edit")
        operation = _operation(options)
        return asyncio.run(_run(settings, options, operation, token, paint_for(environ)))
    except (ArgumentError, NobodyError) as problem:
        print(f"nest: {problem}", file=sys.stderr)
        return UNKNOWN


async def _run(
    settings: Settings,
    options: argparse.Namespace,
    operation: Operation,
    token: str,
    paint: TerminalColours,
) -> int:
    return await edit(
        options.url,
        token or await _editor_token(settings, options.code),
        options.code,
        operation,
        op_id=options.op_id,
        deadline_seconds=options.timeout,
        paint=paint,
    )


async def _editor_token(settings: Settings, code: str) -> str:
    """The token of the command's own person. Loads the storage."""
    from app.commands.clients.who import editor_token  # noqa: PLC0415 - only without a token

    return await editor_token(settings.database_url, settings.home, code)


def _operation(options: argparse.Namespace) -> Operation:
    named = [options.undo, options.redo, options.reset].count(True)
    if named + bool(options.changes) != 1:
        raise ArgumentError(
            "Say what to change: CATEGORY=OPTION[:QUANTITY] ..., or one of --undo, --redo, --reset."
        )
    if options.undo:
        return Undo(options.anyway)
    if options.redo:
        return Redo(options.anyway)
    return Reset() if options.reset else parse(options.changes)


def parse(words: list[str]) -> Operation:
    """The operation in `category=option[:quantity]` words. Raises ArgumentError."""
    singles = [_single(word) for word in words]
    return singles[0] if len(singles) == 1 else Apply(tuple(singles))


def _single(word: str) -> SingleOperation:
    found = re.fullmatch(r"([^=:\s]+)=([^=:\s]*)(?::(\d{1,6}))?", word, re.ASCII)
    if found is None:
        raise ArgumentError(
            f"{word!r} is not understood. Write category=option, category=option:quantity, "
            "category=:quantity, or category= to leave it out."
        )
    category, option, quantity = found.groups()
    if option:
        return Select(category, option, None if quantity is None else int(quantity))
    return Clear(category) if quantity is None else SetQuantity(category, int(quantity))


async def edit(
    url: str,
    token: str,
    reference: str,
    operation: Operation,
    *,
    op_id: UUID | None,
    deadline_seconds: float,
    paint: TerminalColours,
) -> int:
    """Send one op and print its outcome; returns 0: committed, 1: refused, 2: unknown."""
    op_id = op_id or new_op_id()
    try:
        async with Client(url, token=token, name="nest edit") as client:
            try:
                async with asyncio.timeout(deadline_seconds):
                    house = await client.join(reference)
                    events = house.events()
                    outcome = await house.submit(operation, op_id=op_id)
            except TimeoutError:
                trouble = f": {client.trouble}" if client.trouble else ""
                print(
                    f"nest: {url} has not answered within {deadline_seconds:g} s{trouble}. Whether "
                    f"the change is stored is not known; the same with --op-id {op_id} is safe.",
                    file=sys.stderr,
                )
                return UNKNOWN
            await house.leave()
            print("\n".join(lines(house, outcome, [each async for each in events], paint)))
            return COMMITTED if outcome.ok else REFUSED
    except ClientError as no:
        print(f"nest: {no}", file=sys.stderr)
        return REFUSED


def lines(house: House, outcome: Outcome, events: list[Event], paint: TerminalColours) -> list[str]:
    """The lines to print for an outcome."""
    name = paint(outcome.outcome, COLOURS[outcome.outcome])
    if outcome.ok:
        own = [e for e in events if isinstance(e, Changed) and e.op.op_id == outcome.op_id]
        what = f"  {changes(own[0].op.changes)}" if own else ""
        moved = f"  {money(own[0].difference_cents, sign=True)}" if own else ""
        told = [f"{name}  version {outcome.version}{what}{moved}"]
        if outcome.total_cents is not None:
            told[0] += f"  = {paint(money(outcome.total_cents), BOLD)}"
    else:
        told = [f"{name}  nothing was changed; {house.code} is at version {outcome.version}"]
    told += [f"  because: {reason(why)}" for why in outcome.reasons]
    for repair in outcome.repairs:
        told.append(f"  instead: {repair.text.en} ({money(repair.difference_cents, sign=True)})")
        told.append(f"           nest edit {house.code} {as_arguments(repair.operation)}")
    return told
