"""The people with access to a configuration and its links, as shown to its owner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.people.roles import Role
from storage.postgres.engine import Database
from storage.postgres.people.share_statements import is_usable
from storage.postgres.schema.tables import grants, link_uses, people, share_links

LISTED_MAX = 200
"""The most people, and links, in one list; beyond that the list has only their number."""

USERS_LISTED_MAX = 20
"""The most people named at one link, the newest first; `uses` counts all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """A person with their present name."""

    id: UUID
    name: str
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLink:
    """A link that has not ended; `used_by` are the people whose role came from it."""

    id: UUID
    role: Role
    made_by: NamedPerson
    made_at: datetime
    expires_at: datetime | None
    uses: int
    uses_max: int | None
    used_by: tuple[NamedPerson, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """A person with a role: since when, by which link, and when they were last seen here."""

    person: NamedPerson
    role: Role
    since: datetime
    link_id: UUID | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAccess:
    """Links, newest first, and people, longest role first; at most `LISTED_MAX` of each."""

    links: tuple[ListedLink, ...]
    link_count: int
    people: tuple[ListedPerson, ...]
    people_count: int


class AccessLists:
    """Reads the lists, each as of one moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, configuration_id: UUID) -> ListedAccess:
        """Links that are neither revoked nor expired, and people whose role has not ended."""

        async def work(connection: AsyncConnection) -> ListedAccess:
            links = (await connection.execute(_links(configuration_id))).all()
            users = (await connection.execute(_users([row.id for row in links]))).all()
            used_by: dict[UUID, list[NamedPerson]] = {}
            for row in users:
                used_by.setdefault(row.share_link_id, []).append(_named(row))
            here = (await connection.execute(_people(configuration_id))).all()
            return ListedAccess(
                links=tuple(_link(row, used_by.get(row.id, [])) for row in links),
                link_count=links[0].of_all if links else 0,
                people=tuple(_person(row) for row in here),
                people_count=here[0].of_all if here else 0,
            )

        return await self._database.read_snapshot(work)


_NAMED = (people.c.id.label("named_id"), people.c.name, people.c.colour)


def _links(configuration_id: UUID) -> Any:  # noqa: ANN401 - Select of many columns
    return (
        select(share_links, *_NAMED, func.count().over().label("of_all"))
        .join(people, people.c.id == share_links.c.created_by)
        .where(
            share_links.c.configuration_id == configuration_id,
            *is_usable(),
        )
        .order_by(share_links.c.created_at.desc(), share_links.c.id)
        .limit(LISTED_MAX)
    )


def _users(link_ids: list[UUID]) -> Any:  # noqa: ANN401 - as above
    number = (
        func.row_number()
        .over(
            partition_by=link_uses.c.share_link_id,
            order_by=(link_uses.c.used_at.desc(), link_uses.c.person_id),
        )
        .label("number")
    )
    users = (
        select(link_uses.c.share_link_id, *_NAMED, number)
        .join(people, people.c.id == link_uses.c.person_id)
        .where(link_uses.c.share_link_id.in_(link_ids), link_uses.c.gave_role)
        .subquery()
    )
    return select(users).where(users.c.number <= USERS_LISTED_MAX).order_by(users.c.number)


def _people(configuration_id: UUID) -> Any:  # noqa: ANN401 - as above
    return (
        select(grants, *_NAMED, func.count().over().label("of_all"))
        .join(people, people.c.id == grants.c.person_id)
        .where(grants.c.configuration_id == configuration_id, grants.c.revoked_at.is_(None))
        .order_by(grants.c.created_at, grants.c.person_id)
        .limit(LISTED_MAX)
    )


def _named(row: Row[Any]) -> NamedPerson:
    return NamedPerson(id=row.named_id, name=row.name, colour=row.colour)


def _link(row: Row[Any], used_by: list[NamedPerson]) -> ListedLink:
    return ListedLink(
        id=row.id,
        role=Role(row.role),
        made_by=_named(row),
        made_at=row.created_at,
        expires_at=row.expires_at,
        uses=row.uses,
        uses_max=row.uses_max,
        used_by=tuple(used_by),
    )


def _person(row: Row[Any]) -> ListedPerson:
    return ListedPerson(
        person=_named(row),
        role=Role(row.role),
        since=row.created_at,
        link_id=row.share_link_id,
        seen_at=row.seen_at,
    )
