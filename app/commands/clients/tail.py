"""`nest tail CODE`: prints the events of a house, one line each, across reconnects."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

import msgspec
from nest_haus_client import (
    Changed,
    Client,
    ClientClosed,
    Ended,
    Event,
    House,
    Member,
    Members,
    Refused,
    Replaced,
    Settled,
    Skipped,
    Status,
)

from app.commands.clients.asking import (
    NobodyError,
    house_arguments,
    reachable,
    require_somebody,
    server_url,
)
from app.commands.clients.show import (
    BOLD,
    DIM,
    GREEN,
    PEOPLE,
    RED,
    YELLOW,
    TerminalColours,
    changes,
    money,
    paint_for,
    reason,
)
from app.settings.settings import Settings

HELP = (
    "Print what happens in a house: every version with its author, changes, price and reasons, "
    "and who comes and goes. Continues over every reconnect, until Ctrl-C."
)
EXAMPLE = (
    "nest tail 7K3M9QXA\n  nest tail 7K3M9QXA --json | jq .total_cents\n"
    "  NEST_TOKEN=... nest tail 7K3M9QXA --url https://house.example"
)
PATIENCE_SECONDS = 3.0
OP_FIELDS = (
    "configuration", "version", "op_id", "outcome", "author", "operation_kind", "changes",
    "reasons", "total_cents", "at", "reverts",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the house, and the format of the lines."""
    house_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Prints until the access ends; returns 2 if the command has no identity."""
    options.url = server_url(settings, options, environ)
    settings = reachable(settings, options, environ)
    try:
        token = require_somebody(settings, options, "tail")
    except NobodyError as problem:
        print(f"nest: {problem}", file=sys.stderr)
        return 2
    return asyncio.run(_run(settings, options, token, paint_for(environ)))


async def _run(
    settings: Settings, options: argparse.Namespace, token: str, paint: TerminalColours
) -> int:
    return await tail(
        options.url,
        token or await _admin_token(settings),
        options.code,
        as_lines=not options.json,
        paint=paint,
    )


async def _admin_token(settings: Settings) -> str:
    """The token of a new admin session, recorded in the audit. Loads half of the product."""
    from app.admin_link import Minter, mint_admin_token  # noqa: PLC0415 - only without a token
    from app.audit_key import operator  # noqa: PLC0415 - the same

    minter = Minter(*operator(settings, "nest tail"))
    return await mint_admin_token(settings.database_url, minter=minter)


@dataclass(slots=True)
class Tail:
    """Turns events into lines; remembers who was here and whether the connection was lost."""

    paint: TerminalColours
    members: dict[str, Member] = field(default_factory=dict)
    offline: bool = False

    def begin(self, house: House) -> Iterator[str]:
        """The first lines."""
        self.members = {member.connection: member for member in house.members}
        names = ", ".join(member.name for member in house.members)
        yield self.paint(
            f"{house.code} at version {house.version}, {money(house.total_cents)}; "
            f"{house.member_count} here: {names}",
            BOLD,
        )

    def lines(self, event: Event) -> Iterator[str]:
        """The lines for one event."""
        match event:
            case Changed():
                yield from self._changed(event)
            case Replaced():
                yield self.paint(
                    f"{event.version:>5}  begins again here, {money(event.total_cents)}", YELLOW
                )
            case Members():
                yield from self._members(event)
            case Status():
                yield from self._status(event)
            case Skipped():
                yield self.paint(f"       {event.count} events were left out", YELLOW)
            case Ended():
                yield self.paint(f"       access to this house has ended ({event.code})", RED)
            case Settled():
                pass

    def _changed(self, event: Changed) -> Iterator[str]:
        op, paint = event.op, self.paint
        name = paint(f"{op.author.name[:16]:<16}", PEOPLE[op.author.colour % len(PEOPLE)])
        what = changes(op.changes)
        if op.operation_kind not in {"select", "set_quantity", "clear"}:
            takes_back = f" of {op.reverts}" if op.reverts is not None else ""
            what = f"{op.operation_kind}{takes_back}: {what}"
        colour = RED if event.difference_cents > 0 else GREEN if event.difference_cents else DIM
        difference = paint(money(event.difference_cents, sign=True), colour)
        yield f"{op.version:>5}  {name}  {what}  {difference}  = {money(op.total_cents)}"
        for why in op.reasons:
            yield paint(f"       {op.outcome}: {reason(why)}", YELLOW)

    def _members(self, event: Members) -> Iterator[str]:
        now = {member.connection: member for member in event.members}
        for connection, member in now.items():
            before = self.members.get(connection)
            if before is None:
                yield self.paint(f"     + {member.name} ({member.role}) is here", DIM)
            elif member.category != before.category and member.category is not None:
                yield self.paint(f"       {member.name} looks at {member.category}", DIM)
        for connection, member in self.members.items():
            if connection not in now:
                yield self.paint(f"     - {member.name} has left", DIM)
        self.members = now

    def _status(self, event: Status) -> Iterator[str]:
        if event.status == "offline" and not self.offline:
            self.offline = True
            yield self.paint(f"       connection lost ({event.detail}); trying again", YELLOW)
        elif event.status == "online" and self.offline:
            self.offline = False
            yield self.paint("       connected again", GREEN)


def as_json(event: Event) -> str:
    """One event as one line of JSON, without the values that are derived from the selection."""
    named: dict[str, object] = {"event": type(event).__name__.lower()}
    match event:
        case Changed(op=op):
            named |= {name: getattr(op, name) for name in OP_FIELDS}
            named["difference_cents"] = event.difference_cents
        case Ended(code=code):
            named["code"] = code
        case Settled(op_id=op_id):
            named["op_id"] = op_id
        case Replaced() | Members() | Status() | Skipped():
            named |= msgspec.to_builtins(event)
        case _:
            assert_never(event)
    return msgspec.json.encode(named).decode()


async def tail(
    url: str, token: str, reference: str, *, as_lines: bool, paint: TerminalColours
) -> int:
    """Print until this client is no longer in the house; returns the exit code."""
    teller = Tail(paint)
    try:
        async with Client(url, token=token, name="nest tail") as client:
            house = await enter(client, reference, url)
            events = house.events()
            begun = Replaced(version=house.version, before=None, total_cents=house.total_cents)
            _print(*(teller.begin(house) if as_lines else [as_json(begun)]))
            async for event in events:
                _print(*(teller.lines(event) if as_lines else [as_json(event)]))
    except (Refused, ClientClosed) as no:
        print(f"nest: {no}", file=sys.stderr)
    return 1


async def enter(client: Client, reference: str, url: str) -> House:
    """Enter the house; while the server does not answer, a line on standard error says so."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await client.join(reference)
    except TimeoutError:
        trouble = f": {client.trouble}" if client.trouble else ""
        print(
            f"nest: {url} does not answer yet{trouble}. Trying again; Ctrl-C ends.", file=sys.stderr
        )
    return await client.join(reference)


def _print(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)
