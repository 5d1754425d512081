"""The facts that a backup records of a database, and the SQL around a restore.

A restore is one transaction: lock every table, drop them, create the backup's, compare the numbers of
rows, begin a new epoch. If any step fails, the database stays unchanged.

The tables are locked before anything is removed, because processes of the product keep using them,
and `DROP` would take one lock after the other in its own order. All locks are taken within half a
second, or released and tried again, so that nobody waits long and nothing deadlocks. From the fourth
try on, sessions that keep a lock (in a transaction that was left open) are ended.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from storage.postgres.look import PATIENTLY, one_look
from storage.postgres.schema.range import Schema
from storage.postgres.schema.revisions import head_revision
from storage.postgres.schema.roles import RIGHTS

COUNTED_FIRST: Final = ("configurations", "people", "operations", "inquiries", "interactions")
"""The tables that say how much a database holds."""

RESTORE_LOCK: Final = "hashtext('restore')"
OURS: Final = "nest restore: "
"""The beginning of every error sentence of a restore's own SQL."""

_TABLES: Final = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
    AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
_SESSIONS: Final = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name ~ '^nest[ -](web|worker|jobs)'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The contents of a database at one moment.

    `revision`: of its schema, or None. `rows`: by table; partitions count with their table.
    `audit_head`: `number:signature` of the newest line of the audit; `audit_key`: the name of the
    key that signed it. `sessions`: connections of web and worker processes.
    """

    server: int
    schema: str
    revision: str | None
    epoch: UUID | None
    at: datetime
    rows: Mapping[str, int]
    audit_head: str | None
    audit_key: str | None
    sessions: int

    @property
    def holds_data(self) -> bool:
        """Whether somebody's work would be lost with this database."""
        return any(self.rows.get(table) for table in COUNTED_FIRST)

    @property
    def foreign(self) -> tuple[str, ...]:
        """Tables of the schema that do not belong to this product, as far as this code can know."""
        if Schema(current=self.revision, head=head_revision()).newer:
            return ()
        return tuple(sorted(set(self.rows) - set(RIGHTS)))


