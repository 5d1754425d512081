"""The live view of admins: what happens, who is online, what is on the screens - all pushed.

One board per process. While somebody watches, it adds up what every web process reports about its
rooms (at most ``REPORT_SECONDS`` old), reads the stored counts, and pushes a ``live`` frame when
something changed. Interactions are pushed as they come, from the one feed of the process, each page
at its own pace (`realtime.admin_watch`). A process that appears or goes, a store that is away or
back, a threshold that is crossed, a job that did something or failed, and a worker that stopped
are events of the same time line.

live      {online, rooms: [{code, total_cents, people, version, preview}], room_count, sessions,
          value_on_screens_cents, counters, minutes, funnel, processes, alerts, away,
          lag: {events, seconds, stored_through} | null}
          away: of "postgresql" (the stored counts stand still) and "redis" (online, rooms and value
          may be of this process alone) those that do not answer
activity  {entries: [feed event + code], skipped, gap, since, last_id}
waiting   {count}: so many came while this page was paused
timeline  {entries}: of the session that a paused page looks at
history   {re, entries | null}: a page of what is stored, newest first; null: not now
system    {entries: [{id, at, kind, subject, detail?}]}
forgotten {sessions}: these were erased, nothing of them may stay on the screen
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import structlog
from typing_extensions import override

from configurator.event_ids import moment_of, unix_ms
from configurator.protocol import codec
from realtime.activity_feed import ActivityFeed
from realtime.admin_sessions import AdminSessions
from realtime.admin_watch import AdminWatch, Send
from realtime.alerts import Alert, AlertLimits, Measured
from realtime.hub import REPORT_SECONDS, Hub, ProcessReport, RoomReport
from realtime.looks import Looks
from realtime.principal import Principal
from realtime.readiness import UnlessAway
from realtime.system_events import SystemEvents
from storage.errors import StorageError
from storage.outage import Outage
from storage.postgres.audit import Actor
from storage.postgres.interactions import Interactions
from storage.postgres.jobs import Jobs, overdue
from storage.postgres.past_interactions import PastInteractions
from storage.postgres.sessions import Sessions
from storage.postgres.statistics import Day, DayFunnel, Minutes, Statistics
from storage.redis.presence import Presence
from storage.redis.stops import WorkerStops, restarts
from storage.redis.stream import InteractionStream
from storage.tasks import TaskOwner

log = structlog.get_logger()

COUNT_SECONDS = 2.0
COUNT_SHARE = 20
CODES_MAX = 10_000
ROOMS_SHOWN_MAX = 500


class _Room(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    total_cents: int
    people: list[str]
    version: int
    preview: str | None


class _Process(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    rooms: int
    connections: int
    ops_per_second: float
    dropped: int
    page_dropped: int
    late_ms: int
    bus_healthy: bool


class _Minutes(msgspec.Struct, frozen=True, kw_only=True):
    counts: tuple[tuple[int, int], ...]
    peak_at: int | None
    peak: int


class _Funnel(msgspec.Struct, frozen=True, kw_only=True):
    sessions: int
    chose: Mapping[str, int]
    inquired: int


class _Lag(msgspec.Struct, frozen=True, kw_only=True):
    events: int
    seconds: float
    stored_through: str | None


class _Live(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="live"):
    online: int
    rooms: list[_Room]
    value_on_screens_cents: int
    sessions: dict[str, int]
    counters: dict[str, int]
    room_count: int
    minutes: _Minutes | None
    funnel: _Funnel | None
    processes: list[_Process]
    alerts: list[Alert]
    away: list[str]
    lag: _Lag | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What is read from the stores every other second."""

    day: Day
    minutes: Minutes
    funnel: DayFunnel
    stored_through: str | None


