"""`nest backup` and `nest restore` on real databases."""

import asyncio
import json
import os
import subprocess
import sys
from argparse import Namespace
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from app.audit_key import audit_key
from app.backup_file import Backup, BackupFileError, Manifest, opened_backup, write_backup
from app.commands.backup import make_backup
from app.commands.backup import run as back_up
from app.commands.restore import run as restore
from app.commands.restore import run_restored
from app.embedded import embedded_postgres
from app.postgres_tools import ToolError, connection_environ, tools_for
from app.restoring import Replacement, RestoreRefused, fitting
from app.settings import Settings, parse_settings
from storage.postgres.audit import Audit
from storage.postgres.audit_chain import Break, Head
from storage.postgres.backups import _HOLDERS, RESTORE_LOCK, contents_of, role_names
from storage.postgres.engine import Database
from storage.postgres.roles import _GRANTED as GRANTED
from storage.postgres.roles import ROLES
from tests.support.servers import apart, plain_url
from tests.support.waiting import eventually

CHANGED_BY_RESTORE = {"deployment", "admin_actions", "alembic_version"}
OTHER_SERVER = os.environ.get("TEST_DATABASE_URL", "")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    home = {"NEST_HOME": str(tmp_path / "home"), "DATABASE_URL": database_url}
    return parse_settings(home, node="test")


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


async def test_a_restored_database_equals_its_backup_in_every_table(
    settings: Settings, tmp_path: Path
) -> None:
    url, file = settings.database_url, tmp_path / "one.backup"
    await house(url)
    before, epoch = await rows_of(url), (await contents_of(url)).epoch
    apart(lambda: make_backup(url, file, {}))
    assert file.stat().st_mode & 0o777 == 0o600

    await house(url, "later")
    assert call(restore, settings, options(file)) == 1  # there is data, and nobody said --replace
    assert await rows_of(url) != before
    assert call(restore, settings, options(file, replace=True)) == 0

    assert await rows_of(url) == before
    assert (await contents_of(url)).epoch != epoch
    ends = [each async for each in audit_of(url, settings)]
    assert [type(each) for each in ends] == [Head]


async def test_the_rights_of_the_roles_hold_after_a_restore(
    settings: Settings, tmp_path: Path
) -> None:
    url, file = settings.database_url, tmp_path / "one.backup"

    async def granted() -> set[str]:
        connection = await asyncpg.connect(url)
        try:
            return {row[0] for row in await connection.fetch(GRANTED, ROLES)}
        finally:
            await connection.close()

    before = await granted()
    apart(lambda: make_backup(url, file, {}))
    assert call(restore, settings, options(file, replace=True)) == 0
    assert await granted() == before


