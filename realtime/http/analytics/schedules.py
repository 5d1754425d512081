"""Scheduled files over HTTP: make and end schedules, list and download the files that were made."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.cadence import Cadence
from configurator.protocol.codes import Refused
from configurator.ranges import DAYS_MAX, ZONE
from realtime.http.analytics.endpoints import ANALYTICS_PATH
from realtime.http.analytics.query import checked, id_of, range_of, unusable
from realtime.http.analytics.views import ViewName, Views
from realtime.http.edge import body, json
from realtime.http.endpoints import SHEETS, UUID_TEXT, Endpoint, actor
from realtime.scheduled_csv import file_name, form_of, query_of
from realtime.sheets.answers import FORM_FIELDS, file_answer
from storage.postgres.analytics.schedules import (
    FILES_KEPT,
    SCHEDULES_MAX,
    FileInfo,
    Schedule,
    Schedules,
)
from storage.postgres.audit import Audit


class ScheduleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The figure `view` over the whole `days` before each due time, as a file.

    `query` has what the figure takes, and `format` (csv or xlsx) and `lang` as they are there.
    Due every day at `hour` in `zone`, or only on `weekday` (1 Monday to 7).
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    view: ViewName
    query: Annotated[dict[str, str], msgspec.Meta(max_length=12)] = {}
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 7
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 6
    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)] | None = None
    zone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = ZONE


class ScheduleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule and its files, the newest first."""

    schedule: Schedule
    files: list[FileInfo]


class SchedulesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Every schedule. `delivered`: files are also posted to an address of the operator's."""

    schedules: list[ScheduleRow]
    schedules_max: int
    files_kept: int
    delivered: bool


class RemoveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there was such a schedule until now."""

    removed: bool


class ScheduleEndpoints:
    """The handlers; for admins only."""

    def __init__(
        self,
        *,
        schedules: Schedules,
        audit: Audit,
        views: Views,
        delivered: bool,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._schedules = schedules
        self._audit = audit
        self._views = views
        self._delivered = delivered
        self._now = now
        self._new_id = new_id

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/schedules",
                handler=self.listed,
                summary="The schedules of files, with the files that were made (admins)",
                answer=SchedulesAnswer,
                codes=("unavailable",),
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="POST",
                path=f"{ANALYTICS_PATH}/schedules",
                handler=self.create,
                summary="Make a figure's file every day or week; each due time gets one",
                body=ScheduleRequest,
                answer=Schedule,
                status=201,
                codes=(
                    "query_unusable",
                    "malformed_message",
                    "foreign_origin",
                    "not_saved",
                ),
                away="not_saved",
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="POST",
                path=f"{ANALYTICS_PATH}/schedules/{{id}}/remove",
                handler=self.remove,
                summary="End a schedule and delete its files",
                answer=RemoveAnswer,
                parameters={"id": UUID_TEXT},
                codes=("query_unusable", "foreign_origin", "not_saved"),
                away="not_saved",
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/files/{{id}}",
                look="files.download",
                handler=self.file,
                summary="A file that was made, CSV or Excel",
                answer=str,
                media=SHEETS,
                headers={200: ("Content-Disposition",)},
                parameters={"id": UUID_TEXT},
                codes=("query_unusable", "page_not_found", "unavailable"),
                tags=("analytics",),
                admins=True,
            ),
        ]

    async def listed(self, _request: Request) -> Response:
        """``GET /api/admin/analytics/schedules``."""
        rows = [
            ScheduleRow(schedule=schedule, files=files)
            for schedule, files in await self._schedules.listed()
        ]
        return json(
            SchedulesAnswer(
                schedules=rows,
                schedules_max=SCHEDULES_MAX,
                files_kept=FILES_KEPT,
                delivered=self._delivered,
            )
        )

    async def create(self, request: Request) -> Response:
        """``POST /api/admin/analytics/schedules``. Refuses what the figure itself would refuse."""
        asked = await body(request, ScheduleRequest)
        view = self._views.by_name.get(asked.view)
        if view is None:
            raise unusable("view", f"is one of {', '.join(self._views.by_name)}")
        now = self._now()
        range_of({"tz": asked.zone}, now)
        cadence = Cadence(hour=asked.hour, zone=asked.zone, weekday=asked.weekday)
        schedule = Schedule(
            id=self._new_id(),
            name=asked.name.replace("\x00", ""),
            view=view.name,
            query=checked(asked.query, {"bots", *view.query, *FORM_FIELDS}),
            days=asked.days,
            hour=asked.hour,
            weekday=asked.weekday,
            zone=asked.zone,
            next_due_at=cadence.following(now),
        )
        form_of(schedule)
        _tried = await self._views.read(view, query_of(schedule, cadence.latest(now)))
        if not await self._schedules.create(schedule, by=self._audit.by(actor(request))):
            raise unusable("schedules", f"are at most {SCHEDULES_MAX}; remove one first")
        return json(schedule, 201)

    async def remove(self, request: Request) -> Response:
        """``POST /api/admin/analytics/schedules/{id}/remove``."""
        schedule_id = id_of(request.path_params["id"], "id")
        removed = await self._schedules.remove(schedule_id, by=self._audit.by(actor(request)))
        return json(RemoveAnswer(removed=removed))

    async def file(self, request: Request) -> Response:
        """``GET /api/admin/analytics/files/{id}``."""
        found = await self._schedules.content(id_of(request.path_params["id"], "id"))
        if found is None:
            raise Refused("page_not_found")
        info, view, content = found
        return file_answer(file_name(view, info.last_day, content), content)
