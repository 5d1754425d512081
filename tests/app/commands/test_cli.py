"""The command line: help for a stranger, sentences instead of tracebacks, doctor."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from app.cli import COMMANDS
from realtime.people.principal import token_sha256
from storage.postgres.engine import Database
from storage.postgres.people.admins import Admins
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT, nest, passed_on
from tests.support.programs.servers import Servers, empty_database, with_database


def call(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        nest(*arguments),
        cwd=CHECKOUT,
        env={**passed_on(), "PORT": str(free_port()), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command() -> None:
    done = call("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"    {command}" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_an_example(command: str) -> None:
    done = call(command, "--help")
    assert done.returncode == 0
    assert "example:\n  " in done.stdout


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("web", "DATABASE_URL and REDIS_URL"),
        ("worker", "DATABASE_URL and REDIS_URL"),
        ("migrate", "DATABASE_URL"),
        ("admin-link", "DATABASE_URL"),
        ("deadletters list", "DATABASE_URL and REDIS_URL"),
    ],
)
def test_a_missing_address_is_reported_in_one_sentence(
    tmp_path: Path, command: str, names: str
) -> None:
    done = call(*command.split(), NEST_HOME=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"nest: `nest {command.split(maxsplit=1)[0]}` needs {names}. ")
    assert done.stderr.count("\n") == 1


def test_bad_settings_are_told_together() -> None:
    done = call("doctor", PORT="x", NEST_DEV="2")
    assert done.returncode == 2
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["PORT", "NEST_DEV"]


def test_doctor_lists_the_settings() -> None:
    done = call("doctor", "--settings")
    assert done.returncode == 0
    assert "NEST_DATABASE_DEADLINE_SECONDS" in done.stdout


def test_doctor_finds_nothing_wrong_with_migrated_servers(
    database_url: str, valkey_url: str, tmp_path: Path
) -> None:
    environ = {"DATABASE_URL": database_url, "REDIS_URL": valkey_url, "NEST_HOME": str(tmp_path)}
    done = call("doctor", **environ)
    with redis.Redis.from_url(valkey_url) as client:
        client.config_set("appendfsync", "everysec")
    hasty = call("doctor", **environ)
    assert hasty.returncode == 0
    assert "appendfsync=everysec" in hasty.stdout
    assert "Set `appendonly yes`, `appendfsync always`" in hasty.stdout
    assert done.stdout.endswith("Nothing is wrong.\n"), done.stdout + done.stderr
    assert done.returncode == 0
    assert "PostgreSQL 1" in done.stdout
    assert "commits survive a crash" in done.stdout
    assert "appendonly=yes appendfsync=always maxmemory-policy=noeviction" in done.stdout
    assert "Set `appendonly" not in done.stdout
    assert "?" not in done.stdout  # no query of any URL


def test_doctor_says_how_to_mend_an_empty_database(servers: Servers, valkey_url: str) -> None:
    empty = with_database(servers.database_url, "template1")
    done = call("doctor", DATABASE_URL=empty, REDIS_URL=valkey_url)
    assert done.returncode == 1
    assert "→ Run `nest migrate`." in done.stdout
    assert done.stdout.endswith("1 wrong.\n")


def test_doctor_says_how_to_mend_servers_that_do_not_answer() -> None:
    gone = f"127.0.0.1:{free_port()}"
    done = call(
        "doctor", DATABASE_URL=f"postgresql://u:hush@{gone}/d", REDIS_URL=f"redis://:hush@{gone}/0"
    )
    assert done.returncode == 1
    assert f"postgresql://{gone}/d cannot be used" in done.stdout
    assert f"redis://{gone}/0 cannot be used" in done.stdout
    assert done.stdout.endswith("2 wrong.\n")
    assert "hush" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_is_not_shown_what_runs_in_this_checkout(tmp_path: Path) -> None:
    """The README's two commands at once, `make run` and `make test`, are in one folder."""
    done = call("doctor")
    assert "home " in done.stdout
    assert str(CHECKOUT) not in done.stdout.partition("home ")[2].partition("\n")[0]
    assert call("doctor", NEST_HOME=str(tmp_path)).returncode == done.returncode == 0


def test_doctor_notices_a_misspelled_setting(tmp_path: Path) -> None:
    done = call("doctor", NEST_HOME=str(tmp_path), NEST_PROT="1")
    assert done.returncode == 1
    assert "NEST_PROT is not a setting." in done.stdout


def test_migrate_publishes_the_catalogue_and_can_be_repeated(servers: Servers) -> None:
    with empty_database(servers) as url:
        for _ in range(2):
            done = call("migrate", DATABASE_URL=url)
            assert done.returncode == 0, done.stderr
            assert "nest-haus-2025" in done.stdout


def test_admin_link_is_printed_for_the_public_address(database_url: str) -> None:
    done = call("admin-link", DATABASE_URL=database_url, NEST_PUBLIC_URL="https://house.example/")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("https://house.example/admin/login#")


def test_a_program_gets_a_token_instead_of_a_link(database_url: str) -> None:
    done = call("admin-link", "--token", DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    assert len(token) == 43

    async def opened() -> bool:
        async with Database(database_url, pool_size=1) as database:
            session = token_sha256(token)
            return session in await Admins(database).names_of_valid([session], datetime.now(UTC))

    assert asyncio.run(opened())


def test_an_admin_has_the_name_that_was_given(database_url: str) -> None:
    done = call(
        "admin-link", "--token", "--name", " Anna\u202e Leitner ", DATABASE_URL=database_url
    )
    assert done.returncode == 0, done.stderr
    session = token_sha256(done.stdout.strip())

    async def names() -> dict[bytes, str | None]:
        async with Database(database_url, pool_size=1) as database:
            return await Admins(database).names_of_valid([session], datetime.now(UTC))

    assert asyncio.run(names()) == {session: "Anna Leitner"}
    for bad in ("\u3164", "x" * 61):
        refused = call("admin-link", "--name", bad, DATABASE_URL=database_url)
        assert refused.returncode == 2
        assert "1 to 60 visible characters" in refused.stderr


def test_is_also_installed_as_a_command() -> None:
    nest_command = Path(sys.executable).parent / "nest"
    done = subprocess.run([nest_command, "--help"], capture_output=True, text=True, check=False)
    assert "NEST-Haus Live" in done.stdout


def test_a_database_that_does_not_answer_is_reported_in_one_sentence() -> None:
    done = call("migrate", DATABASE_URL=f"postgresql://u:hush@127.0.0.1:{free_port()}/d")
    assert done.returncode == 1
    assert done.stderr.startswith("nest: ")
    assert done.stderr.count("\n") == 1
    assert "nothing listens there" in done.stderr
    assert "hush" not in done.stderr
