"""`nest soak`: many people in several houses, over connections that break, with a check at the end.

Every op has exactly one outcome. After the last edit, every client of a house shows the stored
version, selection and price, and the log has no gaps and contains exactly the acknowledged ops.
Anything else is a violation.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import msgspec
from nest_haus_client import (
    Apply,
    Clear,
    Client,
    ClientError,
    House,
    Operation,
    Outcome,
    Redo,
    Refused,
    Reset,
    Select,
    SetQuantity,
    Status,
    Undo,
    new_op_id,
)

from app.commands.argument_types import count, positive
from app.commands.clients.asking import server_url, url_argument
from app.commands.clients.ledger import EventChecker, RunLedger, audit, compare
from app.commands.clients.show import BOLD, GREEN, RED, TerminalColours, paint_for
from app.settings.settings import Settings

HELP = (
    "Edit several houses with several people in each, over connections that are cut, and check "
    "that everybody ends with the stored state. Exits with 1 if a check fails."
)
EXAMPLE = (
    "nest soak --rooms 4 --clients 3 --seconds 60\n"
    "  nest soak --url https://house.example --rate 5 --drop-every 2"
)
SETTLE_SECONDS = 60.0
OPEN_OPS_MAX = 50
GUARDED_PART = 0.1
SHOWN_VIOLATIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a run. ``seconds`` None: until Ctrl-C; ``rate``: ops per second of each client."""

    url: str
    rooms: int
    clients: int
    seconds: float | None
    rate: float
    drop_every: float
    seed: int | None


class OfferedChoices(msgspec.Struct, frozen=True, kw_only=True):
    """The part of `derived` that says what can be chosen: options by category, and quantities."""

    differences: Mapping[str, Mapping[str, int]]
    bounds: Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class Seat:
    """One person in a house, and every op that they sent.

    `random` draws the ops and the pauses between them, `cuts` the times between two ends of the
    connection. These come by the clock, so they must not change what `random` draws next.
    """

    who: str
    client: Client
    house: House
    offer: OfferedChoices
    random: Random
    cuts: Random
    asked: set[UUID] = field(default_factory=set)
    acknowledged: dict[UUID, Outcome] = field(default_factory=dict)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the server, and the amount of load."""
    url_argument(parser)
    parser.add_argument("--rooms", type=count, default=4, metavar="N", help="houses, default 4")
    parser.add_argument(
        "--clients", type=count, default=3, metavar="M", help="people in each house, default 3"
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        metavar="T",
        help="stop after this time; without it, after Ctrl-C",
    )
    parser.add_argument(
        "--rate",
        type=positive,
        default=2.0,
        metavar="R",
        help="ops a second of each person, default 2",
    )
    parser.add_argument(
        "--drop-every",
        type=positive,
        default=10.0,
        metavar="SECONDS",
        help="average time after which each connection is cut, default 10",
    )
    parser.add_argument("--seed", type=int, default=None, help="the same ops in the same order")


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Runs the plan; returns 1 if there was a violation."""
    plan = Plan(
        url=server_url(settings, options, environ),
        rooms=options.rooms,
        clients=options.clients,
        seconds=options.seconds,
        rate=options.rate,
        drop_every=options.drop_every,
        seed=options.seed,
    )
    return asyncio.run(soak(plan, paint_for(environ)))


async def soak(plan: Plan, paint: TerminalColours) -> int:
    """Run the plan; returns 0 without violations."""
    stop, ledger = asyncio.Event(), RunLedger()
    for sign in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    seed = plan.seed if plan.seed is not None else time.time_ns() % 1_000_000
    print(
        f"{plan.rooms} houses with {plan.clients} people each at {plan.url}, "
        f"{plan.rate:g} ops a second each, seed {seed}",
        flush=True,
    )
    async with AsyncExitStack() as stack:
        try:
            seats = await _enter_all(plan, seed, stack)
        except (ClientError, TimeoutError) as problem:
            print(f"nest: The houses cannot be prepared: {problem}", file=sys.stderr)
            return 1
        started = time.monotonic()
        async with _watching(seats, ledger):
            async with _live(seats, ledger, paint):
                await _edit(plan, seats, ledger, stop)
            ledger.violations += await _check(seats, ledger)
    print("\n".join(_report(ledger, time.monotonic() - started, paint)), flush=True)
    return 1 if ledger.violations else 0


