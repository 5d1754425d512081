"""The reason in what a server wrote, and a log that stays small while the server goes on writing."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.embedded.servers import (
    POSTGRES_BESIDE,
    POSTGRES_REASONS,
    VALKEY_BESIDE,
    VALKEY_REASONS,
)
from app.programs.server_log import ServerLog

POSTGRES = """\
2026-11-30 09:00:00.001 UTC [7] FATAL:  lock file "postmaster.pid" is empty
2026-11-30 09:00:00.001 UTC [7] HINT:  Either another server is starting, or it is left over.
2026-11-30 09:00:00.002 UTC [8] FATAL:  the database system is starting up
2026-11-30 09:00:00.003 UTC [1] LOG:  database system is shut down"""
FULL = """\
5:M 30 Nov 2026 09:00:00.001 # Error writing to the AOF file: No space left on device
5:M 30 Nov 2026 09:00:00.001 # Can't recover from AOF write error. Exiting..."""
VALKEY = """\
5:M 30 Nov 2026 09:00:00.002 # Can't handle RDB format version 99
5:M 30 Nov 2026 09:00:00.002 # Fatal error loading the DB, check server logs. Exiting.
5:M 30 Nov 2026 09:00:00.001 # WARNING Memory overcommit must be enabled! Otherwise it may fail."""


def log_of(path: Path, server: str) -> ServerLog:
    if server == "postgres":
        return ServerLog(path, POSTGRES_REASONS, POSTGRES_BESIDE)
    return ServerLog(path, VALKEY_REASONS, VALKEY_BESIDE)


@pytest.mark.parametrize(
    ("server", "written", "reason"),
    [
        ("postgres", POSTGRES, 'FATAL:  lock file "postmaster.pid" is empty'),
        ("postgres", POSTGRES.splitlines()[2], ""),
        ("valkey", VALKEY, "Fatal error loading the DB, check server logs. Exiting."),
        ("valkey", VALKEY.splitlines()[2], ""),
        ("valkey", FULL, "Error writing to the AOF file: No space left on device"),
    ],
)
def test_the_reason_is_the_last_severe_line_of_this_start(
    tmp_path: Path, server: str, written: str, reason: str
) -> None:
    log = log_of(tmp_path / "log", server)
    log.path.write_text("1 FATAL:  of an earlier start\n1 # Fatal error of an earlier start\n")
    with log.begin() as file:
        file.write(written.encode())
    assert log.reason().endswith(reason)
    assert bool(log.reason()) == bool(reason)
    assert log.last_words() == (log.reason() or written.splitlines()[-1])


def test_lines_before_the_last_answer_do_not_explain_the_end_of_a_server(
    tmp_path: Path,
) -> None:
    log = log_of(tmp_path / "log", "postgres")
    with log.begin() as file:
        file.write(b"1 FATAL:  long ago\n")
    log.mark()
    assert log.reason() == ""
    assert log.last_words() == "nothing"


def test_a_log_is_emptied_under_the_server_and_kept_once(tmp_path: Path) -> None:
    log = replace(log_of(tmp_path / "log", "postgres"), limit_bytes=100)
    with log.begin() as file:
        for number in range(3):
            os.write(file.fileno(), f"{number} FATAL: {'x' * 200}\n".encode())
            log.rotate()
        os.write(file.fileno(), b"after")
    assert log.path.read_bytes() == b"after"
    assert (tmp_path / "log.1").read_text().startswith("2 FATAL")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log", "log.1"]
