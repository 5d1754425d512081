"""The ``live`` frame: the present figures that admins see. Pure.

live      {online, rooms: [{code, total_cents, people, version, preview}], room_count, sessions,
          value_on_screens_cents, counters, minutes, funnel, processes, alerts, away,
          lag: {events, seconds, stored_through} | null}
          away: of "postgresql" (the stored counts stand still) and "redis" (online, rooms and value
          may be of this process alone) those that do not answer
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from configurator.activity.event_ids import moment_of, unix_ms
from realtime.activity.live.alerts import Alert
from realtime.process.report import ProcessReport, RoomReport
from storage.postgres.activity.statistics import Day, DayFunnel, Minutes
from storage.redis.activity.position import Lag

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
class StoredCounts:
    """The counts in the stores, which are read every other second."""

    day: Day
    minutes: Minutes
    funnel: DayFunnel
    stored_through: str | None


def live_frame(
    *,
    reports: Sequence[ProcessReport],
    counted: StoredCounts | None,
    dead: int,
    lag: Lag | None,
    alerts: list[Alert],
    away: list[str],
) -> str:
    """The frame made of the processes' reports and the stores' counts (None: no counts yet)."""
    rooms = _merged(reports)
    day = counted.day if counted else None
    live = _Live(
        online=people_online(reports),
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
            "dead": dead,
        },
        minutes=None if counted is None else _minutes(counted.minutes),
        funnel=None if counted is None else _funnel(counted.funnel),
        processes=[_process(report) for report in reports],
        alerts=alerts,
        away=away,
        lag=None
        if lag is None
        else _Lag(
            events=lag.entries,
            seconds=round(lag.seconds, 1),
            stored_through=counted.stored_through if counted else None,
        ),
    )
    return msgspec.json.encode(live).decode()


def people_online(reports: Iterable[ProcessReport]) -> int:
    """The number of people connected, over all processes."""
    return len({person for report in reports for person in report.people})


def moment_in(stream_id: str | None, now: datetime) -> str | None:
    """The time in a stream id, as ISO 8601 in UTC; no later than now, whatever Redis's clock was."""
    if stream_id is None:
        return None
    ms = min(int(stream_id.partition("-")[0]), unix_ms(now))
    return moment_of(ms).isoformat(timespec="milliseconds")


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


def _merged(reports: Iterable[ProcessReport]) -> list[_Room]:
    """One row for each configuration, made of all processes' reports; the newest version counts."""
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
