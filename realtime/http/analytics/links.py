"""Shared dashboards: a link shows fixed figures with a fixed query to whoever has it, read only.

The token goes into the Authorization header (and, on the page, behind the # of its address), never
into a query string, where proxies and histories would keep it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.auth import bearer
from realtime.http.analytics.endpoints import ANALYTICS_PATH
from realtime.http.analytics.query import asked_of, checked, id_of, range_of, unusable
from realtime.http.analytics.recent import Recent
from realtime.http.analytics.views import RANGE_FIELDS, ViewName, Views
from realtime.http.edge import body, json
from realtime.http.endpoints import UUID_TEXT, Endpoint, actor, one_of_these
from realtime.principal import token_sha256
from realtime.sheets.answers import FORM_FIELDS, Sheets, wanted_of
from storage.postgres.analytics.links import DashboardLink, DashboardLinks
from storage.postgres.audit import Audit

SHARED_PATH: Final = "/api/analytics/shared"
DAYS_MAX: Final = 90


class LinkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dashboard to share: which figures, with which query parameters, for how many days."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    views: Annotated[
        list[ViewName],
        msgspec.Meta(min_length=1, max_length=12, extra_json_schema={"uniqueItems": True}),
    ]
    query: Annotated[dict[str, str], msgspec.Meta(max_length=12)] = {}
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 30


class LinkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new link. The token is shown this once; only its hash is kept."""

    link: DashboardLink
    token: str


class LinksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest 200 links."""

    links: list[DashboardLink]


class RevokeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the link was open until now."""

    revoked: bool


class SharedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A shared dashboard: by name of the figure what its own endpoint would answer."""

    name: str
    expires_at: datetime
    figures: dict[str, object]


class LinkEndpoints:
    """Make, list and end links; read what one shows.

    ``shown`` keeps what a link shows for seconds, so that whoever has one cannot make the database
    work without end.
    """

    def __init__(
        self,
        *,
        links: DashboardLinks,
        audit: Audit,
        views: Views,
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

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="POST",
                path=f"{ANALYTICS_PATH}/links",
                handler=self.create,
                summary="Share figures by a read-only link; a relative range moves on",
                body=LinkRequest,
                answer=LinkAnswer,
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
                method="GET",
                path=f"{ANALYTICS_PATH}/links",
                handler=self.listed,
                summary="The links that were made, without their tokens",
                answer=LinksAnswer,
                codes=("unavailable",),
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="POST",
                path=f"{ANALYTICS_PATH}/links/{{id}}/revoke",
                handler=self.revoke,
                summary="End a link at once",
                answer=RevokeAnswer,
                parameters={"id": UUID_TEXT},
                codes=("query_unusable", "foreign_origin", "not_saved"),
                away="not_saved",
                tags=("analytics",),
                admins=True,
            ),
            Endpoint(
                method="GET",
                path=SHARED_PATH,
                handler=self.shared,
                summary="What a link shows; its token as `Authorization: Bearer <token>`",
                answer=SharedAnswer,
                codes=("dashboard_link_unusable", "unavailable"),
                tags=("analytics",),
                limit="figures",
            ),
            Endpoint(
                method="GET",
                path=f"{SHARED_PATH}/{{view}}",
                handler=self.one,
                summary="One figure of a link, also as CSV or Excel (`format`, `lang`)",
                query=FORM_FIELDS,
                parameters={"view": one_of_these("FigureName", self._views.by_name)},
                answer=dict[str, object],
                codes=(
                    "dashboard_link_unusable",
                    "page_not_found",
                    "query_unusable",
                    "unavailable",
                ),
                tags=("analytics",),
                limit="figures",
            ),
        ]

    async def create(self, request: Request) -> Response:
        """``POST /api/admin/analytics/links``. Refuses what the figures themselves would refuse."""
        asked = await body(request, LinkRequest)
        unknown = [name for name in asked.views if name not in self._views.by_name]
        if unknown or len(set(asked.views)) < len(asked.views):
            raise unusable("views", f"are different ones of {', '.join(self._views.by_name)}")
        known = {*RANGE_FIELDS, *(q for v in asked.views for q in self._views.by_name[v].query)}
        query = checked(asked.query, known)
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

    async def listed(self, _request: Request) -> Response:
        """``GET /api/admin/analytics/links``."""
        return json(LinksAnswer(links=await self._links.listed()))

    async def revoke(self, request: Request) -> Response:
        """``POST /api/admin/analytics/links/{id}/revoke``."""
        link_id = id_of(request.path_params["id"], "id")
        revoked = await self._links.revoke(link_id, self._now(), by=self._audit.by(actor(request)))
        return json(RevokeAnswer(revoked=revoked))

    async def shared(self, request: Request) -> Response:
        """``GET /api/analytics/shared``."""
        link = await self._link(request)
        figures = {
            name: await self._figure(link, name)
            for name in link.views
            if name in self._views.by_name
        }
        return json(SharedAnswer(name=link.name, expires_at=link.expires_at, figures=figures))

    async def one(self, request: Request) -> Response:
        """``GET /api/analytics/shared/{view}``."""
        link = await self._link(request)
        name: str = request.path_params["view"]
        if name not in link.views or name not in self._views.by_name:
            raise Refused("page_not_found")
        asked = asked_of(request, FORM_FIELDS)
        wanted = wanted_of(asked, range_of(link.query, self._now()).zone)
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
