"""Invitations to a configuration and the people who have a role in it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

SharedRole = Literal["editor", "viewer"]
WithLink = Literal["remove", "keep"]
"""The fate of the people whose role came from a link that ends."""

WithPerson = Literal["known", "all", "none"]
"""The links that end with a person: those that they opened or made, all, or none."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A person under the name that they have now."""

    id: UUID
    name: str


class ShareLink(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation link that has not ended; ``uses_left`` None: it lets in all who have it."""

    id: UUID
    role: str
    made_by: Named
    made_at: datetime
    until: datetime | None
    uses: int
    uses_max: int | None
    uses_left: int | None
    used_by: list[Named]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A new invitation link; everybody who has its ``url`` gets the role. It cannot be shown again."""

    url: str
    role: str
    link: ShareLink


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has a role. ``here`` None: not known; ``seen_at`` None: never."""

    id: UUID
    name: str
    colour: int
    role: str
    since: datetime
    link: UUID | None
    here: bool | None
    seen_at: datetime | None


class AccessList(msgspec.Struct, frozen=True, kw_only=True):
    """Links and people, at most 200 of each; the counts are of all."""

    links: list[ShareLink]
    link_count: int
    participants: list[Participant]
    participant_count: int


class LinkEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A link that has ended; ``removed`` are the people who lost their role with it."""

    link: UUID
    removed: list[UUID]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A person who has no role any more; ``links`` are those that ended with it."""

    person: UUID
    links: list[UUID]
