"""The endpoints of figures, of lists of sessions and of single sessions, for admins."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.stored import Happening
from configurator.people.roles import Permission
from configurator.protocol.codes import Refused
from realtime.activity.figures.answers import Page
from realtime.activity.figures.query import (
    AskedQuery,
    RangeQuery,
    Word,
    ZoneQuery,
    asked_of,
    cursor_at,
    id_of,
    mark_of,
    range_of,
    typed,
    unusable,
)
from realtime.activity.figures.views import FigureView, FigureViews
from realtime.api.declared.endpoints import Endpoint, actor
from realtime.api.declared.marks import get
from realtime.edge.exchange import json
from realtime.sheets.answers import SheetForm, SheetQuery, Sheets, sheet_form_of
from storage.postgres.analytics.visit import Visit
from storage.postgres.analytics.visits import (
    LATEST,
    NEWEST,
    PAGE_MAX,
    Mark,
    SessionOrder,
    Sought,
    VisitOrder,
    Visits,
)
from storage.postgres.service.audit import Audit

ANALYTICS_PATH: Final = "/api/admin/analytics"
CODES_OF_FIGURES: Final = ("query_unusable",)
_VALUE_MAX_CENTS: Final = 10**12


class StatusQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A filter: only sessions with this status."""

    status: (
        Annotated[
            Literal["ACTIVE", "COMPLETED", "ABANDONED", "EXPIRED"],
            msgspec.Meta(title="SessionStatus"),
        ]
        | None
    ) = None


class SoughtQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A filter on sessions; ``q`` is searched for in codes, ids and referrers."""

    q: Word | None = None
    device: Word | None = None
    language: Word | None = None
    last_category: Word | None = None
    code: Word | None = None
    value_min_cents: Annotated[int, msgspec.Meta(ge=0, le=_VALUE_MAX_CENTS)] | None = None


class SortQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The order of a list of sessions; by default the usual order of that list."""

    sort: Annotated[SessionOrder, msgspec.Meta(title="SessionOrder")] | None = None
    direction: Annotated[Literal["desc", "asc"], msgspec.Meta(title="Direction")] | None = None


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A page of JSON; ``cursor`` is the ``next`` of the page before."""

    cursor: Word | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 50


_LIST: Final = (RangeQuery, SoughtQuery, SortQuery, PageQuery, SheetQuery)


class VisitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A session and one page of its events, in the order of the event ids.

    ``gone`` is the number of its interactions that were deleted when their retention period ended.
    """

    session: Visit
    gone: int
    rows: list[Happening]
    next: str | None


def figure_endpoints(
    views: FigureViews, sheets: Sheets, now: Callable[[], datetime]
) -> list[Endpoint]:
    """One endpoint for each figure."""
    return [_figure(view, views, sheets, now) for view in views.by_name.values()]


def _figure(
    view: FigureView[Any], views: FigureViews, sheets: Sheets, now: Callable[[], datetime]
) -> Endpoint:
    query = (RangeQuery, view.query, SheetQuery)

    async def answer(request: Request) -> Response:
        asked = asked_of(request, *query)
        wanted = sheet_form_of(asked, range_of(asked, now()).zone)
        found = await views.read(view, asked)
        if wanted is None:
            return json(found)
        return await sheets.answer(view.sheet(found), wanted)

    return Endpoint(
        method="GET",
        path=f"{ANALYTICS_PATH}/{view.name}",
        handler=answer,
        summary=view.summary,
        query=query,
        answer=view.answer,
        codes=CODES_OF_FIGURES,
        needs=Permission.ANALYSE,
    )


