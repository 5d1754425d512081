"""`nest edit CODE nest=nest120 ...`: one op, atomic, and what became of it."""

import asyncio
import re
import sys
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
    Select,
    SetQuantity,
    new_op_id,
)
from nest_haus_client.operations import SingleOperation

from app.commands.show import BOLD, GREEN, RED, YELLOW, Paint, arguments, changes, money, reason

COMMITTED, REFUSED, UNKNOWN = 0, 1, 2
COLOURS = {"committed": GREEN, "adjusted": YELLOW, "rejected": RED, "conflict": RED}


class ArgumentError(ValueError):
    """What was asked for cannot be read; the sentence says how to write it."""


class NobodyError(Exception):
    """It cannot be said who the command is; the sentence says what to do."""


def parse(written: list[str]) -> Operation:
    """The operation in `category=option[:quantity]` words. Raises ArgumentError."""
    singles = [_single(word) for word in written]
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
    paint: Paint,
) -> int:
    """Ask for one op and print its outcome; 0: done, 1: refused, 2: not known."""
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


def lines(house: House, outcome: Outcome, events: list[Event], paint: Paint) -> list[str]:
    """What is told of an outcome."""
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
        told.append(f"           nest edit {house.code} {arguments(repair.operation)}")
    return told
