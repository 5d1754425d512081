"""Visitor sessions of the original API (`sessionId`): one visit, with or without a configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.activity.event_ids import session_uuid
from storage.postgres.engine import Database
from storage.postgres.schema.tables import configurations, sessions

PREFETCH = "prefetch"
"""The bot reason of a browser that only prefetched the page (`realtime.activity.intake.bots`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSession:
    """A session: its stored id, and the `key` that its visitor's page sends with events."""

    id: UUID
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """One visit. `external_id` is the id that a client of the original API generated.

    `status`: ACTIVE, COMPLETED, ABANDONED or EXPIRED; `order_value_cents` only when completed.
    """

    id: UUID
    external_id: str | None
    person_id: UUID | None
    configuration_id: UUID | None
    status: str
    started_at: datetime
    last_seen_at: datetime
    completed_at: datetime | None
    order_value_cents: int | None
    device_type: str | None
    viewport_width: int | None
    viewport_height: int | None
    interaction_count: int
    last_category: str | None


class Sessions:
    """Find sessions, or start one on a configuration."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(
        self,
        *,
        person_id: UUID,
        configuration_id: UUID,
        new_key: str,
        since: datetime,
        bot_reason: str | None = None,
    ) -> CurrentSession:
        """The person's session on this configuration that was active after `since`, else a new one.

        A new one gets the key `new_key`; the key of one without a key is its id.

        Two tabs that open at the same moment share one session. `bot_reason`: why the visitor counts
        as a bot; such a visit joins the person's running session, if any, but never becomes it.
        """
        running = _running(person_id, configuration_id, since, bot_reason)

        async def work(connection: AsyncConnection) -> CurrentSession:
            await connection.execute(
                select(func.pg_advisory_xact_lock(_lock_key(person_id, configuration_id)))
            )
            found = (await connection.execute(running)).one_or_none()
            if found is not None:
                return CurrentSession(id=found.id, key=found.external_id or str(found.id))
            new_id = session_uuid(new_key)
            await connection.execute(
                insert(sessions)
                .values(
                    id=new_id,
                    external_id=new_key,
                    person_id=person_id,
                    configuration_id=configuration_id,
                    bot_reason=bot_reason,
                )
                .on_conflict_do_nothing()
            )
            return CurrentSession(id=new_id, key=new_key)

        return await self._database.write(work)

    async def running(
        self, *, person_id: UUID, configuration_id: UUID, since: datetime
    ) -> UUID | None:
        """The person's session on this configuration active after `since`, or None; makes no new one."""
        statement = _running(person_id, configuration_id, since, None)
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else UUID(str(row.id))

    async def link(
        self,
        session_id: UUID,
        *,
        external_id: str | None,
        person_id: UUID,
        configuration_id: UUID,
    ) -> bool:
        """Stores whose session this is and of which configuration; creates it if it does not exist.

        False: it is somebody else's, or was erased, and nothing was changed. `external_id` is the
        client's own id of it, where that is not `session_id` as text.
        """
        erased = text("SELECT EXISTS (SELECT FROM erased_sessions WHERE session_id = :session)")
        fresh = insert(sessions).values(
            id=session_id,
            external_id=external_id,
            person_id=person_id,
            configuration_id=configuration_id,
        )
        linked = fresh.on_conflict_do_update(
            index_elements=[sessions.c.id],
            set_={
                "person_id": person_id,
                "configuration_id": configuration_id,
                "external_id": func.coalesce(sessions.c.external_id, external_id),
            },
            where=or_(sessions.c.person_id.is_(None), sessions.c.person_id == person_id),
        ).returning(sessions.c.id)

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(text("LOCK TABLE erased_sessions IN ROW SHARE MODE"))
            if (await connection.execute(erased, {"session": session_id})).scalar_one():
                return False
            return (await connection.execute(linked)).scalar_one_or_none() is not None

        return await self._database.write(work)

    async def woke(self, session_id: UUID, person_id: UUID) -> None:
        """Marks a prefetched session as the person's: they now look at the page."""
        statement = (
            update(sessions)
            .where(
                sessions.c.id == session_id,
                sessions.c.person_id == person_id,
                sessions.c.bot_reason == PREFETCH,
            )
            .values(bot_reason=None, last_seen_at=func.now())
        )
        await self._database.write(lambda connection: connection.execute(statement))

    async def codes(self, session_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The code of each session's configuration; sessions without one are absent."""
        statement = (
            select(sessions.c.id, configurations.c.code)
            .join(configurations, configurations.c.id == sessions.c.configuration_id)
            .where(sessions.c.id.in_(session_ids))
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return {row.id: row.code for row in found}

    async def get(self, session_id: UUID) -> StoredSession | None:
        """The session with this id, or None."""
        statement = select(sessions).where(sessions.c.id == session_id)
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else _session(row)


def _running(
    person_id: UUID, configuration_id: UUID, since: datetime, bot_reason: str | None
) -> Select[tuple[UUID, str | None]]:
    known: ColumnElement[bool] = sessions.c.bot_reason.is_(None)
    if bot_reason is not None:
        known = or_(known, sessions.c.bot_reason == bot_reason)
    return (
        select(sessions.c.id, sessions.c.external_id)
        .where(
            sessions.c.person_id == person_id,
            sessions.c.configuration_id == configuration_id,
            sessions.c.last_seen_at > since,
            sessions.c.status.in_(("ACTIVE", "COMPLETED")),
            known,
        )
        .order_by(sessions.c.bot_reason.is_not(None), sessions.c.last_seen_at.desc())
        .limit(1)
    )


def _lock_key(person_id: UUID, configuration_id: UUID) -> int:
    """A signed 64-bit key that is the same in every process."""
    return ((person_id.int ^ configuration_id.int) & (2**64 - 1)) - 2**63


def _session(row: Row[Any]) -> StoredSession:
    return StoredSession(
        id=row.id,
        external_id=row.external_id,
        person_id=row.person_id,
        configuration_id=row.configuration_id,
        status=row.status,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        completed_at=row.completed_at,
        order_value_cents=row.order_value_cents,
        device_type=row.device_type,
        viewport_width=row.viewport_width,
        viewport_height=row.viewport_height,
        interaction_count=row.interaction_count,
        last_category=row.last_category,
    )