@asynccontextmanager
async def snapshot_of(database_url: str) -> AsyncIterator[tuple[str, Contents]]:
    """The name of a snapshot, and the database's contents in it.

    The name is valid inside the block, for `pg_dump --snapshot`. Raises StorageError.
    """
    async with (
        one_look(
            database_url, answer_seconds=PATIENTLY, application_name="nest backup"
        ) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # The first statement takes the snapshot; all later ones read from it.
        name = await connection.fetchval("SELECT pg_export_snapshot()")
        yield name, await _contents(connection)


async def contents_of(database_url: str) -> Contents:
    """The present contents of the database. Raises StorageError."""
    async with snapshot_of(database_url) as (_name, contents):
        return contents


async def analyse(database_url: str) -> None:
    """Renews the planner's statistics, which restored tables do not have. Raises StorageError."""
    async with one_look(database_url, answer_seconds=PATIENTLY) as connection:
        await connection.execute("ANALYZE")


async def newest_change(database_url: str) -> datetime | None:
    """The time of the last change of a house; None without houses or their table.

    Raises StorageError.
    """
    async with one_look(database_url) as connection:
        try:
            found: datetime | None = await connection.fetchval(
                "SELECT max(updated_at) FROM configurations"
            )
        except asyncpg.UndefinedTableError:
            return None
    return found


async def role_names(database_url: str) -> frozenset[str]:
    """The roles that this server has. Raises StorageError."""
    async with one_look(database_url) as connection:
        return frozenset(row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles"))


async def _contents(connection: asyncpg.Connection) -> Contents:
    tables = [row["relname"] for row in await connection.fetch(_TABLES)]
    rows = {
        table: await connection.fetchval(f"SELECT count(*) FROM {_quoted(table)}")
        for table in tables
    }
    audit = await _newest_line(connection) if "admin_actions" in tables else None
    return Contents(
        server=connection.get_server_version().major,
        schema=await connection.fetchval("SELECT current_schema()") or "public",
        revision=await _one(connection, tables, "alembic_version", "version_num"),
        epoch=await _one(connection, tables, "deployment", "epoch"),
        at=await connection.fetchval("SELECT now()"),
        rows=rows,
        audit_head=f"{audit['id']}:{bytes(audit['signature']).hex()}" if audit else None,
        audit_key=audit["key_id"] if audit else None,
        sessions=await connection.fetchval(_SESSIONS),
    )


async def _one(connection: asyncpg.Connection, tables: list[str], table: str, column: str) -> Any:  # noqa: ANN401
    if table not in tables:
        return None
    return await connection.fetchval(f"SELECT {column} FROM {table}")


async def _newest_line(connection: asyncpg.Connection) -> Any:  # noqa: ANN401
    try:
        async with connection.transaction():
            return await connection.fetchrow(
                "SELECT id, signature, key_id FROM admin_actions"
                " WHERE signature IS NOT NULL ORDER BY id DESC LIMIT 1"
            )
    except asyncpg.UndefinedColumnError:
        return None  # a schema of a release before the chain


def beginning(schema: str) -> str:
    """SQL that opens the transaction and removes every table, function and type of the schema."""
    return f"""
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
DO $restore$
DECLARE
    tries integer := 0;
    each record;
BEGIN
    IF NOT pg_try_advisory_xact_lock({RESTORE_LOCK}) THEN
        RAISE EXCEPTION '{OURS}Another restore is at work in this database. Nothing was changed.'
            ' Wait until it has ended, and look at what it brought.';
    END IF;
    LOOP
        tries := tries + 1;
        BEGIN
            SET LOCAL lock_timeout = '500ms';
            FOR each IN SELECT format('%I.%I', {_literal(schema)}, relname) AS name FROM pg_class
                WHERE relnamespace = {_literal(schema)}::regnamespace AND relkind IN ('r', 'p')
                    AND NOT relispartition ORDER BY relname
            LOOP
                EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', each.name);
            END LOOP;
            EXIT;
        EXCEPTION WHEN lock_not_available OR deadlock_detected OR undefined_table THEN
            IF tries >= 40 THEN
                RAISE EXCEPTION '{OURS}%', coalesce(({HOLDERS.format(schema=_literal(schema))}),
                    'Other sessions held locks on the tables, one after the other. Try again.');
            END IF;
        END;
        IF tries > 3 THEN
            PERFORM pg_stat_clear_snapshot();
            FOR each IN SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                AND datname = current_database() AND application_name ~ '^nest[ -]'
            LOOP
                BEGIN
                    PERFORM pg_terminate_backend(each.pid);
                EXCEPTION WHEN insufficient_privilege THEN
                    NULL;
                END;
            END LOOP;
        END IF;
        PERFORM pg_sleep(0.1);
    END LOOP;
    FOR each IN SELECT oid, oid::regclass AS name, relkind FROM pg_class AS c
        WHERE relnamespace = {_literal(schema)}::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
            AND NOT relispartition AND {_OWN}
        ORDER BY relkind = 'S', relname
    LOOP
        IF EXISTS (SELECT FROM pg_class WHERE oid = each.oid) THEN  -- else it went with another
            EXECUTE format('DROP %s %s CASCADE', CASE each.relkind WHEN 'v' THEN 'VIEW'
                WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, each.name);
        END IF;
    END LOOP;
    FOR each IN SELECT oid::regprocedure AS name FROM pg_proc AS c
        WHERE pronamespace = {_literal(schema)}::regnamespace AND {_OWN}
    LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', each.name);
    END LOOP;
    FOR each IN SELECT oid::regtype AS name FROM pg_type AS c
        WHERE typnamespace = {_literal(schema)}::regnamespace AND typtype IN ('e', 'd') AND {_OWN}
    LOOP
        EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', each.name);
    END LOOP;
END
$restore$;
"""


def finishing(schema: str, *, rows: Mapping[str, int], epoch: UUID | None, at: datetime) -> str:
    """SQL that compares the restored rows with the backup's counts and begins a new epoch.

    COMMIT follows it. `at` is the moment of the data. All admins must sign in again: a session that ended after the
    backup must not become open again. `epoch` None: nothing happened since the backup, so the
    history continues.
    """
    begun = "" if epoch is None else _new_epoch(_literal(str(epoch)), _literal(at.isoformat()))
    counts = "\n    ".join(_counted(table, n) for table, n in rows.items())
    return f"""
SELECT pg_catalog.set_config('search_path', {_literal(_quoted(schema))}, true) \\g /dev/null
DO $restore$
BEGIN
    {counts}
    {begun}
END
$restore$;
"""


def _counted(table: str, n: int) -> str:
    return (
        f"IF (SELECT count(*) FROM {_quoted(table)}) <> {n} THEN"
        f" RAISE EXCEPTION '{OURS}The backup has other rows of % than it says (%): it was altered or"
        f" damaged. Nothing was changed; take another backup.', {_literal(table)}, {n}; END IF;"
    )


def _new_epoch(epoch: str, at: str) -> str:
    """SQL that begins the epoch, also if the backup's `deployment` has no column for its time."""
    return f"""UPDATE deployment SET epoch = {epoch};
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'deployment'::regclass
        AND attname = 'restored_to' AND NOT attisdropped) THEN
        EXECUTE format('UPDATE deployment SET restored_to = %L', {at});
    END IF;
    UPDATE admin_sessions SET revoked_at = now() WHERE revoked_at IS NULL;
    UPDATE admin_links SET used_at = now() WHERE used_at IS NULL;"""


_OWN: Final = (
    "NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')"  # no extension's
)


HOLDERS: Final = """
    SELECT 'Other sessions hold locks on the tables: '
        || string_agg(format('process %s (%s as %s)', pid, coalesce(nullif(application_name, ''), 'no name'), usename), ', ')
        || '. Nothing was changed. End them (SELECT pg_terminate_backend(process), as a superuser'
        || ' where your login may not), and try again.'
    FROM (SELECT DISTINCT pid FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND relnamespace = {schema}::regnamespace AND granted AND pid <> pg_backend_pid()
        ORDER BY pid LIMIT 3) AS holding JOIN pg_stat_activity USING (pid)"""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