class VisitEndpoints:
    """The endpoints for lists of sessions, and for a single session."""

    def __init__(
        self,
        *,
        visits: Visits,
        sheets: Sheets,
        audit: Audit,
        stored_through: Callable[[], Awaitable[str | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._visits = visits
        self._sheets = sheets
        self._audit = audit
        self._stored_through = stored_through
        self._now = now

    @get(
        f"{ANALYTICS_PATH}/abandoned",
        Page[Visit],
        query=_LIST,
        codes=CODES_OF_FIGURES,
        needs=Permission.ANALYSE,
        look="visits.list",
    )
    async def abandoned(self, request: Request) -> Response:
        """List the sessions that chose something and ended without an inquiry.

        Each row says where the session ended and what its house costs, in cents. The list is
        filtered, sorted and paged like `sessions`; as CSV or Excel it is complete.
        """
        asked = asked_of(request, *_LIST)
        span, sought = range_of(asked, self._now()), _sought(asked)
        order = _order(asked, LATEST)
        return await self._listed(
            "abandoned",
            request,
            asked,
            sheet_form_of(asked, span.zone),
            order,
            read=lambda after, limit: self._visits.abandoned(
                span, sought, order, after=after, limit=limit
            ),
        )

    @get(
        f"{ANALYTICS_PATH}/sessions",
        Page[Visit],
        query=(*_LIST, StatusQuery),
        codes=CODES_OF_FIGURES,
        needs=Permission.ANALYSE,
        look="visits.list",
    )
    async def sessions(self, request: Request) -> Response:
        """List the sessions that began in the range, the newest first.

        `sort` and `direction` change the order. JSON has one page of the list; CSV or Excel has the
        whole list. `q` is searched for in codes, ids and referrers.
        """
        asked = asked_of(request, *_LIST, StatusQuery)
        span = range_of(asked, self._now())
        sought = replace(_sought(asked), status=typed(asked, StatusQuery).status)
        order = _order(asked, NEWEST)
        return await self._listed(
            "sessions",
            request,
            asked,
            sheet_form_of(asked, span.zone),
            order,
            read=lambda after, limit: self._visits.sessions(
                span, sought, order, after=after, limit=limit
            ),
        )

    async def _listed(
        self,
        name: str,
        request: Request,
        asked: AskedQuery,
        wanted: SheetForm | None,
        order: VisitOrder,
        *,
        read: Callable[[Mark | None, int], Awaitable[list[Visit]]],
    ) -> Response:
        """One page of the list as JSON, or the whole list as a sheet."""
        after, limit = mark_of(asked, order), typed(asked, PageQuery).limit
        if wanted is not None:
            _refuse_pages(asked)
            await self._note(request, name, asked)
            return await self._sheets.by_pages(name, Visit, wanted, read=read, where=order.place)
        through = await self._stored_through()
        found = await read(after, limit + 1)
        following = cursor_at(order.place(found[limit - 1])) if len(found) > limit else None
        return json(Page(rows=found[:limit], next=following, stored_through=through))

    @get(
        f"{ANALYTICS_PATH}/sessions/{{id}}",
        VisitAnswer,
        query=(ZoneQuery, PageQuery, SheetQuery),
        parameters={"id": UUID},
        codes=(*CODES_OF_FIGURES, "session_unknown"),
        needs=Permission.ANALYSE,
        look="sessions.look",
    )
    async def session(self, request: Request) -> Response:
        """Show a session and one page of its events as JSON, or all its events as CSV or Excel."""
        asked = asked_of(request, ZoneQuery, PageQuery, SheetQuery)
        wanted = sheet_form_of(asked, range_of(asked, self._now()).zone)
        session_id = id_of(request.path_params["id"], "id")
        after = id_of(asked["cursor"], "cursor") if "cursor" in asked else None
        limit = typed(asked, PageQuery).limit

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
        """Record in the audit that single sessions are about to be handed out."""
        await self._audit.record(
            actor=actor(request),
            action="visits.download",
            subject=name,
            detail={
                **asked,
                **({"q": self._audit.hidden(str(asked["q"]))} if "q" in asked else {}),
            },
        )


def _refuse_pages(asked: AskedQuery) -> None:
    """Refuse paging parameters where a sheet is asked for: a sheet is always the whole list."""
    for name in ("cursor", "limit"):
        if name in asked:
            raise unusable(name, "is for pages of JSON; a file is the whole list")


def _order(asked: AskedQuery, usual: VisitOrder) -> VisitOrder:
    """The order that was asked for, else the usual one."""
    wanted = typed(asked, SortQuery)
    if wanted.sort is None and wanted.direction is None:
        return usual
    return VisitOrder(by=wanted.sort or usual.by, descending=wanted.direction != "asc")


def _sought(asked: AskedQuery) -> Sought:
    wanted = typed(asked, SoughtQuery)
    return Sought(
        text=wanted.q,
        device=wanted.device,
        language=wanted.language,
        last_category=wanted.last_category,
        code=wanted.code,
        value_min_cents=wanted.value_min_cents,
    )
