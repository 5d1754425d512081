"""The rights of each kind of process in PostgreSQL, proved with its own login."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import text

from app.chance import new_id, new_key
from app.release import release
from storage.postgres.activity.interactions import Interactions
from storage.postgres.activity.upkeep import Upkeep
from storage.postgres.engine import Database
from storage.postgres.people.privacy import Privacy, RetentionPeriods
from storage.postgres.schema.roles import (
    ANALYTICS,
    FUNCTIONS,
    RIGHTS,
    ROLES,
    WEB,
    WORKER,
    Login,
    changed_settings,
    grant_rights,
    login_at,
)
from storage.postgres.service.audit import AuditLines
from tests.support.programs.servers import for_role

pytestmark = pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ, reason="only our own server has the roles"
)

TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
    AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relname !~ '^interactions_[0-9]{8}$'
"""
DEFINERS = "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND proname !~ '^pg_'"

NOT_ALLOWED = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidParameterValueError,
    asyncpg.ReadOnlySQLTransactionError,
)
REFUSED = {
    WEB: (
        "UPDATE admin_actions SET actor = 'nobody'",
        "DELETE FROM admin_actions",
        "TRUNCATE admin_actions",
        "ALTER TABLE admin_actions DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE interactions",
        "CREATE TABLE mine (n int)",
        "CREATE TEMP TABLE admin_actions (n int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT drop_interactions_partition('interactions_20200101')",
        "SELECT forget_ended_tokens(1)",
        "INSERT INTO admin_links (token_sha256, expires_at) VALUES ('x', now())",
        "UPDATE catalogues SET revision = 'x'",
        "UPDATE alembic_version SET version_num = '0001'",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY people TO PROGRAM 'cat'",
        "SET ROLE nest",
        "SET ROLE nest_worker",
        "ALTER ROLE nest_web SUPERUSER",
    ),
    WORKER: (
        "SELECT * FROM people",
        "SELECT * FROM grants",
        "SELECT * FROM share_links",
        "SELECT * FROM admin_sessions",
        "UPDATE people SET token_sha256 = 'x'",
        "DELETE FROM admin_sessions",
        "DELETE FROM admin_links",
        "SELECT email FROM inquiries",
        "SELECT name, message FROM inquiries",
        "UPDATE inquiries SET name = 'x'",
        "SELECT actor FROM admin_actions",
        "INSERT INTO admin_actions (id, actor, action, subject) VALUES (1, 'a', 'b', 'c')",
        "UPDATE configurations SET total_cents = 0",
        "CREATE TABLE mine (n int)",
        "DROP TABLE interactions_default",
        "SELECT drop_interactions_partition('people')",
    ),
    ANALYTICS: (
        "SELECT email FROM inquiries",
        "SELECT * FROM people",
        "SELECT * FROM admin_actions",
        "SELECT * FROM share_links",
        "SET default_transaction_read_only = off; UPDATE sessions SET status = 'COMPLETED'",
        "SET default_transaction_read_only = off; CREATE TEMP TABLE mine (n int)",
        "SELECT ensure_interactions_partition(date '2020-01-01')",
        "SET default_transaction_read_only = off; SELECT forget_ended_tokens(1)",
    ),
}


