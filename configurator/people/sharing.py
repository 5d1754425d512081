"""Invitations to a configuration and the people with a role in it, as their owner sees them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from configurator.people.roles import Role

LIFETIME_HOURS = 7 * 24
"""The default lifetime: links are opened within days, and a link that is forgotten in a mailbox
must not open a house for months."""

LIFETIME_HOURS_MAX = 90 * 24
"""The longest lifetime: people who plan a house together for longer meet in between."""

USES_MAX = 100
"""The largest limit of uses; an invitation for more people needs no limit."""

LifetimeHours = Annotated[int, msgspec.Meta(ge=1, le=LIFETIME_HOURS_MAX)]
UsesMax = Annotated[int, msgspec.Meta(ge=1, le=USES_MAX)]
SharedRole = Annotated[Literal["editor", "viewer"], msgspec.Meta(title="SharedRole")]
"""The roles that a link can give."""

ParticipantsOfLink = Annotated[Literal["remove", "keep"], msgspec.Meta(title="ParticipantsOfLink")]
"""The fate of the people whose role came from a link that ends: ``remove`` or ``keep`` them."""

LinksOfParticipant = Annotated[
    Literal["known", "all", "none"], msgspec.Meta(title="LinksOfParticipant")
]
"""The links that end with a person's role: ``known``, those that they used or made; ``all`` open
ones; or ``none``."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """The role that a link gives, its lifetime, and its number of people.

    ``uses_max`` null means all who have the link.
    """

    role: SharedRole = "editor"
    lifetime_hours: LifetimeHours = LIFETIME_HOURS
    uses_max: UsesMax | None = None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A person under their present name."""

    id: UUID
    name: str


class ShareLink(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation link that has not ended. Its token is not stored and cannot be shown again.

    ``uses`` counts the people to whom it gave a role, each once; ``uses_left`` null means no limit.
    ``used_by`` names the newest 20 of them. ``until`` null means that it does not expire.
    """

    id: UUID
    role: Role
    made_by: Named
    made_at: datetime
    until: datetime | None
    uses: int
    uses_max: int | None
    uses_left: int | None
    used_by: list[Named]


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """A person with a role in a configuration, present or not.

    ``link`` is the link that gave the role, if one did. ``here`` says whether they are present now;
    null if more people are present than are listed. ``seen_at`` is the time at which they were last
    noted as present, which happens every ten minutes; null means never.
    """

    id: UUID
    name: str
    colour: int
    role: Role
    since: datetime
    link: UUID | None
    here: bool | None
    seen_at: datetime | None


class AccessList(msgspec.Struct, frozen=True, kw_only=True):
    """Links, newest first, and participants, oldest first; at most 200 of each.

    The counts are of all.
    """

    links: list[ShareLink]
    link_count: int
    participants: list[Participant]
    participant_count: int
