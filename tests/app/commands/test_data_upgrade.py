"""`nest upgrade-data`: from an older major version of PostgreSQL to the one of this release."""

from argparse import Namespace
from datetime import date
from pathlib import Path

import pytest

from app.backup.errors import UpgradeImpossible
from app.backup.upgrade import (
    WHEELS,
    find_binaries,
    program_version,
    upgrade,
)
from app.commands.data.upgrade_data import run as upgrade_data
from app.embedded.servers import (
    POSTGRES_MAJOR,
    UPGRADED,
    data_version,
    embedded_postgres,
    postgres_binaries,
)
from app.programs.server_process import EmbeddedServerError, run_once
from app.release import release
from app.settings.settings import parse_settings
from storage.postgres.service.backups import contents_of
from tests.app.commands.backups import call, house, rows_of
from tests.support.programs.servers import apart

OLDER = postgres_binaries().parents[1] / "pginstall" / "bin"
"""The package of the embedded PostgreSQL carries an older version beside it."""

TODAY = date(2026, 11, 3)


def old_home(home: Path, major: str, binaries: Path) -> Path:
    """A home as a release with that version of PostgreSQL would leave it, with a house in it."""
    home.mkdir()
    directory = home / "postgres"
    embedded_postgres(home, binaries=binaries, major=major)
    made = home / "postgres.made"
    made.mkdir(mode=0o777)
    made.chmod(0o777)  # initdb runs as the service user where we are root
    run_once(
        str(binaries / "initdb"), f"--pgdata={made}/postgres", "--username=nest", "--auth=peer",
        "--encoding=UTF8", "--locale=C", "--no-instructions", directory=made,
    )  # fmt: skip
    run_once(
        str(binaries / "postgres"), "--single", "-D", f"{made}/postgres", "postgres",
        directory=made / "postgres", said="CREATE DATABASE nest;\n",
    )  # fmt: skip
    (made / "postgres").rename(directory)
    made.rmdir()
    return home


def test_the_data_of_an_older_version_are_taken_over_and_kept(new_home: Path) -> None:
    major = program_version(OLDER / "postgres")
    assert major is not None
    assert major != POSTGRES_MAJOR
    home = old_home(new_home, major, OLDER)
    server = embedded_postgres(home, binaries=OLDER, major=major)
    url = server.start()
    try:
        apart(lambda: release(url))
        apart(lambda: house(url))
        before, epoch = apart(lambda: rows_of(url)), apart(lambda: contents_of(url)).epoch
    finally:
        server.stop()
    with pytest.raises(EmbeddedServerError, match="upgrade-data"):
        embedded_postgres(home).start()

    done = apart(lambda: upgrade(home, OLDER, {}, today=TODAY))

    assert done is not None
    assert done.kept == home / f"postgres.{major}-20261103"
    assert data_version(done.kept) == major
    assert sorted(each.name for each in home.iterdir() if each.is_dir()) == sorted(
        ["logs", "postgres", done.kept.name]
    )
    server = embedded_postgres(home)
    url = server.start()
    try:
        assert apart(lambda: rows_of(url)) == before
        assert apart(lambda: contents_of(url)).epoch == epoch  # nothing happened in between
    finally:
        server.stop()
    assert apart(lambda: upgrade(home, None, {}, today=TODAY)) is None


def test_an_upgrade_that_was_cut_short_is_finished_by_the_next_start(home: Path) -> None:
    (home / "postgres").rename(home / UPGRADED)
    server = embedded_postgres(home)
    server.start()
    server.stop()
    assert data_version(home / "postgres") == POSTGRES_MAJOR
    assert not (home / UPGRADED).exists()


def test_the_old_programs_are_found_in_an_environment_beside_the_home(
    tmp_path: Path,
) -> None:
    major = program_version(OLDER / "postgres") or ""
    earlier = tmp_path / ".venv-earlier" / WHEELS.format(major=major).replace("*", ".11")
    earlier.parent.mkdir(parents=True)
    earlier.symlink_to(OLDER)
    assert find_binaries(major, None, tmp_path / "home", usual=()) == earlier


def test_without_the_old_programs_a_sentence_says_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "postgres"
    directory.mkdir()
    (directory / "PG_VERSION").write_text("16\n")
    settings = parse_settings({"NEST_HOME": str(tmp_path)}, node="test")
    wrong = Namespace(from_bin=postgres_binaries())
    assert call(upgrade_data, settings, wrong) == 1
    assert f"is of PostgreSQL {POSTGRES_MAJOR}; the data need 16" in capsys.readouterr().err
    with pytest.raises(UpgradeImpossible, match="nest backup FILE"):
        find_binaries("16.5", None, tmp_path)  # a version that nobody has
    assert [each.name for each in directory.iterdir()] == ["PG_VERSION"]


@pytest.mark.parametrize(("version", "sentence"), [("14", "15 to 17"), ("19", "15 to 17")])
async def test_other_versions_are_left_alone(tmp_path: Path, version: str, sentence: str) -> None:
    directory = tmp_path / "postgres"
    directory.mkdir()
    (directory / "PG_VERSION").write_text(version)
    with pytest.raises(UpgradeImpossible, match=sentence):
        await upgrade(tmp_path, None, {}, today=TODAY)


def test_a_server_of_the_operator_is_not_upgraded_here(tmp_path: Path) -> None:
    settings = parse_settings({"NEST_HOME": str(tmp_path)}, node="test")
    environ = {"DATABASE_URL": "postgresql://db/nest"}
    assert upgrade_data(settings, Namespace(from_bin=None), environ) == 1
