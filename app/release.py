"""Prepares the database before processes start: newest schema, published catalogues.

Repeating it changes nothing. Errors: those of `storage.errors`; `CatalogueInvalid` with the line.

A database that a newer release has migrated keeps its schema and the rights of its roles; this
release publishes its catalogues and works with that schema, or is refused.
"""

import asyncio
from dataclasses import dataclass
from importlib import resources

import structlog

from configurator.catalogue.reading import parse_catalogue
from storage.errors import SchemaDiffers, StorageUnavailable
from storage.postgres.configurations.catalogues import Catalogues
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.schema.migrate import upgrade
from storage.postgres.schema.roles import grant_rights
from storage.postgres.service.audit import Audit
from storage.postgres.service.audit_chain import AuditHead, AuditKey
from storage.redis.audit_head import KeptHead, KeptHeadUnreadable
from storage.redis.client import Redis

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The ids of this code's catalogues, and a sentence about a newer database, or ""."""

    catalogues: tuple[str, ...]
    note: str


async def release(database_url: str, key: AuditKey | None = None, redis_url: str = "") -> Released:
    """Migrate to head, grant the roles their rights, and publish the code's catalogues.

    `key` signs the lines of the audit from releases before the chain of signatures, unless Redis
    has a head of the chain already. Raises SchemaDiffers if this code is too old.
    """
    schema = await asyncio.to_thread(upgrade, database_url)
    if not schema.compatible:
        raise SchemaDiffers(schema.note)
    if not schema.newer:
        await grant_rights(database_url)
    async with Database(database_url, pool_size=1, application_name="nest migrate") as database:
        if key is not None and not schema.newer:
            await Audit(database, key).adopt(await _kept(database, redis_url))
        return Released(catalogues=await publish_catalogues(database), note=schema.note)


async def _kept(database: Database, redis_url: str) -> AuditHead | None:
    """The head of the audit that workers kept, or None; an unreadable one counts as a head, too."""
    if not redis_url:
        return None
    epoch = await Deployment(database).epoch()
    async with Redis(redis_url, pool_size=1) as redis:
        try:
            return await KeptHead(redis, epoch).read()
        except KeptHeadUnreadable:
            return AuditHead(id=0, signature=b"")
        except StorageUnavailable as away:
            log.warning("audit_head_unknown", problem=str(away))
            return None


async def publish_catalogues(database: Database) -> tuple[str, ...]:
    """Store every catalogue file of the package `catalogues`; returns their ids. Safe to repeat."""
    published = []
    for file in sorted(resources.files("catalogues").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml"):
            text = file.read_text(encoding="utf-8")
            catalogue = parse_catalogue(text, source=file.name)
            await Catalogues(database).publish(catalogue.id, catalogue.revision, text)
            published.append(catalogue.id)
    return tuple(published)