async def _enter_all(plan: Plan, seed: int, stack: AsyncExitStack) -> list[list[Seat]]:
    rooms = []
    for room in range(plan.rooms):
        owner = await stack.enter_async_context(Client.register(plan.url, name=f"Soak {room}.0"))
        code = (await owner.create()).code
        clients = [owner]
        for number in range(1, plan.clients):
            guest = Client.register(plan.url, name=f"Soak {room}.{number}")
            clients.append(await stack.enter_async_context(guest))
            await guest.redeem((await owner.share(code)).url)
        async with asyncio.timeout(SETTLE_SECONDS):
            rooms.append(
                [
                    await _seated(client, code, number, seed=f"{seed}.{room}.{number}")
                    for number, client in enumerate(clients)
                ]
            )
    return rooms


async def _seated(client: Client, code: str, number: int, *, seed: str) -> Seat:
    house = await client.join(code)
    return Seat(
        who=f"{code} person {number}",
        client=client,
        house=house,
        offer=msgspec.json.decode(house.confirmed.derived, type=OfferedChoices),
        random=Random(seed),  # noqa: S311 - repeatable
        cuts=Random(f"{seed}.cuts"),  # noqa: S311 - repeatable
    )


async def _edit(
    plan: Plan, rooms: list[list[Seat]], ledger: RunLedger, stop: asyncio.Event
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for room in rooms:
            for seat in room:
                tasks.create_task(_person(seat, plan, ledger, stop))
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.seconds):
                await stop.wait()
        stop.set()


@asynccontextmanager
async def _live(
    rooms: list[list[Seat]], ledger: RunLedger, paint: TerminalColours
) -> AsyncIterator[None]:
    """Print a line of progress, every second on a terminal, else every five seconds."""
    seats, started = [seat for room in rooms for seat in room], time.monotonic()

    async def show() -> None:
        while True:
            line = _line(ledger, seats, time.monotonic() - started)
            print(f"\r\x1b[K{line}" if paint.on else line, end="" if paint.on else "\n", flush=True)
            await asyncio.sleep(1.0 if paint.on else 5.0)

    async with asyncio.TaskGroup() as tasks:
        showing = tasks.create_task(show())
        yield
        showing.cancel()
    if paint.on:
        print()


async def _person(seat: Seat, plan: Plan, ledger: RunLedger, stop: asyncio.Event) -> None:
    """Edit at random moments until `stop` is set, then wait for every outcome."""
    drop_at = time.monotonic() + seat.cuts.expovariate(1 / plan.drop_every)
    async with asyncio.TaskGroup() as tasks:
        waiting: set[asyncio.Task[None]] = set()
        while not await _stopped_within(stop, seat.random.expovariate(plan.rate)):
            if time.monotonic() >= drop_at:
                drop_at = time.monotonic() + seat.cuts.expovariate(1 / plan.drop_every)
                ledger.drops += 1
                seat.client.drop()
            if len(waiting) < OPEN_OPS_MAX and seat.house.ended is None:
                task = tasks.create_task(_ask(seat, ledger))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
        if waiting:
            await asyncio.wait(waiting, timeout=SETTLE_SECONDS)
        for task in waiting:
            task.cancel()


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()


async def _ask(seat: Seat, ledger: RunLedger) -> None:
    """Send one op and record its outcome."""
    op_id, began = new_op_id(), time.monotonic()
    seat.asked.add(op_id)
    operation, guarded = (
        some_operation(seat.random, seat.offer),
        seat.random.random() < GUARDED_PART,
    )
    try:
        outcome = await seat.house.submit(operation, op_id=op_id, guarded=guarded)
    except Refused as refused:
        ledger.refusals[refused.code] += 1
        return
    except ClientError as problem:
        ledger.violations.append(f"{seat.who}: {problem}")
        return
    ledger.took(time.monotonic() - began)
    ledger.outcomes[outcome.outcome] += 1
    if seat.house.version < outcome.version:
        ledger.violations.append(f"{seat.who} had an outcome before its version")
    seat.acknowledged[op_id] = outcome


