"""`nest backup` and `nest restore` on real databases."""

import asyncio
import os
import sys
from argparse import Namespace
from asyncio.subprocess import DEVNULL
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from app.audit_key import audit_key
from app.backup.errors import RestoreRefused
from app.backup.file import opened_backup
from app.backup.making import make_backup
from app.backup.restoring import Replacement
from app.commands.data.backup import run as back_up
from app.commands.data.restore import run as restore
from app.commands.data.restored import run as run_restored
from app.embedded.postgres_tools import tools_for
from app.settings.settings import Settings, parse_settings
from storage.postgres.schema.roles import GRANTED, ROLES
from storage.postgres.service.audit_chain import AuditHead
from storage.postgres.service.backups import HOLDERS, RESTORE_LOCK, contents_of, role_names
from tests.app.commands.backups import (
    audit_of,
    call,
    embedded_postgres_at,
    house,
    nobody_restores,
    options,
    rewritten,
    rows_of,
    waits,
)
from tests.support.programs.servers import apart, plain_url
from tests.support.waiting import eventually

OTHER_SERVER = os.environ.get("TEST_DATABASE_URL", "")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    home = {"NEST_HOME": str(tmp_path / "home"), "DATABASE_URL": database_url}
    return parse_settings(home, node="test")


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
    assert [type(each) for each in ends] == [AuditHead]


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


async def test_the_holder_of_a_lock_is_named(database_url: str) -> None:
    idle = await asyncpg.connect(database_url, server_settings={"application_name": "of somebody"})
    other = await asyncpg.connect(database_url)
    try:
        await idle.execute("BEGIN; SELECT * FROM people FOR SHARE")
        said = await other.fetchval(HOLDERS.format(schema="current_schema()"))
        assert f"process {idle.get_server_pid()} (of somebody as " in said
    finally:
        idle.terminate()
        other.terminate()


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


async def test_the_second_of_two_simultaneous_restores_is_refused(
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
        await eventually(partial(waits, url))
        killed.kill()
        assert await killed.wait() != 0
        await holder.execute("COMMIT")
        await eventually(partial(nobody_restores, url))
        assert (await contents_of(url)).epoch == epoch
    finally:
        holder.terminate()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"revision": "9999"}, "newer than this code"),
        ({"schema": "other"}, "search_path=other"),
        ({"revision": "0001"}, "Stop them"),
    ],
)
async def test_a_backup_that_does_not_fit_is_refused_in_a_sentence(
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
