"""Who did what with administrators' rights; about whom only as a hash."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database


class Audit:
    """Writes `admin_actions`; nothing here changes or removes a line."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self, actor: str, action: str, subject: str, detail: Mapping[str, object]
    ) -> None:
        """One line. `subject` is kept as `subject_hash`; `detail` must not say who it is."""
        statement = text(
            "INSERT INTO admin_actions (id, actor, action, subject, detail)"
            " VALUES (gen_random_uuid(), :actor, :action, :subject, :detail)"
        ).bindparams(bindparam("detail", type_=JSONB))
        values = {
            "actor": actor[:128],
            "action": action,
            "subject": subject_hash(subject),
            "detail": dict(detail),
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement, values)

        await self._database.write(work)


def subject_hash(subject: str) -> str:
    """The same for every spelling of an e-mail address or an id."""
    return hashlib.sha256(b"subject:" + subject.strip().lower().encode()).hexdigest()