async def test_a_restore_that_fails_leaves_what_was_there(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, file = settings.database_url, tmp_path / "one.backup"
    await house(url)
    manifest, _size = apart(lambda: make_backup(url, file, {}))
    await house(url, "later")
    before, epoch = await rows_of(url), (await contents_of(url)).epoch
    rows = {**manifest.rows, "people": manifest.rows["people"] + 1}
    wrong = rewritten(file, tmp_path / "wrong.backup", rows=rows)

    assert call(restore, settings, options(wrong, replace=True)) == 1
    said = capsys.readouterr().err
    assert "nest: The backup has other rows of people than it says (2)" in said  # it may take long

    assert await rows_of(url) == before
    assert (await contents_of(url)).epoch == epoch


async def test_an_audit_of_another_key_is_refused_unless_that_is_lost(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, file = settings.database_url, tmp_path / "one.backup"
    assert call(run_restored, settings, Namespace(as_of="unknown")) == 0  # a line of the audit
    apart(lambda: make_backup(url, file, {}))
    epoch = (await contents_of(url)).epoch
    misspelt = replace(settings, audit_key="k" * 40)

    assert call(restore, misspelt, options(file, replace=True)) == 1
    assert "--new-audit-key" in capsys.readouterr().err
    assert (await contents_of(url)).epoch == epoch
    assert call(restore, misspelt, options(file, replace=True, new_audit_key=True)) == 0
    assert (await contents_of(url)).audit_key == audit_key(misspelt).id


async def test_who_keeps_a_lock_is_named(database_url: str) -> None:
    idle = await asyncpg.connect(database_url, server_settings={"application_name": "of somebody"})
    other = await asyncpg.connect(database_url)
    try:
        await idle.execute("BEGIN; SELECT * FROM people FOR SHARE")
        said = await other.fetchval(_HOLDERS.format(schema="current_schema()"))
        assert f"process {idle.get_server_pid()} (of somebody as " in said
    finally:
        idle.terminate()
        other.terminate()


def test_data_are_of_no_moment_in_the_future() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "restored", "--as-of", "2999-01-01"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "2999-01-01 is in the future" in done.stderr


def test_a_command_goes_on_where_nobody_reads_what_it_says() -> None:
    program = "from app.telling import tell; tell('a'); tell('b'); raise SystemExit(7)"
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (7, b"")


async def test_a_restore_waits_for_nobody_who_keeps_a_lock(
    settings: Settings, tmp_path: Path
) -> None:
    url, file = settings.database_url, tmp_path / "one.backup"
    apart(lambda: make_backup(url, file, {}))
    idle = await asyncpg.connect(url, server_settings={"application_name": "nest web of a test"})
    try:
        await idle.execute("BEGIN; SELECT * FROM people FOR SHARE")
        assert call(restore, settings, options(file, replace=True)) == 0
    finally:
        idle.terminate()


async def test_of_two_restores_at_the_same_time_the_second_is_refused(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, file = settings.database_url, tmp_path / "one.backup"
    apart(lambda: make_backup(url, file, {}))
    epoch = (await contents_of(url)).epoch
    first = await asyncpg.connect(url)
    try:
        await first.execute(f"BEGIN; SELECT pg_advisory_xact_lock({RESTORE_LOCK})")
        assert call(restore, settings, options(file, replace=True)) == 1
        assert "Another restore is at work" in capsys.readouterr().err
        assert (await contents_of(url)).epoch == epoch
        await first.execute("ROLLBACK")
        assert call(restore, settings, options(file, replace=True)) == 0
    finally:
        first.terminate()


async def test_a_restore_whose_process_is_killed_changes_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    """`psql` waits for a table then, and has read all that there is to read."""
    url, file = settings.database_url, tmp_path / "one.backup"
    apart(lambda: make_backup(url, file, {}))
    epoch = (await contents_of(url)).epoch
    holder = await asyncpg.connect(url)
    environ = {"DATABASE_URL": url, "NEST_HOME": str(settings.home), "PATH": os.environ["PATH"]}
    command = (sys.executable, "-m", "app.cli", "restore", str(file), "--replace")
    try:
        await holder.execute("BEGIN; SELECT * FROM people FOR SHARE")
        killed = await asyncio.create_subprocess_exec(*command, env=environ, stderr=DEVNULL)
        await eventually(partial(waits, url), 40)
        killed.kill()
        assert await killed.wait() != 0
        await holder.execute("COMMIT")
        await eventually(partial(nobody_restores, url))
        assert (await contents_of(url)).epoch == epoch
    finally:
        holder.terminate()


async def waits(url: str) -> bool:
    """Whether somebody waits for a table of this database."""
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


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    write_backup(file, [b"x" * 3000], a_manifest(), b"".join)
    whole = file.read_bytes()
    for end in (0, 100, 511, 2000, 3600, len(whole) - 2200):
        file.write_bytes(whole[:end])
        with pytest.raises(BackupFileError, match="no whole backup"), opened_backup(file):
            pass
    for place in (600, 3500, whole.index(b"as_of_here"), whole.rindex(b"manifest.json") - 10):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BackupFileError, match=r"altered|no whole"), opened_backup(file):
            pass


def test_a_backup_replaces_no_file_and_leaves_no_half(tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    file.write_text("mine")
    with pytest.raises(BackupFileError, match="there already"):
        write_backup(file, [b"x"], a_manifest(), b"".join)

    def refuse(_dump: object) -> None:
        raise ToolError("pg_restore failed")

    with pytest.raises(ToolError):
        write_backup(tmp_path / "two.backup", [b"x"], a_manifest(), refuse)
    assert [each.name for each in tmp_path.iterdir()] == ["one.backup"]
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"revision": "9999"}, "newer than this code"),
        ({"schema": "other"}, "search_path=other"),
        ({"revision": "0001"}, "Stop them"),
    ],
)
async def test_what_does_not_fit_is_refused_in_a_sentence(
    database_url: str, tmp_path: Path, changed: dict[str, str], sentence: str
) -> None:
    file = tmp_path / "one.backup"
    apart(lambda: make_backup(database_url, file, {}))
    other = rewritten(file, tmp_path / "other.backup", **changed)
    before = replace(await contents_of(database_url), sessions=1)
    with opened_backup(other) as backup, pytest.raises(RestoreRefused, match=sentence):
        Replacement(backup=backup, before=before).require(replace=True)


