"""The live view of admins: what happens, who is online, what is on the screens - all pushed.

One board per process. While somebody watches, it adds up what every web process reports about its
rooms (at most ``REPORT_SECONDS`` old), reads the stored counts, and pushes a ``live`` frame when
something changed; interactions are pushed as they come, from the one feed of the process.

live      {online, rooms: [{code, total_cents, people, version}], value_on_screens_cents, sessions,
          counters, lag: {events, seconds} | null}
activity  {entries: [feed event + code], skipped, gap}
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec
import structlog

from configurator.protocol import codec
from realtime.activity_feed import ActivityFeed, FeedBatch, Watcher
from realtime.hub import REPORT_SECONDS, Hub, ProcessReport, RoomReport
from storage.errors import StorageUnavailable
from storage.postgres.interactions import Interactions
from storage.postgres.sessions import Sessions
from storage.postgres.statistics import Day, Statistics
from storage.redis.presence import Presence
from storage.tasks import OwnedTasks

log = structlog.get_logger()

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COUNT_SECONDS = 2.0
CODES_MAX = 10_000
ROOMS_SHOWN_MAX = 500

Send = Callable[[str], None]


class _Room(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    total_cents: int
    people: list[str]
    version: int


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
    lag: _Lag | None


class AdminWatch:
    """One admin page that is being fed; ``initial_frames`` are for its first paint."""

    def __init__(self, send: Send, initial_frames: list[str]) -> None:
        self.send = send
        self.initial_frames = initial_frames
        self.feeding: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Stop feeding. Safe to call twice."""
        if self.feeding is not None:
            self.feeding.cancel()


class AdminBoard:
    """Feeds the admin pages of this process. An async context manager: it owns the tasks."""

    def __init__(
        self,
        *,
        hub: Hub,
        feed: ActivityFeed,
        presence: Presence,
        statistics: Statistics,
        interactions: Interactions,
        sessions: Sessions,
        now: Callable[[], datetime],
    ) -> None:
        self._hub = hub
        self._feed = feed
        self._presence = presence
        self._statistics = statistics
        self._interactions = interactions
        self._sessions = sessions
        self._now = now
        self._watches: set[AdminWatch] = set()
        self._watched = asyncio.Event()
        self._codes: OrderedDict[UUID, str] = OrderedDict()
        self._day: Day | None = None
        self._day_due = now()
        self._stored_through: str | None = None
        self._shown = ""
        self._tasks = OwnedTasks()

    async def __aenter__(self) -> Self:
        """Wait for somebody to watch."""
        await self._tasks.__aenter__()
        self._tasks.start(self._report_forever(), name="admin board")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop feeding everybody."""
        await self._tasks.__aexit__(kind, error, trace)

    async def watch(self, send: Send) -> AdminWatch:
        """Begin feeding ``send``; everything after the initial frames is pushed."""
        watch = AdminWatch(send, [await self._live()])
        watch.feeding = self._tasks.task(self._feed_one(watch), name="admin watch")
        return watch

    async def _feed_one(self, watch: AdminWatch) -> None:
        self._watches.add(watch)
        self._watched.set()
        try:
            async with self._feed.watch() as interactions:
                await self._pass_on(watch, interactions)
        finally:
            self._watches.discard(watch)
            if not self._watches:
                self._watched.clear()

    async def _pass_on(self, watch: AdminWatch, interactions: Watcher) -> None:
        async for batch in interactions:
            watch.send(await self._activity(batch))

    async def _activity(self, batch: FeedBatch) -> str:
        await self._learn_codes({UUID(str(event["session_id"])) for event in batch.events})
        entries = [
            {**event, "code": self._codes.get(UUID(str(event["session_id"])))}
            for event in batch.events
        ]
        frame = {
            "type": "activity",
            "entries": entries,
            "skipped": batch.skipped,
            "gap": batch.gap,
        }
        return msgspec.json.encode(frame).decode()

    async def _learn_codes(self, session_ids: Iterable[UUID]) -> None:
        unknown = [each for each in session_ids if each not in self._codes]
        if not unknown:
            return
        try:
            self._codes.update(await self._sessions.codes(unknown))
        except StorageUnavailable as away:
            log.info("store_away", step="admin board", reason=str(away)[:200])
        while len(self._codes) > CODES_MAX:
            self._codes.popitem(last=False)

    async def _report_forever(self) -> None:
        while True:
            await self._watched.wait()
            frame = await self._live()
            if frame != self._shown:
                self._shown = frame
                for watch in list(self._watches):
                    watch.send(frame)
            await asyncio.sleep(REPORT_SECONDS)

    async def _live(self) -> str:
        reports = await self._reports()
        rooms = _merged(reports)
        day = await self._counted()
        lag = self._feed.lag
        live = _Live(
            online=len({person for report in reports for person in report.people}),
            rooms=rooms[:ROOMS_SHOWN_MAX],
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
            },
            lag=None
            if lag is None
            else _Lag(
                events=lag.entries,
                seconds=round(lag.seconds, 1),
                stored_through=self._stored_through,
            ),
        )
        return msgspec.json.encode(live).decode()

    async def _reports(self) -> list[ProcessReport]:
        """Every process's report; only this one's when Redis is away."""
        mine = self._hub.report()
        try:
            stored = await self._presence.reports()
        except StorageUnavailable:
            return [mine]
        others = [report for each in stored.values() if (report := _report(each)) is not None]
        return [mine, *(report for report in others if report.process != mine.process)]

    async def _counted(self) -> Day | None:
        """The stored counts, at most ``COUNT_SECONDS`` old; the last known while away."""
        now = self._now()
        if now >= self._day_due:
            self._day_due = now + timedelta(seconds=COUNT_SECONDS)
            try:
                self._day = await self._statistics.day(now)
                self._stored_through = _moment(await self._interactions.stored_through())
            except StorageUnavailable as away:
                log.info("store_away", step="admin board", reason=str(away)[:200])
        return self._day


def _report(payload: bytes) -> ProcessReport | None:
    """What a process says; None when it speaks another release's language."""
    try:
        return msgspec.json.decode(payload, type=ProcessReport)
    except codec.UNREADABLE:
        log.warning("process_report_unreadable")
        return None


def _moment(stream_id: str | None) -> str | None:
    """The time in a stream id, as ISO 8601 in UTC."""
    if stream_id is None:
        return None
    unix_ms = int(stream_id.partition("-")[0])
    return (EPOCH + timedelta(milliseconds=unix_ms)).isoformat(timespec="milliseconds")


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
            )
        )
    return sorted(rooms, key=lambda room: room.code)
