"""The figures and single sessions, for admins."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.http.analytics.answers import Page
from realtime.http.analytics.query import (
    Asked,
    asked_of,
    cursor_of,
    id_of,
    number_of,
    one_of,
    place_of,
    range_of,
    unusable,
)
from realtime.http.analytics.sheet import sheet_by_pages, sheet_response
from realtime.http.analytics.views import RANGE_FIELDS, View, Views
from realtime.http.edge import json
from realtime.http.endpoints import Endpoint
from storage.postgres.analytics.visits import PAGE_MAX, Happening, Place, Sought, Visit, Visits

ANALYTICS_PATH: Final = "/api/admin/analytics"
FORMATS: Final = ("json", "csv")
PAGING: Final = ("cursor", "limit", "format")
CODES_OF_FIGURES: Final = ("query_unusable", "unavailable")
_STATUSES: Final = ("ACTIVE", "COMPLETED", "ABANDONED", "EXPIRED")
_SOUGHT: Final = ("status", "device", "language", "last_category", "code", "value_min_cents")


class VisitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A session and one page of what happened in it, in the order of the event ids."""

    session: Visit
    rows: list[Happening]
    next: str | None


class AnalyticsEndpoints:
    """Everything below ``/api/admin/analytics`` that only reads, except replay and links."""

    def __init__(
        self,
        *,
        views: Views,
        visits: Visits,
        stored_through: Callable[[], Awaitable[str | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._views = views
        self._visits = visits
        self._stored_through = stored_through
        self._now = now

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            *(self._figure(view) for view in self._views.by_name.values()),
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/abandoned",
                handler=self.abandoned,
                summary="Sessions that ended with something chosen and no inquiry: where, and "
                "what the house costs; by page, or whole as CSV",
                query=(*RANGE_FIELDS, *PAGING),
                answer=Page[Visit],
                codes=CODES_OF_FIGURES,
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/sessions",
                handler=self.sessions,
                summary="Sessions that began in the range, newest first, by page, or whole as CSV",
                query=(*RANGE_FIELDS, *_SOUGHT, *PAGING),
                answer=Page[Visit],
                codes=CODES_OF_FIGURES,
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/sessions/{{id}}",
                handler=self.session,
                summary="One session and what happened in it, by page, or whole as CSV",
                query=PAGING,
                answer=VisitAnswer,
                codes=(*CODES_OF_FIGURES, "session_unknown"),
                tags=("analytics",),
                admins=True,
            ),
        ]

    def _figure(self, view: View) -> Endpoint:
        query = (*RANGE_FIELDS, *view.query, "format")

        async def answer(request: Request) -> Response:
            asked = asked_of(request, query)
            found = await self._views.read(view, asked)
            if _as_sheet(asked):
                return sheet_response(view.name, view.row, view.table(found))
            return json(found)

        return Endpoint(
            method="GET",
            path=f"{ANALYTICS_PATH}/{view.name}",
            handler=answer,
            summary=f"{view.summary} (admins)",
            query=query,
            answer=view.answer,
            codes=CODES_OF_FIGURES,
            tags=("analytics",),
            admins=True,
        )

    async def abandoned(self, request: Request) -> Response:
        """``GET /api/admin/analytics/abandoned``."""
        asked = asked_of(request, (*RANGE_FIELDS, *PAGING))
        span = range_of(asked, self._now())
        return await self._listed(
            "abandoned",
            asked,
            read=lambda after, limit: self._visits.abandoned(span, after=after, limit=limit),
            where=lambda visit: (visit.last_seen_at, visit.id),
        )

    async def sessions(self, request: Request) -> Response:
        """``GET /api/admin/analytics/sessions``."""
        asked = asked_of(request, (*RANGE_FIELDS, *_SOUGHT, *PAGING))
        span, sought = range_of(asked, self._now()), _sought(asked)
        return await self._listed(
            "sessions",
            asked,
            read=lambda after, limit: self._visits.sessions(span, sought, after=after, limit=limit),
            where=lambda visit: (visit.started_at, visit.id),
        )

    async def _listed(
        self,
        name: str,
        asked: Asked,
        *,
        read: Callable[[Place | None, int], Awaitable[list[Visit]]],
        where: Callable[[Visit], Place],
    ) -> Response:
        """A page as JSON, or the whole list as a sheet."""
        after, limit = place_of(asked), _limit(asked)
        if _whole(asked):
            return await sheet_by_pages(name, Visit, read, where)
        through = await self._stored_through()
        found = await read(after, limit + 1)
        following = cursor_of(where(found[limit - 1])) if len(found) > limit else None
        return json(Page(rows=found[:limit], next=following, stored_through=through))

    async def session(self, request: Request) -> Response:
        """``GET /api/admin/analytics/sessions/{id}``."""
        asked = asked_of(request, PAGING)
        session_id = id_of(request.path_params["id"], "id")
        after = id_of(asked["cursor"], "cursor") if "cursor" in asked else None
        limit = _limit(asked)

        if not _whole(asked):
            found = await self._visits.opened(session_id, after=after, limit=limit + 1)
            if found is None:
                raise Refused("session_unknown")
            visit, rows = found
            following = str(rows[limit - 1].event_id) if len(rows) > limit else None
            return json(VisitAnswer(session=visit, rows=rows[:limit], next=following))

        async def read(after: UUID | None, limit: int) -> list[Happening]:
            return await self._visits.timeline(session_id, after=after, limit=limit)

        if await self._visits.get(session_id) is None:
            raise Refused("session_unknown")
        return await sheet_by_pages("session", Happening, read, lambda each: each.event_id)


def _as_sheet(asked: Asked) -> bool:
    return one_of(asked, "format", FORMATS, default="json") == "csv"


def _whole(asked: Asked) -> bool:
    """Whether a list is asked for as a sheet, which is whole; JSON comes by page."""
    if not _as_sheet(asked):
        return False
    for name in ("cursor", "limit"):
        if name in asked:
            raise unusable(name, "is for pages of JSON; a CSV is the whole list")
    return True


def _limit(asked: Asked) -> int:
    return number_of(asked, "limit", default=50, low=1, high=PAGE_MAX)


def _sought(asked: Asked) -> Sought:
    return Sought(
        status=one_of(asked, "status", _STATUSES, default="") if "status" in asked else None,
        device=asked.get("device"),
        language=asked.get("language"),
        last_category=asked.get("last_category"),
        code=asked.get("code"),
        value_min_cents=number_of(asked, "value_min_cents", default=0, low=0, high=10**12)
        if "value_min_cents" in asked
        else None,
    )
