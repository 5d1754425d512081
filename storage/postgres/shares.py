"""Roles in a configuration, and the links that give them.

A link's token never reaches the database, only its SHA-256. A role is never lowered by redeeming
a link, and a removed person does not come back through a link that is older than the removal.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Uuid, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import TooMany
from storage.postgres.configurations import OWNER
from storage.postgres.engine import Database
from storage.postgres.tables import grants, people, share_links


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLink:
    """A link that gives `role` to whoever opens it."""

    id: UUID
    configuration_id: UUID
    role: str
    created_by: UUID
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    uses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The role of a person in a configuration; `share_link_id` None: not through a link."""

    configuration_id: UUID
    person_id: UUID
    role: str
    share_link_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The role somebody has now, and the name they have now."""

    role: str
    name: str


class Shares:
    """Grants and share links. `ranking`: roles from weakest to strongest."""

    def __init__(
        self,
        database: Database,
        *,
        ranking: Sequence[str] = ("viewer", "editor", "advisor", OWNER),
        sharing_roles: Sequence[str] = ("advisor", OWNER),
    ) -> None:
        self._database = database
        self._ranking = tuple(ranking)
        self._sharing_roles = tuple(sharing_roles)

    async def create(
        self,
        *,
        link_id: UUID,
        configuration_id: UUID,
        token_sha256: bytes,
        role: str,
        created_by: UUID,
        expires_at: datetime | None,
        at_most: int | None = None,
    ) -> ShareLink | None:
        """Stores a link; None when `created_by` may not share (checked in the transaction).

        Raises TooMany when the configuration has `at_most` links that can still be used; links that
        several people make at the same moment may be a few more.
        """
        new = (
            insert(share_links)
            .values(
                id=link_id,
                configuration_id=configuration_id,
                token_sha256=token_sha256,
                role=role,
                created_by=created_by,
                expires_at=expires_at,
            )
            .on_conflict_do_nothing(index_elements=[share_links.c.id])
        )

        async def work(connection: AsyncConnection) -> ShareLink | None:
            granted = await _locked_role(connection, configuration_id, created_by)
            if granted not in self._sharing_roles or self._rank(role) > self._rank(granted):
                return None
            usable = (
                select(share_links.c.id)
                .where(
                    share_links.c.configuration_id == configuration_id,
                    share_links.c.revoked_at.is_(None),
                    or_(share_links.c.expires_at.is_(None), share_links.c.expires_at > func.now()),
                )
                .limit(at_most)
            )
            if at_most is not None and len((await connection.execute(usable)).all()) >= at_most:
                raise TooMany("share links")
            await connection.execute(new)
            stored = select(share_links).where(
                share_links.c.id == link_id, share_links.c.token_sha256 == token_sha256
            )
            return _link((await connection.execute(stored)).one())

        return await self._database.write(work)

    async def links(self, configuration_id: UUID) -> list[ShareLink]:
        """The links of a configuration that are not revoked, newest first."""
        statement = (
            select(share_links)
            .where(
                share_links.c.configuration_id == configuration_id,
                share_links.c.revoked_at.is_(None),
            )
            .order_by(share_links.c.created_at.desc(), share_links.c.id)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [_link(row) for row in found]

    async def redeem(self, token_sha256: bytes, person_id: UUID) -> Grant | None:
        """Gives the link's role to the person, in one transaction.

        Returns the grant the person has now: the stronger of the old and the new role. None: no
        such link, revoked, expired, or the person was removed after the link was made.
        """

        async def work(connection: AsyncConnection) -> Grant | None:
            found = await connection.execute(_usable_link(token_sha256))
            link = found.one_or_none()
            if link is None:
                return None
            given = {"role": link.role, "share_link_id": link.id}
            first = await connection.execute(
                insert(grants)
                .values(configuration_id=link.configuration_id, person_id=person_id, **given)
                .on_conflict_do_nothing()
                .returning(grants)
            )
            row = first.one_or_none()
            if row is None:
                known = await _locked_grant(connection, link.configuration_id, person_id)
                if known is None or _was_removed_since(link.created_at, known):
                    return None
                if known.revoked_at is None and self._rank(known.role) >= self._rank(link.role):
                    return _grant(known)
                row = await _raised(connection, known, given)
            await connection.execute(
                update(share_links)
                .where(share_links.c.id == link.id)
                .values(uses=share_links.c.uses + 1)
            )
            return _grant(row)

        return await self._database.write(work)

    async def grant(self, configuration_id: UUID, person_id: UUID, role: str) -> Grant:
        """Gives a role without a link, as whoever runs the servers may; a stronger one stays.

        The configuration and the person must exist.
        """
        given: dict[str, object] = {"role": role, "share_link_id": None}

        async def work(connection: AsyncConnection) -> Grant:
            first = await connection.execute(
                insert(grants)
                .values(configuration_id=configuration_id, person_id=person_id, **given)
                .on_conflict_do_nothing()
                .returning(grants)
            )
            row = first.one_or_none()
            if row is None:
                known = await _locked_grant(connection, configuration_id, person_id)
                if known is None:
                    raise LookupError("no such configuration or person")
                if known.revoked_at is None and self._rank(known.role) >= self._rank(role):
                    return _grant(known)
                row = await _raised(connection, known, given)
            return _grant(row)

        return await self._database.write(work)

    async def revoke_link(self, configuration_id: UUID, link_id: UUID) -> list[UUID]:
        """Ends a link and every grant it gave; returns the people who lost their role."""

        async def work(connection: AsyncConnection) -> list[UUID]:
            await connection.execute(
                update(share_links)
                .where(
                    share_links.c.id == link_id,
                    share_links.c.configuration_id == configuration_id,
                    share_links.c.revoked_at.is_(None),
                )
                .values(revoked_at=func.clock_timestamp())
            )
            return await _revoke(
                connection,
                grants.c.configuration_id == configuration_id,
                grants.c.share_link_id == link_id,
            )

        return await self._database.write(work)

    async def revoke_grant(self, configuration_id: UUID, person_id: UUID) -> bool:
        """Takes a person's role away, never the owner's; returns whether there was one.

        When this returns, no op of that person commits any more.
        """

        async def work(connection: AsyncConnection) -> bool:
            lost = await _revoke(
                connection,
                grants.c.configuration_id == configuration_id,
                grants.c.person_id == person_id,
            )
            return bool(lost)

        return await self._database.write(work)

    async def role_of(self, configuration_id: UUID, person_id: UUID) -> str | None:
        """The role the person has now; None: none."""
        statement = select(grants.c.role).where(
            grants.c.configuration_id == configuration_id,
            grants.c.person_id == person_id,
            grants.c.revoked_at.is_(None),
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        role: str | None = found.scalar_one_or_none()
        return role

    async def roles_of(
        self, asked: Collection[tuple[UUID, UUID]]
    ) -> dict[tuple[UUID, UUID], Granted]:
        """Who has which role now, for pairs of configuration and person, in one query.

        Pairs without a role are absent.
        """
        pairs = (
            func.unnest(
                bindparam("configurations", [pair[0] for pair in asked], ARRAY(Uuid)),
                bindparam("people", [pair[1] for pair in asked], ARRAY(Uuid)),
            )
            .table_valued("configuration_id", "person_id", name="asked")
            .render_derived()
        )
        statement = (
            select(grants.c.configuration_id, grants.c.person_id, grants.c.role, people.c.name)
            .select_from(pairs)
            .join(
                grants,
                and_(
                    grants.c.configuration_id == pairs.c.configuration_id,
                    grants.c.person_id == pairs.c.person_id,
                ),
            )
            .join(people, people.c.id == grants.c.person_id)
            .where(grants.c.revoked_at.is_(None))
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {
            (row.configuration_id, row.person_id): Granted(role=row.role, name=row.name)
            for row in found
        }

    async def grants_of(self, configuration_id: UUID) -> list[Grant]:
        """Everybody who has a role, in the order they got it."""
        statement = (
            select(grants)
            .where(grants.c.configuration_id == configuration_id, grants.c.revoked_at.is_(None))
            .order_by(grants.c.created_at, grants.c.person_id)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [_grant(row) for row in found]

    def _rank(self, role: str) -> int:
        return self._ranking.index(role)


async def _locked_grant(
    connection: AsyncConnection, configuration_id: UUID, person_id: UUID
) -> Row[Any] | None:
    found = await connection.execute(
        select(grants)
        .where(grants.c.configuration_id == configuration_id, grants.c.person_id == person_id)
        .with_for_update(key_share=True)
    )
    return found.one_or_none()


def _was_removed_since(moment: datetime, grant: Row[Any]) -> bool:
    revoked_at: datetime | None = grant.revoked_at
    return revoked_at is not None and revoked_at >= moment


async def _raised(
    connection: AsyncConnection, grant: Row[Any], given: dict[str, object]
) -> Row[Any]:
    changed = await connection.execute(
        update(grants)
        .where(
            grants.c.configuration_id == grant.configuration_id,
            grants.c.person_id == grant.person_id,
        )
        .values(revoked_at=None, **given)
        .returning(grants)
    )
    row: Row[Any] = changed.one()
    return row


async def _revoke(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[UUID]:
    """Ends grants other than the owner's; returns whose.

    Locks first and writes the time after the wait, so that `revoked_at` is later than
    `committed_at` of every op the grant allowed.
    """
    open_grants = (*which, grants.c.role != OWNER, grants.c.revoked_at.is_(None))
    locked = await connection.execute(
        select(grants.c.person_id)
        .where(*open_grants)
        .order_by(grants.c.person_id)
        .with_for_update(key_share=True)
    )
    people = list(locked.scalars())
    if people:
        await connection.execute(
            update(grants)
            .where(*open_grants, grants.c.person_id.in_(people))
            .values(revoked_at=func.clock_timestamp())
        )
    return people


async def _locked_role(
    connection: AsyncConnection, configuration_id: UUID, person_id: UUID
) -> str | None:
    grant = await _locked_grant(connection, configuration_id, person_id)
    return None if grant is None or grant.revoked_at is not None else grant.role


def _usable_link(token_sha256: bytes) -> Any:  # noqa: ANN401 - Select of many columns
    return (
        select(share_links)
        .where(
            and_(
                share_links.c.token_sha256 == token_sha256,
                share_links.c.revoked_at.is_(None),
                or_(share_links.c.expires_at.is_(None), share_links.c.expires_at > func.now()),
            )
        )
        .with_for_update(key_share=True)
    )


def _link(row: Row[Any]) -> ShareLink:
    return ShareLink(
        id=row.id,
        configuration_id=row.configuration_id,
        role=row.role,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        uses=row.uses,
    )


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        configuration_id=row.configuration_id,
        person_id=row.person_id,
        role=row.role,
        share_link_id=row.share_link_id,
        created_at=row.created_at,
    )
