"""The live view of admins: interactions, people online, houses on screens - all pushed.

One live view per process. While somebody watches, it adds up what every web process reports about its
rooms (at most ``REPORT_SECONDS`` old), reads the stored counts, and pushes a ``live`` frame when
something changed. Interactions are pushed as they come, from the one feed of the process, each page
at its own pace (`realtime.activity.live.watch`). A process that appears or goes, a store that is away or
back, a threshold that is crossed, a job that did something or failed, and a worker that stopped
are events of the same time line.

live      see `realtime.activity.live.live_frame`
activity  {entries: [feed event + code], skipped, gap, since, last_id}
waiting   {count}: entries that came while this page was paused
timeline  {entries}: of the session that a paused page looks at
history   {re, entries | null}: a page of stored entries, newest first; null: not available now
system    {entries: [{id, at, kind, subject, detail?}]}
forgotten {sessions}: erased sessions, which must vanish from the screen
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import structlog
from cachetools import LRUCache
from typing_extensions import override

from configurator.protocol import codec
from realtime.activity.live.alerts import AlertLimits, Measured
from realtime.activity.live.feed import ActivityFeed
from realtime.activity.live.live_frame import StoredCounts, live_frame, moment_in, people_online
from realtime.activity.live.system_events import SystemEvents
from realtime.activity.live.watch import AdminWatch
from realtime.delivery.page import SendText
from realtime.people.admin_sessions import AdminSessions
from realtime.people.looks import Looks
from realtime.people.principal import Staff
from realtime.process.report import REPORT_SECONDS, ProcessReport
from storage.errors import StorageError
from storage.outage import Outage, UnlessAway
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.past_interactions import PastInteractions
from storage.postgres.activity.sessions import Sessions
from storage.postgres.activity.statistics import Statistics
from storage.postgres.service.audit import Actor
from storage.postgres.service.jobs import Jobs, overdue
from storage.redis.activity.stops import WorkerStops, restarts
from storage.redis.activity.stream import InteractionStream
from storage.redis.presence import PresenceReports
from storage.tasks import TaskOwner

log = structlog.get_logger()

COUNT_SECONDS = 2.0
COUNT_SHARE = 20
CODES_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStores:
    """The stores that the live view reads."""

    presence: PresenceReports
    statistics: Statistics
    interactions: Interactions
    sessions: Sessions
    stream: InteractionStream
    past: PastInteractions
    jobs: Jobs
    stops: WorkerStops


class LiveView(TaskOwner):
    """Feeds the admin pages of this process. An async context manager: it owns the tasks."""

    def __init__(
        self,
        *,
        report: Callable[[], ProcessReport],
        open_sessions: AdminSessions,
        looks: Looks,
        feed: ActivityFeed,
        stores: LiveStores,
        unless_away: UnlessAway,
        now: Callable[[], datetime],
        limits: AlertLimits,
    ) -> None:
        super().__init__()
        self._report_of_this_process = report
        self._open_sessions = open_sessions
        self._looks = looks
        self._feed = feed
        self._stores = stores
        self._unless_away = unless_away
        self._now = now
        self._limits = limits
        self._events = SystemEvents(now)
        self._watches: set[AdminWatch] = set()
        self._watched = asyncio.Event()
        self._codes: LRUCache[UUID, str] = LRUCache(CODES_MAX)
        self._counted_last: StoredCounts | None = None
        self._due = now()
        self._dead = self._restarts = self._failing = self._overdue = 0
        self._shown = ""
        self.outage = Outage("counting for the pages of admins")
        self.outages = (self.outage,)

    @override
    def _begin(self) -> None:
        """Start the loop, which waits until an admin watches."""
        self._tasks.start(self._report_forever(), name="live view")

    async def first_frames(self) -> list[str]:
        """The frames that a page begins with: the present figures, and the recent events."""
        return [await self._live(), *self._events.frames()]

    async def watch(
        self,
        send: SendText,
        *,
        admin: Staff,
        network: str | None = None,
        returning: bool = False,
    ) -> AdminWatch:
        """Begin to feed ``send``: first the newest entries, then every later one.

        A page that is ``returning`` has entries on its screen already, so it gets none before it
        names the entry to go on after. The watch ends with the session of the admin. ``network`` is
        where they are, for the audit.
        """
        watch = AdminWatch(
            send,
            session_sha256=admin.session_sha256,
            sessions=self._open_sessions,
            feed=self._feed,
            past=self._stores.past,
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
        """Forget erased sessions, in this process and on its open pages."""
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
            self._codes.update(await self._stores.sessions.codes(unknown))

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
        counted = await self._counted()
        lag = self._feed.lag
        alerts = self._limits.crossed(
            Measured(
                lag_seconds=lag.seconds if lag else None,
                online=people_online(reports),
                dead=self._dead,
                restarts=self._restarts,
                jobs=self._failing,
                overdue=self._overdue,
            )
        )
        self._events.alerts(alerts)
        return live_frame(
            reports=reports,
            counted=counted,
            dead=self._dead,
            lag=lag,
            alerts=alerts,
            away=self._away(),
        )

    def _away(self) -> list[str]:
        """The stores that are away.

        Redis also counts while this process gets nothing, just after its return.
        """
        deaf = {"redis"} if not self._report_of_this_process().bus_healthy else set()
        return sorted(self._events.away | deaf)

    async def _reports(self) -> list[ProcessReport]:
        """The report of each process, by name; only that of this process while Redis is away."""
        mine = self._report_of_this_process()
        try:
            stored = await self._stores.presence.reports()
        except StorageError:
            self._events.store("redis", here=False)
            return [mine]
        self._events.store("redis", here=True)
        others = [report for each in stored.values() if (report := _report(each)) is not None]
        reports = [mine, *(report for report in others if report.process != mine.process)]
        self._events.processes({report.process for report in reports})
        return sorted(reports, key=lambda report: report.process)

    async def _counted(self) -> StoredCounts | None:
        """The stored counts, at most ``COUNT_SECONDS`` old; the last known ones in an outage.

        A slow count is repeated less often: counting takes a twentieth of the time at most. A
        failed count does not change the interval.
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
                self._dead = await self._stores.stream.dead_count()
                stops = await self._stores.stops.latest()
                self._restarts = restarts(stops, now)
                self._events.stops(stops)
        return self._counted_last

    async def _look(self, now: datetime) -> None:
        self._counted_last = await self._count(now)
        runs = (await self._stores.jobs.latest()).values()
        self._events.jobs(runs)
        self._overdue = overdue(runs, now)
        self._failing = len(await self._stores.jobs.failing())

    async def _count(self, now: datetime) -> StoredCounts:
        return StoredCounts(
            day=await self._stores.statistics.day(now),
            minutes=await self._stores.statistics.minutes(now),
            funnel=await self._stores.statistics.day_funnel(now),
            stored_through=moment_in(await self._stores.interactions.stored_through(), now),
        )


def _report(payload: bytes) -> ProcessReport | None:
    """The report of a process; None if another release wrote it in a form that this one cannot read."""
    try:
        return msgspec.json.decode(payload, type=ProcessReport)
    except codec.UNREADABLE:
        log.warning("process_report_unreadable")
        return None
