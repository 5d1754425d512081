"""Inquiries: a customer asks for a house as it stands at one version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.people.mailboxes import mailbox
from configurator.people.roles import Permission, Role
from storage.errors import HouseMovedOn, InquiryDiffers
from storage.postgres.configurations.stored import JsonDocument
from storage.postgres.engine import Database
from storage.postgres.schema.tables import configurations, grants, inquiries, sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A customer's inquiry about the house at `version`, at the price `total_cents`."""

    id: UUID
    configuration_id: UUID
    version: int
    total_cents: int
    selection: JsonDocument
    person_id: UUID
    session_id: UUID | None
    name: str
    email: str
    message: str
    consent_at: datetime
    status: str
    created_at: datetime


class _NotGranted(Exception):
    """The person has no role that allows an inquiry about this configuration."""


class Inquiries:
    """Submit and list inquiries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(
        self,
        *,
        inquiry_id: UUID,
        configuration_id: UUID,
        person_id: UUID,
        session_id: UUID | None,
        name: str,
        email: str,
        message: str,
        consent_at: datetime,
        body_sha256: bytes,
        version: int | None = None,
    ) -> Inquiry | None:
        """Stores the inquiry with the price and selection of the head, in one transaction.

        `version` is the version that the person saw; if the head has another one, raises
        HouseMovedOn and stores nothing. None accepts any head.

        Also marks the configuration as inquired and completes the session with the price. A
        repeated `inquiry_id` returns the stored inquiry, or raises InquiryDiffers if `body_sha256`
        differs. Returns None if there is no such configuration, or if the person's grant, read in
        the same transaction, does not allow it.
        """
        asked = {
            "person_id": person_id,
            "session_id": session_id,
            "name": name,
            "email": email,
            "mailbox": mailbox(email),
            "message": message,
            "consent_at": consent_at,
            "body_sha256": body_sha256,
        }

        async def work(connection: AsyncConnection) -> Inquiry | None:
            head = await _inquired_head(connection, configuration_id)
            if head is None:
                return None
            granted = await connection.execute(_granted_role(configuration_id, person_id))
            role = granted.scalar_one_or_none()
            if role is None or not Role(role).may(Permission.INQUIRE):
                raise _NotGranted
            if version not in (None, head.head):
                stands = f"the head is {head.head}, not {version}"
                return await _known(connection, inquiry_id, configuration_id, body_sha256, stands)
            stored = await connection.execute(
                insert(inquiries)
                .values(
                    id=inquiry_id,
                    configuration_id=configuration_id,
                    version=head.head,
                    total_cents=head.total_cents,
                    selection=head.selection,
                    **asked,
                )
                .on_conflict_do_nothing(index_elements=[inquiries.c.id])
                .returning(inquiries)
            )
            row = stored.one_or_none()
            if row is None:
                return await _known(connection, inquiry_id, configuration_id, body_sha256)
            if session_id is not None:
                await connection.execute(_completed(session_id, configuration_id, row.total_cents))
            return _inquiry(row)

        try:
            return await self._database.write(work)
        except _NotGranted:
            return None

    async def get(self, inquiry_id: UUID) -> Inquiry | None:
        """The inquiry with this id, or None."""
        statement = select(inquiries).where(inquiries.c.id == inquiry_id)
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else _inquiry(row)

    async def sent(self, configuration_id: UUID, person_id: UUID, *, limit: int) -> list[Inquiry]:
        """The inquiries of this person about this configuration, newest first."""
        statement = (
            select(inquiries)
            .where(
                inquiries.c.configuration_id == configuration_id,
                inquiries.c.person_id == person_id,
            )
            .order_by(inquiries.c.created_at.desc(), inquiries.c.id)
            .limit(limit)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [_inquiry(row) for row in found]

    async def latest(self, limit: int = 50) -> list[Inquiry]:
        """The newest inquiries, newest first."""
        statement = (
            select(inquiries).order_by(inquiries.c.created_at.desc(), inquiries.c.id).limit(limit)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [_inquiry(row) for row in found]


async def _inquired_head(connection: AsyncConnection, configuration_id: UUID) -> Row[Any] | None:
    """The head, locked until the transaction ends, so that price and version belong together."""
    found = await connection.execute(
        update(configurations)
        .where(configurations.c.id == configuration_id)
        .values(status="inquired")
        .returning(configurations.c.head, configurations.c.total_cents, configurations.c.selection)
    )
    return found.one_or_none()


def _granted_role(configuration_id: UUID, person_id: UUID) -> Any:  # noqa: ANN401
    """A query that locks the grant; it comes after the head, in the lock order of op commits."""
    return (
        select(grants.c.role)
        .where(
            grants.c.configuration_id == configuration_id,
            grants.c.person_id == person_id,
            grants.c.revoked_at.is_(None),
        )
        .with_for_update(read=True)
    )


async def _known(
    connection: AsyncConnection,
    inquiry_id: UUID,
    configuration_id: UUID,
    body_sha256: bytes,
    otherwise: str = "",
) -> Inquiry:
    """The stored inquiry. Raises HouseMovedOn(otherwise) if there is no such inquiry."""
    found = await connection.execute(select(inquiries).where(inquiries.c.id == inquiry_id))
    row = found.one_or_none()
    if row is None:
        raise HouseMovedOn(otherwise)
    if row.body_sha256 != body_sha256 or row.configuration_id != configuration_id:
        raise InquiryDiffers(f"inquiry {inquiry_id} is stored with another body")
    return _inquiry(row)


def _completed(session_id: UUID, configuration_id: UUID, order_value_cents: int) -> Any:  # noqa: ANN401
    return (
        update(sessions)
        .where(sessions.c.id == session_id)
        .values(
            status="COMPLETED",
            configuration_id=configuration_id,
            order_value_cents=order_value_cents,
            completed_at=func.coalesce(sessions.c.completed_at, func.now()),
            last_seen_at=func.now(),
        )
    )


def _inquiry(row: Row[Any]) -> Inquiry:
    return Inquiry(
        id=row.id,
        configuration_id=row.configuration_id,
        version=row.version,
        total_cents=row.total_cents,
        selection=row.selection,
        person_id=row.person_id,
        session_id=row.session_id,
        name=row.name,
        email=row.email,
        message=row.message,
        consent_at=row.consent_at,
        status=row.status,
        created_at=row.created_at,
    )
