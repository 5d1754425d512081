"""The entries of an admin's page: none twice, none missing, and the number that it does not see."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from realtime.activity.live.alerts import AlertLimits, Measured
from realtime.activity.live.system_events import SystemEvents
from realtime.activity.live.watch import FILL_MAX, AdminWatch
from realtime.process.health import ProcessHealth
from storage.postgres.engine import Database
from storage.postgres.service.jobs import JobOutcome, JobRun, Jobs
from storage.redis.activity.stops import Stop, WorkerStops
from tests.realtime.activity.live.test_watching import an_admin
from tests.realtime.clients import select
from tests.realtime.conftest import RunningWeb, StartWeb
from tests.support.activity import event
from tests.support.waiting import eventually


@dataclass
class AdminsPage:
    """The frames that arrived, kept as the page keeps them."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    watch: AdminWatch | None = None

    def hear(self, text: str) -> None:
        self.frames.append(json.loads(text))

    async def ask(self, **message: Any) -> None:
        assert self.watch is not None
        await self.watch.receive(json.dumps(message))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]

    def sessions(self) -> list[str]:
        return [entry["session"] for frame in self.of("activity") for entry in frame["entries"]]

    async def answered(self, count: int) -> None:
        await until(lambda: len(self.of("history")) >= count)

    @property
    def live(self) -> dict[str, Any]:
        """The newest numbers; empty before there are any."""
        return [{}, *self.of("live")][-1]

    @property
    def last_id(self) -> str:
        return str(self.of("activity")[-1]["last_id"])

    @property
    def skipped(self) -> int:
        return sum(frame["skipped"] for frame in self.of("activity"))


@asynccontextmanager
async def page_on(web: RunningWeb) -> AsyncIterator[AdminsPage]:
    page = AdminsPage()
    page.watch = await web.parts.activity.live_view.watch(page.hear, admin=await an_admin(web))
    yield page
    await page.watch.close()


async def came(web: RunningWeb, *names: str) -> None:
    await web.parts.stores.stream.append([event(name) for name in names])
    web.parts.activity.feed.hint()


async def until(condition: Callable[[], object]) -> None:
    await eventually(condition, deadline=20)


async def test_a_pause_is_filled_from_the_stream(start_web: StartWeb) -> None:
    web = await start_web()
    async with page_on(web) as page:
        await came(web, "a")
        await until(lambda: page.sessions() == ["a"])
        await page.ask(type="pause")
        await page.ask(type="timeline", session="p1")
        await came(web, "p0", "p1", "p2")
        await until(lambda: page.of("waiting") and page.of("waiting")[-1]["count"] == 3)
        assert [e["session"] for f in page.of("timeline") for e in f["entries"]] == ["p1"]
        assert page.sessions() == ["a"]
        await page.ask(type="follow", after=page.last_id)
        await came(web, "b")
        await until(lambda: "b" in page.sessions())
        assert page.sessions() == ["a", "p0", "p1", "p2", "b"]
        assert page.skipped == 0
        told = page.of("activity")
        assert [frame["since"] for frame in told[2:]] == [frame["last_id"] for frame in told[1:-1]]


async def test_a_page_that_returns_to_a_new_process_says_where_to_go_on(
    start_web: StartWeb,
) -> None:
    """It gets nothing before that; otherwise it would take new entries for all that it missed."""
    web = await start_web()
    admin = await an_admin(web)
    async with page_on(web) as page:
        await came(web, "a")
        await until(lambda: page.sessions() == ["a"])
        last = page.last_id
    await came(web, "b", "c")
    back, paused, empty = AdminsPage(), AdminsPage(), AdminsPage()
    for each in (back, paused, empty):
        each.watch = await web.parts.activity.live_view.watch(
            each.hear, admin=admin, returning=True
        )
    await came(web, "d")
    await back.ask(type="follow", after=last)
    await until(lambda: back.sessions() == ["b", "c", "d"])
    await empty.ask(type="follow", after=None)  # it had no entry yet
    await until(lambda: empty.sessions() == ["a", "b", "c", "d"])
    await paused.ask(type="pause")
    await until(lambda: paused.of("waiting"))
    await paused.ask(type="follow", after=last)
    await until(lambda: paused.sessions() == ["b", "c", "d"])
    for each in (back, paused, empty):
        assert each.watch is not None
        await each.watch.close()


async def test_more_than_a_page_keeps_is_counted(start_web: StartWeb) -> None:
    web = await start_web()
    many = FILL_MAX + 300
    async with page_on(web) as page:
        await came(web, "first")
        await until(lambda: page.sessions() == ["first"])
        await page.ask(type="pause")
        for begin in range(0, many, 100):
            await came(web, *(f"s{n}" for n in range(begin, begin + 100)))
        await until(lambda: page.of("waiting") and page.of("waiting")[-1]["count"] >= many - 100)
        await came(web, "last")
        assert page.watch is not None
        await until(lambda: page.watch and page.watch.missed == many + 1)
        await page.ask(type="follow", after=page.last_id)
        await until(lambda: "last" in page.sessions())
        assert page.skipped + len(page.sessions()) == many + 2


