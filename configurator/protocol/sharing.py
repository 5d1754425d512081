"""The messages about invitations and about the people with access to a configuration."""

from uuid import UUID

from configurator.people.sharing import (
    LIFETIME_HOURS,
    AccessList,
    LifetimeHours,
    LinksOfParticipant,
    ParticipantsOfLink,
    SharedRole,
    ShareLink,
    UsesMax,
)
from configurator.protocol.envelope import ClientMessage, IdOrCode, ServerMessage


class Invite(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="invite"):
    """Asks for a new invitation link for ``uses_max`` people; null: for all who have it."""

    configuration: IdOrCode
    role: SharedRole = "editor"
    lifetime_hours: LifetimeHours = LIFETIME_HOURS
    uses_max: UsesMax | None = None


class AccessOf(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="access_of"):
    """Asks for the people and links of a configuration; only for members who may invite."""

    configuration: IdOrCode


class EndLink(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="end_link"):
    """Ends a link and, unless ``participants`` says ``keep``, the roles that came from it."""

    configuration: IdOrCode
    link: UUID
    participants: ParticipantsOfLink = "remove"


class Remove(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="remove"):
    """Ends the role of a person, and the links by which they could come back as somebody else.

    A person who names themselves leaves for good, and no link ends.
    """

    configuration: IdOrCode
    person: UUID
    links: LinksOfParticipant = "known"


class Invited(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="invited", omit_defaults=False
):
    """The new link. Everybody who has its ``url`` gets the role; the url is never shown again."""

    configuration: UUID
    url: str
    link: ShareLink


class Access(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="access"):
    """The people with access to a configuration and its links, as of one moment."""

    configuration: UUID
    access: AccessList


class LinkEnded(
    ServerMessage,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="link_ended",
    omit_defaults=False,
):
    """The link has ended and lets nobody in; ``removed`` are the people who lost their role."""

    configuration: UUID
    link: UUID
    removed: list[UUID]


class Removed(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="removed", omit_defaults=False
):
    """The person has no role any more; ``links`` are those that ended with the role."""

    configuration: UUID
    person: UUID
    links: list[UUID]


class AccessChanged(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="access_changed"
):
    """Links or roles of this configuration changed: ask with ``access_of``.

    Sent only to members who may invite.
    """

    configuration: UUID


SharingMessage = Invite | AccessOf | EndLink | Remove
SharingAnswer = Invited | Access | LinkEnded | Removed
