"""REST for invitations and for people with a role: make, list, end, remove."""

from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.people.roles import Role
from configurator.people.sharing import (
    AccessList,
    Invitation,
    LinksOfParticipant,
    ParticipantsOfLink,
    ShareLink,
)
from configurator.protocol.codes import Refused
from realtime.actions.sharing import Sharing
from realtime.api.declared.marks import delete, get, post
from realtime.edge.exchange import body, json
from realtime.edge.parameters import in_path, query
from realtime.people.auth import Authenticator
from realtime.people.networks import network_in
from realtime.people.principal import Principal

ONE = "/api/configurations/{id}"
OWNERS = ("not_found", "owners_only", "not_authenticated")


class ShareAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The invitation link. Everybody who has its url gets the role; the url cannot be shown again."""

    url: str
    role: Role
    link: ShareLink


class LinkEndedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The link has ended; ``removed`` are the people who lost the role that came from it."""

    link: UUID
    removed: list[UUID]


class RemovedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The person has lost their role; ``links`` are the links that ended with it."""

    person: UUID
    links: list[UUID]


class EndLinkQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the people stay whose role came from the link."""

    participants: ParticipantsOfLink = "remove"


class RemoveQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The links that end together with the role."""

    links: LinksOfParticipant = "known"


class SharingEndpoints:
    """The endpoints of invitations and roles."""

    def __init__(self, *, sharing: Sharing, authenticator: Authenticator) -> None:
        self._sharing = sharing
        self._authenticator = authenticator

    @post(
        ONE + "/share-links",
        ShareAnswer,
        body=Invitation,
        status=201,
        codes=[*OWNERS, "too_many_links"],
        limit="share",
    )
    async def invite(self, request: Request) -> Response:
        """Make an invitation link that gives the role editor or viewer.

        The link works for a week, or for lifetime_hours, and for at most uses_max people if that is
        given.
        """
        principal = await self._principal(request)
        asked = await body(request, Invitation)
        made = await self._sharing.invite(
            principal, request.path_params["id"], asked, network=network_in(request.scope)
        )
        return json(ShareAnswer(url=made.url, role=made.link.role, link=made.link), 201)

    @get(ONE + "/access", AccessList, codes=OWNERS)
    async def access(self, request: Request) -> Response:
        """List the people with a role in a configuration, and the links that have not ended.

        At most 200 people and 200 links are listed; links have no token here.
        """
        principal = await self._principal(request)
        found = await self._sharing.access_of(
            principal, request.path_params["id"], network=network_in(request.scope)
        )
        return json(found.access)

    @delete(
        ONE + "/share-links/{link}",
        LinkEndedAnswer,
        query=[EndLinkQuery],
        parameters={"link": UUID},
        codes=[*OWNERS, "link_unknown"],
    )
    async def end_link(self, request: Request) -> Response:
        """End an invitation link and the roles that came from it.

        With participants=keep the people stay. Safe to repeat.
        """
        principal = await self._principal(request)
        ended = await self._sharing.end_link(
            principal,
            request.path_params["id"],
            in_path(request, "link", UUID),
            query(request, EndLinkQuery).participants,
            network=network_in(request.scope),
        )
        return json(LinkEndedAnswer(link=ended.link, removed=ended.removed))

    @delete(
        ONE + "/participants/{person}",
        RemovedAnswer,
        query=[RemoveQuery],
        parameters={"person": UUID},
        codes=[*OWNERS, "owner_stays", "participant_unknown"],
    )
    async def remove(self, request: Request) -> Response:
        """Remove a person, and end the links that they used or made.

        The links end so that the person cannot come back as somebody else. With links=all every
        link ends, with links=none no link does. A person who names themselves leaves, and no link
        ends. Safe to repeat.
        """
        principal = await self._principal(request)
        removed = await self._sharing.remove(
            principal,
            request.path_params["id"],
            in_path(request, "person", UUID),
            query(request, RemoveQuery).links,
            network=network_in(request.scope),
        )
        return json(RemovedAnswer(person=removed.person, links=removed.links))

    async def _principal(self, request: Request) -> Principal:
        principal = await self._authenticator.of(request)
        if principal is None:
            raise Refused("not_authenticated")
        return principal
