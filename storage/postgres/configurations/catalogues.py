"""Published catalogues: immutable, so that an old quote can always be priced again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import CatalogueDiffers
from storage.postgres.engine import Database
from storage.postgres.schema.tables import catalogues


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCatalogue:
    """A published catalogue. `document` is its YAML text, `revision` the hash of that text."""

    id: str
    revision: str
    document: str
    published_at: datetime


class Catalogues:
    """Publish and read catalogues."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, catalogue_id: str, revision: str, document: str) -> PublishedCatalogue:
        """Stores the catalogue, or returns it if the same revision is stored already.

        Raises CatalogueDiffers when another revision has this id.
        """
        new = (
            insert(catalogues)
            .values(id=catalogue_id, revision=revision, document=document)
            .on_conflict_do_nothing()
        )

        async def work(connection: AsyncConnection) -> PublishedCatalogue:
            await connection.execute(new)
            published = await _published(connection, catalogue_id)
            if published is None or published.revision != revision:
                raise CatalogueDiffers(f"catalogue {catalogue_id} is published differently")
            return published

        return await self._database.write(work)

    async def get(self, catalogue_id: str) -> PublishedCatalogue | None:
        """The catalogue with this id, or None."""
        return await self._database.read(lambda connection: _published(connection, catalogue_id))


async def _published(connection: AsyncConnection, catalogue_id: str) -> PublishedCatalogue | None:
    found = await connection.execute(select(catalogues).where(catalogues.c.id == catalogue_id))
    row = found.one_or_none()
    if row is None:
        return None
    return PublishedCatalogue(
        id=row.id, revision=row.revision, document=row.document, published_at=row.published_at
    )
