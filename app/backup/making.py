"""Making a backup: one file with all data in PostgreSQL, as of one moment."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from app.backup.errors import NoDataError
from app.backup.file import FORMAT, Manifest, product_version, write_backup
from app.embedded.postgres_tools import tools_for
from storage.postgres.service.backups import Contents, snapshot_of


async def make_backup(
    database_url: str, target: Path, environ: Mapping[str, str]
) -> tuple[Manifest, int]:
    """Writes the file; returns its manifest and its size in bytes. Raises `EXPECTED` errors."""
    tools = tools_for(database_url, environ)
    async with snapshot_of(database_url) as (snapshot, contents):
        manifest = _manifest(contents)
        dump = tools.pg_dump(snapshot, contents.schema)
        try:
            size = await asyncio.to_thread(
                write_backup, target, dump.chunks(), manifest, tools.contents
            )
        finally:
            dump.stop()
    return manifest, size


def _manifest(contents: Contents) -> Manifest:
    if contents.revision is None or contents.epoch is None:
        raise NoDataError("The database has no tables of this product: it was never migrated.")
    return Manifest(
        format=FORMAT,
        product=product_version(),
        made_at=contents.at,
        postgres=contents.server,
        schema=contents.schema,
        revision=contents.revision,
        epoch=contents.epoch,
        rows=dict(contents.rows),
        audit_head=contents.audit_head,
        audit_key=contents.audit_key,
    )