@asynccontextmanager
async def logged_in(url: str, role: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(for_role(url, role))
    try:
        yield connection
    finally:
        await connection.close()


async def test_every_table_says_who_may_use_it(database_url: str) -> None:
    async with logged_in(database_url, "nest") as owner:
        assert {row[0] for row in await owner.fetch(TABLES)} == set(RIGHTS)
        assert {row[0] for row in await owner.fetch(DEFINERS)} == set(FUNCTIONS)


async def test_no_role_does_what_it_need_not(database_url: str) -> None:
    await release(database_url)
    for role, statements in REFUSED.items():
        async with logged_in(database_url, role) as connection:
            assert await connection.fetchval("SELECT current_user") == role
            for statement in statements:
                with pytest.raises(NOT_ALLOWED):
                    await connection.execute(statement)


async def test_analytics_may_not_take_longer_than_it_is_given(database_url: str) -> None:
    async with logged_in(database_url, ANALYTICS) as connection:
        assert await connection.fetchval("SHOW statement_timeout") == "15s"
        assert await connection.fetchval("SHOW default_transaction_read_only") == "on"


async def test_a_worker_makes_and_drops_partitions_that_it_does_not_own(
    database_url: str,
) -> None:
    await release(database_url)
    day = datetime(2020, 1, 1, tzinfo=UTC).date()
    async with Database(for_role(database_url, WORKER)) as database:
        assert await Interactions(database).ensure_partitions(day, day) == 1
        assert (await Upkeep(database).drop_before(day.replace(day=2))).partitions == 1


async def test_a_worker_forgets_what_it_may_not_read(database_url: str) -> None:
    await release(database_url)
    kept = RetentionPeriods(sessions=timedelta(days=1), inquiries=timedelta(days=1))
    async with Database(for_role(database_url, WORKER)) as database:
        privacy = Privacy(database, new_id=new_id, new_secret=new_key)
        assert not await privacy.apply_retention(datetime.now(UTC), kept)
        assert await AuditLines(database).newest() is None


async def test_a_role_cannot_weaken_what_connections_promise(database_url: str) -> None:
    """A role may change its own settings for all its later connections."""
    weak = (
        "synchronous_commit TO off",
        "statement_timeout TO 0",
        "lock_timeout TO 0",
        "idle_in_transaction_session_timeout TO 0",
        "default_transaction_isolation TO serializable",
        "timezone TO 'Asia/Tokyo'",
    )
    asked = text(
        "SELECT current_setting('synchronous_commit'), current_setting('statement_timeout'),"
        " current_setting('lock_timeout'),"
        " current_setting('idle_in_transaction_session_timeout'),"
        " current_setting('default_transaction_isolation'), current_setting('timezone')"
    )
    async with logged_in(database_url, WEB) as attacker:
        try:
            for setting in weak:
                await attacker.execute(f"ALTER ROLE CURRENT_USER SET {setting}")
            async with logged_in(database_url, WEB) as later:
                assert await later.fetchval("SHOW synchronous_commit") == "off"
            assert {
                each.lower() for each in await changed_settings(for_role(database_url, WEB))
            } == {each.split()[0] for each in weak}
            async with Database(for_role(database_url, WEB)) as database:
                found = await database.read(lambda connection: connection.execute(asked))
                assert tuple(found.one()) == ("on", "4s", "2s", "11s", "read committed", "UTC")
        finally:
            await attacker.execute("ALTER ROLE CURRENT_USER RESET ALL")
    assert await changed_settings(for_role(database_url, WEB)) == ()


async def test_rights_are_given_once_and_brought_back(database_url: str) -> None:
    assert await grant_rights(database_url) == ROLES
    async with logged_in(database_url, "nest") as owner:
        await owner.execute(
            "GRANT ALL ON admin_actions TO nest_web; REVOKE ALL ON sessions FROM nest_worker"
        )
        before = await owner.fetchval("SELECT xmin::text FROM pg_class WHERE relname = 'people'")
        await grant_rights(database_url)
        after = await owner.fetchval("SELECT xmin::text FROM pg_class WHERE relname = 'people'")
        assert before != after
        await grant_rights(database_url)
        assert after == await owner.fetchval(
            "SELECT xmin::text FROM pg_class WHERE relname = 'people'"
        )
        asked = "SELECT has_table_privilege('nest_web', 'admin_actions', 'DELETE')"
        assert not await owner.fetchval(asked)
        assert await owner.fetchval(
            "SELECT has_table_privilege('nest_worker', 'sessions', 'INSERT')"
        )


async def test_a_login_that_may_change_everything_is_told(database_url: str) -> None:
    assert await login_at(for_role(database_url, WEB)) == Login(WEB, owns=False)
    assert await login_at(database_url) == Login("nest", owns=True)
