"""The rights of each kind of process in PostgreSQL: the least that it needs, table by table.

The owner of the tables migrates. The other logins are roles with fixed names:

    nest_web        pages, sockets and HTTP API; appends to the audit and cannot change it
    nest_worker     stores interactions and does the jobs
    nest_analytics  reads figures; no names, addresses or tokens

An operator, or `app.embedded.servers`, creates the roles and decides how they authenticate.
`grant_rights` gives the existing roles the rights in `RIGHTS` and takes away all others; a role that
does not exist is skipped. No role may use a table that is missing in `RIGHTS`, and a test fails.
Functions with the owner's rights make and drop partitions and remove hashes of ended tokens
(migrations 0020 and 0023).
"""

import re
from dataclasses import dataclass
from typing import Final

import asyncpg

from storage.postgres.look import PATIENTLY, one_look

WEB: Final = "nest_web"
WORKER: Final = "nest_worker"
ANALYTICS: Final = "nest_analytics"
ROLES: Final = (WEB, WORKER, ANALYTICS)

ANALYTICS_STATEMENT_SECONDS: Final = 15
"""The limit of one statement of the analytics role, unless its connection asks for another one."""

_SETTINGS: Final = frozenset({"statement_timeout", "default_transaction_read_only"})
"""The settings that the analytics role has of its own."""

_LOCK: Final = 0x6E657372  # "nesr": grants run singly, PostgreSQL refuses two on one table
_READ: Final = "SELECT"
_APPEND: Final = "SELECT, INSERT"
_KEEP: Final = "SELECT, INSERT, UPDATE"
_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"

# UPDATE also where rows or the table are only locked: FOR UPDATE and LOCK TABLE need it.
RIGHTS: Final[dict[str, dict[str, str]]] = {
    "alembic_version": {WEB: _READ, WORKER: _READ, ANALYTICS: _READ},
    # a web process that finds that the data went back begins a new epoch
    "deployment": {WEB: "SELECT, UPDATE (epoch, restored_to)", WORKER: _READ},
    "catalogues": {WEB: _READ, WORKER: _READ, ANALYTICS: _READ},
    # houses and people; the web process also erases
    "people": {WEB: _ALL},
    "configurations": {WEB: _ALL, WORKER: _READ, ANALYTICS: _READ},
    "operations": {WEB: _ALL, WORKER: _READ, ANALYTICS: _READ},
    "share_links": {WEB: _ALL},
    "link_uses": {WEB: _ALL},
    "grants": {WEB: _ALL},
    "inquiries": {
        WEB: _ALL,
        WORKER: "SELECT (created_at, session_id), UPDATE (session_id), DELETE",
        ANALYTICS: "SELECT (created_at, session_id)",
    },
    # admins
    "admin_links": {WEB: "SELECT, UPDATE"},
    "admin_sessions": {WEB: _KEEP},
    "admin_actions": {WEB: _APPEND, WORKER: "SELECT (id, signature)"},
    # visits
    "sessions": {WEB: _ALL, WORKER: _ALL, ANALYTICS: _READ},
    "session_choices": {WEB: "SELECT, DELETE", WORKER: _ALL, ANALYTICS: _READ},
    "interactions": {WEB: "SELECT, DELETE", WORKER: _ALL, ANALYTICS: _READ},
    "interactions_default": {WORKER: "SELECT, DELETE"},
    "page_views": {WEB: _KEEP, WORKER: _READ, ANALYTICS: _READ},
    "erased_sessions": {WEB: _KEEP, WORKER: _KEEP, ANALYTICS: _READ},
    # counts
    "activity_minutes": {WEB: _ALL, WORKER: _ALL, ANALYTICS: _READ},
    "activity_quarters": {WEB: _READ, WORKER: _ALL, ANALYTICS: _READ},
    "activity_hours": {WEB: _READ, WORKER: _READ, ANALYTICS: _READ},
    "activity_dropped": {WEB: _READ, WORKER: _KEEP, ANALYTICS: _READ},
    "activity_ledger": {WEB: _KEEP, WORKER: _KEEP, ANALYTICS: _READ},
    "settled_entries": {WEB: _APPEND, WORKER: "SELECT, INSERT, DELETE"},
    "stream_lives": {WEB: _KEEP, WORKER: _KEEP},
    "stream_watermark": {WEB: _READ, WORKER: _KEEP, ANALYTICS: _READ},
    "daily_statistics": {},  # these three belong to releases before December 2025
    "daily_popular": {},
    "daily_combinations": {},
    # running the service
    "job_runs": {WEB: "SELECT, UPDATE", WORKER: _ALL},
    "analytics_links": {WEB: _KEEP},
    "analytics_schedules": {WEB: "SELECT, INSERT, DELETE", WORKER: "SELECT, UPDATE"},
    "analytics_files": {WEB: _READ, WORKER: _ALL},
}
FUNCTIONS: Final = {
    "ensure_interactions_partition(date)": WORKER,
    "drop_interactions_partition(text)": WORKER,
    "forget_ended_tokens(integer)": WORKER,
}
"""The functions that run with the owner's rights, and the roles that may call them."""

_RIGHT: Final = re.compile(r"([A-Z]+)(?: \(([a-z_, ]+)\))?")
"""One right, and its columns if it is limited to some."""

