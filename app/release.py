"""What must be true of the database before processes start: newest schema, catalogues published.

Repeating it changes nothing. Errors: those of `storage.errors`; `CatalogueError` with the line.

A database that a newer release has migrated keeps its schema and the rights of its roles, which that
release knows better; this one publishes its catalogues and works beside it, or is refused.
"""

import asyncio
from dataclasses import dataclass
from importlib import resources

import structlog

from configurator.catalogue import parse_catalogue
from storage.errors import SchemaDiffers, StorageUnavailable
from storage.postgres.audit import Audit
from storage.postgres.audit_chain import AuditKey, Head
from storage.postgres.catalogues import Catalogues
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.migrate import upgrade
from storage.postgres.roles import grant_rights
from storage.redis.audit_head import KeptHead, KeptHeadUnreadable
from storage.redis.client import Redis

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The ids of the catalogues of this code, and a sentence about a newer database, else ""."""

    catalogues: tuple[str, ...]
    note: str


async def release(database_url: str, key: AuditKey | None = None, redis_url: str = "") -> Released:
    """Migrate to head, give the roles their rights, and publish the catalogues that come with the code.

    `key` signs the lines of the audit that releases before the chain of signatures wrote, unless
    Redis has a head of the chain already. Raises SchemaDiffers when this code is too old.
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


async def _kept(database: Database, redis_url: str) -> Head | None:
    """The head of the audit that workers kept; one that cannot be read counts as one."""
    if not redis_url:
        return None
    epoch = await Deployment(database).epoch()
    async with Redis(redis_url, pool_size=1) as redis:
        try:
            return await KeptHead(redis, epoch).read()
        except KeptHeadUnreadable:
            return Head(id=0, signature=b"")
        except StorageUnavailable as away:
            log.warning("audit_head_unknown", problem=str(away))
            return None


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
