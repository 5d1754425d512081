"""Invitations and roles: make, accept, list and end them.

This is a part of the service layer. Each change is authorised inside the transaction that stores
it. After that transaction no op of a removed person commits any more. All processes are told, and
open screens show the change within a second. A process that missed the news finds the change by its
sweep (``realtime.people.grants``).
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import msgspec

from configurator.house_code import without_blanks_around
from configurator.people.roles import Permission, Role
from configurator.people.sharing import (
    AccessList,
    Invitation,
    LinksOfParticipant,
    Named,
    Participant,
    ParticipantsOfLink,
    ShareLink,
)
from configurator.protocol.codes import Refused
from configurator.protocol.sharing import Access as AccessFrame
from configurator.protocol.sharing import (
    AccessOf,
    EndLink,
    Invite,
    Invited,
    LinkEnded,
    Remove,
    Removed,
    SharingAnswer,
    SharingMessage,
)
from realtime.actions.access import Admission
from realtime.actions.configurations import Actions, ConfigurationStores
from realtime.limits.allowances import LINKS_OF_HOUSE
from realtime.people.grants import Grants
from realtime.people.principal import Principal, token_sha256
from realtime.process.news import ACCESS, News
from realtime.rooms.hub import Hub
from storage.errors import OwnerStays, TooMany, Unknown
from storage.postgres.people import access_list
from storage.postgres.people.access_list import AccessLists


class AccessChange(msgspec.Struct, frozen=True, kw_only=True):
    """The links of a configuration changed, or the roles of the ``people`` named."""

    configuration: UUID
    people: Sequence[UUID] = ()


class Sharing:
    """All actions on invitations and roles.

    ``public_url`` is the address that people see; ``scale`` multiplies the number of links that a
    house may have.
    """

    def __init__(
        self,
        *,
        actions: Actions,
        hub: Hub,
        grants: Grants,
        stores: ConfigurationStores,
        lists: AccessLists,
        news: News,
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        public_url: str,
        scale: float = 1.0,
    ) -> None:
        self._actions = actions
        self._hub = hub
        self._grants = grants
        self._shares = stores.shares
        self._configurations = stores.configurations
        self._lists = lists
        self._tell_access = news.on(ACCESS, AccessChange, self._apply)
        self._now = now
        self._new_id = new_id
        self._public_url = public_url
        self._links_max = int(LINKS_OF_HOUSE * scale)

    async def answer(
        self, principal: Principal, message: SharingMessage, *, network: str | None = None
    ) -> SharingAnswer:
        """Carry out a message of a socket or page. Raises Refused as the methods below do.

        ``network`` is the network that the message comes from, for the audit.
        """
        match message:
            case Invite(configuration=reference):
                asked = Invitation(
                    role=message.role,
                    lifetime_hours=message.lifetime_hours,
                    uses_max=message.uses_max,
                )
                return await self.invite(principal, reference, asked, network=network)
            case AccessOf(configuration=reference):
                return await self.access_of(principal, reference, network=network)
            case EndLink(configuration=reference, link=link, participants=participants):
                return await self.end_link(
                    principal, reference, link, participants, network=network
                )
            case Remove(configuration=reference, person=person, links=links):
                return await self.remove(principal, reference, person, links, network=network)
            case _:
                assert_never(message)

    async def invite(
        self,
        principal: Principal,
        reference: str,
        invitation: Invitation,
        *,
        network: str | None = None,
    ) -> Invited:
        """A new link and its secret address, which is never shown again.

        Raises:
            Refused: ``owners_only``, ``too_many_links``.
        """
        access = await self._may_invite(principal, reference, network)
        house = access.configuration.id
        token = secrets.token_urlsafe(24)
        try:
            link = await self._shares.create(
                link_id=self._new_id(),
                configuration_id=house,
                token_sha256=token_sha256(token),
                role=Role(invitation.role),
                created_by=principal.person.id,
                expires_at=self._now() + timedelta(hours=invitation.lifetime_hours),
                uses_max=invitation.uses_max,
                at_most=self._links_max,
            )
        except TooMany:
            raise Refused("too_many_links") from None
        if link is None:
            raise await self._actions.not_granted(principal, house)
        self._tell(house)
        return Invited(
            configuration=house,
            url=f"{self._public_url}/join#{token}",
            link=ShareLink(
                id=link.id,
                role=link.role,
                made_by=Named(id=principal.person.id, name=principal.person.name),
                made_at=link.created_at,
                until=link.expires_at,
                uses=link.uses,
                uses_max=link.uses_max,
                uses_left=_left(link.uses, link.uses_max),
                used_by=[],
            ),
        )

    async def redeem(self, principal: Principal, token: str) -> str:
        """Accept an invitation: the code of the configuration, which the person may now enter."""
        redeemed = await self._shares.redeem(
            token_sha256(without_blanks_around(token)), principal.person.id
        )
        if redeemed is None:
            raise Refused("invitation_unusable")
        await self._grants.read(redeemed.configuration_id, principal.person.id)
        self._tell(redeemed.configuration_id, principal.person.id)
        found = await self._configurations.load(redeemed.configuration_id)
        if found is None:
            raise Refused("invitation_unusable")
        return found.code

    async def access_of(
        self, principal: Principal, reference: str, *, network: str | None = None
    ) -> AccessFrame:
        """The people who have a role in a configuration, and its links.

        Raises:
            Refused: ``owners_only``.
        """
        access = await self._may_invite(principal, reference, network)
        house = access.configuration.id
        room = await self._hub.room(house)
        listed = await self._lists.of(house)
        members, count = room.members.everybody()
        here = {member.person for member in members}
        whole = count <= len(members)
        return AccessFrame(
            configuration=house,
            access=AccessList(
                links=[_link(link) for link in listed.links],
                link_count=listed.link_count,
                participants=[
                    _participant(each, here=True if each.person.id in here else _not_seen(whole))
                    for each in listed.people
                ],
                participant_count=listed.people_count,
            ),
        )

    async def end_link(
        self,
        principal: Principal,
        reference: str,
        link: UUID,
        participants: ParticipantsOfLink,
        *,
        network: str | None = None,
    ) -> LinkEnded:
        """End a link, and the roles that came from it unless the participants stay. Safe to repeat.

        Raises:
            Refused: ``owners_only``, ``link_unknown``.
        """
        access = await self._may_invite(principal, reference, network)
        house = access.configuration.id
        try:
            ended = await self._shares.end_link(
                house, link, by=principal.person.id, participants=participants
            )
        except Unknown:
            raise Refused("link_unknown") from None
        if ended is None:
            raise await self._actions.not_granted(principal, house)
        self._tell(house, *ended.people)
        return LinkEnded(configuration=house, link=link, removed=list(ended.people))

    async def remove(
        self,
        principal: Principal,
        reference: str,
        person: UUID,
        links: LinksOfParticipant,
        *,
        network: str | None = None,
    ) -> Removed:
        """End a person's role, their own included, and the links by which they could return.

        Raises:
            Refused: ``owners_only``, ``owner_stays``, ``participant_unknown``.
        """
        access = await self._actions.access(principal, reference, network=network)
        house = access.configuration.id
        if person != principal.person.id and not access.role.may(Permission.INVITE):
            raise Refused("owners_only")
        try:
            ended = await self._shares.remove(house, person, by=principal.person.id, links=links)
        except OwnerStays:
            raise Refused("owner_stays") from None
        except Unknown:
            raise Refused("participant_unknown") from None
        if ended is None:
            raise await self._actions.not_granted(principal, house)
        self._tell(house, person)
        return Removed(configuration=house, person=person, links=list(ended.links))

    def _tell(self, configuration_id: UUID, *people: UUID) -> None:
        self._tell_access(AccessChange(configuration=configuration_id, people=people))

    def _apply(self, changed: AccessChange) -> None:
        """Apply an access change in this process: read the roles again, and tell the members."""
        self._grants.suspect(changed.configuration, changed.people)
        self._hub.tell_access_changed(changed.configuration)

    async def _may_invite(
        self, principal: Principal, reference: str, network: str | None
    ) -> Admission:
        access = await self._actions.access(principal, reference, network=network)
        if not access.role.may(Permission.INVITE):
            raise Refused("owners_only")
        return access


def _not_seen(whole: bool) -> bool | None:
    """Whether a person is present who is not in the list: False if it is ``whole``, or None."""
    return False if whole else None


def _left(uses: int, uses_max: int | None) -> int | None:
    return None if uses_max is None else max(0, uses_max - uses)


def _link(link: access_list.ListedLink) -> ShareLink:
    return ShareLink(
        id=link.id,
        role=link.role,
        made_by=Named(id=link.made_by.id, name=link.made_by.name),
        made_at=link.made_at,
        until=link.expires_at,
        uses=link.uses,
        uses_max=link.uses_max,
        uses_left=_left(link.uses, link.uses_max),
        used_by=[Named(id=each.id, name=each.name) for each in link.used_by],
    )


def _participant(listed: access_list.ListedPerson, *, here: bool | None) -> Participant:
    return Participant(
        id=listed.person.id,
        name=listed.person.name,
        colour=listed.person.colour,
        role=listed.role,
        since=listed.since,
        link=listed.link_id,
        here=here,
        seen_at=listed.seen_at,
    )
