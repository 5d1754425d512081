"""`nest soak`: many people in several houses, over connections that break, and a check at the end.

Every op has exactly one outcome; at the end, when nobody edits any more, every client of a house
shows the version, selection and price that are stored, the log is gapless and holds exactly what
was acknowledged. Anything else is a violation.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

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

from app.commands.ledger import Ledger, Watcher, audit, compare
from app.commands.show import BOLD, GREEN, RED, Paint

SETTLE_SECONDS = 60.0
OPEN_OPS_MAX = 50
GUARDED_PART = 0.1
SHOWN_VIOLATIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. ``seconds`` None: until Ctrl-C; ``rate``: ops a second of each client."""

    url: str
    rooms: int
    clients: int
    seconds: float | None
    rate: float
    drop_every: float
    seed: int | None


@dataclass(slots=True, kw_only=True)
class Seat:
    """One person in a house, and every op they asked for."""

    who: str
    client: Client
    house: House
    random: Random
    asked: set[UUID] = field(default_factory=set)
    acknowledged: dict[UUID, Outcome] = field(default_factory=dict)


async def soak(plan: Plan, paint: Paint) -> int:
    """Run the plan; 0 when nothing was wrong."""
    stop, ledger = asyncio.Event(), Ledger()
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
                    Seat(
                        who=f"{code} person {number}",
                        client=client,
                        house=await client.join(code),
                        random=Random(f"{seed}.{room}.{number}"),  # noqa: S311 - repeatable
                    )
                    for number, client in enumerate(clients)
                ]
            )
    return rooms


async def _edit(plan: Plan, rooms: list[list[Seat]], ledger: Ledger, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        for room in rooms:
            for seat in room:
                tasks.create_task(_person(seat, plan, ledger, stop))
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.seconds):
                await stop.wait()
        stop.set()


@asynccontextmanager
async def _live(rooms: list[list[Seat]], ledger: Ledger, paint: Paint) -> AsyncIterator[None]:
    """A line that says how it goes, every second on a terminal, else every five."""
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


async def _person(seat: Seat, plan: Plan, ledger: Ledger, stop: asyncio.Event) -> None:
    """Edit at random moments until it is time to stop, then wait for every outcome."""
    random = seat.random
    drop_in = random.expovariate(1 / plan.drop_every)
    async with asyncio.TaskGroup() as tasks:
        waiting: set[asyncio.Task[None]] = set()
        while not await _stopped_within(stop, pause := random.expovariate(plan.rate)):
            drop_in -= pause
            if drop_in <= 0:
                drop_in = random.expovariate(1 / plan.drop_every)
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


async def _ask(seat: Seat, ledger: Ledger) -> None:
    """Ask for one op and note what became of it."""
    op_id, began = new_op_id(), time.monotonic()
    seat.asked.add(op_id)
    operation, guarded = some_operation(seat.random), seat.random.random() < GUARDED_PART
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
async def _watching(rooms: list[list[Seat]], ledger: Ledger) -> AsyncIterator[None]:
    """Follow what every client is told."""

    async def follow(seat: Seat) -> None:
        watcher = Watcher(who=seat.who, ledger=ledger, version=seat.house.version)
        async for event in seat.house.events():
            watcher.see(event)
            if isinstance(event, Status) and event.status == "online":
                ledger.reconnects += 1

    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(follow(seat)) for room in rooms for seat in room]
        yield
        for each in following:
            each.cancel()


async def _check(rooms: list[list[Seat]], ledger: Ledger) -> list[str]:
    """Everything that is wrong when nobody edits any more."""
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


def some_operation(random: Random) -> Operation:
    """Any operation, sensible or not."""
    drawn: Operation
    match random.random():
        case chance if chance < 0.55:
            drawn = _select(random)
        case chance if chance < 0.7:
            counted = random.choice(("pvanlage", "fenster"))
            drawn = SetQuantity(counted, random.randrange(0, 20))
        case chance if chance < 0.8:
            drawn = Clear(random.choice(("pvanlage", "fenster", "planungspaket", "nest")))
        case chance if chance < 0.88:
            drawn = Apply(tuple(_select(random) for _ in range(3)))
        case chance if chance < 0.94:
            drawn = Undo(anyway=random.random() < 0.3)
        case chance if chance < 0.98:
            drawn = Redo()
        case _:
            drawn = Reset()
    return drawn


def _select(random: Random) -> Select:
    category = random.choice(list(CHOICES))
    return Select(category, random.choice(CHOICES[category]))


CHOICES = {
    "nest": ("nest80", "nest100", "nest120", "nest140", "nest160"),
    "gebaeudehuelle": ("trapezblech", "holzlattung", "fassadenplatten_schwarz"),
    "innenverkleidung": ("kiefer", "fichte", "steirische_eiche"),
    "fussboden": ("parkett", "kalkstein_kanafar", "schiefer_massiv"),
    "pvanlage": ("pv_panels",),
    "fenster": ("pvc", "fichte", "steirische_eiche", "aluminium"),
    "planungspaket": ("basis", "plus", "pro"),
    "grundstueckscheck": ("grundstueckscheck",),
}


def _line(ledger: Ledger, seats: list[Seat], seconds: float) -> str:
    waiting = sum(len(seat.house.pending) for seat in seats)
    online = sum(seat.client.status == "online" for seat in seats)
    return (
        f"{seconds:7.1f} s  {online}/{len(seats)} online  {ledger.ops} ops  {waiting} waiting  "
        f"{ledger.drops} cut  p50 {ledger.percentile(0.5):.0f} ms  "
        f"p99 {ledger.percentile(0.99):.0f} ms  {len(ledger.violations)} wrong"
    )


def _report(ledger: Ledger, seconds: float, paint: Paint) -> list[str]:
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
