"""Roles in a configuration, the links that give them, and the end of both.

A link's token never reaches the database, only its SHA-256. A role is never lowered by redeeming
a link, and a removed person cannot come back through a link that is older than the removal.

Every change of access locks the configuration first, as an op does, then links, then roles. Each
change therefore happens wholly before or after any other change and any op: a link with three uses
gives exactly three roles, and once a removal has returned, no further op of that person is
committed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeGuard
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.people.roles import Permission, Role
from configurator.people.sharing import LinksOfParticipant, ParticipantsOfLink
from storage.errors import OwnerStays, TooMany, Unknown
from storage.postgres.engine import Database
from storage.postgres.people.granted import (
    EndedAccess,
    Grant,
    Granted,
    ShareLink,
    grant_in,
    link_in,
)
from storage.postgres.people.share_statements import (
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
from storage.postgres.schema.tables import grants, people, share_links
from storage.postgres.service.audit import Actor, Audit


class Shares:
    """Grants and share links.

    With an `audit`, every start and end is recorded in it in the same transaction.
    """

    def __init__(
        self,
        database: Database,
        *,
        audit: Audit | None = None,
    ) -> None:
        self._database = database
        self._audit = audit

    async def create(
        self,
        *,
        link_id: UUID,
        configuration_id: UUID,
        token_sha256: bytes,
        role: Role,
        created_by: UUID,
        expires_at: datetime | None,
        uses_max: int | None = None,
        at_most: int | None = None,
    ) -> ShareLink | None:
        """Stores a link; None if `created_by` may not share (checked in the transaction).

        Raises TooMany if the configuration already has `at_most` open links.
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
            if not _may_invite(granted) or not granted.is_at_least(role):
                return None
            if (
                at_most is not None
                and (await connection.execute(still_open)).scalar_one() >= at_most
            ):
                raise TooMany("share links")
            await connection.execute(new)
            link = link_in((await connection.execute(stored)).one())
            told = {"link": str(link.id), "role": role}
            await self._note(connection, "invitations.make", configuration_id, created_by, told)
            return link

        return await self._database.write(work)

    async def redeem(self, token_sha256: bytes, person_id: UUID) -> Grant | None:
        """Gives the link's role to the person, in one transaction.

        Returns the person's grant after it, with the stronger of the old and the new role. None: the
        link is unknown, revoked, expired or used up, or the person was removed after it was made.
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
            if _is_at_least(known, Role(link.role)):
                await note_use(connection, link.id, person_id, gave_role=False)
                return grant_in(known)
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
            return grant_in(row)

        return await self._database.write(work)

    async def grant(self, configuration_id: UUID, person_id: UUID, role: Role) -> Grant:
        """Gives a role without a link, for operators of the servers; a stronger role stays.

        The configuration and the person must exist.
        """

        async def work(connection: AsyncConnection) -> Grant:
            await lock(connection, configuration_id)
            known = await locked_grant(connection, configuration_id, person_id)
            if _is_at_least(known, role):
                return grant_in(known)
            given: dict[str, object] = {"role": role, "share_link_id": None}
            return grant_in(await give(connection, configuration_id, person_id, given))

        return await self._database.write(work)

    # ---- ends

    async def end_link(
        self,
        configuration_id: UUID,
        link_id: UUID,
        *,
        by: UUID,
        participants: ParticipantsOfLink = "remove",
    ) -> EndedAccess | None:
        """Ends a link and, with `remove`, every role that it gave; None if `by` may not do so.

        Safe to repeat. Raises Unknown for a link of another configuration.
        """
        came = (grants.c.configuration_id == configuration_id, grants.c.share_link_id == link_id)

        async def work(connection: AsyncConnection) -> EndedAccess | None:
            await lock(connection, configuration_id)
            if not _may_invite(await locked_role(connection, configuration_id, by)):
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
            return EndedAccess(people=tuple(lost), links=tuple(links))

        return await self._database.write(work)

    async def remove(
        self,
        configuration_id: UUID,
        person_id: UUID,
        *,
        by: UUID,
        links: LinksOfParticipant = "known",
    ) -> EndedAccess | None:
        """Ends a person's role, and links with it; None if `by` may not do so.

        A person who may share can remove everybody but the owner. Other people can remove only
        themselves; no link ends then, because links belong to others. `known` are the links that the
        person opened or made. Once this has returned, no op of that person is committed. Safe to
        repeat. Raises OwnerStays, and Unknown for a person who never had a role here.
        """

        async def work(connection: AsyncConnection) -> EndedAccess | None:
            await lock(connection, configuration_id)
            acting = await locked_role(connection, configuration_id, by)
            if acting is None or (by != person_id and not _may_invite(acting)):
                return None
            known = await locked_grant(connection, configuration_id, person_id)
            if known is None:
                raise Unknown
            if known.role == Role.OWNER:
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
            return EndedAccess(people=tuple(lost), links=tuple(ended))

        return await self._database.write(work)

    async def _note(
        self,
        connection: AsyncConnection,
        action: str,
        configuration_id: UUID,
        by: UUID,
        detail: Mapping[str, object],
    ) -> None:
        """Add a line to the audit: the last step, because appending transactions take turns."""
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

    # ---- present roles

    async def roles_of(
        self, asked: Collection[tuple[UUID, UUID]]
    ) -> dict[tuple[UUID, UUID], Granted]:
        """The present roles of pairs of configuration and person, in one query.

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
            (row.configuration_id, row.person_id): Granted(role=Role(row.role), name=row.name)
            for row in found
        }

    async def seen(self, here: Collection[tuple[UUID, UUID]], *, since: datetime) -> None:
        """Records that these people are in these configurations now; skips those noted after `since`.

        Skips roles that an op or a removal has locked; the next call records them.
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


def _may_invite(role: Role | None) -> TypeGuard[Role]:
    return role is not None and role.may(Permission.INVITE)


def _is_at_least(grant: Row[Any] | None, role: Role) -> TypeGuard[Row[Any]]:
    """Whether this grant has not ended and gives this role or a stronger one."""
    return grant is not None and grant.revoked_at is None and Role(grant.role).is_at_least(role)