GRANTED: Final = """
SELECT c.relname || ' ' || g.rolname || ' ' || a.privilege_type
FROM pg_class AS c CROSS JOIN aclexplode(c.relacl) AS a JOIN pg_roles AS g ON g.oid = a.grantee
WHERE c.relnamespace = current_schema()::regnamespace AND g.rolname = ANY($1)
UNION ALL
SELECT c.relname || ' ' || g.rolname || ' ' || a.privilege_type || ' ' || t.attname
FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid
    CROSS JOIN aclexplode(t.attacl) AS a JOIN pg_roles AS g ON g.oid = a.grantee
WHERE c.relnamespace = current_schema()::regnamespace AND g.rolname = ANY($1)
UNION ALL
SELECT f.oid::regprocedure::text || ' ' || g.rolname || ' ' || a.privilege_type
FROM pg_proc AS f CROSS JOIN aclexplode(f.proacl) AS a JOIN pg_roles AS g ON g.oid = a.grantee
WHERE f.pronamespace = current_schema()::regnamespace AND g.rolname = ANY($1)
"""
_TEMPORARY: Final = """
SELECT pg_has_role(datdba, 'USAGE') AND EXISTS (
    SELECT FROM unnest($1::text[]) AS role (name)
    WHERE has_database_privilege(name, datname, 'TEMPORARY') <> (name = $2))
FROM pg_database WHERE datname = current_database()
"""

_NO_LARGE_OBJECTS: Final = """
DO $$
DECLARE
    made oid;
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        FOR made IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
            AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite')
            AND has_function_privilege('public', oid, 'EXECUTE')
        LOOP
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', made::regprocedure);
        END LOOP;
    END IF;
END $$
"""
"""Large objects belong to no table, so data that a role stored there would never be found. Only a
superuser may run this."""


def rights_of(table: str, role: str) -> tuple[tuple[str, str], ...]:
    """The rights of the role on the table: (column or "" for all, kind of right)."""
    return tuple(
        (column, kind)
        for kind, columns in _RIGHT.findall(RIGHTS[table].get(role, ""))
        for column in (columns.split(", ") if columns else [""])
    )


async def grant_rights(database_url: str) -> tuple[str, ...]:
    """Gives the existing roles their rights in this database; returns those roles.

    Only the owner of the tables may call it. Changes nothing if all rights are right already.
    Raises StorageUnavailable.
    """
    async with (
        one_look(database_url, answer_seconds=PATIENTLY) as connection,
        connection.transaction(),
    ):
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        found = await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", ROLES
        )
        roles = tuple(role for role in ROLES if role in {row["rolname"] for row in found})
        if roles:
            await _grant(connection, roles)
        return roles


@dataclass(frozen=True, slots=True)
class Login:
    """A login's identity in PostgreSQL; `owns`: it may change every table and the rights to it."""

    name: str
    owns: bool


async def login_at(database_url: str) -> Login:
    """The identity of a process that connects to this address. Raises StorageUnavailable."""
    async with one_look(database_url) as connection:
        row = await connection.fetchrow(
            "SELECT current_user, coalesce((SELECT pg_has_role(relowner, 'USAGE')"
            " FROM pg_class WHERE oid = to_regclass('admin_actions')), true)"
        )
    return Login(row[0], row[1])


async def changed_settings(database_url: str) -> tuple[str, ...]:
    """Settings of this login that should not have been changed. Raises StorageUnavailable.

    A role may change its own settings for all its later connections. Our connections set the
    values they need (`Database`), so a change weakens nothing, but it shows that somebody intruded.
    """
    async with one_look(database_url) as connection:
        found = await connection.fetch(
            "SELECT DISTINCT split_part(setting, '=', 1) AS name"
            " FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting"
            " WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
            " ORDER BY 1"
        )
        login = await connection.fetchval("SELECT current_user")
    expected = _SETTINGS if login == ANALYTICS else frozenset[str]()
    return tuple(row["name"] for row in found if row["name"] not in expected)


async def _grant(connection: asyncpg.Connection, roles: tuple[str, ...]) -> None:
    there = {row[0] for row in await connection.fetch(GRANTED, roles)}
    if there != _wanted(roles):
        await connection.execute(";\n".join(_statements(roles)))
    await connection.execute(_NO_LARGE_OBJECTS)
    if await connection.fetchval(_TEMPORARY, roles, WORKER):
        # A temporary table would hide the real one in the rest of its connection.
        await connection.execute(
            "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC',"
            " current_database()); END $$"
        )
        if WORKER in roles:
            await connection.execute(
                "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO "
                f"{WORKER}', current_database()); END $$"
            )


def _wanted(roles: tuple[str, ...]) -> set[str]:
    """The wanted rights, in the form that `GRANTED` returns."""
    wanted = {f"{name} {role} EXECUTE" for name, role in FUNCTIONS.items() if role in roles}
    for table in RIGHTS:
        for role in roles:
            for column, kind in rights_of(table, role):
                wanted.add(f"{table} {role} {kind} {column}".rstrip())
    return wanted


def _statements(roles: tuple[str, ...]) -> list[str]:
    """Statements that revoke everything and then grant the needed rights, visible to others at once."""
    everybody = ", ".join(roles)
    statements = [
        _in_schema("REVOKE CREATE ON SCHEMA %I FROM PUBLIC"),
        _in_schema(f"GRANT USAGE ON SCHEMA %I TO {everybody}"),
        _in_schema(f"REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM {everybody}"),
        _in_schema(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM {everybody}"),
    ]
    for table, of_roles in RIGHTS.items():
        statements += [
            f"GRANT {rights} ON {table} TO {role}"
            for role, rights in of_roles.items()
            if role in roles
        ]
    for function, role in FUNCTIONS.items():
        statements.append(f"REVOKE ALL ON FUNCTION {function} FROM {everybody}")
        if role in roles:
            statements.append(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
    return statements


def _in_schema(statement: str) -> str:
    """The statement with %I replaced by the schema of the tables."""
    return f"DO $$ BEGIN EXECUTE format('{statement}', current_schema()); END $$"
