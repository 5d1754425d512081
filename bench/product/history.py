"""Questions about months of visits: the time of the answer, and its correctness."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import asyncpg

from bench.figures import Run, percentile
from bench.machine import cores_used
from bench.product.activity_stand import own_stand
from bench.product.history_rows import make_history
from bench.product.screens import admin_token
from bench.stage import Stage
from configurator.activity.ranges import Range, parse_range
from realtime.api.activity import OVERVIEW_PATH
from realtime.api.analytics.endpoints import ANALYTICS_PATH
from realtime.api.tracking import TRACK_PATH
from realtime.people.cookies import Cookies
from tests.faults.load.counts import counts
from tests.faults.load.ledger import Json
from tests.storage.postgres.analytics.second_count import SecondCount

EVENTS = 10_000_000
QUICK_EVENTS = 300_000
DAYS = 90
FUNNEL_DAYS = 9
"""This number of days has a million events."""

STEPS = ("nest", "gebaeudehuelle", "innenverkleidung", "completed")
ZONE = {"tz": "UTC"}
ASKED = 20
SESSIONS_ASKED = 300


@asynccontextmanager
async def grown(stage: Stage) -> AsyncIterator[Stage]:
    """A stand with the history; the facts found while it was made are its facts."""
    async with own_stand(stage, database_deadline_seconds=20) as own:
        stand, url = own.stand, own.stand.postgres.url
        stand.worker.kill()
        await own.house(people=1)
        took = await make_history(url, events=QUICK_EVENTS if stage.quick else EVENTS, days=DAYS)
        stored = await counts(url)
        print(f"  history: {stored.rows:,} events made in {took:.0f} s", flush=True)
        own.facts = {
            "events": stored.rows,
            "time to make the history": took,
            "roll-ups or sessions that differ from the rows (1: yes)": 0 if stored.agrees else 1,
            "bytes per event on disk, indexes included": await _bytes(url) / stored.rows,
            "figures on which DuckDB disagrees": await _differences(own),
        }
        yield own


async def history(own: Stage) -> Run:
    """Ask each question over HTTP, like the admin's page."""
    asked = await _Admin.of(own)
    whole, month = _days(DAYS), _days(30)
    funnel = {**_days(FUNNEL_DAYS), "steps": ",".join(STEPS)}
    session_ids = await _some_sessions(own.stand.postgres.url)
    with cores_used(own.roots()) as cores:
        overview = [await asked.ms(OVERVIEW_PATH, {"timeRange": "24h"}) for _ in range(ASKED)]
        raw = [
            await asked.view("funnel", {**funnel, "window": str(1440 + number)})
            for number in range(ASKED // 2)
        ]
        again = [await asked.view("funnel", {**funnel, "window": "1440"}) for _ in range(ASKED)]
        figures = {
            "overview of 24 h, p50": percentile(overview, 0.5),
            "overview of 24 h, p99": percentile(overview, 0.99),
            "kpis of 30 days": await asked.middle("kpis", month),
            "series of 30 days": await asked.middle("series", month),
            "events in the funnel's range": await asked.events(_days(FUNNEL_DAYS)),
            "funnel of 4 steps, first request, p50": percentile(raw, 0.5),
            "funnel of 4 steps, requested again, p50": percentile(again, 0.5),
            "steps of 90 days": await asked.middle("steps", whole),
            "options of 90 days": await asked.middle("options", whole),
            "journeys of 90 days": await asked.middle("journeys", whole),
        }
        timelines = [
            await asked.ms(f"{ANALYTICS_PATH}/sessions/{each}", {}) for each in session_ids
        ]
        original = [await asked.ms(TRACK_PATH, {"sessionId": str(each)}) for each in session_ids]
    return Run(
        figures={
            **own.facts,
            **figures,
            "a session's timeline, p50": percentile(timelines, 0.5),
            "a session's timeline, p99": percentile(timelines, 0.99),
            "a session as in the original API, p99": percentile(original, 0.99),
        },
        cores=cores,
    )


class NotAnsweredError(Exception):
    """The product answered that it could not answer in time."""


class _Admin:
    """An admin's client, without a browser."""

    def __init__(self, own: Stage, token: str) -> None:
        self._own = own
        self._cookies = {Cookies().admin: token}

    @classmethod
    async def of(cls, own: Stage) -> "_Admin":
        return cls(own, await admin_token(own))

    async def get(self, path: str, query: Mapping[str, str]) -> Json:
        url = f"{self._own.stand.urls[0]}{path}"
        timeout = aiohttp.ClientTimeout(total=60)
        async with self._own.http.get(
            url, params=query, cookies=self._cookies, timeout=timeout
        ) as answer:
            found: Json = await answer.json()
            if answer.status == 503:
                raise NotAnsweredError(path)
            if answer.status != 200:
                raise RuntimeError(f"{path} was answered with {answer.status}: {found}")
            return found

    async def ms(self, path: str, query: Mapping[str, str]) -> float:
        """Milliseconds until the whole answer is there.

        A question without an answer is printed.
        """
        began = time.perf_counter()
        try:
            await self.get(path, query)
        except NotAnsweredError:
            print(f"  ! {path} {query}: no answer in time", flush=True)
        return (time.perf_counter() - began) * 1000

    async def view(self, name: str, query: Mapping[str, str]) -> float:
        return await self.ms(f"{ANALYTICS_PATH}/{name}", query)

    async def middle(self, name: str, query: Mapping[str, str]) -> float:
        """The median over ranges that end a minute apart, so that no answer is a remembered one."""
        end = datetime.fromisoformat(query["to"])
        moved = [{**query, "to": (end - timedelta(minutes=each)).isoformat()} for each in range(3)]
        return percentile([await self.view(name, each) for each in moved], 0.5)

    async def events(self, query: Mapping[str, str]) -> float:
        found = await self.get(f"{ANALYTICS_PATH}/kpis", query)
        return float(found["kpis"]["interactions"])


def _days(count: int) -> dict[str, str]:
    """The last whole days, of this number, in UTC."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = midnight - timedelta(days=count)
    return {
        "from": begins.replace(tzinfo=None).isoformat(timespec="minutes"),
        "to": midnight.replace(tzinfo=None).isoformat(timespec="minutes"),
        **ZONE,
    }


async def _some_sessions(url: str) -> list[object]:
    return await _column(
        url, f"SELECT id FROM sessions ORDER BY md5(id::text) LIMIT {SESSIONS_ASKED}"
    )


async def _bytes(url: str) -> float:
    (size,) = await _column(
        url,
        "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('interactions')"
        " WHERE isleaf",
    )
    return float(str(size))


async def _column(url: str, query: str) -> list[object]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def _differences(own: Stage) -> int:
    """The number of answers that differ from what DuckDB counts in the exported rows."""
    asked, second = await _Admin.of(own), SecondCount()
    with tempfile.TemporaryDirectory(prefix="nest-bench-") as folder:
        await second.copy(own.stand.postgres.url, Path(folder))
    different = 0
    for query, compare in (
        (_days(30), _kpis_and_series),
        (_days(FUNNEL_DAYS), _funnel),
        (_days(DAYS), _options),
        (_days(FUNNEL_DAYS), _steps),
    ):
        span = parse_range(query, datetime.now(UTC))
        await asyncio.to_thread(second.within, span)
        try:
            different += await compare(asked, second, query, span)
        except NotAnsweredError as error:
            print(f"  ! {error}: no answer in time to compare", flush=True)
            different += 1
    return different


Compare = Callable[[_Admin, SecondCount, dict[str, str], Range], Awaitable[int]]


async def _kpis_and_series(
    asked: _Admin, second: SecondCount, query: dict[str, str], span: Range
) -> int:
    found = (await asked.get(f"{ANALYTICS_PATH}/kpis", query))["kpis"]
    outcomes = found["outcomes"]
    names = ("sessions", "active", "completed", "abandoned", "expired", "order_value_cents")
    own = (*(outcomes[name] for name in names), outcomes["average_order_value_cents"])
    points = (await asked.get(f"{ANALYTICS_PATH}/series", {**query, "unit": "day"}))["rows"]
    limits = [
        (span.start + timedelta(days=day), span.start + timedelta(days=day + 1))
        for day in range(len(points))
    ]
    counted = [(each["sessions"], each["completed"], each["interactions"]) for each in points]
    return (
        _told("kpis", own, second.kpis())
        + _told("events", found["interactions"], second.events(span))
        + _told("series", counted, second.between(limits, span.bots))
    )


async def _funnel(asked: _Admin, second: SecondCount, query: dict[str, str], _: Range) -> int:
    steps = {**query, "steps": ",".join(STEPS), "window": "1440"}
    rows = (await asked.get(f"{ANALYTICS_PATH}/funnel", steps))["rows"]
    expected = second.funnel(STEPS, 1440 * 60_000, None)
    return _told("funnel", [row["reached"] for row in rows], expected)


async def _options(asked: _Admin, second: SecondCount, query: dict[str, str], _: Range) -> int:
    rows = (await asked.get(f"{ANALYTICS_PATH}/options", query))["rows"]
    own = {
        (row["category"], row["option"]): (row["sessions"], row["selections"], row["kept"])
        for row in rows
    }
    return _told("options", own, {key: each[:3] for key, each in second.options().items()})


async def _steps(asked: _Admin, second: SecondCount, query: dict[str, str], _: Range) -> int:
    rows = (await asked.get(f"{ANALYTICS_PATH}/steps", query))["rows"]
    names = ("looked", "chose", "time_ms", "selections", "changes_of_mind")
    own = {row["category"]: tuple(row[name] for name in names) for row in rows}
    return _told("steps", own, {name: each[:5] for name, each in second.steps().items()})


def _told(name: str, own: object, expected: object) -> int:
    if own == expected:
        return 0
    print(f"  ! {name}: {str(own)[:400]}\n    DuckDB: {str(expected)[:400]}", flush=True)
    return 1