async def test_history_and_a_lie_in_every_field(start_web: StartWeb) -> None:
    web = await start_web()
    async with page_on(web) as page:
        now = datetime.now(UTC).isoformat()
        for text in (
            "",
            "[]",
            "{}",
            '{"type":"history"}',
            '{"type":"follow","after":7}',
            "x" * 9999,
        ):
            assert page.watch is not None
            await page.watch.receive(text)
        await page.ask(type="follow", after="0-0; FLUSHALL")
        await page.ask(type="history", re=1, before=now, wish={"text": "\x00"})
        for number, moment in enumerate(("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", now)):
            wish = {"text": "'; DROP TABLE people"}
            await page.ask(type="history", re=7 + number, before=moment, wish=wish)
            await page.answered(number + 1)
        answers = [(frame["re"], frame["entries"]) for frame in page.of("history")]
        assert answers == [(7, []), (8, []), (9, [])]


async def test_the_numbers_name_every_process_and_picture(start_web: StartWeb) -> None:
    one = await start_web(node="one")
    await start_web(node="two")
    api = one.api()
    made = await api.create()
    await api.submit(made["code"], select("nest", "nest120"))
    async with page_on(one) as page:
        await until(lambda: [p["name"] for p in page.live.get("processes", ())] == ["one", "two"])
        live = page.live
        assert live["funnel"] == {"sessions": live["sessions"]["today"], "chose": {}, "inquired": 0}
        assert (live["minutes"]["counts"], live["alerts"]) == ([], [])
    report = one.parts.editing.hub.report()
    assert one.parts.editing.hub.rooms()[0].picture("exterior").startswith("/preview/")
    assert (report.process, report.dropped, report.bus_healthy) == ("one", 0, True)


def test_a_pulse_is_of_the_last_ten_seconds() -> None:
    process_health = ProcessHealth()
    for second in range(30):
        process_health.ops += 3 if second >= 20 else 100
        process_health.beat(float(second), 0.4 if second == 5 else -0.001)
    assert (process_health.ops_per_second, process_health.late_ms) == (3.0, 0)
    process_health.beat(30.0, 0.25)
    assert process_health.late_ms == 250


def test_a_threshold_that_is_crossed_is_reported_once() -> None:
    limits = AlertLimits(lag_seconds=30, online=10)
    assert limits.crossed(Measured(lag_seconds=None, online=10, dead=0)) == []
    crossed = limits.crossed(Measured(lag_seconds=31.26, online=11, dead=2))
    assert [(each.kind, each.value, each.limit) for each in crossed] == [
        ("lag", 31.3, 30),
        ("online", 11, 10),
        ("dead", 2, 0),
    ]
    events = SystemEvents(lambda: datetime(2026, 11, 25, tzinfo=UTC))
    events.alerts(crossed)
    events.alerts(crossed)
    events.alerts(crossed[:1])
    events.processes({"one"})
    events.processes({"two"})
    events.store("redis", here=True)
    events.store("redis", here=False)
    (frame,) = events.fresh()
    said = [(entry["kind"], entry["subject"]) for entry in json.loads(frame)["entries"]]
    assert said == [
        ("alert", "dead"),
        ("alert", "lag"),
        ("alert", "online"),
        ("alert_over", "dead"),
        ("alert_over", "online"),
        ("process_up", "two"),
        ("process_gone", "one"),
        ("store_away", "redis"),
    ]
    events.told()
    assert (events.fresh(), len(events.frames())) == ([], 1)


NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def run(job: str, minute: int | None, outcome: JobOutcome | None, **detail: object) -> JobRun:
    ended = None if minute is None else NOON + timedelta(minutes=minute)
    return JobRun(
        job=job,
        node="w",
        started_at=NOON,
        finished_at=ended,
        due_at=None,
        outcome=outcome,
        detail=detail,
    )


def stop(minute: int) -> Stop:
    at = NOON + timedelta(minutes=minute)
    return Stop(node="w", at=at, unreadable=101, of_last=200)


def test_jobs_and_workers_that_stopped_are_reported_once_with_their_own_time() -> None:
    events = SystemEvents(lambda: NOON)
    events.jobs([run("a", 1, "ok", made=1), run("b", 1, "failed", reason="away")])
    events.stops([stop(1)])
    assert events.fresh() == []  # who looks for the first time is told nothing old
    for _ in range(2):
        events.jobs(
            [
                run("a", 2, "ok", made=2),
                run("b", None, None),
                run("c", 2, "ok", made=0, days={}),
                run("d", 2, "skipped"),
                run("e", 3, "failed", reason="away"),
            ]
        )
        events.stops([stop(3), stop(2), stop(1)])
    (frame,) = events.fresh()
    said = [
        (each["kind"], each["subject"], each["at"][14:16]) for each in json.loads(frame)["entries"]
    ]
    assert said == [
        ("job_done", "a", "02"),
        ("job_failed", "e", "03"),
        ("worker_stopped", "w", "02"),
        ("worker_stopped", "w", "03"),
    ]
    events.told()
    events.looked_away()
    events.jobs([run("a", 9, "ok", made=2)])
    events.stops([stop(9)])
    assert events.fresh() == []


async def test_actions_of_workers_reach_every_watcher(start_web: StartWeb) -> None:
    web = await start_web()
    stops = WorkerStops(web.parts.stores.redis)
    async with Database(web.worker_url, pool_size=1) as database, page_on(web) as page:
        jobs = Jobs(database)
        await until(lambda: page.live.get("counters"))
        number = await jobs.begin("make partitions", "worker-1")
        await jobs.finish(number, "ok", detail={"made": 3}, due_at=datetime.now(UTC))
        await stops.note("worker-1", unreadable=101, of_last=500)
        await until(lambda: said_kinds(page) >= {"job_done", "worker_stopped"})


def said_kinds(page: AdminsPage) -> set[str]:
    return {entry["kind"] for frame in page.of("system") for entry in frame["entries"]}