class AdminBoard(TaskOwner):
    """Feeds the admin pages of this process. An async context manager: it owns the tasks."""

    def __init__(
        self,
        *,
        hub: Hub,
        open_sessions: AdminSessions,
        looks: Looks,
        feed: ActivityFeed,
        presence: Presence,
        statistics: Statistics,
        interactions: Interactions,
        sessions: Sessions,
        stream: InteractionStream,
        past: PastInteractions,
        jobs: Jobs,
        stops: WorkerStops,
        unless_away: UnlessAway,
        now: Callable[[], datetime],
        limits: AlertLimits,
    ) -> None:
        super().__init__()
        self._hub = hub
        self._open_sessions = open_sessions
        self._looks = looks
        self._feed = feed
        self._presence = presence
        self._statistics = statistics
        self._interactions = interactions
        self._sessions = sessions
        self._stream = stream
        self._past = past
        self._jobs = jobs
        self._stops = stops
        self._unless_away = unless_away
        self._now = now
        self._limits = limits
        self._events = SystemEvents(now)
        self._watches: set[AdminWatch] = set()
        self._watched = asyncio.Event()
        self._codes: OrderedDict[UUID, str] = OrderedDict()
        self._counted_last: _Counted | None = None
        self._due = now()
        self._dead = self._restarts = self._failing = self._overdue = 0
        self._shown = ""
        self.outage = Outage("counting for the pages of admins")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        """Wait for somebody to watch."""
        self._tasks.start(self._report_forever(), name="admin board")

    async def first_frames(self) -> list[str]:
        """What a page begins with: the figures of now, and the events that are kept."""
        return [await self._live(), *self._events.frames()]

    async def watch(
        self,
        send: Send,
        *,
        admin: Principal,
        network: str | None = None,
        returning: bool = False,
    ) -> AdminWatch:
        """Begin feeding ``send``: what a page begins with, then whatever comes.

        A page that is ``returning`` has told entries on its screen, so it is told none before it says
        after which one to go on. The watch ends with the session of the admin. ``network`` is where
        they are, for the audit.
        """
        assert admin.admin_session is not None  # noqa: S101 - there is no other way to be an admin
        watch = AdminWatch(
            send,
            session_sha256=admin.admin_session,
            sessions=self._open_sessions,
            feed=self._feed,
            past=self._past,
            looked=partial(self._looks.session, Actor(admin.called, network)),
            codes=self._codes_of,
            closed=self._forget,
        )
        for frame in await self.first_frames():
            send(frame)
        self._watches.add(watch)
        self._watched.set()
        watch.start(self._tasks, fed=not returning)
        return watch

    def forget_sessions(self, sessions: Sequence[UUID]) -> None:
        """These were erased: neither this process nor an open page shows anything of them."""
        for each in sessions:
            self._codes.pop(each, None)
        frame = {"type": "forgotten", "sessions": [str(each) for each in sessions]}
        text = msgspec.json.encode(frame).decode()
        for watch in self._watches:
            watch.send(text)

    def _forget(self, watch: AdminWatch) -> None:
        self._watches.discard(watch)
        if not self._watches:
            self._watched.clear()

    async def _codes_of(self, session_ids: Iterable[UUID]) -> dict[UUID, str]:
        wanted = list(session_ids)
        await self._learn_codes(wanted)
        return {each: self._codes[each] for each in wanted if each in self._codes}

    async def _learn_codes(self, session_ids: Iterable[UUID]) -> None:
        unknown = [each for each in session_ids if each not in self._codes]
        if not unknown:
            return
        with self.outage.tolerated():
            self._codes.update(await self._sessions.codes(unknown))
        while len(self._codes) > CODES_MAX:
            self._codes.popitem(last=False)

    async def _report_forever(self) -> None:
        while True:
            if not self._watched.is_set() and not self.outage.failures:
                self._events.looked_away()
                await self._watched.wait()
            frame = await self._live()
            frames = [frame] if frame != self._shown else []
            self._shown = frame
            for watch in list(self._watches):
                for each in (*frames, *self._events.fresh()):
                    watch.send(each)
            self._events.told()
            await asyncio.sleep(REPORT_SECONDS)

    async def _live(self) -> str:
        reports = await self._reports()
        rooms = _merged(reports)
        counted = await self._counted()
        day = counted.day if counted else None
        lag = self._feed.lag
        online = len({person for report in reports for person in report.people})
        alerts = self._limits.crossed(
            Measured(
                lag_seconds=lag.seconds if lag else None,
                online=online,
                dead=self._dead,
                restarts=self._restarts,
                jobs=self._failing,
                overdue=self._overdue,
            )
        )
        self._events.alerts(alerts)
        live = _Live(
            online=online,
            rooms=rooms[:ROOMS_SHOWN_MAX],
            room_count=max(len(rooms), *(report.room_count for report in reports)),
            value_on_screens_cents=sum(room.total_cents for room in rooms),
            sessions={}
            if day is None
            else {
                "active": day.sessions_active,
                "today": day.sessions_started,
                "completed": day.sessions_completed,
            },
            counters={}
            if day is None
            else {
                "today": day.interactions,
                "per_minute": day.interactions_last_minute,
                "inquiries": day.inquiries,
                "dead": self._dead,
            },
            minutes=None if counted is None else _minutes(counted.minutes),
            funnel=None if counted is None else _funnel(counted.funnel),
            processes=[_process(report) for report in reports],
            alerts=alerts,
            away=self._away(),
            lag=None
            if lag is None
            else _Lag(
                events=lag.entries,
                seconds=round(lag.seconds, 1),
                stored_through=counted.stored_through if counted else None,
            ),
        )
        return msgspec.json.encode(live).decode()

    def _away(self) -> list[str]:
        """Redis also counts as away while it tells this process nothing, as just after its return."""
        deaf = {"redis"} if not self._hub.report().bus_healthy else set()
        return sorted(self._events.away | deaf)

    async def _reports(self) -> list[ProcessReport]:
        """Every process's report, by name; only this one's when Redis is away."""
        mine = self._hub.report()
        try:
            stored = await self._presence.reports()
        except StorageError:
            self._events.store("redis", here=False)
            return [mine]
        self._events.store("redis", here=True)
        others = [report for each in stored.values() if (report := _report(each)) is not None]
        reports = [mine, *(report for report in others if report.process != mine.process)]
        self._events.processes({report.process for report in reports})
        return sorted(reports, key=lambda report: report.process)

    async def _counted(self) -> _Counted | None:
        """The stored counts, at most ``COUNT_SECONDS`` old; the last known while away.

        Where counting takes long it is done less often: a twentieth of the time at most. A try that
        failed says nothing about that.
        """
        now = self._now()
        if now >= self._due:
            self._due = now + timedelta(seconds=COUNT_SECONDS)
            try:
                await self._unless_away(partial(self._look, now))
                self._due = max(self._due, now + (self._now() - now) * COUNT_SHARE)
                self._events.store("postgresql", here=True)
                self.outage.over()
            except StorageError as away:
                self._events.store("postgresql", here=False)
                self.outage.met(away)
            with suppress(StorageError):
                self._dead = await self._stream.dead_count()
                stops = await self._stops.latest()
                self._restarts = restarts(stops, now)
                self._events.stops(stops)
        return self._counted_last

    async def _look(self, now: datetime) -> None:
        self._counted_last = await self._count(now)
        runs = (await self._jobs.latest()).values()
        self._events.jobs(runs)
        self._overdue = overdue(runs, now)
        self._failing = len(await self._jobs.failing())

    async def _count(self, now: datetime) -> _Counted:
        return _Counted(
            day=await self._statistics.day(now),
            minutes=await self._statistics.minutes(now),
            funnel=await self._statistics.day_funnel(now),
            stored_through=_moment(await self._interactions.stored_through(), now),
        )


