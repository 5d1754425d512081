"""The messages about invitations and about who may be in a configuration."""

from uuid import UUID

from configurator.protocol.envelope import ClientMessage, Reference, ServerMessage
from configurator.sharing import (
    LIFETIME_HOURS,
    AccessList,
    LifetimeHours,
    LinksOfParticipant,
    ParticipantsOfLink,
    SharedRole,
    ShareLink,
    UsesMax,
)


class Invite(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="invite"):
    """Asks for a new invitation link. ``uses_max``: it lets in this many people; null: all who have it."""

    configuration: Reference
    role: SharedRole = "editor"
    lifetime_hours: LifetimeHours = LIFETIME_HOURS
    uses_max: UsesMax | None = None


class AccessOf(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="access_of"):
    """Asks who may be in a configuration and by which links, for those who may invite."""

    configuration: Reference


class EndLink(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="end_link"):
    """Ends a link and, unless ``participants`` says ``keep``, the roles that came from it."""

    configuration: Reference
    link: UUID
    participants: ParticipantsOfLink = "remove"


class Remove(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="remove"):
    """Ends the role of a person, and the links by which they could come back as somebody else.

    Whoever names themselves leaves for good; then no link ends.
    """

    configuration: Reference
    person: UUID
    links: LinksOfParticipant = "known"


class Invited(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="invited", omit_defaults=False
):
    """The new link. Whoever has its ``url`` gets the role; it cannot be shown again."""

    configuration: UUID
    url: str
    link: ShareLink


class Access(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="access"):
    """Who may be in a configuration and by which links, as of one moment."""

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
    """Nobody comes in by this link from now on; ``removed`` are the people who lost their role."""

    configuration: UUID
    link: UUID
    removed: list[UUID]


class Removed(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="removed", omit_defaults=False
):
    """The person has no role from now on; ``links`` are those that ended with it."""

    configuration: UUID
    person: UUID
    links: list[UUID]


class AccessChanged(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="access_changed"
):
    """Links or roles of this configuration changed: ask with ``access_of``. Only to who may invite."""

    configuration: UUID


SharingMessage = Invite | AccessOf | EndLink | Remove
SharingAnswer = Invited | Access | LinkEnded | Removed
