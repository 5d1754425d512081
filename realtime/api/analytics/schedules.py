"""Scheduled files over HTTP: make and end schedules, list and download the files that were made."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.cadence import Cadence
from configurator.activity.ranges import DAYS_MAX, ZONE
from configurator.people.roles import Permission
from configurator.protocol.codes import Refused
from realtime.activity.figures.query import BotsQuery, checked, id_of, range_of, unusable
from realtime.activity.figures.scheduled_csv import file_name, form_of, query_of
from realtime.activity.figures.views import FigureViews, ViewName
from realtime.api.analytics.endpoints import ANALYTICS_PATH
from realtime.api.declared.endpoints import SHEETS, actor
from realtime.api.declared.marks import get, post
from realtime.edge.exchange import body, json
from realtime.sheets.answers import SheetQuery, file_answer
from storage.postgres.analytics.schedules import (
    FILES_KEPT,
    SCHEDULES_MAX,
    FileInfo,
    Schedule,
    Schedules,
)
from storage.postgres.service.audit import Audit


class ScheduleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the figure `view` over the whole `days` before each due time.

    `query` has the query parameters of the figure, with `format` (csv or xlsx) and `lang`. The file
    is due every day at `hour` in `zone`, or only on `weekday` (1 is Monday, 7 Sunday).
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
    """All schedules. `delivered` says that files are also posted to an address of the operator."""

    schedules: list[ScheduleRow]
    schedules_max: int
    files_kept: int
    delivered: bool


class RemoveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the schedule existed before it was removed."""

    removed: bool


class ScheduleEndpoints:
    """The endpoints of schedules and their files; for admins only."""

    def __init__(
        self,
        *,
        schedules: Schedules,
        audit: Audit,
        views: FigureViews,
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

    @get(f"{ANALYTICS_PATH}/schedules", SchedulesAnswer, needs=Permission.ANALYSE)
    async def listed(self, _request: Request) -> Response:
        """List the schedules, each with its files."""
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

    @post(
        f"{ANALYTICS_PATH}/schedules",
        Schedule,
        body=ScheduleRequest,
        status=201,
        codes=["query_unusable"],
        needs=Permission.ANALYSE,
    )
    async def create(self, request: Request) -> Response:
        """Add a schedule: a figure becomes a file every day or week, one for each due time.

        A query that the figure refuses is refused here, too.
        """
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
            query=checked(asked.query, BotsQuery, view.query, SheetQuery),
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

    @post(
        f"{ANALYTICS_PATH}/schedules/{{id}}/remove",
        RemoveAnswer,
        parameters={"id": UUID},
        codes=["query_unusable"],
        needs=Permission.ANALYSE,
    )
    async def remove(self, request: Request) -> Response:
        """End a schedule and delete its files."""
        schedule_id = id_of(request.path_params["id"], "id")
        removed = await self._schedules.remove(schedule_id, by=self._audit.by(actor(request)))
        return json(RemoveAnswer(removed=removed))

    @get(
        f"{ANALYTICS_PATH}/files/{{id}}",
        str,
        look="files.download",
        media=SHEETS,
        headers={200: ("Content-Disposition",)},
        parameters={"id": UUID},
        codes=["query_unusable", "page_not_found"],
        needs=Permission.ANALYSE,
    )
    async def file(self, request: Request) -> Response:
        """Download a file of a schedule, CSV or Excel."""
        found = await self._schedules.content(id_of(request.path_params["id"], "id"))
        if found is None:
            raise Refused("page_not_found")
        info, view, content = found
        return file_answer(file_name(view, info.last_day, content), content)
