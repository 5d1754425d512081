"""The identity of this data set. Versions are only comparable within one epoch."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Label, func, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.schema.tables import deployment

_SAYS_WHEN = text("SELECT to_jsonb(deployment) ? 'restored_to' FROM deployment")
"""Whether the schema has the column, which migration 0025 adds."""

# Read through JSON, because schemas before 0025 do not have the column.
RESTORED_TO: Label[Any] = literal_column(
    "(to_jsonb(deployment) ->> 'restored_to')::timestamptz"
).label("restored_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The history that versions belong to. `restored_to`: it began with a backup of this moment."""

    epoch: UUID
    restored_to: datetime | None


class Deployment:
    """Reads and renews the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def epoch(self) -> UUID:
        """The epoch of this data set."""
        statement = select(deployment.c.epoch)
        found = await self._database.read(lambda connection: connection.execute(statement))
        epoch: UUID = found.scalar_one()
        return epoch

    async def history(self) -> History:
        """The history of this data set. Raises StorageError."""
        statement = select(deployment.c.epoch, RESTORED_TO)
        found = await self._database.read(lambda connection: connection.execute(statement))
        row = found.one()
        return History(epoch=row.epoch, restored_to=row.restored_to)

    async def renew(
        self,
        *,
        was: UUID | None = None,
        restored_to: datetime | None = None,
    ) -> UUID:
        """Gives the data set a new epoch, because its history differs from the one clients know.

        `was`: renew only if this is still the epoch, so that one of several simultaneous callers
        does it. `restored_to`: the moment of the data, if known. Returns the present epoch. Clients
        that are ahead of the data then get a snapshot instead of the missing ops.
        """

        async def work(connection: AsyncConnection) -> UUID:
            values: dict[str, object] = {"epoch": func.gen_random_uuid()}
            if (await connection.execute(_SAYS_WHEN)).scalar_one():
                values["restored_to"] = restored_to
            renewal = update(deployment).values(values)
            if was is not None:
                renewal = renewal.where(deployment.c.epoch == was)
            await connection.execute(renewal)
            epoch: UUID = (await connection.execute(select(deployment.c.epoch))).scalar_one()
            return epoch

        return await self._database.write(work)

    async def note_restored_to(self, at: datetime) -> None:
        """Stores the moment of the backup that this epoch began with."""
        statement = update(deployment).values(restored_to=at)
        await self._database.write(lambda connection: connection.execute(statement))
