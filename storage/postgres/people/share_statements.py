"""The statements of the transactions in `storage.postgres.people.shares`.

All transactions lock in one order: the configuration, links, roles.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.people.roles import Role
from storage.postgres.schema.tables import configurations, grants, link_uses, share_links


def is_open() -> tuple[ColumnElement[bool], ...]:
    """The condition for links that still give a role to new people."""
    return (*is_usable(), has_uses_left())


def is_usable() -> tuple[ColumnElement[bool], ...]:
    """The condition for links that have not ended; people with a role from one may open it again."""
    return (
        share_links.c.revoked_at.is_(None),
        or_(share_links.c.expires_at.is_(None), share_links.c.expires_at > func.now()),
    )


def has_uses_left() -> ColumnElement[bool]:
    """The condition for links that are not used up."""
    return or_(share_links.c.uses_max.is_(None), share_links.c.uses < share_links.c.uses_max)


async def lock(connection: AsyncConnection, configuration_id: UUID) -> None:
    """Wait for running ops and changes of access, and make later ones wait for this transaction."""
    await connection.execute(
        select(configurations.c.id)
        .where(configurations.c.id == configuration_id)
        .with_for_update(key_share=True)
    )


async def locked_grant(
    connection: AsyncConnection, configuration_id: UUID, person_id: UUID
) -> Row[Any] | None:
    """The person's grant, also an ended one, locked until the transaction ends, or None."""
    found = await connection.execute(
        select(grants)
        .where(grants.c.configuration_id == configuration_id, grants.c.person_id == person_id)
        .with_for_update(key_share=True)
    )
    return found.one_or_none()


async def locked_role(
    connection: AsyncConnection, configuration_id: UUID, person_id: UUID
) -> Role | None:
    """The person's role, locked until the transaction ends, or None."""
    grant = await locked_grant(connection, configuration_id, person_id)
    return None if grant is None or grant.revoked_at is not None else Role(grant.role)


def was_removed_since(moment: datetime, grant: Row[Any]) -> bool:
    """Whether this grant ended at `moment` or later."""
    revoked_at: datetime | None = grant.revoked_at
    return revoked_at is not None and revoked_at >= moment


async def give(
    connection: AsyncConnection, configuration_id: UUID, person_id: UUID, given: dict[str, object]
) -> Row[Any]:
    """Give a role, replacing a weaker or an ended one; returns the grant."""
    new = insert(grants).values(configuration_id=configuration_id, person_id=person_id, **given)
    began = func.clock_timestamp()
    is_back = grants.c.revoked_at.is_not(None)
    changed = await connection.execute(
        new.on_conflict_do_update(
            index_elements=[grants.c.configuration_id, grants.c.person_id],
            set_={
                **given,
                "created_at": case((is_back, began), else_=grants.c.created_at),
                "revoked_at": None,
            },
        ).returning(grants)
    )
    row: Row[Any] = changed.one()
    return row


async def note_use(
    connection: AsyncConnection, link_id: UUID, person_id: UUID, *, gave_role: bool
) -> None:
    """Record that this person knows the link, and whether their role came from it."""
    new = insert(link_uses).values(share_link_id=link_id, person_id=person_id, gave_role=gave_role)
    keys = [link_uses.c.share_link_id, link_uses.c.person_id]
    if gave_role:
        noted = new.on_conflict_do_update(index_elements=keys, set_={"gave_role": True})
    else:
        noted = new.on_conflict_do_nothing(index_elements=keys)
    await connection.execute(noted)


async def end_links(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[UUID]:
    """Ends the matching links that have not ended; returns their ids."""
    ended = await connection.execute(
        update(share_links)
        .where(*which, share_links.c.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
        .returning(share_links.c.id)
    )
    return list(ended.scalars())


def known_to(person_id: UUID) -> ColumnElement[bool]:
    """The condition for links that this person opened or made, and could use to come back."""
    opened = select(link_uses.c.share_link_id).where(link_uses.c.person_id == person_id)
    return or_(share_links.c.created_by == person_id, share_links.c.id.in_(opened))


async def revoke(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[UUID]:
    """Ends the matching grants other than the owner's; returns the ids of their people.

    Locks first and writes the time after the wait, so that `revoked_at` is later than
    `committed_at` of every op the grant allowed.
    """
    open_grants = (*which, grants.c.role != Role.OWNER, grants.c.revoked_at.is_(None))
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


def house_behind(token_sha256: bytes, person_id: UUID) -> Select[Any]:
    """The configuration to which a link leads this person, read without waiting for locks.

    A refusal here is final: a link that has ended or is used up stays so. A thousand strangers with
    a used-up link therefore delay nobody. Callers that are not refused then take `lock`.
    """
    mine = and_(
        grants.c.configuration_id == share_links.c.configuration_id,
        grants.c.person_id == person_id,
        grants.c.revoked_at.is_(None),
    )
    return (
        select(configurations.c.id)
        .join(share_links, share_links.c.configuration_id == configurations.c.id)
        .outerjoin(grants, mine)
        .where(share_links.c.token_sha256 == token_sha256, *is_usable())
        .where(or_(has_uses_left(), grants.c.person_id.is_not(None)))
        .with_for_update(key_share=True, of=configurations)
    )


def usable_link(token_sha256: bytes) -> Select[Any]:
    """The link of this token if it may be opened; the caller checks whether it is used up."""
    return (
        select(share_links)
        .where(share_links.c.token_sha256 == token_sha256, *is_usable())
        .with_for_update(key_share=True)
    )


def pairs_of(asked: Collection[tuple[UUID, UUID]]) -> Any:  # noqa: ANN401 - a table of two columns
    """Pairs of configuration and person as a table, to be joined in one query."""
    return (
        func.unnest(
            bindparam("configurations", [pair[0] for pair in asked], ARRAY(Uuid)),
            bindparam("people", [pair[1] for pair in asked], ARRAY(Uuid)),
        )
        .table_valued("configuration_id", "person_id", name="asked")
        .render_derived()
    )


def is_pair(pairs: Any) -> ColumnElement[bool]:  # noqa: ANN401 - as above
    """The condition for the grant of a pair."""
    return and_(
        grants.c.configuration_id == pairs.c.configuration_id,
        grants.c.person_id == pairs.c.person_id,
    )
