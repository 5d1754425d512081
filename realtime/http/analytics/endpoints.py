"""The figures and single sessions, for admins."""

from collections.abc import Awaitable, Callable, Mapping
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
    cursor_at,
    id_of,
    mark_of,
    number_of,
    one_of,
    range_of,
    unusable,
)
from realtime.http.analytics.views import RANGE_FIELDS, View, Views
from realtime.http.edge import json
from realtime.http.endpoints import UUID_TEXT, Endpoint, actor, one_of_these, whole
from realtime.sheets.answers import FORM_FIELDS, Sheets, Wanted, wanted_of
from storage.postgres.analytics.visits import (
    LATEST,
    NEWEST,
    PAGE_MAX,
    SORTS,
    Happening,
    Mark,
    Order,
    Sought,
    Visit,
    Visits,
)
from storage.postgres.audit import Audit

ANALYTICS_PATH: Final = "/api/admin/analytics"
PAGING: Final = ("cursor", "limit", *FORM_FIELDS)
CODES_OF_FIGURES: Final = ("query_unusable", "unavailable")
_DIRECTIONS: Final = ("desc", "asc")
_STATUSES: Final = ("ACTIVE", "COMPLETED", "ABANDONED", "EXPIRED")
_SOUGHT: Final = ("q", "device", "language", "last_category", "code", "value_min_cents")
_SORTING: Final = ("sort", "direction")
_VALUE_MAX_CENTS: Final = 10**12
_PARAMETERS: Final = {
    "status": one_of_these("SessionStatus", _STATUSES),
    "sort": one_of_these("SessionOrder", SORTS),
    "direction": one_of_these("Direction", _DIRECTIONS),
    "limit": whole(1, PAGE_MAX),
    "value_min_cents": whole(0, _VALUE_MAX_CENTS),
}


class VisitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A session and one page of what happened in it, in the order of the event ids.

    ``gone``: so many of its interactions are kept no more.
    """

    session: Visit
    gone: int
    rows: list[Happening]
    next: str | None


class AnalyticsEndpoints:
    """Everything below ``/api/admin/analytics`` that only reads, except replay and links."""

    def __init__(
        self,
        *,
        views: Views,
        visits: Visits,
        sheets: Sheets,
        audit: Audit,
        stored_through: Callable[[], Awaitable[str | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._views = views
        self._visits = visits
        self._sheets = sheets
        self._audit = audit
        self._stored_through = stored_through
        self._now = now

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            *(self._figure(view) for view in self._views.by_name.values()),
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/abandoned",
                look="visits.list",
                handler=self.abandoned,
                summary="Sessions that ended with something chosen and no inquiry: where, and "
                "what the house costs; searched, sorted and by page as `sessions`, or whole as CSV "
                "or Excel",
                query=(*RANGE_FIELDS, *_SOUGHT, *_SORTING, *PAGING),
                answer=Page[Visit],
                parameters=_PARAMETERS,
                codes=CODES_OF_FIGURES,
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/sessions",
                look="visits.list",
                handler=self.sessions,
                summary="Sessions that began in the range, newest first or by `sort` "
                f"({', '.join(SORTS)}) in the `direction` asc or desc, by page, or whole as CSV or "
                "Excel; `q` is searched for in codes, ids and referrers",
                query=(*RANGE_FIELDS, "status", *_SOUGHT, *_SORTING, *PAGING),
                answer=Page[Visit],
                parameters=_PARAMETERS,
                codes=CODES_OF_FIGURES,
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=f"{ANALYTICS_PATH}/sessions/{{id}}",
                look="sessions.look",
                handler=self.session,
                summary="One session and what happened in it, by page, or whole as CSV or Excel",
                query=("tz", *PAGING),
                answer=VisitAnswer,
                parameters={**_PARAMETERS, "id": UUID_TEXT},
                codes=(*CODES_OF_FIGURES, "session_unknown"),
                tags=("analytics",),
                admins=True,
            ),
        ]

    def _figure(self, view: View) -> Endpoint:
        query = (*RANGE_FIELDS, *view.query, *FORM_FIELDS)

        async def answer(request: Request) -> Response:
            asked = asked_of(request, query)
            wanted = wanted_of(asked, range_of(asked, self._now()).zone)
            found = await self._views.read(view, asked)
            if wanted is None:
                return json(found)
            return await self._sheets.answer(view.sheet(found), wanted)

        return Endpoint(
            method="GET",
            path=f"{ANALYTICS_PATH}/{view.name}",
            handler=answer,
            summary=f"{view.summary} (admins)",
            query=query,
            answer=view.answer,
            parameters=view.parameters,
            codes=CODES_OF_FIGURES,
            tags=("analytics",),
            admins=True,
        )

    async def abandoned(self, request: Request) -> Response:
        """``GET /api/admin/analytics/abandoned``."""
        asked = asked_of(request, (*RANGE_FIELDS, *_SOUGHT, *_SORTING, *PAGING))
        span, sought = range_of(asked, self._now()), _sought(asked)
        order = _order(asked, LATEST)
        return await self._listed(
            "abandoned",
            request,
            asked,
            wanted_of(asked, span.zone),
            order,
            read=lambda after, limit: self._visits.abandoned(
                span, sought, order, after=after, limit=limit
            ),
        )

    async def sessions(self, request: Request) -> Response:
        """``GET /api/admin/analytics/sessions``."""
        asked = asked_of(request, (*RANGE_FIELDS, "status", *_SOUGHT, *_SORTING, *PAGING))
        span, sought = range_of(asked, self._now()), _sought(asked)
        order = _order(asked, NEWEST)
        return await self._listed(
            "sessions",
            request,
            asked,
            wanted_of(asked, span.zone),
            order,
            read=lambda after, limit: self._visits.sessions(
                span, sought, order, after=after, limit=limit
            ),
        )

    async def _listed(
        self,
        name: str,
        request: Request,
        asked: Asked,
        wanted: Wanted | None,
        order: Order,
        *,
        read: Callable[[Mark | None, int], Awaitable[list[Visit]]],
    ) -> Response:
        """A page as JSON, or the whole list as a sheet."""
        after, limit = mark_of(asked, order), _limit(asked)
        if wanted is not None:
            _refuse_pages(asked)
            await self._note(request, name, asked)
            return await self._sheets.by_pages(name, Visit, wanted, read=read, where=order.place)
        through = await self._stored_through()
        found = await read(after, limit + 1)
        following = cursor_at(order.place(found[limit - 1])) if len(found) > limit else None
        return json(Page(rows=found[:limit], next=following, stored_through=through))

    async def session(self, request: Request) -> Response:
        """``GET /api/admin/analytics/sessions/{id}``."""
        asked = asked_of(request, ("tz", *PAGING))
        wanted = wanted_of(asked, range_of(asked, self._now()).zone)
        session_id = id_of(request.path_params["id"], "id")
        after = id_of(asked["cursor"], "cursor") if "cursor" in asked else None
        limit = _limit(asked)

        if wanted is None:
            found = await self._visits.opened(session_id, after=after, limit=limit + 1)
            if found is None:
                raise Refused("session_unknown")
            visit, rows = found
            following = str(rows[limit - 1].event_id) if len(rows) > limit else None
            gone = await self._visits.gone(session_id)
            return json(VisitAnswer(session=visit, gone=gone, rows=rows[:limit], next=following))

        async def read(after: UUID | None, limit: int) -> list[Happening]:
            return await self._visits.timeline(session_id, after=after, limit=limit)

        _refuse_pages(asked)
        if await self._visits.get(session_id) is None:
            raise Refused("session_unknown")
        hidden = self._audit.hidden(str(session_id))
        await self._note(request, "session", {**asked, "session": hidden})
        return await self._sheets.by_pages(
            "session", Happening, wanted, read=read, where=lambda each: each.event_id
        )

    async def _note(self, request: Request, name: str, asked: Mapping[str, object]) -> None:
        """Writes a line into the audit before single visits are handed out."""
        await self._audit.record(
            actor=actor(request),
            action="visits.download",
            subject=name,
            detail={
                **asked,
                **({"q": self._audit.hidden(str(asked["q"]))} if "q" in asked else {}),
            },
        )


def _refuse_pages(asked: Asked) -> None:
    """A sheet is the whole list; JSON comes by page."""
    for name in ("cursor", "limit"):
        if name in asked:
            raise unusable(name, "is for pages of JSON; a file is the whole list")


def _limit(asked: Asked) -> int:
    return number_of(asked, "limit", default=50, low=1, high=PAGE_MAX)


def _order(asked: Asked, usual: Order) -> Order:
    """As asked, or the usual one."""
    if "sort" not in asked and "direction" not in asked:
        return usual
    return Order(
        by=one_of(asked, "sort", SORTS, default=usual.by),
        descending=one_of(asked, "direction", _DIRECTIONS, default="desc") == "desc",
    )


def _sought(asked: Asked) -> Sought:
    return Sought(
        status=one_of(asked, "status", _STATUSES, default="") if "status" in asked else None,
        text=asked.get("q"),
        device=asked.get("device"),
        language=asked.get("language"),
        last_category=asked.get("last_category"),
        code=asked.get("code"),
        value_min_cents=number_of(asked, "value_min_cents", default=0, low=0, high=_VALUE_MAX_CENTS)
        if "value_min_cents" in asked
        else None,
    )
