"""Sign-in of admins: a link that works once, and the session it opens. Only hashes are stored.

A session ends when it is revoked, at its `expires_at`, or, if it has an idle limit, that long after
it was last used.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, LargeBinary, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.schema.tables import admin_links, admin_sessions
from storage.postgres.service.audit import Actor, Audit, Recorder

USER_AGENT_CHARACTERS_MAX = 120
"""Characters of a browser's User-Agent that are kept: enough to tell it from another one."""

ID_CHARACTERS = 12
"""Characters of a session's public id: the first of its hash in hexadecimal."""

_ENDS = func.least(  # without an idle limit the second is NULL, which LEAST ignores
    admin_sessions.c.expires_at,
    admin_sessions.c.last_used_at + admin_sessions.c.idle_minutes * text("interval '1 minute'"),
)
_IS_OPEN = (admin_sessions.c.revoked_at.is_(None), bindparam("now") < _ENDS)
_OPEN = select(admin_sessions.c.token_sha256, admin_sessions.c.name, _ENDS.label("ends_at")).where(
    admin_sessions.c.token_sha256 == func.any(bindparam("sessions", type_=ARRAY(LargeBinary))),
    *_IS_OPEN,
)
_ALL_OPEN = (
    select(admin_sessions, _ENDS.label("ends_at"))
    .where(*_IS_OPEN)
    .order_by(admin_sessions.c.last_used_at.desc(), admin_sessions.c.token_sha256)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session to open. `idle_minutes` None: it may be idle until it expires."""

    token_sha256: bytes
    expires_at: datetime
    idle_minutes: int | None = None
    network: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSession:
    """An open session; `ends_at` is when it ends unless it is used earlier."""

    token_sha256: bytes
    name: str | None
    created_at: datetime
    last_used_at: datetime
    ends_at: datetime
    idle_minutes: int | None
    network: str | None
    user_agent: str | None

    @property
    def id(self) -> str:
        """The session's public id, used in lists and in the audit."""
        return session_id(self.token_sha256)


def session_id(token_sha256: bytes) -> str:
    """The public id of this token's session, used in lists and in the audit."""
    return token_sha256.hex()[:ID_CHARACTERS]


def called(token_sha256: bytes, name: str | None) -> str:
    """The name in the audit of this session's admin."""
    said = f"admin session {session_id(token_sha256)}"
    return f"{name}, {said}" if name else said


class Admins:
    """Admin links and admin sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mint_link(
        self,
        token_sha256: bytes,
        expires_at: datetime,
        *,
        name: str | None = None,
        by: Recorder | None = None,
    ) -> None:
        """Stores a link that works once, until `expires_at`, for the admin called `name`."""
        new = insert(admin_links).values(
            token_sha256=token_sha256, expires_at=expires_at, name=name
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(new)
            if by is not None:
                await by.within(connection, action="admin_links.mint", subject=name or "")

        await self._database.write(work)

    async def use_link(
        self,
        token_sha256: bytes,
        session: NewSession,
        now: datetime,
        *,
        audit: Audit,
    ) -> bool:
        """Uses up the link and opens the session, both or neither, with a line in the audit.

        False: no such link, expired, or used before.
        """
        used = (
            update(admin_links)
            .where(
                admin_links.c.token_sha256 == token_sha256,
                admin_links.c.used_at.is_(None),
                admin_links.c.expires_at > now,
            )
            .values(used_at=now)
            .returning(admin_links.c.name)
        )

        async def work(connection: AsyncConnection) -> bool:
            link = (await connection.execute(used)).one_or_none()
            if link is None:
                return False
            await connection.execute(_opened(session, link.name, now))
            actor = Actor(called(session.token_sha256, link.name), session.network)
            await audit.by(actor).within(
                connection, action="sessions.begin", subject=session_id(session.token_sha256)
            )
            return True

        return await self._database.write(work)

    async def open_session(
        self,
        session_sha256: bytes,
        expires_at: datetime,
        *,
        name: str | None = None,
        by: Recorder | None = None,
    ) -> None:
        """Opens a session until `expires_at`, for a caller with write access to the database.

        It is meant for programs, so it has no idle limit.
        """
        new = insert(admin_sessions).values(
            token_sha256=session_sha256, expires_at=expires_at, name=name
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(new)
            if by is not None:
                subject = session_id(session_sha256)
                await by.within(connection, action="admin_sessions.mint", subject=subject)

        await self._database.write(work)

    async def names_of_valid(
        self, sessions_sha256: Collection[bytes], now: datetime
    ) -> dict[bytes, str | None]:
        """The sessions among these that are open at `now`, each with its admin's name or None."""
        return {row.token_sha256: row.name for row in await self._open(sessions_sha256, now)}

    async def open_until(
        self, sessions_sha256: Collection[bytes], now: datetime
    ) -> dict[bytes, datetime]:
        """The sessions among these that are open at `now`, each with its end."""
        return {row.token_sha256: row.ends_at for row in await self._open(sessions_sha256, now)}

    async def _open(
        self, sessions_sha256: Collection[bytes], now: datetime
    ) -> CursorResult[tuple[Any, ...]]:
        asked = {"sessions": list(sessions_sha256), "now": now}
        return await self._database.read(lambda connection: connection.execute(_OPEN, asked))

    async def listed(self, now: datetime) -> list[AdminSession]:
        """All sessions that are open at `now`, the most recently used first."""
        asked = {"now": now}
        found = await self._database.read(lambda connection: connection.execute(_ALL_OPEN, asked))
        return [
            AdminSession(
                token_sha256=row.token_sha256,
                name=row.name,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                ends_at=row.ends_at,
                idle_minutes=row.idle_minutes,
                network=row.network,
                user_agent=row.user_agent,
            )
            for row in found
        ]

    async def used(self, sessions_sha256: Collection[bytes], now: datetime) -> None:
        """Records that these sessions were used at `now`."""
        noted = (
            update(admin_sessions)
            .where(
                admin_sessions.c.token_sha256.in_(list(sessions_sha256)),
                admin_sessions.c.last_used_at < now,
            )
            .values(last_used_at=now)
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(noted)

        await self._database.write(work)

    async def known(self, sessions_sha256: Collection[bytes]) -> bool:
        """Whether any of these sessions exists, open or ended."""
        statement = select(func.count()).where(
            admin_sessions.c.token_sha256.in_(list(sessions_sha256))
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return bool(found.scalar_one())

    async def revoke(
        self,
        sessions_sha256: Collection[bytes],
        now: datetime,
        *,
        by: Recorder,
    ) -> list[bytes]:
        """Ends the sessions; returns those that were still open, each with a line in the audit."""
        ended = (
            update(admin_sessions)
            .where(
                admin_sessions.c.token_sha256.in_(list(sessions_sha256)),
                admin_sessions.c.revoked_at.is_(None),
            )
            .values(revoked_at=now)
            .returning(admin_sessions.c.token_sha256)
        )

        async def work(connection: AsyncConnection) -> list[bytes]:
            over = [row.token_sha256 for row in await connection.execute(ended)]
            for session in over:
                await by.within(connection, action="sessions.end", subject=session_id(session))
            return over

        return await self._database.write(work)


def _opened(session: NewSession, name: str | None, now: datetime) -> Any:  # noqa: ANN401
    return insert(admin_sessions).values(
        token_sha256=session.token_sha256,
        expires_at=session.expires_at,
        name=name,
        created_at=now,
        last_used_at=now,
        idle_minutes=session.idle_minutes,
        network=session.network,
        user_agent=(session.user_agent or "")[:USER_AGENT_CHARACTERS_MAX] or None,
    )
