"""Exactly once, under many kill -9: the offered and the stored events, and whether both agree."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from random import Random
from uuid import UUID

import aiohttp
import asyncpg
import msgspec
from redis.exceptions import RedisError

from app.programs.server_process import EmbeddedServer
from bench.figures import Run
from bench.machine import claim, cores_used, seconds_of_children
from bench.product.activity_stand import drained, own_stand
from bench.product.visits import Visit, entries, now_ms, visits
from bench.stage import Stage
from configurator.activity.interaction import TrackBatchRequest, encode_event
from realtime.api.tracking import TRACK_MANY_PATH, TrackBatchAnswer
from storage.redis.activity.keys import DEAD, EVENTS
from storage.redis.activity.stream import InteractionStream
from storage.redis.client import Redis, commands
from tests.faults.load.counts import Counts, counts
from tests.faults.load.stand import Stand
from tests.support.programs.processes import Process, worker
from tests.support.waiting import eventually

UNIQUE = 204_000
"""Some 2,000 of these belong to visitors who object."""

QUICK_UNIQUE = 20_000
SENDERS = 24
KILLS = 40
QUICK_KILLS = 5
AWAY_SECONDS_MAX = 0.4
ANSWER_SECONDS = 8.0
REPEATED_PART = 0.02
FILTERED_PART = 0.01
STRANGER_EVERY = 200
"""After this number of events a stranger writes a known event twice, and a broken one.

A worker stops if more than 10 % cannot be stored, so the rate is by events and not by time.
"""

GONE = (OSError, TimeoutError, aiohttp.ClientError)
POISON = (b"no JSON at all", b'{"event_id":"0198', b'{"event_id":7}', b"\xff\xfe")
_decode = msgspec.json.Decoder(TrackBatchAnswer).decode


@dataclass(slots=True, kw_only=True)
class Told:
    """The clients' side: the events that were acknowledged, and the times of the answers."""

    stored: set[UUID] = field(default_factory=set)
    sent: set[UUID] = field(default_factory=set)
    filtered: int = 0
    later: int = 0
    unknown: int = 0
    direct: int = 0
    kills: list[str] = field(default_factory=list)

    def at_least(self, events: float) -> bool:
        """Whether this many events were acknowledged."""
        return len(self.stored) >= events


async def ledger(stage: Stage) -> Run:
    """Visitors send in order until they are answered; processes are killed; then all is counted."""
    unique, kills = (QUICK_UNIQUE, QUICK_KILLS) if stage.quick else (UNIQUE, KILLS)
    made = list(visits(unique, random=Random(8), ends_ms=now_ms(), within_ms=3_600_000))
    told = Told()
    async with own_stand(stage, webs=2) as own, _second_worker(own.stand) as second:
        stand = own.stand
        before = seconds_of_children()
        with cores_used({}) as cores:
            began = time.perf_counter()
            await _work(own, second, made, told, kills=kills)
            took = time.perf_counter() - began
            await drained(stand)
            all_took = time.perf_counter() - began
        claim(cores, "servers", (seconds_of_children() - before) / all_took)
        stored = await counts(stand.postgres.url)
        offered, pending, letters = await _stream(stand.valkey.url)
        rows = await _ids(stand.postgres.url)
        await _prove_that_losses_show(stand.postgres.url, told, rows)
        crashes = list(stand.crashes())
    print(f"  ledger: {_sentence(told, stored, offered)}", flush=True)
    for crash in crashes[:5]:
        print(f"  ! {crash[:300]}")
    return Run(
        figures={
            "unique events acknowledged": len(told.stored),
            "kills": len(told.kills),
            "acknowledged per second, kills included": len(told.stored) / took,
            "entries offered": offered,
            "stored": stored.ledger["stored"],
            "duplicate": stored.ledger["duplicate"],
            "filtered": stored.ledger["filtered"],
            "dead": stored.ledger["dead"],
            "offered minus stored, duplicate, filtered and dead": offered
            - sum(stored.ledger.values()),
            "acknowledged events without a row": _lost(told, rows),
            "duplicate rows, and rows of events never sent": len(rows) - len(set(rows) & told.sent),
            "roll-ups or sessions that differ from the rows (1: yes)": 0 if stored.agrees else 1,
            "filtered or dead events miscounted in the ledger": abs(letters - stored.ledger["dead"])
            + max(0, told.filtered - stored.ledger["filtered"]),
            "stream entries still pending at the end": pending,
            "tracebacks in the logs": len(crashes),
        },
        cores=cores,
    )


def _sentence(told: Told, stored: Counts, offered: int) -> str:
    parts = " + ".join(f"{n:,} {outcome}" for outcome, n in stored.ledger.items())
    victims = ", ".join(f"{told.kills.count(name)} {name}" for name in dict.fromkeys(told.kills))
    return (
        f"{offered:,} offered = {parts}; {stored.rows:,} rows = {stored.unique:,} unique"
        f" = {stored.rolled_up:,} in roll-ups = {stored.in_sessions:,} in sessions;"
        f" killed {victims}; {told.later} told to come later, {told.unknown} never answered"
    )


@asynccontextmanager
async def _second_worker(stand: Stand) -> AsyncIterator[Process]:
    process = worker(
        stand.postgres.url,
        stand.valkey.url,
        **{name: value for name, value in stand.worker.environ.items() if name.startswith("NEST_")}
        | {"NEST_NODE": "worker-2"},
    )
    with process:
        yield process