def _minutes(found: Minutes) -> _Minutes:
    return _Minutes(counts=found.counts, peak_at=found.peak_at, peak=found.peak)


def _funnel(found: DayFunnel) -> _Funnel:
    return _Funnel(sessions=found.sessions, chose=found.chose, inquired=found.inquired)


def _process(report: ProcessReport) -> _Process:
    return _Process(
        name=report.process,
        rooms=max(report.room_count, len(report.rooms)),
        connections=report.connections,
        ops_per_second=report.ops_per_second,
        dropped=report.dropped,
        page_dropped=report.page_dropped,
        late_ms=report.late_ms,
        bus_healthy=report.bus_healthy,
    )


def _report(payload: bytes) -> ProcessReport | None:
    """What a process says; None when it speaks another release's language."""
    try:
        return msgspec.json.decode(payload, type=ProcessReport)
    except codec.UNREADABLE:
        log.warning("process_report_unreadable")
        return None


def _moment(stream_id: str | None, now: datetime) -> str | None:
    """The time in a stream id, as ISO 8601 in UTC; no later than now, whatever Redis's clock was."""
    if stream_id is None:
        return None
    ms = min(int(stream_id.partition("-")[0]), unix_ms(now))
    return moment_of(ms).isoformat(timespec="milliseconds")


def _merged(reports: Iterable[ProcessReport]) -> list[_Room]:
    """One row for a configuration, whichever processes have it open; the newest version counts."""
    by_id: dict[UUID, list[RoomReport]] = {}
    for report in reports:
        for room in report.rooms:
            by_id.setdefault(room.id, []).append(room)
    rooms = []
    for same in by_id.values():
        newest = max(same, key=lambda room: room.version)
        rooms.append(
            _Room(
                code=newest.code,
                total_cents=newest.total_cents,
                people=sorted(name for room in same for name in room.people),
                version=newest.version,
                preview=newest.preview,
            )
        )
    return sorted(rooms, key=lambda room: room.code)
