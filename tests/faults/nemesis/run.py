"""Rounds of a schedule: load, one fault after the other, quiet, and everything compared."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import psutil

from tests.faults.load.audit import Audit, audit
from tests.faults.load.ledger import Ledger
from tests.faults.load.load import Crowd, Load, agree, crowd_of, nothing_waits
from tests.faults.load.pace import Pace
from tests.faults.nemesis.faults import FAULTS
from tests.faults.nemesis.field import BEHIND_A_PROXY, CLOCKED, Field, front_of, running_field
from tests.faults.nemesis.recovery import AIM_SECONDS, LONGEST_SECONDS, Recovery, recovery
from tests.faults.nemesis.schedule import Schedule, Step
from tests.faults.nemesis.tabs import Tab, compare, tabs_of, tell_of_restores
from tests.support.faults.faketime import LIBFAKETIME
from tests.support.programs.installing import HAPROXY
from tests.support.waiting import eventually

LOAD: Final = Load(
    seconds=0,  # until the nemesis is done
    configurations=8,
    sockets_each=3,
    rest_editors=6,
    edits=40,
    producers=10,
    interactions=100,
)
EXPECTED: Final = '"event":"clock_off"'
"""The one line of level error that a fault has to cause."""

QUIET_SECONDS: Final = 60.0
MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a run.

    `broken` are the numbers of the rounds after which something was wrong.
    """

    ledger: Ledger
    audit: Audit | None
    broken: dict[int, list[str]]
    slow: list[str]
    rss_mb: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everybody who takes part in a round."""

    field: Field
    load: Load
    crowd: Crowd
    tabs: Sequence[Tab]
    asker: Recovery
    say: Callable[[str], None]


async def run(
    schedule: Schedule,
    home: Path,
    say: Callable[[str], None],
    *,
    tabs: int = 0,
    load: float = 1.0,
    ledger: Ledger | None = None,
    keep: Callable[[int, list[str]], None] = lambda _number, _problems: None,
) -> Result:
    """Carry out a schedule on a product of its own; `say` is told a line for each fault and round.

    Where HAProxy is installed everybody works through it, else at the web processes in turns.
    `tabs`: the number of real browser tabs that edit, too. `load`: the part of the usual edits and
    interactions. `ledger`: for a caller who reads it even if the run is cancelled. `keep` gets the
    number and the problems of a round at its end.
    """
    ledger = ledger or Ledger(seed=schedule.seed)
    broken: dict[int, list[str]] = {}
    known: set[str] = set()
    found: Audit | None = None
    async with AsyncExitStack() as stack:
        field = await stack.enter_async_context(watched_field(home, ledger))
        urls = field.stand.urls
        if HAPROXY.find():
            urls = ((await stack.enter_context(front_of(field.stand)).ready()).url,)
        usual = replace(LOAD, edits=LOAD.edits * load, interactions=LOAD.interactions * load)
        crowd = await stack.enter_async_context(crowd_of(urls, usual, ledger, Random(ledger.seed)))
        opened = await stack.enter_async_context(tabs_of(urls[0], tabs, Random(ledger.seed)))
        field.tabs = opened
        ledger.totals_of_tabs = {tab.code: set() for tab in opened}
        asker = await stack.enter_async_context(recovery(field))
        scene = Scene(field=field, load=usual, crowd=crowd, tabs=opened, asker=asker, say=say)
        for number, steps in enumerate(schedule.rounds, 1):
            found = await one_round(scene, steps)
            problems = found.problems if found else tuple(ledger.problems)
            new = [each for each in problems if each not in known]
            known.update(new)
            if new:
                broken[number] = new
                keep(number, new)
            say(
                f"round {number}: {len(ledger.ops)} edits and {len(ledger.events)} interactions so far"
            )
            for problem in new[:10]:
                say(f"  BROKEN {problem[:600]}")
        rss = {
            name: psutil.Process(process.pid).memory_info().rss / MB
            for name, process in field.stand.processes.items()
            if process.alive
        }
        return Result(ledger=ledger, audit=found, broken=broken, slow=field.slow, rss_mb=rss)


@asynccontextmanager
async def watched_field(home: Path, ledger: Ledger) -> AsyncIterator[Field]:
    """A product whose processes somebody starts again if they end, with a clock that can be moved."""
    clock, apart = home / "clock", dict[str, dict[str, str]]()
    if LIBFAKETIME:
        clock.write_text("+0")
        apart[CLOCKED] = {
            "LD_PRELOAD": str(LIBFAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
    async with (
        running_field(home, ledger, apart=apart, environ=BEHIND_A_PROXY) as field,
        asyncio.TaskGroup() as group,
    ):
        field.clock = clock if LIBFAKETIME else None
        watching = group.create_task(field.watch())
        yield field
        watching.cancel()
        field.end()


async def one_round(scene: Scene, steps: Sequence[Step]) -> Audit | None:
    """Faults under load; then quiet, and what is stored is compared with what everybody was told.

    None: it could not be read.
    """
    over, pace = asyncio.Event(), Pace(asyncio.Event())
    stand, ledger = scene.field.stand, scene.field.ledger
    async with asyncio.TaskGroup() as group:
        scene.crowd.work_until(group, scene.load, over)
        for tab in scene.tabs:
            group.create_task(_click(tab, over, ledger))
        try:
            for step in steps:
                await pace.rest(step.after)
                # In a task of its own: with Python 3.11 a TaskGroup that fails leaves its task
                # looking as if it were being cancelled, and calls to Redis heed that.
                told = group.create_task(one_step(scene.field, scene.asker, step))
                scene.say(await told)
                await tell_of_restores(scene.tabs, ledger)
        finally:
            over.set()
    with ledger.noting("after the faults"):
        stored = partial(nothing_waits, stand.valkey.url)
        await eventually(stored, QUIET_SECONDS, why="the workers have stored everything")
        await agree(stand.urls[0], scene.crowd.sockets, ledger)
        await compare(scene.tabs, ledger, stand.postgres.url)
    ledger.problems += [
        each for each in stand.crashes() if EXPECTED not in each and each not in ledger.problems
    ]
    try:
        return await audit(ledger, stand.postgres.url, stand.valkey.url)
    except Exception as problem:  # noqa: BLE001 - of whatever kind; the run goes on
        ledger.problems.append(f"comparing: {problem!r}")
        return None


async def _click(tab: Tab, over: asyncio.Event, ledger: Ledger) -> None:
    with ledger.noting(f"clicking in the tab of {tab.code}"):
        await tab.click_until(over)


async def one_step(field: Field, asker: Recovery, step: Step) -> str:
    """One fault, and the line that tells what clients saw of it and when everything was well."""
    pace, ledger = Pace(asyncio.Event()), field.ledger
    began, before = pace.now(), _told(ledger)
    ledger.kills.append(str(step))
    async with asyncio.TaskGroup() as group:
        group.create_task(_inject(field, step))
        if step.beside is not None:
            await pace.rest(step.beside.after)
            group.create_task(_inject(field, step.beside))
    lasted = pace.now() - began
    well = None
    with ledger.noting(f"after {step}"):
        well = await asker.awaited()
    if well is None:
        missing = ", ".join(asker.missing)
        ledger.problems.append(f"{step}: not over after {LONGEST_SECONDS} s: {missing}")
        recovered = f"NOT WELL AGAIN: {missing}"
    else:
        recovered = f"well again after {well.seconds:4.1f} s ({well.last} last)"
        if well.seconds > AIM_SECONDS:
            field.slow.append(f"{step}: {recovered}")
    edits, later, unknown, events, refused = (
        now - then for now, then in zip(_told(ledger), before, strict=True)
    )
    return (
        f"{step!s:46} {lasted:5.1f} s  {edits:4} edits"
        f" ({later} later, {unknown} unknown, silence {_silence(ledger, began):4.1f} s)"
        f" {events:4} interactions ({refused} again)  {recovered}"
    )


async def _inject(field: Field, step: Step) -> None:
    """A fault from its beginning to its end; what goes wrong with itself is a problem of the run."""
    with field.ledger.noting(f"{step.fault} of {step.target} itself"):
        async with FAULTS[step.fault].inject(field, step):
            await Pace(asyncio.Event()).rest(step.seconds)


def _told(ledger: Ledger) -> tuple[int, ...]:
    attempts = ledger.op_attempts
    return (
        len(ledger.acknowledgements),
        attempts.later,
        attempts.unknown,
        len(ledger.events),
        ledger.event_attempts.failed,
    )


def _silence(ledger: Ledger, since: float) -> float:
    """The longest time without an acknowledged edit anywhere."""
    moments = [
        since,
        *sorted(each for each in ledger.acknowledgements if each > since),
    ]
    return max((late - early for early, late in pairwise(moments)), default=0.0)