async def _work(own: Stage, second: Process, made: list[Visit], told: Told, *, kills: int) -> None:
    waiting, random = iter(made), Random(12)
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        senders = [
            group.create_task(_sender(own, waiting, told, Random(random.random()), number))
            for number in range(SENDERS)
        ]
        group.create_task(_stranger(own.stand.valkey.url, told, done, Random(9)))
        total = sum(len(visit.events) for visit in made)
        group.create_task(_nemesis(own.stand, second, told, kills, total))
        await asyncio.wait(senders)
        done.set()


async def _sender(
    own: Stage, waiting: Iterator[Visit], told: Told, random: Random, number: int
) -> None:
    """Send one visit after the other, each until it is answered, some once more."""
    urls = cycle(own.stand.urls[number % 2 :] + own.stand.urls[: number % 2])
    url = next(urls)
    for visit in waiting:
        objects = random.random() < FILTERED_PART
        body = msgspec.json.encode(
            TrackBatchRequest(
                session_id=visit.session, sent_at=now_ms(), tab=0, interactions=visit.reported()
            )
        )
        if not objects:
            told.sent.update(each.event_id for each in visit.events if each.event_id)
        again = 1 + (random.random() < REPEATED_PART)
        while again:
            try:
                answer = await _post(own.http, url, body, objects=objects)
                told.later += answer is None
            except GONE:
                answer = None
                told.unknown += 1
                url = next(urls)
            if answer is None:
                await asyncio.sleep(random.uniform(0.02, 0.3))
                continue
            again -= 1
            for event, result in zip(visit.events, answer.results, strict=True):
                assert str(event.event_id) == result.event_id
                assert result.outcome != "refused", result
                if result.outcome == "filtered":
                    told.filtered += 1
                elif event.event_id:
                    told.stored.add(event.event_id)


async def _post(
    http: aiohttp.ClientSession, url: str, body: bytes, *, objects: bool
) -> TrackBatchAnswer | None:
    """The answer; None if it says to come later."""
    headers = {"content-type": "application/json", **({"sec-gpc": "1"} if objects else {})}
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with http.post(
        f"{url}{TRACK_MANY_PATH}", data=body, headers=headers, timeout=timeout
    ) as answer:
        text = await answer.read()
        if answer.status == 200:
            return _decode(text)
        assert answer.status == 503, (answer.status, text[:300])
        return None


async def _stranger(url: str, told: Told, done: asyncio.Event, random: Random) -> None:
    """Write known events again, and unstorable ones, straight into the stream."""
    known = list(visits(400, random=Random(10), ends_ms=now_ms(), within_ms=3_600_000))
    doubled = [each for visit in known for each in entries(visit, datetime.now(UTC))]
    told.sent.update(each.event_id for each in doubled)
    due = 0
    async with Redis(url) as redis:
        while not done.is_set():
            if len(told.stored) < due:
                await asyncio.sleep(0.01)
                continue
            due += STRANGER_EVERY
            event = random.choice(doubled)
            payload = encode_event(event)
            written = [payload, payload, random.choice(POISON)]
            if random.random() < 0.2:  # PostgreSQL stores no NUL in a text
                category = encode_event(event).replace(b'"category":"', b'"category":"\\u0000', 1)
                written.append(category)
            for each in written:
                try:
                    fields = ("s", str(event.session_id), "e", each)
                    await commands(redis).execute_command("XADD", EVENTS, "*", *fields)
                    told.direct += 1
                except (RedisError, OSError):
                    told.unknown += 1


async def _nemesis(stand: Stand, second: Process, told: Told, kills: int, total: int) -> None:
    """Kill processes one after the other, at even parts of the work; each is started again."""
    random = Random(11)
    victims: list[tuple[str, Process | EmbeddedServer]] = [
        ("worker", stand.worker),
        ("Valkey", stand.valkey),
        ("worker", second),
        ("PostgreSQL", stand.postgres),
        ("web process", stand.webs[0]),
        ("worker", stand.worker),
        ("PostgreSQL", stand.postgres),
        ("Valkey", stand.valkey),
        ("web process", stand.webs[1]),
    ]
    for number, (name, victim) in zip(range(kills), cycle(victims), strict=False):
        enough = total * (number + 0.5) / kills * 0.97
        await eventually(partial(told.at_least, enough), 120, why="work goes on")
        victim.kill()
        told.kills.append(name)
        await asyncio.sleep(random.uniform(0, AWAY_SECONDS_MAX))
        if isinstance(victim, EmbeddedServer):
            await victim.start_async()
        else:
            victim.start()
            if victim in stand.webs:
                await victim.ready()


async def _stream(url: str) -> tuple[int, int, int]:
    """The numbers of entries ever taken, of unfinished entries, and of dead letters."""
    async with Redis(url) as redis:
        stream = InteractionStream(redis)
        letters = int(await commands(redis).xlen(DEAD))
        return await stream.offered(), (await stream.lag()).entries, letters


async def _ids(url: str) -> list[UUID]:
    connection = await asyncpg.connect(url)
    try:
        return [
            row["event_id"] for row in await connection.fetch("SELECT event_id FROM interactions")
        ]
    finally:
        await connection.close()


def _lost(told: Told, rows: list[UUID]) -> int:
    return len(told.stored - set(rows))


async def _prove_that_losses_show(url: str, told: Told, rows: list[UUID]) -> None:
    """Check that one missing row would be noticed: only then a result of zero has a meaning."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "DELETE FROM interactions WHERE event_id = $1", next(iter(told.stored & set(rows)))
        )
    finally:
        await connection.close()
    if (await counts(url)).agrees or _lost(told, await _ids(url)) != _lost(told, rows) + 1:
        raise RuntimeError("the count does not notice a missing row")
