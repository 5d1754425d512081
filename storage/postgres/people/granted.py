"""Links and the roles that they gave, as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from configurator.people.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLink:
    """A link that gives `role` to everybody who opens it; `uses_max` None: to any number of people."""

    id: UUID
    configuration_id: UUID
    role: Role
    created_by: UUID
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    uses: int
    uses_max: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The role of a person in a configuration; `share_link_id` None: not through a link."""

    configuration_id: UUID
    person_id: UUID
    role: Role
    share_link_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The role somebody has now, and the name they have now."""

    role: Role
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAccess:
    """The result of a removal: the people whose roles ended, and the links that ended."""

    people: tuple[UUID, ...] = ()
    links: tuple[UUID, ...] = ()


def link_in(row: Row[Any]) -> ShareLink:
    """The link in a row."""
    return ShareLink(
        id=row.id,
        configuration_id=row.configuration_id,
        role=Role(row.role),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        uses=row.uses,
        uses_max=row.uses_max,
    )


def grant_in(row: Row[Any]) -> Grant:
    """The grant in a row."""
    return Grant(
        configuration_id=row.configuration_id,
        person_id=row.person_id,
        role=Role(row.role),
        share_link_id=row.share_link_id,
        created_at=row.created_at,
    )