@asynccontextmanager
async def _watching(rooms: list[list[Seat]], ledger: RunLedger) -> AsyncIterator[None]:
    """Check the events of every client during the block."""

    async def follow(seat: Seat) -> None:
        checker = EventChecker(who=seat.who, ledger=ledger, version=seat.house.version)
        async for event in seat.house.events():
            checker.see(event)
            if isinstance(event, Status) and event.status == "online":
                ledger.reconnects += 1

    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(follow(seat)) for room in rooms for seat in room]
        yield
        for each in following:
            each.cancel()


async def _check(rooms: list[list[Seat]], ledger: RunLedger) -> list[str]:
    """All violations after the last edit."""
    wrong: list[str] = []
    for seats in rooms:
        owner, code = seats[0].client, seats[0].house.code
        ledger.undecided += sum(len(seat.house.pending) for seat in seats)
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                stored, log = await owner.read(code), await owner.log(code)
                for seat in seats:
                    await seat.house.reached(stored.version)
        except (TimeoutError, ClientError) as problem:
            wrong.append(f"{code}: not everybody arrives at what is stored: {problem!r}")
            continue
        for seat in seats:
            wrong += compare(seat.who, seat.house, stored)
        acknowledged = {k: v for seat in seats for k, v in seat.acknowledged.items()}
        asked = frozenset(op_id for seat in seats for op_id in seat.asked)
        wrong += audit(code, log, stored, acknowledged, asked)
    if ledger.undecided:
        wrong.append(f"{ledger.undecided} ops have no outcome")
    return wrong


def some_operation(random: Random, offer: OfferedChoices) -> Operation:
    """Any operation, sensible or not."""
    drawn: Operation
    match random.random():
        case chance if chance < 0.55:
            drawn = _select(random, offer)
        case chance if chance < 0.7:
            counted = random.choice(list(offer.bounds or offer.differences))
            drawn = SetQuantity(counted, random.randrange(0, 20))
        case chance if chance < 0.8:
            drawn = Clear(random.choice(list(offer.differences)))
        case chance if chance < 0.88:
            drawn = Apply(tuple(_select(random, offer) for _ in range(3)))
        case chance if chance < 0.94:
            drawn = Undo(anyway=random.random() < 0.3)
        case chance if chance < 0.98:
            drawn = Redo()
        case _:
            drawn = Reset()
    return drawn


def _select(random: Random, offer: OfferedChoices) -> Select:
    category = random.choice(list(offer.differences))
    return Select(category, random.choice(list(offer.differences[category])))


def _line(ledger: RunLedger, seats: list[Seat], seconds: float) -> str:
    waiting = sum(len(seat.house.pending) for seat in seats)
    online = sum(seat.client.status == "online" for seat in seats)
    return (
        f"{seconds:7.1f} s  {online}/{len(seats)} online  {ledger.ops} ops  {waiting} waiting  "
        f"{ledger.drops} cut  p50 {ledger.percentile(0.5):.0f} ms  "
        f"p99 {ledger.percentile(0.99):.0f} ms  {len(ledger.violations)} wrong"
    )


def _report(ledger: RunLedger, seconds: float, paint: TerminalColours) -> list[str]:
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(ledger.outcomes.items()))
    refusals = ", ".join(f"{count} {name}" for name, count in sorted(ledger.refusals.items()))
    p50, p99, longest = (ledger.percentile(part) for part in (0.5, 0.99, 1.0))
    told = [
        f"ops         {ledger.ops} in {seconds:.1f} s: {outcomes or 'none'}",
        f"refused     {refusals or 'none'}",
        f"told        {ledger.heard} ops and {ledger.replaced} snapshots to all clients",
        f"connections {ledger.drops} cut, {ledger.reconnects} made again",
        f"outcome in  p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {longest:.1f} ms",
    ]
    told += [paint(f"WRONG: {each}", RED) for each in ledger.violations[:SHOWN_VIOLATIONS]]
    if len(ledger.violations) > SHOWN_VIOLATIONS:
        told.append(paint(f"... and {len(ledger.violations) - SHOWN_VIOLATIONS} more", RED))
    verdict = f"{len(ledger.violations)} wrong" if ledger.violations else "Nothing was wrong."
    return [*told, paint(paint(verdict, RED if ledger.violations else GREEN), BOLD)]
