"""Files of figures on a schedule, CSV or Excel: each due time gets one file, made by whoever leads, kept and delivered.

A due time that nobody was there for is made up for: the latest one that was missed gets its file,
earlier ones get none. What a file is about depends only on its due time, so it is the same file
however late it is made: the figure over the whole days before, where the schedule's people live.

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
from realtime.http.analytics.views import Views
from realtime.sheets.answers import FORM_FIELDS, MEDIA_TYPES, Sheets, Wanted, format_of, wanted_of
from realtime.webhook import WebhookFailed
from storage.errors import StorageDefect, StorageUnavailable
from storage.postgres.analytics.schedules import (
    FILE_BYTES_MAX,
    Letter,
    MadeFile,
    Schedule,
    Schedules,
)

log = structlog.get_logger()

DELIVERED_WITHIN: Final = timedelta(days=1)
AGAIN_AFTER: Final = timedelta(minutes=1)
AGAIN_AFTER_MAX: Final = timedelta(hours=1)
TOO_LARGE: Final = "file_too_large"

Post = Callable[[bytes, dict[str, str]], Awaitable[None]]
"""Posts a body with headers. Raises WebhookFailed."""


class ScheduledCsv:
    """Makes what is due. `post` None: files are only kept."""

    def __init__(
        self,
        *,
        schedules: Schedules,
        views: Views,
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
        """Makes every file that is due, then delivers; says how many.

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
                # Perhaps only this one takes too long, and would take as long every time.
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
        """The file, its lines, and why there is none."""
        view = self._views.by_name.get(schedule.view)
        if view is None:
            return None, 0, "query_unusable"  # a figure of another release
        try:
            sheet = view.sheet(await self._views.read(view, query_of(schedule, due_at)))
            content = await self._sheets.content(sheet, form_of(schedule), at=due_at)
        except Refused as refused:
            return None, 0, refused.code.name
        except StorageDefect:
            log.exception("scheduled_csv_broken", view=schedule.view)
            return None, 0, "internal"  # it must not end the worker, time after time
        if len(content) > FILE_BYTES_MAX:
            return None, len(sheet.rows), TOO_LARGE
        return content, len(sheet.rows), None

    async def _deliver(self) -> int:
        if self._post is None:
            return 0
        delivered = 0
        for letter in await self._schedules.undelivered(self._now() - DELIVERED_WITHIN):
            taken = None
            try:
                await self._post(letter.content, headers_of(letter))
            except WebhookFailed as failed:
                log.warning("scheduled_csv_not_delivered", view=letter.view, why=str(failed))
            else:
                taken = self._now()
                delivered += 1
            await self._schedules.note_delivery(letter.id, taken)
        return delivered


def query_of(schedule: Schedule, due_at: datetime) -> dict[str, str]:
    """What is asked for one due time."""
    first, last = schedule.cadence.days_before(due_at, schedule.days)
    own = {name: value for name, value in schedule.query.items() if name not in FORM_FIELDS}
    return {
        **own,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "tz": schedule.zone,
    }


def form_of(schedule: Schedule) -> Wanted:
    """In which form its files are made. Raises Refused ``query_unusable``."""
    wanted = wanted_of({"format": "csv", **schedule.query}, schedule.zone)
    if wanted is None:
        raise Refused("query_unusable", detail="format: is csv or xlsx")
    return wanted


def headers_of(letter: Letter) -> dict[str, str]:
    """The headers of a delivery; texts of people are percent-encoded."""
    name = file_name(letter.view, letter.last_day, letter.content)
    return {
        "Content-Type": MEDIA_TYPES[format_of(letter.content)],
        "Content-Disposition": f'attachment; filename="{name}"',
        "Idempotency-Key": str(letter.id),
        "X-Nest-Schedule": quote(letter.name),
        "X-Nest-Due-At": letter.due_at.isoformat(timespec="seconds"),
    }


def file_name(view: str, last_day: object, content: bytes) -> str:
    """The name under which a file is saved."""
    return f"{view}-{last_day}.{format_of(content)}"
