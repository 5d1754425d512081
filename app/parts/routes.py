"""The routes of a web process except its pages: the HTTP API, its description, sockets, files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from starlette.routing import BaseRoute

from app.parts.activity import ActivityPart
from app.parts.admin import AdminPart
from app.parts.editing import EditingPart
from app.parts.limits import LimitsPart
from app.parts.people import PeoplePart
from app.parts.sockets import SocketsPart
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from configurator.protocol.schema import JsonObject
from realtime.api.activity import ActivityEndpoints
from realtime.api.admin_sessions import AdminSessionEndpoints
from realtime.api.catalogue import CatalogueEndpoints
from realtime.api.configurations import ConfigurationEndpoints
from realtime.api.declared.asyncapi import documents
from realtime.api.declared.docs_page import docs_page
from realtime.api.declared.endpoints import Endpoint, routes
from realtime.api.declared.marks import endpoints_of
from realtime.api.declared.openapi import description_routes, openapi
from realtime.api.declared.sdk import SdkFile, sdk_routes
from realtime.api.people import PeopleEndpoints
from realtime.api.sharing import SharingEndpoints
from realtime.api.tickets import TicketEndpoints
from realtime.api.tracking import TrackingEndpoints
from storage.postgres.analytics.figures import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesPart:
    """The routes; `described` is the body of `/openapi.json`."""

    described: JsonObject
    all: Sequence[BaseRoute]

    @classmethod
    def of(
        cls,
        settings: Settings,
        people: PeoplePart,
        *,
        limits: LimitsPart,
        sockets: SocketsPart,
        offered: list[Endpoint],
        sdk: Sequence[SdkFile],
    ) -> Self:
        """Builds them; limits and checks of origin and of admins protect every endpoint."""
        public_url = settings.public_url
        described = openapi(offered, public_url=public_url)
        return cls(
            described=described,
            all=[
                *routes(
                    offered,
                    sockets.origins,
                    people.authenticator.staff,
                    limits.limiter,
                    people.looks,
                ),
                *description_routes(described, docs_page(offered, public_url=public_url)),
                *documents(public_url=public_url),
                *sdk_routes(sdk),
                *sockets.routes(),
            ],
        )


def endpoints(
    settings: Settings,
    stores: StoresPart,
    people: PeoplePart,
    *,
    editing: EditingPart,
    activity: ActivityPart,
    limits: LimitsPart,
    admin: AdminPart,
) -> list[Endpoint]:
    """Every endpoint. Tracking is first, because it is called most and routes are tried in order."""
    return [
        *endpoints_of(
            TrackingEndpoints(
                intake=activity.intake,
                visitor_reader=activity.visitor_reader,
                requests=limits.requests,
            ),
            CatalogueEndpoints(catalogues=editing.catalogues, requests=limits.requests),
            SharingEndpoints(sharing=editing.sharing, authenticator=people.authenticator),
            ConfigurationEndpoints(
                actions=editing.actions,
                authenticator=people.authenticator,
                limits=limits.limits,
                visitor_reader=activity.visitor_reader,
                cookies=people.cookies,
                public_url=settings.public_url,
            ),
        ),
        *_of_people(settings, stores, people, editing),
        *endpoints_of(
            TicketEndpoints(tickets=people.tickets, limits=limits.limits),
            ActivityEndpoints(
                stream=stores.stream,
                interactions=stores.interactions,
                figures=Figures(stores.analytics_database),
                staff_of=people.authenticator.staff,
                looks=people.looks,
                now=stores.chance.now,
            ),
        ),
        *admin.endpoints(),
        *endpoints_of(stores.health),
    ]


def _of_people(
    settings: Settings, stores: StoresPart, people: PeoplePart, editing: EditingPart
) -> list[Endpoint]:
    return endpoints_of(
        PeopleEndpoints(
            actions=editing.actions,
            sharing=editing.sharing,
            authenticator=people.authenticator,
            tokens=people.person_tokens,
            cookies=people.cookies,
            public_url=settings.public_url,
            unless_away=stores.health.readiness.unless_away,
        ),
        AdminSessionEndpoints(
            admins=stores.admins,
            audit=stores.audit,
            looks=people.looks,
            tell_ended=people.tell_sessions_ended,
            idle_minutes=settings.admin_idle_minutes,
            now=stores.chance.now,
            cookies=people.cookies,
        ),
    )
