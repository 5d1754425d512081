"""The file of a backup: whole or refused, and its rows as they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.backup.errors import BackupFileError
from app.backup.file import opened_backup, write_backup
from app.backup.restoring import fitting
from app.embedded.postgres_tools import ToolError, connection_environ
from tests.app.commands.backups import a_manifest


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


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    write_backup(file, [b"x" * 3000], a_manifest(), b"".join)
    whole = file.read_bytes()
    for end in (0, 100, 511, 2000, 3600, len(whole) - 2200):
        file.write_bytes(whole[:end])
        with pytest.raises(BackupFileError, match="no complete backup"), opened_backup(file):
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
