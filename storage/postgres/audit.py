"""What admins did: one line for each action, never changed, never personal data."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database

LINES_MAX = 500

_INSERT = text(
    "INSERT INTO admin_actions (actor, action, subject, detail)"
    " VALUES (:actor, :action, :subject, CAST(:detail AS jsonb))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAction:
    """One line: who did what to what. `detail` is small JSON."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class Audit:
    """Writes and reads the lines."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self, *, actor: str, action: str, subject: str, detail: dict[str, object] | None = None
    ) -> None:
        """Adds a line. Raises StorageUnavailable: then do not do what it would have said."""

        async def work(connection: AsyncConnection) -> None:
            await record_within(
                connection, actor=actor, action=action, subject=subject, detail=detail
            )

        await self._database.write(work)

    async def write(
        self, actor: str, action: str, subject: str, detail: Mapping[str, object]
    ) -> None:
        """A line about a person: of who it is only `subject_hash` is kept."""
        await self.record(
            actor=actor, action=action, subject=subject_hash(subject), detail=dict(detail)
        )

    async def latest(self, *, limit: int = 100, before: int | None = None) -> list[AdminAction]:
        """The newest lines first, at most 500; those with an id below `before`, if given."""
        statement = text(
            "SELECT id, at, actor, action, subject, detail FROM admin_actions"
            " WHERE id < coalesce(CAST(:before AS bigint), 9223372036854775807)"
            " ORDER BY id DESC LIMIT :limit"
        )
        asked = {"before": before, "limit": min(limit, LINES_MAX)}
        found = await self._database.read(lambda connection: connection.execute(statement, asked))
        return [AdminAction(**row._mapping) for row in found]  # noqa: SLF001 - a public name


def subject_hash(subject: str) -> str:
    """The same for every spelling of an e-mail address or an id."""
    return hashlib.sha256(b"subject:" + subject.strip().lower().encode()).hexdigest()


async def record_within(
    connection: AsyncConnection,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, object] | None = None,
) -> None:
    """Adds a line in the caller's transaction: both are stored, or none."""
    line = {
        "actor": actor[:128],
        "action": action,
        "subject": subject[:256],
        "detail": orjson.dumps(detail or {}).decode(),
    }
    await connection.execute(_INSERT, line)
