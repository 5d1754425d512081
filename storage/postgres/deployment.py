"""The identity of this data set. Versions are only comparable within one epoch."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres.engine import Database
from storage.postgres.tables import deployment


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

    async def renew(self, new_id: Callable[[], UUID]) -> UUID:
        """Gives the data set a new epoch; to be called after a restore from a backup.

        Clients that are ahead of the restored data then take a snapshot instead of a gap.
        """
        epoch = new_id()

        async def work(connection: AsyncConnection) -> UUID:
            await connection.execute(update(deployment).values(epoch=epoch))
            return epoch

        return await self._database.write(work)
