"""REST for invitations and for the people who have a role: make, list, end, remove."""

from typing import Any, get_args
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from configurator.sharing import (
    AccessList,
    Invitation,
    LinksOfParticipant,
    ParticipantsOfLink,
    ShareLink,
)
from realtime.auth import Authenticator
from realtime.door import network_in
from realtime.http.edge import body, json
from realtime.http.endpoints import UUID_TEXT, Endpoint, one_of_these
from realtime.principal import Principal
from realtime.sharing import Sharing


class ShareAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The invitation link. Whoever has its url gets the role; it cannot be shown again."""

    url: str
    role: str
    link: ShareLink


class LinkEndedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The link has ended; ``removed`` are the people who lost their role with it."""

    link: UUID
    removed: list[UUID]


class RemovedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The person has no role any more; ``links`` are those that ended with it."""

    person: UUID
    links: list[UUID]


class SharingEndpoints:
    """The handlers."""

    def __init__(self, *, sharing: Sharing, authenticator: Authenticator) -> None:
        self._sharing = sharing
        self._authenticator = authenticator

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        one = "/api/configurations/{id}"
        owners = ["not_found", "owners_only", "not_authenticated"]
        return [
            Endpoint(
                method="POST",
                path=one + "/share-links",
                handler=self.invite,
                summary="Make an invitation link that gives the role editor or viewer: for a week "
                "unless lifetime_hours says otherwise, to at most uses_max people where that is "
                "given.",
                body=Invitation,
                answer=ShareAnswer,
                status=201,
                codes=[*owners, "too_many_links"],
                away="not_saved",
                limit="share",
            ),
            Endpoint(
                method="GET",
                path=one + "/access",
                handler=self.access,
                summary="List who has a role in a configuration and the links that have not ended: "
                "at most 200 of each, without their tokens.",
                answer=AccessList,
                codes=owners,
            ),
            Endpoint(
                method="DELETE",
                path=one + "/share-links/{link}",
                handler=self.end_link,
                summary="End an invitation link and the roles that came from it; with "
                "participants=keep these people stay. Safe to repeat.",
                query=["participants"],
                parameters={
                    "link": UUID_TEXT,
                    "participants": {
                        **one_of_these(
                            "ParticipantsOfLink", get_args(get_args(ParticipantsOfLink)[0])
                        ),
                        "default": "remove",
                    },
                },
                answer=LinkEndedAnswer,
                codes=[*owners, "link_unknown", "malformed_message"],
                away="not_saved",
            ),
            Endpoint(
                method="DELETE",
                path=one + "/participants/{person}",
                handler=self.remove,
                summary="Remove a person, and end the links that they opened or made, so that they "
                "do not come back as somebody else; with links=all every link ends, with none no "
                "link. Whoever names themselves leaves; then no link ends. Safe to repeat.",
                query=["links"],
                parameters={
                    "person": UUID_TEXT,
                    "links": {
                        **one_of_these(
                            "LinksOfParticipant", get_args(get_args(LinksOfParticipant)[0])
                        ),
                        "default": "known",
                    },
                },
                answer=RemovedAnswer,
                codes=[*owners, "owner_stays", "participant_unknown", "malformed_message"],
                away="not_saved",
            ),
        ]

    async def invite(self, request: Request) -> Response:
        """``POST /api/configurations/{id}/share-links``."""
        principal = await self._principal(request)
        asked = await body(request, Invitation)
        made = await self._sharing.invite(
            principal, request.path_params["id"], asked, network=network_in(request.scope)
        )
        return json(ShareAnswer(url=made.url, role=made.link.role, link=made.link), 201)

    async def access(self, request: Request) -> Response:
        """``GET /api/configurations/{id}/access``."""
        principal = await self._principal(request)
        found = await self._sharing.access_of(
            principal, request.path_params["id"], network=network_in(request.scope)
        )
        return json(found.access)

    async def end_link(self, request: Request) -> Response:
        """``DELETE /api/configurations/{id}/share-links/{link}``."""
        principal = await self._principal(request)
        ended = await self._sharing.end_link(
            principal,
            request.path_params["id"],
            _id(request, "link"),
            _choice(request, "participants", ParticipantsOfLink, "remove"),
            network=network_in(request.scope),
        )
        return json(LinkEndedAnswer(link=ended.link, removed=ended.removed))

    async def remove(self, request: Request) -> Response:
        """``DELETE /api/configurations/{id}/participants/{person}``."""
        principal = await self._principal(request)
        removed = await self._sharing.remove(
            principal,
            request.path_params["id"],
            _id(request, "person"),
            _choice(request, "links", LinksOfParticipant, "known"),
            network=network_in(request.scope),
        )
        return json(RemovedAnswer(person=removed.person, links=removed.links))

    async def _principal(self, request: Request) -> Principal:
        principal = await self._authenticator.of(request)
        if principal is None:
            raise Refused("not_authenticated")
        return principal


def _id(request: Request, name: str) -> UUID:
    """An id in the address, written as in a message."""
    identifier: UUID = _written(request.path_params[name], UUID, f"{name} must be a UUID")
    return identifier


def _choice(request: Request, name: str, shape: object, default: str) -> Any:  # noqa: ANN401 - of `shape`
    """One of the words that a parameter of the query may be."""
    words = ", ".join(get_args(get_args(shape)[0]))
    return _written(request.query_params.get(name, default), shape, f"{name} is one of {words}")


def _written(text: str, shape: Any, problem: str) -> Any:  # noqa: ANN401 - of `shape`
    try:
        return msgspec.convert(text, shape)
    except msgspec.ValidationError:
        raise Refused("malformed_message", detail=problem) from None