async def test_a_database_with_tables_of_others_is_left_alone(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.backup"
    apart(lambda: make_backup(database_url, file, {}))
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE of_somebody (a int)")
    await connection.close()
    with opened_backup(file) as backup, pytest.raises(RestoreRefused, match="of_somebody"):
        Replacement(backup=backup, before=await contents_of(database_url)).require(replace=True)


async def test_restored_begins_a_new_epoch_and_says_so_in_the_audit(settings: Settings) -> None:
    before = (await contents_of(settings.database_url)).epoch
    assert call(run_restored, settings, Namespace(as_of="unknown")) == 0
    after = await contents_of(settings.database_url)
    assert after.epoch != before
    assert after.rows["admin_actions"] == 1


async def test_restored_needs_the_moment_and_tells_what_the_data_know_of_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pages tell it to everybody; a moment that is guessed would be told as a fact."""
    nothing = Namespace(as_of=None)
    before = (await contents_of(settings.database_url)).epoch
    assert call(run_restored, settings, nothing) == 2
    assert "The newest change" not in capsys.readouterr().err
    await house(settings.database_url)
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute("UPDATE configurations SET updated_at = '2026-11-03 10:00:01.5 UTC'")
    await connection.close()
    assert call(run_restored, settings, nothing) == 2
    said = capsys.readouterr().err
    assert "--as-of unknown" in said
    assert "(`--as-of 2026-11-03T10:00:01.500000+00:00`)" in said
    assert (await contents_of(settings.database_url)).epoch == before


async def test_a_stopped_home_is_backed_up_and_restored(home: Path, tmp_path: Path) -> None:
    settings = parse_settings({"NEST_HOME": str(home)}, node="test")
    file = tmp_path / "one.backup"
    assert call(back_up, settings, options(file)) == 1  # never migrated
    with embedded_postgres_at(home) as url:
        migrated = parse_settings({"NEST_HOME": str(home), "DATABASE_URL": url}, node="test")
        assert call(run_restored, migrated, Namespace(as_of="unknown")) == 0
    assert call(back_up, settings, options(file)) == 0
    assert call(restore, settings, options(file)) == 0


def test_the_connection_goes_through_the_environment() -> None:
    url = (
        "postgresql://an%20na:p%40s%3As@[::1]:5433,two:6/na%2Fme?sslmode=require&options=-c%20a%3Db"
    )
    assert connection_environ(url) == {
        "PGUSER": "an na",
        "PGPASSWORD": "p@s:s",
        "PGHOST": "::1,two",
        "PGPORT": "5433,6",
        "PGDATABASE": "na/me",
        "PGSSLMODE": "require",
        "PGOPTIONS": "-c a=b",
    }
    assert connection_environ("postgresql://nest@/nest?host=/run/x") == {
        "PGUSER": "nest",
        "PGDATABASE": "nest",
        "PGHOST": "/run/x",
    }
    with pytest.raises(ToolError, match="sslpassword"):
        connection_environ("postgresql://a@b/c?sslpassword=x")


def test_rows_stay_as_they_are_whatever_they_look_like() -> None:
    script = [
        b"SET transaction_timeout = 0;\n",
        b"COPY public.t (a) FROM stdin;\n",
        b"SET transaction_timeout = 0;\n",
        b"GRANT SELECT ON TABLE public.t TO nobody_here;\n",
        b"\\.\n",
        b"GRANT SELECT ON TABLE public.t TO nobody_here;\n",
        b"REVOKE ALL ON FUNCTION public.f() FROM PUBLIC;\n",
        b"GRANT SELECT ON TABLE public.t TO nest_web;\n",
    ]
    assert list(fitting(script, frozenset({"nest_web"}))) == [*script[1:5], *script[6:]]


@pytest.mark.skipif(not OTHER_SERVER, reason="TEST_DATABASE_URL names no other server")
async def test_a_backup_of_one_server_is_restored_on_another(
    settings: Settings, home: Path, tmp_path: Path
) -> None:
    await house(settings.database_url)
    file = tmp_path / "one.backup"
    apart(lambda: make_backup(plain_url(settings.database_url), file, {}))
    with embedded_postgres_at(home) as url:
        with opened_backup(file) as backup:
            new = Replacement(backup=backup, before=await contents_of(url))
            new.carry_out(tools_for(url, {}), epoch=uuid4(), roles=await role_names(url))
        assert await rows_of(url) == await rows_of(settings.database_url)


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


async def audit_of(url: str, settings: Settings) -> AsyncIterator[Break | Head]:
    async with Database(url, pool_size=1) as database:
        async for each in Audit(database, audit_key(settings)).verify():
            yield each
