"""Backups for the tests of `nest backup` and `nest restore`: making and reading them."""

import json
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from app.audit_key import audit_key
from app.backup.file import Backup, Manifest, opened_backup, write_backup
from app.embedded.servers import embedded_postgres
from app.settings.settings import Settings, parse_settings
from storage.postgres.engine import Database
from storage.postgres.service.audit import Audit
from storage.postgres.service.audit_chain import AuditHead, Break
from storage.postgres.service.backups import contents_of


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    home = {"NEST_HOME": str(tmp_path / "home"), "DATABASE_URL": database_url}
    return parse_settings(home, node="test")


CHANGED_BY_RESTORE = {"deployment", "admin_actions", "alembic_version"}


async def house(url: str, name: str = "Änna\tmit Tab") -> UUID:
    """A person with a house."""
    connection = await asyncpg.connect(url)
    try:
        person, configuration = uuid4(), uuid4()
        await connection.execute(
            "INSERT INTO people (id, token_sha256, name, colour) VALUES ($1, $2, $3, 1)",
            person, person.bytes * 2, name,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO configurations (id, code, catalogue_id, selection, total_cents, owner_id)"
            " SELECT $1, $2, id, '{\"a\": \"GRANT x TO y;\"}', 5, $3 FROM catalogues LIMIT 1",
            configuration, configuration.hex[:8].upper(), person,
        )  # fmt: skip
    finally:
        await connection.close()
    return configuration


async def rows_of(url: str) -> dict[str, list[str]]:
    """Every table as JSON, its rows sorted."""
    connection = await asyncpg.connect(url)
    try:
        tables = (await contents_of(url)).rows
        return {
            table: sorted(
                row[0]
                for row in await connection.fetch(f'SELECT to_jsonb(t)::text FROM "{table}" AS t')
            )
            for table in tables
            if table not in CHANGED_BY_RESTORE
        }
    finally:
        await connection.close()


def options(file: Path, *, replace: bool = False, new_audit_key: bool = False) -> Namespace:
    return Namespace(file=file, replace=replace, new_audit_key=new_audit_key)


async def waits(url: str) -> bool:
    """Whether a connection waits for a table of this database."""
    return bool(
        await value_of(
            url,
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
    )


async def nobody_restores(url: str) -> bool:
    return not await value_of(
        url, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql'"
        " AND datname = current_database()"
    )  # fmt: skip


async def value_of(url: str, query: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


@contextmanager
def embedded_postgres_at(home: Path) -> Iterator[str]:
    """Running inside the block."""
    server = embedded_postgres(home)
    try:
        yield server.start()
    finally:
        server.stop()


def a_manifest() -> Manifest:
    return msgspec.convert(
        {
            "format": 1, "product": "as_of_here", "made_at": "2026-11-03T10:00:00Z", "postgres": 18,
            "schema": "public", "revision": "0023", "epoch": str(uuid4()), "rows": {},
        },
        Manifest,
    )  # fmt: skip


def rewritten(file: Path, target: Path, **changed: object) -> Path:
    """The same dump under another manifest."""
    with opened_backup(file) as backup:
        described = {**json.loads(msgspec.json.encode(backup.manifest)), **changed}
        write_backup(target, parts(backup), msgspec.convert(described, Manifest), b"".join)
    return target


def parts(backup: Backup) -> list[bytes]:
    return list(backup.dump())


def call(
    command: Callable[[Settings, Namespace, dict[str, str]], int],
    settings: Settings,
    given: Namespace,
) -> int:
    """The command as the command line calls it: with an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(command, settings, given, {}).result()


async def audit_of(url: str, settings: Settings) -> AsyncIterator[Break | AuditHead]:
    async with Database(url, pool_size=1) as database:
        async for each in Audit(database, audit_key(settings)).verify():
            yield each
