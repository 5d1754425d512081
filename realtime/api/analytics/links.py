"""Shared dashboards: everybody who has a link can read its figures, for the query fixed in it.

The token is sent in the Authorization header (and stands behind the # of the page's address), never
in a query string, which proxies and browser histories keep.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Permission
from configurator.protocol.codes import Refused
from realtime.activity.figures.query import RangeQuery, asked_of, checked, id_of, range_of, unusable
from realtime.activity.figures.recent import Recent
from realtime.activity.figures.views import FIGURES, FigureViews, ViewName
from realtime.api.analytics.endpoints import ANALYTICS_PATH
from realtime.api.declared.endpoints import actor
from realtime.api.declared.marks import get, post
from realtime.edge.exchange import body, json
from realtime.people.auth import bearer
from realtime.people.principal import token_sha256
from realtime.sheets.answers import SheetQuery, Sheets, sheet_form_of
from storage.postgres.analytics.links import DashboardLink, DashboardLinks
from storage.postgres.service.audit import Audit

SHARED_PATH: Final = "/api/analytics/shared"
DAYS_MAX: Final = 90


class LinkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dashboard to share: its figures, their query parameters, and its lifetime in days."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    views: Annotated[
        list[ViewName],
        msgspec.Meta(
            min_length=1, max_length=len(FIGURES), extra_json_schema={"uniqueItems": True}
        ),
    ]
    query: Annotated[dict[str, str], msgspec.Meta(max_length=12)] = {}
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 30


class LinkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new link. Its token is never shown again; only a hash of it is kept."""

    link: DashboardLink
    token: str


class LinksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest 200 links."""

    links: list[DashboardLink]


class RevokeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the link was still valid before it was revoked."""

    revoked: bool


class SharedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A shared dashboard: for each figure, by name, the answer of the figure's own endpoint."""

    name: str
    expires_at: datetime
    figures: dict[str, object]


class LinkEndpoints:
    """The endpoints that make, list and end links, and those that read the figures of a link.

    ``shown`` keeps the answers of a link for a few seconds: the holder of a link cannot make the
    database count again with every request.
    """

    def __init__(
        self,
        *,
        links: DashboardLinks,
        audit: Audit,
        views: FigureViews,
        sheets: Sheets,
        shown: Recent,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        new_token: Callable[[], str],
    ) -> None:
        self._links = links
        self._audit = audit
        self._views = views
        self._sheets = sheets
        self._shown = shown
        self._now = now
        self._new_id = new_id
        self._new_token = new_token

    @post(
        f"{ANALYTICS_PATH}/links",
        LinkAnswer,
        body=LinkRequest,
        status=201,
        codes=["query_unusable"],
        needs=Permission.ANALYSE,
    )
    async def create(self, request: Request) -> Response:
        """Make a read-only link to figures.

        A relative range, such as `7d`, moves on with time. A query that one of the figures refuses
        is refused here, too.
        """
        asked = await body(request, LinkRequest)
        unknown = [name for name in asked.views if name not in self._views.by_name]
        if unknown or len(set(asked.views)) < len(asked.views):
            raise unusable("views", f"are different ones of {', '.join(self._views.by_name)}")
        own = (self._views.by_name[name].query for name in asked.views)
        query = checked(asked.query, RangeQuery, *own)
        for name in asked.views:
            _tried = await self._views.read(self._views.by_name[name], query)
        token = self._new_token()
        link = await self._links.create(
            link_id=self._new_id(),
            token_sha256=token_sha256(token),
            name=asked.name.replace("\x00", ""),
            views=asked.views,
            query=query,
            expires_at=self._now() + timedelta(days=asked.days),
            by=self._audit.by(actor(request)),
        )
        return json(LinkAnswer(link=link, token=token), 201)

    @get(f"{ANALYTICS_PATH}/links", LinksAnswer, needs=Permission.ANALYSE)
    async def listed(self, _request: Request) -> Response:
        """List the links, without their tokens."""
        return json(LinksAnswer(links=await self._links.listed()))

    @post(
        f"{ANALYTICS_PATH}/links/{{id}}/revoke",
        RevokeAnswer,
        parameters={"id": UUID},
        codes=["query_unusable"],
        needs=Permission.ANALYSE,
    )
    async def revoke(self, request: Request) -> Response:
        """End a link at once: nobody can read its figures any more."""
        link_id = id_of(request.path_params["id"], "id")
        revoked = await self._links.revoke(link_id, self._now(), by=self._audit.by(actor(request)))
        return json(RevokeAnswer(revoked=revoked))

    @get(SHARED_PATH, SharedAnswer, codes=["dashboard_link_unusable"], limit="figures")
    async def shared(self, request: Request) -> Response:
        """Read all figures of the link whose token is sent as `Authorization: Bearer <token>`."""
        link = await self._link(request)
        figures = {
            name: await self._figure(link, name)
            for name in link.views
            if name in self._views.by_name
        }
        return json(SharedAnswer(name=link.name, expires_at=link.expires_at, figures=figures))

    @get(
        f"{SHARED_PATH}/{{view}}",
        dict[str, object],
        query=[SheetQuery],
        parameters={"view": ViewName},
        codes=["dashboard_link_unusable", "page_not_found", "query_unusable"],
        limit="figures",
    )
    async def one(self, request: Request) -> Response:
        """Read one figure of a link, as JSON, CSV or Excel (`format`, `lang`)."""
        link = await self._link(request)
        name: str = request.path_params["view"]
        if name not in link.views or name not in self._views.by_name:
            raise Refused("page_not_found")
        asked = asked_of(request, SheetQuery)
        wanted = sheet_form_of(asked, range_of(link.query, self._now()).zone)
        found = await self._figure(link, name)
        if wanted is None:
            return json(found)
        return await self._sheets.answer(self._views.by_name[name].sheet(found), wanted)

    async def _link(self, request: Request) -> DashboardLink:
        token = bearer(request)
        link = await self._links.usable(token_sha256(token), self._now()) if token else None
        if link is None:
            raise Refused("dashboard_link_unusable")
        return link

    async def _figure(self, link: DashboardLink, name: str) -> object:
        read = partial(self._views.read, self._views.by_name[name], link.query)
        return await self._shown.of((link.id, name), read)
