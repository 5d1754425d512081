"""How admins get in: a link that works once, and the session it opens. Only hashes are stored."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, LargeBinary, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.tables import admin_links, admin_sessions

_OPEN = select(
    admin_sessions.c.token_sha256, admin_sessions.c.name, admin_sessions.c.expires_at
).where(
    admin_sessions.c.token_sha256 == func.any(bindparam("sessions", type_=ARRAY(LargeBinary))),
    admin_sessions.c.revoked_at.is_(None),
    admin_sessions.c.expires_at > bindparam("now"),
)


class Admins:
    """Admin links and admin sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mint_link(
        self, token_sha256: bytes, expires_at: datetime, *, name: str | None = None
    ) -> None:
        """Stores a link that works once until `expires_at`, for whoever `name` says."""
        new = insert(admin_links).values(
            token_sha256=token_sha256, expires_at=expires_at, name=name
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(new)

        await self._database.write(work)

    async def use_link(
        self, token_sha256: bytes, session_sha256: bytes, now: datetime, expires_at: datetime
    ) -> bool:
        """Uses up the link and opens a session until `expires_at`, both or none.

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
        opened = insert(admin_sessions).values(token_sha256=session_sha256, expires_at=expires_at)

        async def work(connection: AsyncConnection) -> bool:
            link = (await connection.execute(used)).one_or_none()
            if link is None:
                return False
            await connection.execute(opened.values(name=link.name))
            return True

        return await self._database.write(work)

    async def open_session(
        self, session_sha256: bytes, expires_at: datetime, *, name: str | None = None
    ) -> None:
        """Opens a session until `expires_at`, for whoever may write to the database."""
        new = insert(admin_sessions).values(
            token_sha256=session_sha256, expires_at=expires_at, name=name
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(new)

        await self._database.write(work)

    async def sessions_valid(
        self, sessions_sha256: Collection[bytes], now: datetime
    ) -> frozenset[bytes]:
        """Which of these sessions are open at `now`, in one query."""
        return frozenset(await self.names_of_valid(sessions_sha256, now))

    async def names_of_valid(
        self, sessions_sha256: Collection[bytes], now: datetime
    ) -> dict[bytes, str | None]:
        """Those of these sessions that are open at `now`, each with its admin's name if it has one."""
        return {row.token_sha256: row.name for row in await self._open(sessions_sha256, now)}

    async def open_until(
        self, sessions_sha256: Collection[bytes], now: datetime
    ) -> dict[bytes, datetime]:
        """Those of these sessions that are open at `now`, each with the time when it runs out."""
        return {row.token_sha256: row.expires_at for row in await self._open(sessions_sha256, now)}

    async def _open(
        self, sessions_sha256: Collection[bytes], now: datetime
    ) -> CursorResult[tuple[Any, ...]]:
        asked = {"sessions": list(sessions_sha256), "now": now}
        return await self._database.read(lambda connection: connection.execute(_OPEN, asked))

    async def known(self, sessions_sha256: Collection[bytes]) -> bool:
        """Whether there is or was one of these sessions."""
        statement = select(func.count()).where(
            admin_sessions.c.token_sha256.in_(list(sessions_sha256))
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return bool(found.scalar_one())

    async def session_valid(self, session_sha256: bytes, now: datetime) -> bool:
        """Whether the session is open at `now`."""
        return session_sha256 in await self.sessions_valid([session_sha256], now)

    async def revoke(self, session_sha256: bytes, now: datetime) -> bool:
        """Ends the session; returns whether it was open."""
        ended = (
            update(admin_sessions)
            .where(
                admin_sessions.c.token_sha256 == session_sha256,
                admin_sessions.c.revoked_at.is_(None),
            )
            .values(revoked_at=now)
            .returning(admin_sessions.c.token_sha256)
        )

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(ended)).one_or_none() is not None

        return await self._database.write(work)
