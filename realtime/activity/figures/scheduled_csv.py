"""Files of figures on a schedule, CSV or Excel: the leading worker makes one file for each due time.

After a time without a worker the latest missed file is made, earlier ones are not. The content of a
file depends only on its due time, so a late file is the same file: the figure over the whole days
before, in the time zone of the schedule.

Delivery comes after that and may happen again: a post that was not answered is sent again, with the
same `Idempotency-Key`, up to five times within a day.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote
from uuid import UUID

import structlog

from configurator.protocol.codes import Refused
from realtime.activity.figures.views import FigureViews
from realtime.activity.service.webhook import WebhookFailed
from realtime.sheets.answers import MEDIA_TYPES, SheetForm, Sheets, format_of, sheet_form_of
from storage.errors import StorageDefect, StorageUnavailable
from storage.postgres.analytics.schedules import (
    FILE_BYTES_MAX,
    MadeFile,
    Schedule,
    Schedules,
    WaitingFile,
)

log = structlog.get_logger()

DELIVERED_WITHIN: Final = timedelta(days=1)
AGAIN_AFTER: Final = timedelta(minutes=1)
AGAIN_AFTER_MAX: Final = timedelta(hours=1)
TOO_LARGE: Final = "file_too_large"

Post = Callable[[bytes, dict[str, str]], Awaitable[None]]
"""Posts a body with headers. Raises WebhookFailed."""


class ScheduledCsv:
    """Makes the files that are due. Without `post` files are kept but not delivered."""

    def __init__(
        self,
        *,
        schedules: Schedules,
        views: FigureViews,
        sheets: Sheets,
        post: Post | None,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._schedules = schedules
        self._views = views
        self._sheets = sheets
        self._post = post
        self._now = now
        self._new_id = new_id
        self._waits: dict[UUID, tuple[datetime, timedelta]] = {}

    async def run(self) -> dict[str, object]:
        """Make every file that is due, then deliver; returns the numbers of both.

        Raises StorageUnavailable, after having made what could be made; a file that could not be
        made is tried again after a minute, then after twice as long each time, up to an hour.
        """
        made, away = 0, None
        for schedule in await self._schedules.due(self._now()):
            until, wait = self._waits.get(schedule.id, (self._now(), AGAIN_AFTER))
            if until > self._now():
                continue
            try:
                made += await self._make(schedule)
            except StorageUnavailable as unavailable:
                # Perhaps only this file takes too long, and would take as long every time.
                away = unavailable
                self._waits[schedule.id] = (self._now() + wait, min(2 * wait, AGAIN_AFTER_MAX))
            else:
                self._waits.pop(schedule.id, None)
        delivered = await self._deliver()
        if away is not None:
            raise away
        return {"files": made, "delivered": delivered}

    async def _make(self, schedule: Schedule) -> bool:
        now, cadence = self._now(), schedule.cadence
        due_at = max(cadence.latest(now), schedule.next_due_at)
        file = await self._file(schedule, due_at)
        return await self._schedules.keep(
            schedule, file, due_at=due_at, next_due_at=cadence.following(now)
        )

    async def _file(self, schedule: Schedule, due_at: datetime) -> MadeFile:
        first, last = schedule.cadence.days_before(due_at, schedule.days)
        content, rows, problem = await self._content(schedule, due_at)
        if problem:
            log.warning("scheduled_csv_not_made", view=schedule.view, problem=problem)
        return MadeFile(
            id=self._new_id(),
            first_day=first,
            last_day=last,
            rows=rows,
            content=content,
            problem=problem,
        )

    async def _content(
        self, schedule: Schedule, due_at: datetime
    ) -> tuple[bytes | None, int, str | None]:
        """The file, its number of lines, and the problem if there is no file."""
        view = self._views.by_name.get(schedule.view)
        if view is None:
            return None, 0, "query_unusable"  # a figure that only another release has
        try:
            sheet = view.sheet(await self._views.read(view, query_of(schedule, due_at)))
            content = await self._sheets.content(sheet, form_of(schedule), at=due_at)
        except Refused as refused:
            return None, 0, refused.code.name
        except StorageDefect:
            log.exception("scheduled_csv_broken", view=schedule.view)
            return None, 0, "internal"  # an error here must not end the worker again and again
        if len(content) > FILE_BYTES_MAX:
            return None, len(sheet.rows), TOO_LARGE
        return content, len(sheet.rows), None

    async def _deliver(self) -> int:
        if self._post is None:
            return 0
        delivered = 0
        for file in await self._schedules.undelivered(self._now() - DELIVERED_WITHIN):
            taken = None
            try:
                await self._post(file.content, headers_of(file))
            except WebhookFailed as failed:
                log.warning("scheduled_csv_not_delivered", view=file.view, why=str(failed))
            else:
                taken = self._now()
                delivered += 1
            await self._schedules.note_delivery(file.id, taken)
        return delivered


def query_of(schedule: Schedule, due_at: datetime) -> dict[str, str]:
    """The query for one due time."""
    first, last = schedule.cadence.days_before(due_at, schedule.days)
    return {
        **schedule.query,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "tz": schedule.zone,
    }


def form_of(schedule: Schedule) -> SheetForm:
    """The form of the schedule's files. Raises Refused ``query_unusable``."""
    wanted = sheet_form_of({"format": "csv", **schedule.query}, schedule.zone)
    if wanted is None:
        raise Refused("query_unusable", detail="format: is csv or xlsx", field="format")
    return wanted


def headers_of(file: WaitingFile) -> dict[str, str]:
    """The headers of a delivery; texts of people are percent-encoded."""
    name = file_name(file.view, file.last_day, file.content)
    return {
        "Content-Type": MEDIA_TYPES[format_of(file.content)],
        "Content-Disposition": f'attachment; filename="{name}"',
        "Idempotency-Key": str(file.id),
        "X-Nest-Schedule": quote(file.name),
        "X-Nest-Due-At": file.due_at.isoformat(timespec="seconds"),
    }


def file_name(view: str, last_day: object, content: bytes) -> str:
    """The name under which a file is saved."""
    return f"{view}-{last_day}.{format_of(content)}"
