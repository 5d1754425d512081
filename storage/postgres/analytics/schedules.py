"""Schedules of CSV files, and the files made for them: at most one per due time.

One transaction stores a file and moves the schedule to its next due time, but only if the schedule
has not moved since it was read. Two workers at the same moment, or one that was killed and starts
again, therefore leave one file. The newest `FILES_KEPT` files of each schedule are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.cadence import Cadence
from storage.postgres.engine import Database
from storage.postgres.schema.tables import analytics_files, analytics_schedules
from storage.postgres.service.audit import Recorder

SCHEDULES_MAX: Final = 20
FILES_KEPT: Final = 30
FILE_BYTES_MAX: Final = 1_000_000
DELIVERY_ATTEMPTS_MAX: Final = 5

_ROOM_KEY: Final = 0x63737673
"""The lock under which schedules are added one after the other, so that the count is right."""

_schedules, _files = analytics_schedules.c, analytics_files.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A CSV of the figure `view` with `query`, over the whole `days` before each due time."""

    id: UUID
    name: str
    view: str
    query: dict[str, str]
    days: int
    hour: int
    weekday: int | None
    zone: str
    next_due_at: datetime

    @property
    def cadence(self) -> Cadence:
        """The times at which the schedule is due."""
        return Cadence(hour=self.hour, zone=self.zone, weekday=self.weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """A file without its content. `problem`: the code of the error if there is no content."""

    id: UUID
    schedule_id: UUID
    due_at: datetime
    made_at: datetime
    first_day: date
    last_day: date
    rows: int
    bytes: int
    problem: str | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """The file to store for one due time; `content` is None if there is a `problem`."""

    id: UUID
    first_day: date
    last_day: date
    rows: int
    content: bytes | None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFile:
    """A file that waits to be delivered."""

    id: UUID
    name: str
    view: str
    due_at: datetime
    last_day: date
    content: bytes


class Schedules:
    """Makes, lists and ends schedules; keeps files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, schedule: Schedule, *, by: Recorder) -> bool:
        """Stores a schedule, and a line in the audit; False if there are `SCHEDULES_MAX` already."""
        values = {name: getattr(schedule, name) for name in Schedule.__slots__}

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ROOM_KEY})
            counted = await connection.execute(
                select(func.count()).select_from(analytics_schedules)
            )
            if counted.scalar_one() >= SCHEDULES_MAX:
                return False
            await connection.execute(insert(analytics_schedules).values(values))
            await by.within(
                connection,
                action="schedules.create",
                subject=schedule.name,
                detail={
                    "id": str(schedule.id),
                    "view": schedule.view,
                    "query": schedule.query,
                    "days": schedule.days,
                    "hour": schedule.hour,
                    "weekday": schedule.weekday,
                    "zone": schedule.zone,
                },
            )
            return True

        return await self._database.write(work)

    async def listed(self) -> list[tuple[Schedule, list[FileInfo]]]:
        """Every schedule in order of creation, with its files, the newest first."""
        by_age = select(analytics_schedules).order_by(_schedules.created_at, _schedules.id)
        files = select(
            *(_files[name] for name in FileInfo.__slots__ if name != "bytes"),
            func.coalesce(func.octet_length(_files.content), 0).label("bytes"),
        ).order_by(_files.due_at.desc())

        async def work(connection: AsyncConnection) -> list[tuple[Schedule, list[FileInfo]]]:
            kept: dict[UUID, list[FileInfo]] = {}
            for row in await connection.execute(files):
                kept.setdefault(row.schedule_id, []).append(FileInfo(**row._mapping))
            return [
                (_schedule(row), kept.get(row.id, [])) for row in await connection.execute(by_age)
            ]

        return await self._database.read_snapshot(work)

    async def remove(self, schedule_id: UUID, *, by: Recorder) -> bool:
        """Deletes a schedule and its files, with a line in the audit; False if it did not exist."""
        gone = (
            delete(analytics_schedules)
            .where(_schedules.id == schedule_id)
            .returning(_schedules.name)
        )

        async def work(connection: AsyncConnection) -> bool:
            name = (await connection.execute(gone)).scalar_one_or_none()
            if name is not None:
                await by.within(
                    connection,
                    action="schedules.remove",
                    subject=name,
                    detail={"id": str(schedule_id)},
                )
            return name is not None

        return await self._database.write(work)

    async def due(self, now: datetime) -> list[Schedule]:
        """The schedules that are due, the longest overdue first."""
        statement = (
            select(analytics_schedules)
            .where(_schedules.next_due_at <= now)
            .order_by(_schedules.next_due_at, _schedules.id)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [_schedule(row) for row in found]

    async def keep(
        self, schedule: Schedule, file: MadeFile, *, due_at: datetime, next_due_at: datetime
    ) -> bool:
        """Stores the file of `due_at` and moves the schedule to `next_due_at`, both or neither.

        False if the schedule has changed since `schedule` was read: another worker made this file,
        or the schedule was removed.
        """
        moved = (
            update(analytics_schedules)
            .where(_schedules.id == schedule.id, _schedules.next_due_at == schedule.next_due_at)
            .values(next_due_at=next_due_at)
        )
        values = {name: getattr(file, name) for name in MadeFile.__slots__}
        values |= {"schedule_id": schedule.id, "due_at": due_at}

        async def work(connection: AsyncConnection) -> bool:
            if not (await connection.execute(moved)).rowcount:
                return False
            await connection.execute(insert(analytics_files).values(values))
            await connection.execute(_FORGET, {"schedule": schedule.id, "kept": FILES_KEPT})
            return True

        return await self._database.write(work)

    async def content(self, file_id: UUID) -> tuple[FileInfo, str, bytes] | None:
        """A file with the name of its figure and its content; None if there is no content."""
        statement = (
            select(
                analytics_files, _schedules.view, func.octet_length(_files.content).label("bytes")
            )
            .join(analytics_schedules)
            .where(_files.id == file_id, _files.content.is_not(None))
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        if row is None:
            return None
        info = FileInfo(**{name: getattr(row, name) for name in FileInfo.__slots__})
        return info, row.view, row.content

    async def undelivered(self, since: datetime) -> Sequence[WaitingFile]:
        """Files made since then that are not delivered yet and have attempts left."""
        statement = (
            select(
                _files.id, _schedules.name, _schedules.view, _files.due_at, _files.last_day,
                _files.content,
            )
            .join(analytics_schedules)
            .where(
                _files.delivered_at.is_(None),
                _files.content.is_not(None),
                _files.made_at >= since,
                _files.delivery_attempts < DELIVERY_ATTEMPTS_MAX,
            )
            .order_by(_files.due_at, _files.id)
            .limit(SCHEDULES_MAX)
        )  # fmt: skip
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [WaitingFile(**row._mapping) for row in found]

    async def note_delivery(self, file_id: UUID, delivered_at: datetime | None) -> None:
        """Counts an attempt to deliver; `delivered_at` is None if it failed."""
        noted = (
            update(analytics_files)
            .where(_files.id == file_id)
            .values(delivered_at=delivered_at, delivery_attempts=_files.delivery_attempts + 1)
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(noted)

        await self._database.write(work)


_FORGET: Final = text(
    "DELETE FROM analytics_files WHERE schedule_id = :schedule AND id NOT IN ("
    " SELECT id FROM analytics_files WHERE schedule_id = :schedule"
    " ORDER BY due_at DESC LIMIT :kept)"
)


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(**{name: getattr(row, name) for name in Schedule.__slots__})
