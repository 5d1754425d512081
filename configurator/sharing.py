"""Invitations to a configuration and the people who have a role in it, as their owner sees them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

LIFETIME_HOURS = 7 * 24
"""A link is opened within days; one that is forgotten in a mailbox must not open a house for months."""

LIFETIME_HOURS_MAX = 90 * 24
"""Nobody plans a house with the same guests for longer without meeting them."""

USES_MAX = 100
"""The largest limit of uses: whoever invites more people does not count them."""

LifetimeHours = Annotated[int, msgspec.Meta(ge=1, le=LIFETIME_HOURS_MAX)]
UsesMax = Annotated[int, msgspec.Meta(ge=1, le=USES_MAX)]
SharedRole = Annotated[Literal["editor", "viewer"], msgspec.Meta(title="SharedRole")]
"""The roles that a link gives."""

ParticipantsOfLink = Annotated[Literal["remove", "keep"], msgspec.Meta(title="ParticipantsOfLink")]
"""With a link that ends: ``remove`` everybody whose role came from it, or ``keep`` them."""

LinksOfParticipant = Annotated[
    Literal["known", "all", "none"], msgspec.Meta(title="LinksOfParticipant")
]
"""With a removed person end: ``known``, the links that they opened or made; ``all`` open ones; ``none``."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What a link gives, for how long, and to how many people; ``uses_max`` null: to all who have it."""

    role: SharedRole = "editor"
    lifetime_hours: LifetimeHours = LIFETIME_HOURS
    uses_max: UsesMax | None = None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A person under the name that they have now."""

    id: UUID
    name: str


class ShareLink(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation link that has not ended. Its token is not stored and cannot be shown again.

    ``uses`` counts the people to whom it gave a role, each once; ``uses_left`` null: no limit.
    ``used_by`` names the newest 20 of them. ``until`` null: it does not expire.
    """

    id: UUID
    role: str
    made_by: Named
    made_at: datetime
    until: datetime | None
    uses: int
    uses_max: int | None
    uses_left: int | None
    used_by: list[Named]


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has a role in a configuration, whether or not they are here.

    ``link`` is the link that gave the role, if one did. ``here``: whether they are in it now; null
    where more people are here than are listed. ``seen_at``: when they were last noted here, which
    happens every ten minutes; null: never.
    """

    id: UUID
    name: str
    colour: int
    role: str
    since: datetime
    link: UUID | None
    here: bool | None
    seen_at: datetime | None


class AccessList(msgspec.Struct, frozen=True, kw_only=True):
    """Links, newest first, and participants, longest first; at most 200 of each, the counts are of all."""

    links: list[ShareLink]
    link_count: int
    participants: list[Participant]
    participant_count: int
