"""What must be true of the database before processes start: newest schema, catalogues published.

Repeating it changes nothing. Errors: those of `storage.errors`; `CatalogueError` with the line.
"""

import asyncio
from importlib import resources

from configurator.catalogue import parse_catalogue
from storage.postgres.audit import Audit
from storage.postgres.audit_chain import AuditKey
from storage.postgres.catalogues import Catalogues
from storage.postgres.engine import Database
from storage.postgres.migrate import upgrade
from storage.postgres.roles import grant_rights


async def release(database_url: str, key: AuditKey | None = None) -> tuple[str, ...]:
    """Migrate to head, give the roles their rights, and publish the catalogues that come with the code; returns their ids.

    `key` signs the lines of the audit that releases before the chain of signatures wrote.
    """
    await asyncio.to_thread(upgrade, database_url)
    await grant_rights(database_url)
    async with Database(database_url, pool_size=1, application_name="nest migrate") as database:
        if key is not None:
            await Audit(database, key).adopt()
        return await publish_catalogues(database)


async def publish_catalogues(database: Database) -> tuple[str, ...]:
    """Store every catalogue file of the package `catalogues`; the same revision again is fine."""
    published = []
    for file in sorted(resources.files("catalogues").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml"):
            text = file.read_text(encoding="utf-8")
            catalogue = parse_catalogue(text, source=file.name)
            await Catalogues(database).publish(catalogue.id, catalogue.revision, text)
            published.append(catalogue.id)
    return tuple(published)
