"""Other commands learn about a running stack through its NEST_HOME."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings.settings import Settings, parse_settings
from app.supervisor.exclusive import locked_home
from app.supervisor.running import NOTE, beside_running, note_address

GIVEN = {"DATABASE_URL": "postgresql://db/nest", "REDIS_URL": "redis://cache/0"}


def settings(home: Path, **environ: str) -> Settings:
    return parse_settings({"NEST_HOME": str(home), **environ})


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The home of a stack on port 8300."""
    with locked_home(tmp_path):
        note_address(settings(tmp_path, PORT="8300"))
        yield tmp_path


def test_a_command_speaks_of_the_address_that_answers(running: Path) -> None:
    found = beside_running(settings(running), {})
    assert (found.port, found.public_url) == (8300, "http://127.0.0.1:8300")
    assert found.local_url == "http://127.0.0.1:8300"
    assert str(running) in found.database_url
    assert str(running) in found.redis_url


@pytest.mark.parametrize(
    ("environ", "port", "public_url"),
    [
        ({"PORT": "9000"}, 9000, "http://127.0.0.1:9000"),
        ({"NEST_PUBLIC_URL": "https://house.example"}, 8300, "https://house.example"),
        ({"PORT": ""}, 8300, "http://127.0.0.1:8300"),
    ],
)
def test_an_explicit_setting_counts(
    running: Path, environ: dict[str, str], port: int, public_url: str
) -> None:
    found = beside_running(settings(running, **environ), environ)
    assert (found.port, found.public_url) == (port, public_url)


def test_another_database_is_another_installation(running: Path) -> None:
    given = settings(running, **GIVEN)
    assert beside_running(given, GIVEN) == given


@pytest.mark.parametrize("same", [True, False])
def test_a_stack_on_servers_of_its_own_is_known_by_its_database(tmp_path: Path, same: bool) -> None:
    """Its address counts for commands that name the same database; no file has its password."""
    own = {**GIVEN, "DATABASE_URL": "postgresql://u:hush@db/own"}
    with locked_home(tmp_path):
        note_address(settings(tmp_path, **own, PORT="8300"))
        assert "hush" not in (tmp_path / NOTE).read_text()
        asked = own if same else GIVEN
        found = beside_running(settings(tmp_path, **asked), asked)
        assert (found.port, found.public_url) == (
            (8300, "http://127.0.0.1:8300") if same else (8080, "http://127.0.0.1:8080")
        )
        assert found.database_url == asked["DATABASE_URL"]


def test_nothing_runs(tmp_path: Path) -> None:
    """A run that was killed leaves its note behind."""
    alone = settings(tmp_path)
    assert beside_running(alone, {}) == alone
    note_address(settings(tmp_path, PORT="8300"))
    assert beside_running(alone, {}) == alone
    with locked_home(tmp_path):
        (tmp_path / NOTE).write_text("half a no")
        assert beside_running(alone, {}).port == 8080
