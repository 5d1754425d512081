"""The commands of a release in front of a database that a newer one has migrated."""

import pytest

from storage.postgres.schema.revisions import head_revision
from tests.app.commands.test_cli import call
from tests.support.programs.ports import free_port
from tests.support.programs.servers import apart, execute

NEWER = "the database is newer than this code (schema 0999, this code knows "


def become(url: str, revision: str, oldest_code: str) -> None:
    """The database of another release."""
    apart(lambda: execute(url, f"UPDATE alembic_version SET version_num = '{revision}'"))
    apart(lambda: execute(url, f"UPDATE deployment SET oldest_code = '{oldest_code}'"))


def test_beside_a_newer_schema_that_fits_there_is_nothing_to_migrate(database_url: str) -> None:
    """Before, it ended with a traceback: Can't locate revision identified by '0999'."""
    become(database_url, "0999", head_revision())
    done = call("migrate", DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Nothing to migrate: {NEWER}")
    assert "this code works beside it. Catalogues: nest-haus-2025" in done.stdout


def test_rights_that_a_newer_release_gave_stay(database_url: str) -> None:
    become(database_url, "0999", head_revision())
    apart(lambda: execute(database_url, "CREATE TABLE newer (id integer)"))
    apart(lambda: execute(database_url, "GRANT SELECT ON newer TO nest_worker"))
    assert call("migrate", DATABASE_URL=database_url).returncode == 0
    apart(lambda: execute(database_url, "SET ROLE nest_worker; SELECT * FROM newer"))


def test_a_newer_schema_that_does_not_fit_is_a_sentence(database_url: str) -> None:
    become(database_url, "0999", "0998")
    done = call("migrate", DATABASE_URL=database_url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"nest: {NEWER}")
    assert done.stderr.endswith("it needs code that knows 0998, start the newer release\n")


def test_nest_run_says_it_and_ends(database_url: str, redis_url: str) -> None:
    become(database_url, "0999", "0998")
    done = call("run", DATABASE_URL=database_url, REDIS_URL=redis_url, PORT=str(free_port()))
    assert done.returncode == 1
    assert NEWER in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("oldest_code", "code", "said"),
    [
        (head_revision(), 0, "→ This code works beside it."),
        ("0998", 1, "→ It needs code that knows 0998, start the newer release."),
    ],
)
def test_the_doctor_says_so(
    database_url: str, redis_url: str, oldest_code: str, code: int, said: str
) -> None:
    become(database_url, "0999", oldest_code)
    done = call("doctor", DATABASE_URL=database_url, REDIS_URL=redis_url)
    assert NEWER in done.stdout
    assert said in done.stdout
    assert done.returncode == code, done.stdout
