"""PostgreSQL is away for ten seconds behind HAProxy; nobody is refused, and no tab loads again."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import aiohttp

from tests.faults.load.audit import audit
from tests.faults.load.ledger import Ledger
from tests.faults.load.load import Load, agree, crowd_of, nothing_waits
from tests.faults.load.pace import Pace
from tests.faults.load.stand import PATIENT
from tests.faults.nemesis.faults import FAULTS
from tests.faults.nemesis.field import BEHIND_A_PROXY, POSTGRESQL, front_of, running_field
from tests.faults.nemesis.recovery import Well, recovery
from tests.faults.nemesis.schedule import Step
from tests.faults.nemesis.tabs import compare, tabs_of
from tests.support.waiting import eventually

TABS: Final = 3
AWAY: Final = Step(fault="PostgreSQL away", target=POSTGRESQL, seconds=10.0, after=5.0)
AFTER_SECONDS: Final = 5.0
NEWCOMERS_SECONDS: Final = 0.25
LOAD: Final = Load(
    seconds=0,
    configurations=4,
    sockets_each=2,
    rest_editors=4,
    edits=10,
    producers=4,
    interactions=20,
)
RAW_503: Final = re.compile(r"/<NOSRV> \S+ 503 ")
"""A line of HAProxy's log of an answer that it gave itself, because no web process was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The things that were seen. `newcomers`: by status, the answers to people who opened the start page;
    `tabs`: how often tabs changed to each status or words. `unanswered`: reports of interactions
    without an answer in time, which are sent again; on a machine with too much to do there are some.
    """

    raw_503: int
    refused: int
    reloaded: int
    newcomers: dict[int, int]
    tabs: dict[str, int]
    interactions: int
    unanswered: int
    well: Well | None
    problems: tuple[str, ...]

    @property
    def figures(self) -> str:
        """The three that have to be 0."""
        return (
            f"{self.raw_503} raw 503, {self.refused} interactions refused,"
            f" {self.reloaded} tabs reloaded"
        )


async def outage(home: Path, seed: int, say: Callable[[str], None]) -> Outage:
    """Let people work, take PostgreSQL away, and count."""
    ledger, newcomers = Ledger(seed=seed), dict[int, int]()
    async with AsyncExitStack() as stack:
        field = await stack.enter_async_context(
            running_field(
                home,
                ledger,
                linked=False,
                environ=BEHIND_A_PROXY | {"NEST_REDIS_DEADLINE_SECONDS": PATIENT},
            )
        )
        stack.callback(field.end)
        proxy = await stack.enter_context(front_of(field.stand)).ready()
        random = Random(seed)
        crowd = await stack.enter_async_context(crowd_of([proxy.url], LOAD, ledger, random))
        tabs = await stack.enter_async_context(tabs_of(proxy.url, TABS, random))
        asker = await stack.enter_async_context(recovery(field))
        over, pace = asyncio.Event(), Pace(asyncio.Event())
        async with asyncio.TaskGroup() as group:
            crowd.work_until(group, LOAD, over)
            group.create_task(_newcomers(proxy.url, over, newcomers))
            for tab in tabs:
                group.create_task(tab.click_until(over))
            await pace.rest(AWAY.after)
            async with FAULTS[AWAY.fault].inject(field, AWAY):
                say("PostgreSQL is away")
                await pace.rest(AWAY.seconds)
            say("PostgreSQL is back")
            well = await asker.awaited()
            await pace.rest(AFTER_SECONDS)
            over.set()
        waiting = partial(nothing_waits, field.stand.valkey.url)
        await eventually(waiting, 30, why="the workers have stored everything")
        await agree(field.stand.urls[0], crowd.sockets, ledger)
        await compare(tabs, ledger, field.stand.postgres.url)
        ledger.problems += field.stand.crashes()
        result = await audit(ledger, field.stand.postgres.url, field.stand.valkey.url)
        return Outage(
            raw_503=len(RAW_503.findall(proxy.log)),
            refused=ledger.event_attempts.later + sum(tab.refused for tab in tabs),
            reloaded=sum(tab.navigations for tab in tabs),
            newcomers=newcomers,
            tabs=Counter(claim.status for tab in tabs for claim in tab.claims),
            interactions=len(ledger.events),
            unanswered=ledger.event_attempts.unknown,
            well=well,
            problems=result.problems,
        )


async def _newcomers(url: str, over: asyncio.Event, statuses: dict[int, int]) -> None:
    """People who open the start page, one after the other; 0: no answer at all."""
    pace = Pace(over)
    while not over.is_set():
        async with aiohttp.ClientSession() as http:
            try:
                async with http.get(url, headers={"accept": "text/html"}) as answer:
                    await answer.read()
                    status = answer.status
            except (aiohttp.ClientError, OSError):
                status = 0
        statuses[status] = statuses.get(status, 0) + 1
        await pace.rest(NEWCOMERS_SECONDS)
