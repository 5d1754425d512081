"""Roles in a configuration, the links that give them, and how both end.

A link's token never reaches the database, only its SHA-256. A role is never lowered by redeeming
a link, and a removed person does not come back through a link that is older than the removal.

Every change of who may be here locks the configuration first, as an op does, then links, then
roles. So each of them happens wholly before or after any other and any op: a link with three uses
gives exactly three roles, and when a removal has returned, no op of that person commits any more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypeIs

from configurator.sharing import LinksOfParticipant, ParticipantsOfLink
from storage.errors import OwnerStays, TooMany, Unknown
from storage.postgres.audit import Actor, Audit
from storage.postgres.configurations import OWNER
from storage.postgres.engine import Database
from storage.postgres.share_statements import (
    end_links,
    give,
    house_behind,
    is_open,
    is_pair,
    known_to,
    lock,
    locked_grant,
    locked_role,
    note_use,
    pairs_of,
    revoke,
    usable_link,
    was_removed_since,
)
from storage.postgres.tables import grants, people, share_links


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLink:
    """A link that gives `role` to whoever opens it; `uses_max` None: to any number of people."""

    id: UUID
    configuration_id: UUID
    role: str
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
    role: str
    share_link_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The role somebody has now, and the name they have now."""

    role: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a removal ended: the roles of these people and these links."""

    people: tuple[UUID, ...] = ()
    links: tuple[UUID, ...] = ()


class Shares:
    """Grants and share links. `ranking`: roles from weakest to strongest.

    With an `audit`, what is made and ended is written into it in the same transaction.
    """

    def __init__(
        self,
        database: Database,
        *,
        ranking: Sequence[str] = ("viewer", "editor", "advisor", OWNER),
        sharing_roles: Sequence[str] = ("advisor", OWNER),
        audit: Audit | None = None,
    ) -> None:
        self._database = database
        self._ranking = tuple(ranking)
        self._sharing_roles = tuple(sharing_roles)
        self._audit = audit

    async def create(
        self,
        *,
        link_id: UUID,
        configuration_id: UUID,
        token_sha256: bytes,
        role: str,
        created_by: UUID,
        expires_at: datetime | None,
        uses_max: int | None = None,
        at_most: int | None = None,
    ) -> ShareLink | None:
        """Stores a link; None when `created_by` may not share (checked in the transaction).

        Raises TooMany when the configuration has `at_most` links that are open.
        """
        new = (
            insert(share_links)
            .values(
                id=link_id,
                configuration_id=configuration_id,
                token_sha256=token_sha256,
                role=role,
                created_by=created_by,
                created_at=func.clock_timestamp(),
                expires_at=expires_at,
                uses_max=uses_max,
            )
            .on_conflict_do_nothing(index_elements=[share_links.c.id])
        )
        still_open = (
            select(func.count())
            .select_from(share_links)
            .where(share_links.c.configuration_id == configuration_id, *is_open())
        )
        stored = select(share_links).where(
            share_links.c.id == link_id, share_links.c.token_sha256 == token_sha256
        )

        async def work(connection: AsyncConnection) -> ShareLink | None:
            await lock(connection, configuration_id)
            granted = await locked_role(connection, configuration_id, created_by)
            if granted not in self._sharing_roles or self._rank(role) > self._rank(granted):
                return None
            if (
                at_most is not None
                and (await connection.execute(still_open)).scalar_one() >= at_most
            ):
                raise TooMany("share links")
            await connection.execute(new)
            link = _link((await connection.execute(stored)).one())
            told = {"link": str(link.id), "role": role}
            await self._note(connection, "invitations.make", configuration_id, created_by, told)
            return link

        return await self._database.write(work)

    async def redeem(self, token_sha256: bytes, person_id: UUID) -> Grant | None:
        """Gives the link's role to the person, in one transaction.

        Returns the grant the person has now: the stronger of the old and the new role. None: no
        such link, revoked, expired, used up, or the person was removed after the link was made.
        A person uses a link up at most once, and only when it gives them a role.
        """

        async def work(connection: AsyncConnection) -> Grant | None:
            leads_to = await connection.execute(house_behind(token_sha256, person_id))
            configuration_id = leads_to.scalar_one_or_none()
            if configuration_id is None:
                return None
            link = (await connection.execute(usable_link(token_sha256))).one_or_none()
            if link is None:
                return None
            known = await locked_grant(connection, configuration_id, person_id)
            if known is not None and was_removed_since(link.created_at, known):
                return None
            if self._is_at_least(known, link.role):
                await note_use(connection, link.id, person_id, gave_role=False)
                return _grant(known)
            if link.uses_max is not None and link.uses >= link.uses_max:
                return None
            row = await give(
                connection,
                configuration_id,
                person_id,
                {"role": link.role, "share_link_id": link.id},
            )
            await note_use(connection, link.id, person_id, gave_role=True)
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

        async def work(connection: AsyncConnection) -> Grant:
            await lock(connection, configuration_id)
            known = await locked_grant(connection, configuration_id, person_id)
            if known is not None and self._is_at_least(known, role):
                return _grant(known)
            given: dict[str, object] = {"role": role, "share_link_id": None}
            return _grant(await give(connection, configuration_id, person_id, given))

        return await self._database.write(work)

    # ---- ends

    async def end_link(
        self,
        configuration_id: UUID,
        link_id: UUID,
        *,
        by: UUID,
        participants: ParticipantsOfLink = "remove",
    ) -> Ended | None:
        """Ends a link and, with `remove`, every role that it gave; None: `by` may not.

        Safe to repeat: what has ended stays so. Raises Unknown for a link of another configuration.
        """
        came = (grants.c.configuration_id == configuration_id, grants.c.share_link_id == link_id)

        async def work(connection: AsyncConnection) -> Ended | None:
            await lock(connection, configuration_id)
            if await locked_role(connection, configuration_id, by) not in self._sharing_roles:
                return None
            which = (
                share_links.c.id == link_id,
                share_links.c.configuration_id == configuration_id,
            )
            known = await connection.execute(select(share_links.c.id).where(*which))
            if known.one_or_none() is None:
                raise Unknown
            links = await end_links(connection, *which)
            lost = await revoke(connection, *came) if participants == "remove" else []
            told = {"link": str(link_id), "removed": len(lost)}
            if links or lost:
                await self._note(connection, "invitations.end", configuration_id, by, told)
            return Ended(people=tuple(lost), links=tuple(links))

        return await self._database.write(work)

    async def remove(
        self,
        configuration_id: UUID,
        person_id: UUID,
        *,
        by: UUID,
        links: LinksOfParticipant = "known",
    ) -> Ended | None:
        """Takes a person's role and ends links with it; None: `by` may not.

        Whoever may share removes everybody but the owner, and everybody else themselves; then no
        link ends, because it belongs to others. `known` are the links that the person opened or
        made. When this returns, no op of that person commits any more. Safe to repeat. Raises
        OwnerStays, and Unknown for whoever never had a role here.
        """

        async def work(connection: AsyncConnection) -> Ended | None:
            await lock(connection, configuration_id)
            acting = await locked_role(connection, configuration_id, by)
            if acting is None or (by != person_id and acting not in self._sharing_roles):
                return None
            known = await locked_grant(connection, configuration_id, person_id)
            if known is None:
                raise Unknown
            if known.role == OWNER:
                raise OwnerStays
            ended: list[UUID] = []
            if by != person_id and links != "none":
                of_house = share_links.c.configuration_id == configuration_id
                which = (known_to(person_id),) if links == "known" else ()
                ended = await end_links(connection, of_house, *which)
            lost = await revoke(
                connection,
                grants.c.configuration_id == configuration_id,
                grants.c.person_id == person_id,
            )
            if lost or ended:
                told = {"person": str(person_id), "links": [str(each) for each in ended]}
                await self._note(connection, "members.remove", configuration_id, by, told)
            return Ended(people=tuple(lost), links=tuple(ended))

        return await self._database.write(work)

    async def _note(
        self,
        connection: AsyncConnection,
        action: str,
        configuration_id: UUID,
        by: UUID,
        detail: Mapping[str, object],
    ) -> None:
        """The last step of a transaction: those who append to the audit take turns."""
        if self._audit is not None:
            hidden = self._audit.hidden
            if "person" in detail:
                detail = {**detail, "person": hidden(str(detail["person"]))}
            await self._audit.within(
                connection,
                actor=Actor(f"person {hidden(str(by))[:12]}"),
                action=action,
                subject=str(configuration_id),
                detail=detail,
            )

    # ---- who may be here now

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
        pairs = pairs_of(asked)
        statement = (
            select(grants.c.configuration_id, grants.c.person_id, grants.c.role, people.c.name)
            .select_from(pairs)
            .join(grants, is_pair(pairs))
            .join(people, people.c.id == grants.c.person_id)
            .where(grants.c.revoked_at.is_(None))
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {
            (row.configuration_id, row.person_id): Granted(role=row.role, name=row.name)
            for row in found
        }

    async def seen(self, here: Collection[tuple[UUID, UUID]], *, since: datetime) -> None:
        """Notes that these people are in these configurations now, unless noted after `since`.

        A role that an op or a removal holds at this moment is left for the next time.
        """
        pairs = pairs_of(here)
        free = (
            select(grants.c.configuration_id, grants.c.person_id)
            .select_from(pairs)
            .join(grants, is_pair(pairs))
            .where(or_(grants.c.seen_at.is_(None), grants.c.seen_at < since))
            .with_for_update(key_share=True, skip_locked=True, of=grants)
            .cte("free")
        )
        statement = (
            update(grants)
            .where(
                grants.c.configuration_id == free.c.configuration_id,
                grants.c.person_id == free.c.person_id,
            )
            .values(seen_at=func.now())
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._database.write(work)

    def _rank(self, role: str) -> int:
        return self._ranking.index(role)

    def _is_at_least(self, grant: Row[Any] | None, role: str) -> TypeIs[Row[Any]]:
        """Whether this grant is open and gives this role or a stronger one."""
        return (
            grant is not None
            and grant.revoked_at is None
            and self._rank(grant.role) >= self._rank(role)
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
        uses_max=row.uses_max,
    )


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        configuration_id=row.configuration_id,
        person_id=row.person_id,
        role=row.role,
        share_link_id=row.share_link_id,
        created_at=row.created_at,
    )
