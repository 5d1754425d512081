"""Links to shared dashboards: figures, query and expiry. Only hashes of tokens are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.schema.tables import analytics_links
from storage.postgres.service.audit import Recorder

LISTED_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardLink:
    """The content of a link: the figures `views`, always with this `query`."""

    id: UUID
    name: str
    views: list[str]
    query: dict[str, str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class DashboardLinks:
    """Makes, lists, ends and finds links."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        *,
        link_id: UUID,
        token_sha256: bytes,
        name: str,
        views: list[str],
        query: dict[str, str],
        expires_at: datetime,
        by: Recorder,
    ) -> DashboardLink:
        """Stores a link, and a line in the audit."""
        new = (
            insert(analytics_links)
            .values(
                id=link_id,
                token_sha256=token_sha256,
                name=name,
                views=views,
                query=query,
                expires_at=expires_at,
            )
            .returning(analytics_links)
        )

        async def work(connection: AsyncConnection) -> DashboardLink:
            link = _link((await connection.execute(new)).one())
            await by.within(
                connection,
                action="links.create",
                subject=name,
                detail={
                    "id": str(link_id),
                    "views": views,
                    "query": query,
                    "until": expires_at.isoformat(),
                },
            )
            return link

        return await self._database.write(work)

    async def listed(self) -> list[DashboardLink]:
        """The newest links, ended ones too, newest first."""
        statement = (
            select(analytics_links)
            .order_by(analytics_links.c.created_at.desc(), analytics_links.c.id)
            .limit(LISTED_MAX)
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        return [_link(row) for row in found]

    async def revoke(self, link_id: UUID, now: datetime, *, by: Recorder) -> bool:
        """Ends a link, with a line in the audit; False if there was no such link that was still open."""
        ended = (
            update(analytics_links)
            .where(analytics_links.c.id == link_id, analytics_links.c.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(analytics_links.c.name)
        )

        async def work(connection: AsyncConnection) -> bool:
            name = (await connection.execute(ended)).scalar_one_or_none()
            if name is not None:
                await by.within(
                    connection, action="links.revoke", subject=name, detail={"id": str(link_id)}
                )
            return name is not None

        return await self._database.write(work)

    async def usable(self, token_sha256: bytes, now: datetime) -> DashboardLink | None:
        """The link of this token, or None if it is unknown or has ended."""
        statement = select(analytics_links).where(
            analytics_links.c.token_sha256 == token_sha256,
            analytics_links.c.revoked_at.is_(None),
            analytics_links.c.expires_at > now,
        )
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one_or_none()
        return None if row is None else _link(row)


def _link(row: Row[Any]) -> DashboardLink:
    return DashboardLink(
        id=row.id,
        name=row.name,
        views=row.views,
        query=row.query,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
